package numbering

import (
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

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
	k = kind{name: n.Name, class: call.Class(n.Class.Value), at: e.At}
	switch {
	case len(n.Prefixes) == 0:
		return k, nil, c.wrong(e.At, "prefixes is missing")
	case !slices.Contains(classesOfPlans, k.class):
		return k, nil, c.wrong(or(n.Class.At, e.At), "class %q: wanted is one of %s", n.Class.Value, join(classesOfPlans))
	case n.AnyLength == (len(n.Lengths) > 0):
		return k, nil, c.wrong(e.At, "write either lengths (digits in all, such as [5, 6]) or any_length: true")
	case n.AnyLength && k.class != call.Premium:
		return k, nil, c.wrong(e.At, "any_length is for class premium only: digits too many would reach a number of class %s all the same", k.class)
	case len(n.Forms) == 0:
		return k, nil, c.wrong(e.At, "forms is missing: some of %s", strings.Join(formNames[:], ", "))
	}
	if in, err = c.forms(n.Forms); err != nil {
		return k, nil, err
	}
	if k.lengths, err = c.lengthSet(n.Lengths, 1); err != nil {
		return k, nil, err
	}
	if n.AnyLength {
		k.lengths = anyLength
	}
	if k.region, err = c.region(n.Region); err != nil {
		return k, nil, err
	}
	k.risk, err = c.risks(n.Risk)
	return k, in, err
}

// forms reads the words of forms.
func (c *compiler) forms(words []located[string]) (in []form, err error) {
	for _, word := range words {
		f := form(slices.Index(formNames[:], word.Value))
		switch {
		case f < 0:
			return nil, c.wrong(word.At, "form %q: wanted are some of %s", word.Value, strings.Join(formNames[:], ", "))
		case slices.Contains(in, f):
			return nil, c.wrong(word.At, "form %q stands here twice", word.Value)
		case f == formTrunk && c.plan.trunk == "":
			return nil, c.wrong(word.At, "form trunk: this plan has no trunk_prefix")
		}
		in = append(in, f)
	}
	return in, nil
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
	k.prefix, k.wild, k.at = t.Value, wild, or(t.At, k.at)
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
		k := kind{name: n.Name, class: call.Class(n.Class.Value), lengths: anyLength, region: n.Region.Value, at: e.At}
		switch {
		case len(n.Prefixes) == 0:
			return c.wrong(e.At, "prefixes is missing: country codes with what follows, without 00 or +")
		case !slices.Contains(classesAbroad, k.class):
			return c.wrong(or(n.Class.At, e.At), "class %q: wanted is one of %s", n.Class.Value, join(classesAbroad))
		case k.region != "" && !isRegion(k.region):
			return c.wrong(n.Region.At, "region %q: wanted is a country as in ISO 3166-1, such as \"JM\", or \"001\" for a global network", k.region)
		}
		var err error
		if k.risk, err = c.risks(n.Risk); err != nil {
			return err
		}
		if len(n.Lengths) > 0 {
			if k.lengths, err = c.lengthSet(n.Lengths, 1); err != nil {
				return err
			}
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
	k.prefix, k.wild, k.at = t.Value, wild, or(t.At, k.at)
	for _, prefix := range prefixes {
		code := countryCodeOf(prefix)
		switch {
		case code == "":
			return c.wrong(k.at, "%q begins with no country code", prefix)
		case code == c.plan.countryCode && !c.plan.sharesCode:
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
