package numbering

import (
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// areas reads areas and subscribers.
func (c *compiler) areas(f *file) (err error) {
	p := c.plan
	p.areas, p.places = map[string]*area{}, map[string]string{}
	for _, e := range f.Areas {
		if err := c.area(e); err != nil {
			return err
		}
	}
	for _, e := range f.Areas {
		code := e.Value.Code.Value
		for n := 1; n < len(code); n++ {
			if p.areas[code[:n]] != nil {
				return c.wrong(or(e.Value.Code.At, e.At), "area %q begins with area %q; nobody could tell them apart", code, code[:n])
			}
		}
	}
	if p.bareStart, err = c.starts(f.Subscribers.Bare, len(f.Areas) > 0, "bare"); err != nil {
		return err
	}
	p.areaStart, err = c.starts(f.Subscribers.BehindArea, len(f.Areas) > 0, "behind_area")
	return err
}

// area reads one area.
func (c *compiler) area(e located[areaEntry]) error {
	in, p := e.Value, c.plan
	at := or(in.Code.At, e.At)
	in.Code.At = at
	code, err := c.digits(in.Code, "code")
	if err != nil {
		return err
	}
	switch {
	case p.areas[code] != nil:
		return c.wrong(at, "area %q stands here twice", code)
	case p.trunk != "" && strings.HasPrefix(code, p.trunk):
		return c.wrong(at, "area %q begins with the trunk prefix %q; write it without", code, p.trunk)
	case in.Name == "":
		return c.wrong(at, "area %q has no name", code)
	case len(in.Lengths) == 0:
		return c.wrong(at, "area %q has no lengths: how many digits its subscriber numbers have, such as [8]", code)
	}
	set, err := c.lengthSet(in.Lengths, 2, at)
	if err != nil {
		return err
	}
	p.areas[code] = &area{code: code, lengths: set, at: at}
	p.longestArea = max(p.longestArea, len(code))
	places := in.Places
	if len(places) == 0 {
		places = []string{in.Name}
	}
	for _, place := range places {
		if other, ok := p.places[place]; ok {
			return c.wrong(at, "%q is a place of area %q already", place, other)
		}
		p.places[place] = code
	}
	return nil
}

// starts reads what subscriber numbers begin with; it is wanted where the plan lists areas, and senseless elsewhere.
func (c *compiler) starts(in []text, wanted bool, field string) ([]string, error) {
	if wanted != (len(in) > 0) {
		if wanted {
			return nil, c.wrong(position{}, "subscribers: %s is missing: what subscriber numbers begin with, such as [\"2-8\"]", field)
		}
		return nil, c.wrong(in[0].At, "subscribers: %s goes with areas, and this plan lists none", field)
	}
	var out []string
	for _, t := range in {
		prefixes, _, err := c.expand(t)
		if err != nil {
			return nil, err
		}
		out = append(out, prefixes...)
	}
	return out, nil
}

// expand reads a pattern of prefixes.
func (c *compiler) expand(t text) ([]string, int, error) {
	if err := c.quoted(t); err != nil {
		return nil, 0, err
	}
	prefixes, wild, err := expand(t.Value)
	if err != nil {
		return nil, 0, c.wrong(t.At, "%v", err)
	}
	return prefixes, wild, nil
}

// numbers reads numbers.
func (c *compiler) numbers(f *file) error {
	for _, e := range f.Numbers {
		k, in, err := c.number(e)
		if err != nil {
			return err
		}
		for _, t := range e.Value.Prefixes {
			if err := c.enter(t, k, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// number reads an entry of numbers without its prefixes.
func (c *compiler) number(e located[numberEntry]) (k kind, in []form, err error) {
	n := e.Value
	k = kind{class: call.Class(n.Class), risk: n.Risk, at: e.At}
	switch {
	case len(n.Prefixes) == 0:
		return k, nil, c.wrong(e.At, "prefixes is missing")
	case !slices.Contains(classesOfPlans, k.class):
		return k, nil, c.wrong(e.At, "class %q: wanted is one of %s", n.Class, join(classesOfPlans))
	case n.AnyLength == (len(n.Lengths) > 0):
		return k, nil, c.wrong(e.At, "write either lengths (digits in all, such as [5, 6]) or any_length: true")
	case n.AnyLength && k.class != call.Premium:
		return k, nil, c.wrong(e.At, "any_length is for class premium only: digits too many would reach a number of class %s all the same", n.Class)
	case len(n.Forms) == 0:
		return k, nil, c.wrong(e.At, "forms is missing: some of %s", strings.Join(formNames[:], ", "))
	}
	for _, word := range n.Forms {
		f := form(slices.Index(formNames[:], word))
		switch {
		case f < 0:
			return k, nil, c.wrong(e.At, "form %q: wanted are some of %s", word, strings.Join(formNames[:], ", "))
		case slices.Contains(in, f):
			return k, nil, c.wrong(e.At, "form %q stands here twice", word)
		case f == formTrunk && c.plan.trunk == "":
			return k, nil, c.wrong(e.At, "form trunk: this plan has no trunk_prefix")
		}
		in = append(in, f)
	}
	k.abroad = k.class != call.Service && slices.Contains(in, formCountry)
	if k.lengths, err = c.lengthSet(n.Lengths, 1, e.At); err != nil {
		return k, nil, err
	}
	if n.AnyLength {
		k.lengths = anyLength
	}
	return k, in, c.risks(n.Risk, e.At)
}

// enter enters one pattern of prefixes into the tables of the forms.
func (c *compiler) enter(t text, k kind, in []form) error {
	prefixes, wild, err := c.expand(t)
	if err != nil {
		return err
	}
	if least := lengths(1)<<len(prefixes[0]) - 1; k.lengths != anyLength && k.lengths&least != 0 {
		return c.wrong(t.At, "%q is longer than one of its lengths; lengths count all digits, the prefix included", t.Value)
	}
	k.wild, k.at = wild, or(t.At, k.at)
	besideAreas := slices.Contains(in, formTrunk) || slices.Contains(in, formCountry)
	for _, prefix := range prefixes {
		if a := c.hidden(prefix, k.lengths); a != nil && besideAreas {
			return c.wrong(k.at, "%q hides numbers of area %q, line %d", prefix, a.code, a.at.Line)
		}
		for _, f := range in {
			if other := c.plan.tables[f].add(prefix, &k); other != nil {
				return c.wrong(k.at, "%q in the form %s says again what line %d says", prefix, formNames[f], other.at.Line)
			}
		}
	}
	return nil
}

// hidden returns the first area all of whose subscribers of some length would be taken for numbers with the prefix.
func (c *compiler) hidden(prefix string, l lengths) *area {
	var first *area
	for code, a := range c.plan.areas {
		if strings.HasPrefix(code, prefix) && l&(a.lengths<<len(code)) != 0 && (first == nil || code < first.code) {
			first = a
		}
	}
	return first
}

// abroad reads abroad.
func (c *compiler) abroad(f *file) error {
	for _, e := range f.Abroad {
		n := e.Value
		k := kind{class: call.Class(n.Class), lengths: anyLength, risk: n.Risk, region: n.Region, at: e.At}
		switch {
		case len(n.Prefixes) == 0:
			return c.wrong(e.At, "prefixes is missing: country codes with what follows, without 00 or +")
		case !slices.Contains(classesAbroad, k.class):
			return c.wrong(e.At, "class %q: wanted is one of %s", n.Class, join(classesAbroad))
		case n.Region != "" && !isRegion(n.Region):
			return c.wrong(e.At, "region %q: wanted is a country as in ISO 3166-1, such as \"JM\", or \"001\" for a global network", n.Region)
		}
		if err := c.risks(n.Risk, e.At); err != nil {
			return err
		}
		for _, t := range n.Prefixes {
			if err := c.enterAbroad(t, k); err != nil {
				return err
			}
		}
	}
	return nil
}

// enterAbroad enters one pattern of foreign prefixes.
func (c *compiler) enterAbroad(t text, k kind) error {
	prefixes, wild, err := c.expand(t)
	if err != nil {
		return err
	}
	k.wild, k.at = wild, or(t.At, k.at)
	for _, prefix := range prefixes {
		code := countryCodeOf(prefix)
		switch {
		case code == "":
			return c.wrong(k.at, "%q begins with no country code", prefix)
		case code == c.plan.countryCode && len(regionsOf(code)) == len(c.plan.regions):
			return c.wrong(k.at, "%q is no foreign number: %s is this plan's country code", prefix, code)
		}
		if other := c.plan.abroad.add(prefix, &k); other != nil {
			return c.wrong(k.at, "%q says again what line %d says", prefix, other.at.Line)
		}
	}
	return nil
}

// classesOfPlans are the classes that an entry of numbers may have, classesAbroad those of an entry of abroad.
var (
	classesOfPlans = []call.Class{
		call.TollFree, call.Local, call.Service, call.SharedCost, call.Mobile, call.National, call.International,
		call.Satellite, call.Premium, call.Unknown,
	}
	classesAbroad = []call.Class{call.International, call.Satellite, call.Premium}
)

func join(classes []call.Class) string {
	words := make([]string, len(classes))
	for i, c := range classes {
		words[i] = string(c)
	}
	return strings.Join(words, ", ")
}
