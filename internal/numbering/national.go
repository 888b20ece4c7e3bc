package numbering

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/dialwarden/dialwarden/internal/call"
)

// bare reads a number with nothing in front of it: what the plan lists, a subscriber of the home area, or a national
// number where the trunk prefix may be left out.
func (c *Classifier) bare(s string) call.Number {
	p := c.plan
	if !isDigits(s) {
		return c.code(s)
	}
	if k := c.listed(formBare, s); k != nil {
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

// listed looks s up in the table of a form.
func (c *Classifier) listed(f form, s string) *kind {
	k := c.plan.tables[f].fit(s)
	c.trace.listed(f, s, k, c.plan.tables[f])
	return k
}

// code reads a string with * or # in it: it is a number only where the plan lists it whole.
func (c *Classifier) code(s string) call.Number {
	k := c.plan.tables[formBare].whole(s)
	if k == nil {
		return invalid(s)
	}
	c.trace.listed(formBare, s, k, c.plan.tables[formBare])
	return call.Number{Class: k.class, Region: k.region, Risk: k.risk}
}

// subscriber reads a number of the home area without its area code. What begins with an emergency number is none.
func (c *Classifier) subscriber(s string) call.Number {
	p := c.plan
	if a := p.areas[c.area]; a != nil {
		if a.lengths.has(len(s)) && startsWith(s, p.bareStart) && !startsWith(s, p.emergency) {
			c.trace.subscriber(a, s, c.area)
			return c.inArea(a, s)
		}
		c.trace.noSubscriber(a, s)
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

// national reads what follows the trunk prefix or the own country code. What stands in no area that the plan lists is
// for the library where the plan lists none, or where other countries have the same country code.
func (c *Classifier) national(s string, f form) call.Number {
	p := c.plan
	if !isDigits(s) {
		return invalid(s)
	}
	if k := c.listed(f, s); k != nil {
		return p.number(k, s)
	}
	if a := p.areaOf(s); a != nil {
		return c.behindArea(a, s[len(a.code):])
	}
	if len(p.areas) > 0 {
		c.trace.noArea(s)
	}
	if len(p.areas) > 0 && !p.sharesCode {
		return invalid(s)
	}
	n := c.fromLibrary(s)
	if rest, ok := strings.CutPrefix(s, c.area); ok && c.area != "" && !settled(n) {
		n = better(c.premiumBehind(c.area, rest), n)
	}
	return n
}

// behindArea reads what follows an area code: the plan's table for that form first, then the area's subscribers.
func (c *Classifier) behindArea(a *area, rest string) call.Number {
	c.trace.area(a, rest)
	if n, ok := c.shortBehindArea(a.code, rest); ok {
		return n
	}
	p := c.plan
	if a.lengths.has(len(rest)) && startsWith(rest, p.areaStart) && !startsWith(rest, p.emergency) {
		c.trace.subscriber(a, rest, c.area)
		return c.inArea(a, rest)
	}
	c.trace.noSubscriber(a, rest)
	return c.premiumBehind(a.code, rest)
}

// shortBehindArea looks rest up in the table of what may stand behind an area code.
func (c *Classifier) shortBehindArea(code, rest string) (call.Number, bool) {
	p := c.plan
	k := c.listed(formArea, rest)
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

// premiumBehind reads what follows an area code and is no number of that area. A premium number with its own prefixes
// is one even there: an area code in front must not make another number of it. All else is invalid.
func (c *Classifier) premiumBehind(code, rest string) call.Number {
	if rest == "" {
		return invalid(rest)
	}
	c.trace.again(rest)
	n := c.behindCodes(rest, formBare, false)
	if n.Class != call.Premium {
		n = invalid(rest)
	} else {
		n.Area = c.plan.areaPrefix + code
		addRisk(&n, RiskPremiumBehindArea)
	}
	c.trace.done(n)
	return n
}

// inArea returns the subscriber's number of an area.
func (c *Classifier) inArea(a *area, subscriber string) call.Number {
	p := c.plan
	n := call.Number{
		E164: e164(p.countryCode, a.code+subscriber), Class: call.National,
		Region: a.region, Area: p.areaPrefix + a.code,
	}
	if a.code == c.area {
		n.Class = call.Local
	}
	return n
}

// fromLibrary asks the library about a national significant number that is in no area of the plan.
func (c *Classifier) fromLibrary(national string) call.Number {
	p := c.plan
	number := parse(p.countryCode, national)
	if !isPossible(number) {
		c.trace.library(national, "has no length that a number of this country has", call.Invalid)
		return invalid(national)
	}
	k := p.abroad.fit(p.countryCode + national)
	if k != nil && k.region != "" && !slices.Contains(p.regions, k.region) {
		return c.foreign(p.countryCode + national)
	}
	region := phonenumbers.GetRegionCodeForNumber(number)
	if region != "" && !slices.Contains(p.regions, region) { // shares the country code, as Jamaica does with the USA
		return c.foreign(p.countryCode + national)
	}
	n := call.Number{
		E164: e164(p.countryCode, national), Class: classOf(phonenumbers.GetNumberType(number)), Region: p.regions[0],
	}
	if region != "" {
		n.Region = region
	}
	c.trace.library(national, "is", n.Class)
	if k != nil && c.cost[k.class] > c.cost[n.Class] {
		c.trace.foreign(p.countryCode+national, k, k.class)
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
