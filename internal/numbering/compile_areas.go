package numbering

import (
	"slices"
	"strings"
)

// areas reads areas and subscribers.
func (c *compiler) areas(f *file) (err error) {
	p := c.plan
	p.areas, p.places = map[string]*area{}, map[string]string{}
	for _, e := range f.Areas {
		if err := c.areaEntry(e); err != nil {
			return err
		}
	}
	for _, e := range f.Areas {
		if err := c.nested(e); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(f.Areas, func(e located[areaEntry]) bool { return len(e.Value.Places) > 0 }) {
		p.places = nil // a plan without places has mobiles without an area
	}
	if p.bareStart, err = c.starts(f.Subscribers.Bare, len(f.Areas) > 0, "bare"); err != nil {
		return err
	}
	p.areaStart, err = c.starts(f.Subscribers.BehindArea, len(f.Areas) > 0, "behind_area")
	return err
}

// areaEntry reads one entry of areas, which is one area or several.
func (c *compiler) areaEntry(e located[areaEntry]) error {
	in := e.Value
	if (in.Code != text{}) && len(in.Codes) > 0 {
		return c.wrong(in.Code.At, "write either code, for one area, or codes, for several")
	}
	if len(in.Codes) == 0 {
		in.Code.At = or(in.Code.At, e.At)
		if _, err := c.digits(in.Code, "code"); err != nil {
			return err
		}
		if err := c.area(in.Code.Value, in.Code.At, in); err != nil {
			return err
		}
		return c.areaPlaces(in)
	}
	if len(in.Places) > 0 {
		return c.wrong(e.At, "places are for an entry with one code")
	}
	for _, t := range in.Codes {
		codes, _, err := c.expand(t)
		if err != nil {
			return err
		}
		for _, code := range codes {
			if !isDigits(code) {
				return c.wrong(t.At, "code: %q are not digits 0-9", code)
			}
			if err := c.area(code, t.At, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// area enters one area.
func (c *compiler) area(code string, at position, in areaEntry) (err error) {
	p := c.plan
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
	a := &area{code: code, name: in.Name, at: at}
	if a.lengths, err = c.lengthSet(in.Lengths, 2); err != nil {
		return err
	}
	if a.region, err = c.region(in.Region); err != nil {
		return err
	}
	p.areas[code] = a
	p.longestArea = max(p.longestArea, len(code))
	return nil
}

// areaPlaces enters where the mobiles of the entry's only area are registered.
func (c *compiler) areaPlaces(in areaEntry) error {
	places := in.Places
	if len(places) == 0 {
		places = []string{in.Name}
	}
	for _, place := range places {
		if other, ok := c.plan.places[place]; ok {
			return c.wrong(in.Code.At, "%q is a place of area %q already", place, other)
		}
		c.plan.places[place] = in.Code.Value
	}
	return nil
}

// nested refuses an area that begins with another one, unless the entry says that both are in use.
func (c *compiler) nested(e located[areaEntry]) error {
	in := e.Value
	if in.Within.Value != "" && c.plan.areas[in.Within.Value] == nil {
		return c.wrong(in.Within.At, "within: there is no area %q", in.Within.Value)
	}
	for _, t := range append(slices.Clip(in.Codes), in.Code) {
		if t.Value == "" {
			continue
		}
		codes, _, err := c.expand(t)
		if err != nil {
			return err
		}
		for _, code := range codes {
			for n := 1; n < len(code); n++ {
				if short := code[:n]; c.plan.areas[short] != nil && short != in.Within.Value {
					return c.wrong(t.At, "area %q begins with area %q; nobody could tell them apart, unless the plan says within: %[2]q", code, short)
				}
			}
			if in.Within.Value != "" && !strings.HasPrefix(code, in.Within.Value) {
				return c.wrong(in.Within.At, "within: area %q does not begin with %q", code, in.Within.Value)
			}
		}
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
