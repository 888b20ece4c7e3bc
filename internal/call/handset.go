package call

import (
	"slices"
	"strings"
	"time"
)

// Handset is what the policy's data says about conversations with callers: data/handset.yaml, data/approvers.yaml and
// data/matters.yaml.
type Handset struct {
	Tries     Tries
	Grant     Grant
	Approvers Approvers
	Matters   Matters
	// TokenReturns says that a token's use comes back if nobody answers the call.
	TokenReturns bool
	// ChangePIN and CloseGrant are what is dialled to change one's PIN and to close an open phone, like *57; empty: not
	// to be had.
	ChangePIN, CloseGrant string
	Operator              string // the extension that a lone 0 reaches; empty: none
}

// Tries says when somebody who types wrong PINs or tokens is taken for a thief.
type Tries struct {
	Extension int           // so many wrong ones from one phone within Within lock it; 0: never
	Site      int           // after so many from all phones together each look-up waits, longer each time; 0: never
	Within    time.Duration // how long a wrong try counts
	Lock      time.Duration // how long a phone is locked
}

// Grant says for how long, and for what, a phone stays open after a good PIN.
type Grant struct {
	For     time.Duration // zero: not at all
	Classes []Class       // none: for whatever the PIN is good for
}

// Opens reports whether a number of the class may be called without typing the PIN again.
func (g Grant) Opens(c Class) bool {
	return g.For > 0 && (len(g.Classes) == 0 || slices.Contains(g.Classes, c))
}

// Approvers says who may approve a call, and how they are asked.
type Approvers struct {
	Department map[string][]string // extensions, in the order in which they are asked, by the caller's department
	Everybody  []string            // who is asked after them
	Ring       time.Duration       // each phone rings so long
	PIN        bool                // an approver must enter his PIN
	Level      int                 // that PIN's lowest level
}

// For lists the extensions of those who may approve a caller's call, in order: those of his department, then those of
// everybody. Nobody approves himself.
func (a Approvers) For(c Caller) []string {
	var out []string
	for _, extension := range slices.Concat(a.Department[c.Department], a.Everybody) {
		if extension != c.Extension && !slices.Contains(out, extension) {
			out = append(out, extension)
		}
	}
	return out
}

// Matters are the codes that say what a call is about.
type Matters struct {
	Codes map[string]string // code: what it stands for
	// Free codes are any digits, at least FreeFrom and at most FreeTo of them; zero: only Codes.
	FreeFrom, FreeTo int
}

// Has reports whether digits are a code, and what it stands for.
func (m Matters) Has(code string) (text string, ok bool) {
	if text, ok = m.Codes[code]; ok {
		return text, true
	}
	free := m.FreeTo > 0 && len(code) >= max(m.FreeFrom, 1) && len(code) <= m.FreeTo
	return "", free && strings.Trim(code, "0123456789") == ""
}
