package numbering

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// compiler turns a file into a plan and finds what is wrong with it. Its methods return the first mistake as a
// *yamlfile.Error.
type compiler struct {
	plan *Plan
	file string
}

func (c *compiler) wrong(at position, format string, args ...any) error {
	return &yamlfile.Error{File: c.file, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...)}
}

// compile fills the plan from f.
func (c *compiler) compile(f *file) error {
	for _, step := range []func(*file) error{
		c.country, c.prefixes, c.emergency, c.codes, c.areas, c.numbers, c.abroad,
	} {
		if err := step(f); err != nil {
			return err
		}
	}
	return nil
}

// country reads country_code and regions.
func (c *compiler) country(f *file) error {
	code, err := c.digits(f.CountryCode, "country_code")
	if err != nil {
		return err
	}
	known := regionsOf(code)
	if len(known) == 0 {
		return c.wrong(f.CountryCode.At, "there is no country code %q", code)
	}
	if len(f.Regions) == 0 {
		return c.wrong(position{}, "regions is missing: the ISO 3166-1 countries of this plan, such as [\"%s\"]", known[0])
	}
	for _, r := range f.Regions {
		if !slices.Contains(known, r.Value) {
			return c.wrong(r.At, "%q is no region of country code %s; it has %s", r.Value, code, strings.Join(known, ", "))
		}
		c.plan.regions = append(c.plan.regions, r.Value)
	}
	c.plan.countryCode, c.plan.sharesCode = code, len(known) > len(f.Regions)
	return nil
}

// prefixes reads international_prefixes, trunk_prefix and area_prefix.
func (c *compiler) prefixes(f *file) (err error) {
	p := c.plan
	if p.international, err = c.list(f.International, "international_prefixes"); err != nil {
		return err
	}
	if len(p.international) == 0 {
		return c.wrong(position{}, "international_prefixes is missing, such as [\"00\"]")
	}
	p.trunkOptional = f.TrunkOptional
	if p.trunk, err = c.optional(f.Trunk, "trunk_prefix"); err != nil {
		return err
	}
	if slices.Contains(p.international, p.trunk) {
		return c.wrong(f.Trunk.At, "%q is an international prefix too", p.trunk)
	}
	if p.areaPrefix, err = c.optional(f.AreaPrefix, "area_prefix"); err != nil {
		return err
	}
	if p.areaPrefix != "" && p.areaPrefix != p.trunk {
		return c.wrong(f.AreaPrefix.At, "area_prefix is what is written in front of an area code: the trunk prefix %q or nothing", p.trunk)
	}
	return nil
}

// emergency reads emergency.
func (c *compiler) emergency(f *file) (err error) {
	if len(f.Emergency) == 0 {
		return c.wrong(position{}, "emergency is missing: the emergency numbers, such as [\"112\"]")
	}
	if c.plan.emergency, err = c.list(f.Emergency, "emergency"); err != nil {
		return err
	}
	slices.SortFunc(c.plan.emergency, cmp.Compare[string])
	c.plan.emergencyAt = f.Emergency[0].At
	return nil
}

// codes reads caller_id_codes and carrier_prefixes.
func (c *compiler) codes(f *file) error {
	for _, t := range f.CallerID {
		if err := c.quoted(t); err != nil {
			return err
		}
		if !call.IsDialString(t.Value) || t.Value[0] == '+' {
			return c.wrong(t.At, "%q is no code; a code has only 0-9, * and #", t.Value)
		}
		if hasCode(c.plan.callerID, t.Value) {
			return c.wrong(t.At, "%q stands here twice", t.Value)
		}
		c.plan.callerID = append(c.plan.callerID, code{digits: t.Value, at: t.At})
	}
	for _, e := range f.Carriers {
		t := e.Value.Prefix
		if err := c.quoted(t); err != nil {
			return err
		}
		if !isDigits(strings.ReplaceAll(t.Value, "X", "0")) || t.Value[0] == 'X' {
			return c.wrong(or(t.At, e.At), "%q is no carrier prefix; write digits, and X for any digit, such as \"179XX\"", t.Value)
		}
		if hasCode(c.plan.carriers, t.Value) {
			return c.wrong(t.At, "%q stands here twice", t.Value)
		}
		c.plan.carriers = append(c.plan.carriers, code{t.Value, e.Value.Name, t.At})
	}
	for _, codes := range [][]code{c.plan.callerID, c.plan.carriers} {
		slices.SortFunc(codes, func(a, b code) int { return byLength(a.digits, b.digits) })
	}
	return nil
}

func hasCode(codes []code, digits string) bool {
	return slices.ContainsFunc(codes, func(c code) bool { return c.digits == digits })
}

// list reads a list of different digit strings, the longest first.
func (c *compiler) list(in []text, field string) ([]string, error) {
	var out []string
	for _, t := range in {
		d, err := c.digits(t, field)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, d) {
			return nil, c.wrong(t.At, "%q stands here twice", d)
		}
		out = append(out, d)
	}
	slices.SortFunc(out, byLength)
	return out, nil
}

// optional reads digits that may be left out.
func (c *compiler) optional(t text, field string) (string, error) {
	if t.Value == "" {
		return "", nil
	}
	return c.digits(t, field)
}

// digits reads one or more of 0-9.
func (c *compiler) digits(t text, field string) (string, error) {
	if t.Value == "" {
		return "", c.wrong(t.At, "%s is missing or empty; wanted are digits", field)
	}
	if err := c.quoted(t); err != nil {
		return "", err
	}
	if !isDigits(t.Value) || len(t.Value) > call.MaxDialled {
		return "", c.wrong(t.At, "%s: %q are not digits 0-9", field, t.Value)
	}
	return t.Value, nil
}

// quoted refuses digits without quotes, which YAML may have read as another number.
func (c *compiler) quoted(t text) error {
	if t.Value != "" && !t.Quoted {
		return c.wrong(t.At, "digits must stand in quotes, or YAML reads 010 as the number 8")
	}
	return nil
}

// lengthSet reads numbers of digits, each at least low.
func (c *compiler) lengthSet(in []located[int], low int) (lengths, error) {
	var set lengths
	for _, l := range in {
		switch n := l.Value; {
		case n < low || n > call.MaxDialled:
			return 0, c.wrong(l.At, "length %d: wanted is %d to %d", n, low, call.MaxDialled)
		case set.has(n):
			return 0, c.wrong(l.At, "length %d stands here twice", n)
		}
		set |= 1 << l.Value
	}
	return set, nil
}

// region reads one of the plan's regions; left out, it is the first.
func (c *compiler) region(r located[string]) (string, error) {
	if r.Value == "" {
		return c.plan.regions[0], nil
	}
	if !slices.Contains(c.plan.regions, r.Value) {
		return "", c.wrong(r.At, "region %q: wanted is one of this plan's regions: %s", r.Value, strings.Join(c.plan.regions, ", "))
	}
	return r.Value, nil
}

var riskWord = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// risks reads words for risks.
func (c *compiler) risks(in []located[string]) ([]string, error) {
	var out []string
	for _, r := range in {
		if !riskWord.MatchString(r.Value) {
			return nil, c.wrong(r.At, "risk %q: write a word of a-z, 0-9 and _", r.Value)
		}
		out = append(out, r.Value)
	}
	return out, nil
}

// byLength sorts prefixes so that the first that fits is the longest.
func byLength(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) }

// or returns the first place that is known.
func or(at ...position) position { return cmp.Or(at...) }
