package numbering

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/dialwarden/dialwarden/internal/call"
)

// international reads what follows + or the international prefix. Behind the own country code stands a national
// number, and in front of that codes may stand again.
func (c *Classifier) international(s string) call.Number {
	rest, own := strings.CutPrefix(s, c.plan.countryCode)
	if !own {
		return c.foreign(s)
	}
	if rest == "" {
		return invalid(s)
	}
	c.trace.strip("own country code", code{digits: c.plan.countryCode}, rest)
	n := c.behindCodes(rest, formCountry, false)
	if !settled(n) { // a premium number that has no place behind the country code: one all the same
		if bare := c.behindCodes(rest, formBare, false); bare.Class == call.Premium {
			n = bare
		}
	}
	c.trace.done(n)
	if possible(n) && slices.Contains(c.plan.regions, n.Region) {
		addRisk(&n, RiskOwnCountryCode)
	}
	return n
}

// foreign reads a number of another country or of a global network: country code and national number.
func (c *Classifier) foreign(s string) call.Number {
	code := countryCodeOf(s)
	if code == "" || len(code) == len(s) || !isDigits(s) {
		c.trace.noCountry(s)
		return invalid(s)
	}
	p, national := c.plan, s[len(code):]
	n := p.forgiving(code, national)
	c.trace.foreign(s, p.abroad.fit(s), n.Class)
	return n
}

// forgiving reads a number abroad, in front of which the trunk prefix of its country may stand by mistake.
func (p *Plan) forgiving(code, national string) call.Number {
	n, known := p.foreignNumber(code, national)
	if known || national[0] != '0' {
		return n
	}
	// Some networks forgive the trunk prefix of the other country, as in +44 0 909.
	national = strings.TrimLeft(national, "0")
	if national == "" {
		return n
	}
	forgiven, known := p.foreignNumber(code, national)
	if known || possible(forgiven) && !possible(n) {
		return forgiven
	}
	return n
}

// foreignNumber reads a number abroad; known says that the plan or the library knows what it is. A premium prefix of
// the plan counts at any length, because digits too many reach the number all the same.
func (p *Plan) foreignNumber(code, national string) (n call.Number, known bool) {
	n = call.Number{Class: call.International, E164: e164(code, national)}
	k := p.abroad.fit(code + national)
	if k != nil {
		n.Class, n.Region, n.Risk = k.class, k.region, k.risk
	}
	number := parse(code, national)
	inLength := isPossible(number) || n.Class == call.Satellite && n.E164 != "" && len(n.E164) > 7
	if !inLength && n.Class != call.Premium {
		return invalid(national), false
	}
	if n.Region == "" && number != nil {
		n.Region = phonenumbers.GetRegionCodeForNumber(number)
	}
	if n.Region == "" {
		n.Region = regionsOf(code)[0]
	}
	known = k != nil
	if inLength && n.Class == call.International {
		t := phonenumbers.GetNumberType(number)
		known = known || t != phonenumbers.UNKNOWN
		if t == phonenumbers.PREMIUM_RATE {
			n.Class = call.Premium
		}
	}
	if n.Class == call.Premium {
		addRisk(&n, RiskForeignPremium)
	}
	return n, known
}
