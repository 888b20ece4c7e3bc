package call

// Class says what kind of destination a number is. The class decides the call, so there is one list of them
// and everything else (the number plan, the policy input, the ledger) uses these words.
type Class string

// The classes of the policy contract.
const (
	Emergency     Class = "emergency"
	Internal      Class = "internal"
	Local         Class = "local"
	Mobile        Class = "mobile"
	National      Class = "national"
	International Class = "international"
	Premium       Class = "premium"
	SharedCost    Class = "shared_cost"
	TollFree      Class = "toll_free"
	Service       Class = "service"
	Satellite     Class = "satellite"
	Unknown       Class = "unknown"
	Invalid       Class = "invalid"
)

// Classes lists every class, the cheapest harm first.
func Classes() []Class {
	return []Class{
		Emergency, Internal, TollFree, Local, Service, SharedCost, Mobile, National,
		International, Satellite, Premium, Unknown, Invalid,
	}
}

// Number is what a dialled string means.
type Number struct {
	// Dialled is the string exactly as it came from the phone. It is data: never put it into a command.
	Dialled string `json:"dialled"`
	// Digits is what is sent to the trunk (or to the extension): Dialled without the outside-line digit.
	// It is empty for a string that is no dial string, and holds nothing but 0-9, *, # and a leading +.
	Digits string `json:"digits"`
	// E164 is the number with + and country code; empty for internal, emergency, short and impossible numbers.
	E164 string `json:"e164"`
	// Class is the kind of destination.
	Class Class `json:"class"`
	// Region is the ISO 3166-1 country (or "001" for global networks); empty where there is none.
	Region string `json:"region"`
	// Area is the area code with its trunk prefix ("021"); empty where there is none.
	Area string `json:"area"`
	// CarrierPrefix is the carrier-selection code in front of the number ("17951"); empty where there is none.
	CarrierPrefix string `json:"carrier_prefix"`
	// Risk names what makes the number suspicious ("premium_behind_area", "caribbean", …); never nil.
	Risk []string `json:"risk"`
}

// Key identifies a number among others: E164 where it is known, else the digits.
func (n Number) Key() string {
	if n.E164 != "" {
		return n.E164
	}
	return n.Digits
}

// MaxDialled is the longest string that can be a number.
const MaxDialled = 32

// IsDialString reports whether s may be looked at as a number at all: one to MaxDialled of 0-9, * and #,
// with a + only in front.
func IsDialString(s string) bool {
	if s == "" || len(s) > MaxDialled || s == "+" {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '*', c == '#':
		case c == '+' && i == 0:
		default:
			return false
		}
	}
	return true
}
