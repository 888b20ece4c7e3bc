package numbering

import (
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

func invalid(digits string) call.Number { return call.Number{Digits: digits, Class: call.Invalid} }

func possible(n call.Number) bool { return n.Class != call.Invalid }

// settled reports whether n is a number of which the plan or the library knows what it is.
func settled(n call.Number) bool { return possible(n) && n.Class != call.Unknown }

// better returns a, or b where b is settled or possible and a is not.
func better(a, b call.Number) call.Number {
	if settled(a) || !possible(b) || possible(a) && !settled(b) {
		return a
	}
	return b
}

func addRisk(n *call.Number, risk string) {
	if !slices.Contains(n.Risk, risk) {
		n.Risk = append(slices.Clip(n.Risk), risk)
	}
}

// read reads s, in front of which an outside line may stand. A second one is stripped only where the first leaves no
// possible number: what follows the outside line may well begin with the same digit, as 010 does behind 0.
func (c *Classifier) read(s string) call.Number {
	rest, ok := strings.CutPrefix(s, c.outside)
	if !ok || c.outside == "" || rest == "" {
		return c.behindCodes(s, formBare, true)
	}
	c.trace.reading(s)
	asDialled := c.behindCodes(s, formBare, true)
	c.trace.done(asDialled)
	c.trace.strip("outside line", code{digits: c.outside}, rest)
	n := c.behindCodes(rest, formBare, true)
	if !possible(n) && strings.HasPrefix(rest, c.outside) {
		n = c.read(rest)
	}
	c.trace.done(n)
	if !possible(n) {
		return asDialled
	}
	if c.known(asDialled) && c.cost[asDialled.Class] > c.cost[n.Class] {
		c.trace.ambiguous(asDialled, n)
		n.Class = asDialled.Class
		addRisk(&n, RiskAmbiguousOutsideLine)
	}
	return n
}

// known reports whether the plan or the library knows what the number is; the length alone does not make it known:
// 013800138000 behind the outside line 0 is no call to +1 380 013 8000, which does not exist.
func (c *Classifier) known(n call.Number) bool {
	if n.Class != call.International {
		return settled(n)
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
	if settled(asStands) {
		return asStands
	}
	for _, code := range c.plan.callerID {
		rest, ok := strings.CutPrefix(s, code.digits)
		if !ok || rest == "" {
			continue
		}
		c.trace.strip("caller-ID code", code, rest)
		n := c.behindCallerID(code.digits, rest, f, outside)
		c.trace.done(n)
		if possible(n) {
			return n
		}
	}
	for _, code := range c.plan.carriers {
		size := len(code.digits)
		if len(s) == size || !matchPattern(code.digits, s) {
			continue
		}
		c.trace.strip("carrier prefix", code, s[size:])
		n := c.behindCarrier(s[:size], s[size:], f)
		c.trace.done(n)
		if possible(n) {
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
		left := c.behindCodes(sent, f, false)
		if possible(left) && c.cost[n.Class] > c.cost[left.Class] {
			left.Class = n.Class
			addRisk(&left, RiskAmbiguousOutsideLine)
		}
		return left
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
		return c.abroad("+", rest)
	}
	for _, prefix := range c.plan.international {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return c.abroad(prefix, rest)
		}
	}
	n := invalid(s)
	if f == formCountry {
		if n = c.national(s, formCountry); settled(n) {
			return n
		}
	}
	if rest, ok := strings.CutPrefix(s, c.plan.trunk); ok && c.plan.trunk != "" {
		c.trace.strip("trunk prefix", code{digits: c.plan.trunk}, rest)
		behind := c.national(rest, formTrunk)
		c.trace.done(behind)
		n = better(n, behind)
	}
	if f == formCountry || settled(n) {
		return n
	}
	return better(n, c.bare(s))
}

// abroad reads what follows + or an international prefix.
func (c *Classifier) abroad(prefix, rest string) call.Number {
	c.trace.strip("international prefix", code{digits: prefix}, rest)
	n := c.international(rest)
	c.trace.done(n)
	return n
}
