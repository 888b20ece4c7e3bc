package numbering

import (
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

func invalid(digits string) call.Number { return call.Number{Digits: digits, Class: call.Invalid} }

func possible(n call.Number) bool { return n.Class != call.Invalid }

func addRisk(n *call.Number, risk string) {
	if !slices.Contains(n.Risk, risk) {
		n.Risk = append(slices.Clip(n.Risk), risk)
	}
}

// read reads s, in front of which an outside line may stand. A second one is stripped only where the first leaves no
// possible number: what follows the outside line may well begin with the same digit, as 010 does behind 0.
func (c *Classifier) read(s string) call.Number {
	asDialled := c.behindCodes(s, formBare, true)
	rest, ok := strings.CutPrefix(s, c.outside)
	if !ok || c.outside == "" || rest == "" {
		return asDialled
	}
	n := c.behindCodes(rest, formBare, true)
	if !possible(n) {
		n = c.read(rest)
	}
	if !possible(n) {
		return asDialled
	}
	if c.known(asDialled) && c.cost[asDialled.Class] > c.cost[n.Class] {
		n.Class = asDialled.Class
		addRisk(&n, RiskAmbiguousOutsideLine)
	}
	return n
}

// known reports whether the plan or the library knows what the number is; the length alone does not make it known:
// 013800138000 behind the outside line 0 is no call to +1 380 013 8000, which does not exist.
func (c *Classifier) known(n call.Number) bool {
	if n.Class != call.International {
		return possible(n) && n.Class != call.Unknown
	}
	full := strings.TrimPrefix(n.E164, "+")
	code := countryCodeOf(full)
	_, known := c.plan.foreignNumber(code, full[len(code):])
	return known
}

// behindCodes reads s, in front of which caller-ID codes and carrier prefixes may stand. A code is stripped where s is
// nothing that the plan knows as it stands, and a possible number follows the code. With outside, an outside line may
// stand behind a caller-ID code: some dial the code first.
func (c *Classifier) behindCodes(s string, f form, outside bool) call.Number {
	asStands := c.fromPrefix(s, f)
	if possible(asStands) && asStands.Class != call.Unknown {
		return asStands
	}
	for _, code := range c.plan.callerID {
		rest, ok := strings.CutPrefix(s, code)
		if !ok || rest == "" {
			continue
		}
		if n := c.behindCallerID(code, rest, f, outside); possible(n) {
			return n
		}
	}
	for _, pattern := range c.plan.carriers {
		if len(s) == len(pattern) || !matchPattern(pattern, s) {
			continue
		}
		if n := c.behindCarrier(s[:len(pattern)], s[len(pattern):], f); possible(n) {
			n.Digits = s
			return n
		}
	}
	return asStands
}

// behindCallerID reads what follows a caller-ID code.
func (c *Classifier) behindCallerID(code, rest string, f form, outside bool) call.Number {
	var n call.Number
	if outside {
		n = c.read(rest)
	} else {
		n = c.behindCodes(rest, f, false)
	}
	sent := code + n.Digits
	if possible(n) && n.Digits != rest { // an outside line was taken out; what is left may mean something else
		return c.behindCodes(sent, f, false)
	}
	n.Digits = sent
	addRisk(&n, RiskCallerIDCode)
	return n
}

// behindCarrier reads what follows a carrier prefix. A number of the home area is National then: the call goes over
// that carrier's long-distance network, at its tariff.
func (c *Classifier) behindCarrier(carrier, rest string, f form) call.Number {
	n := c.behindCodes(rest, f, false)
	if n.CarrierPrefix != "" {
		addRisk(&n, RiskStackedPrefixes)
	}
	if n.Class == call.Premium {
		addRisk(&n, RiskPremiumBehindCarrier)
	}
	if n.Class == call.Local {
		n.Class = call.National
	}
	n.CarrierPrefix = carrier
	return n
}

// fromPrefix reads s, in front of which an international or trunk prefix may stand. Digits is always s.
func (c *Classifier) fromPrefix(s string, f form) call.Number {
	n := c.beyondPrefix(s, f)
	n.Digits = s
	return n
}

func (c *Classifier) beyondPrefix(s string, f form) call.Number {
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		return c.international(rest)
	}
	for _, prefix := range c.plan.international {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return c.international(rest)
		}
	}
	if f == formCountry {
		if n := c.national(s, formCountry); possible(n) {
			return n
		}
	}
	if rest, ok := strings.CutPrefix(s, c.plan.trunk); ok && c.plan.trunk != "" {
		if n := c.national(rest, formTrunk); possible(n) {
			return n
		}
	}
	if f == formCountry {
		return invalid(s)
	}
	return c.bare(s)
}
