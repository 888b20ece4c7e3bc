package numbering

import (
	"slices"

	"github.com/nyaruka/phonenumbers"

	"github.com/dialwarden/dialwarden/internal/call"
)

// bare reads a number with nothing in front of it: what the plan lists, a subscriber of the home area, or a national
// number where the trunk prefix may be left out.
func (c *Classifier) bare(s string) call.Number {
	p := c.plan
	if !isDigits(s) {
		return p.code(s)
	}
	if k := p.tables[formBare].fit(s); k != nil {
		return p.number(k, s)
	}
	if n := c.subscriber(s); possible(n) {
		return n
	}
	if p.trunkOptional {
		return c.national(s, formTrunk)
	}
	return invalid(s)
}

// code reads a string with * or # in it: it is a number only where the plan lists it whole.
func (p *Plan) code(s string) call.Number {
	if k := p.tables[formBare].whole(s); k != nil {
		return call.Number{Class: k.class, Region: p.regions[0], Risk: k.risk}
	}
	return invalid(s)
}

// subscriber reads a number of the home area without its area code.
func (c *Classifier) subscriber(s string) call.Number {
	p := c.plan
	if a := p.areas[c.area]; a != nil {
		if a.lengths.has(len(s)) && startsWith(s, p.bareStart) {
			return c.inArea(a.code, s)
		}
		return invalid(s)
	}
	if c.area == "" || len(p.areas) > 0 {
		return invalid(s)
	}
	n := c.fromLibrary(c.area + s)
	if n.Area != p.areaPrefix+c.area || n.Class != call.Local && n.Class != call.Premium {
		return invalid(s)
	}
	return n
}

// national reads what follows the trunk prefix or the own country code.
func (c *Classifier) national(s string, f form) call.Number {
	p := c.plan
	if !isDigits(s) {
		return invalid(s)
	}
	if k := p.tables[f].fit(s); k != nil {
		return p.number(k, s)
	}
	if len(p.areas) == 0 {
		return c.fromLibrary(s)
	}
	if a := p.areaOf(s); a != nil {
		return c.behindArea(a, s[len(a.code):])
	}
	return invalid(s)
}

// behindArea reads what follows an area code: the plan's table for that form first, then the area's subscribers.
func (c *Classifier) behindArea(a *area, rest string) call.Number {
	if n, ok := c.shortBehindArea(a.code, rest); ok {
		return n
	}
	p := c.plan
	if !a.lengths.has(len(rest)) || !startsWith(rest, p.areaStart) || startsWith(rest, p.emergency) {
		return invalid(rest)
	}
	return c.inArea(a.code, rest)
}

// shortBehindArea looks rest up in the table of what may stand behind an area code.
func (c *Classifier) shortBehindArea(code, rest string) (call.Number, bool) {
	p := c.plan
	k := p.tables[formArea].fit(rest)
	if k == nil {
		return call.Number{}, false
	}
	n := p.number(k, rest)
	n.Area, n.E164 = p.areaPrefix+code, ""
	if n.Class != call.Service {
		n.E164 = e164(p.countryCode, code+rest)
	}
	if n.Class == call.Premium {
		addRisk(&n, RiskPremiumBehindArea)
	}
	return n, true
}

// inArea returns the subscriber's number of an area.
func (c *Classifier) inArea(code, subscriber string) call.Number {
	p := c.plan
	n := call.Number{
		E164: e164(p.countryCode, code+subscriber), Class: call.National,
		Region: p.regions[0], Area: p.areaPrefix + code,
	}
	if code == c.area {
		n.Class = call.Local
	}
	return n
}

// fromLibrary asks the library about a national significant number of a plan that lists no areas.
func (c *Classifier) fromLibrary(national string) call.Number {
	p := c.plan
	number := parse(p.countryCode, national)
	if !isPossible(number) {
		return invalid(national)
	}
	region := phonenumbers.GetRegionCodeForNumber(number)
	if region != "" && !slices.Contains(p.regions, region) { // shares the country code, as Jamaica does with the USA
		return p.foreign(p.countryCode + national)
	}
	n := call.Number{
		E164: e164(p.countryCode, national), Class: classOf(phonenumbers.GetNumberType(number)), Region: p.regions[0],
	}
	if region != "" {
		n.Region = region
	}
	if k := p.abroad.fit(p.countryCode + national); k != nil && c.cost[k.class] > c.cost[n.Class] {
		n.Class, n.Risk = k.class, k.risk
	}
	if size := phonenumbers.GetLengthOfGeographicalAreaCode(number); size > 0 {
		code := national[:size]
		if short, ok := c.shortBehindArea(code, national[size:]); ok {
			return short
		}
		n.Area = p.areaPrefix + code
		if n.Class == call.National && code == c.area {
			n.Class = call.Local
		}
	}
	return n
}
