package numbering

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// form is how a number was reached; the package comment explains.
type form int

const (
	formBare form = iota
	formTrunk
	formArea
	formCountry
	forms
)

var formNames = [forms]string{"bare", "trunk", "area", "country"}

// area is an area of the plan.
type area struct {
	code    string // without the trunk prefix
	name    string
	region  string
	lengths lengths
	at      position
}

// code is what may stand in front of a number: a caller-ID code, or a carrier prefix, in which X is any digit.
type code struct {
	digits string
	name   string
	at     position
}

// Plan is a country's number plan. It does not change and is safe for concurrent use.
type Plan struct {
	name          string
	file          string // within the policy directory
	countryCode   string
	sharesCode    bool     // other countries have the same country code
	regions       []string // the country's own regions; the first is the main one
	international []string // longest first, as all lists of prefixes here
	trunk         string
	trunkOptional bool
	areaPrefix    string
	emergency     []string
	emergencyAt   position
	callerID      []code
	carriers      []code
	tables        [forms]table
	areas         map[string]*area  // by code; empty means that the library knows the areas
	longestArea   int               // digits
	places        map[string]string // area codes by the library's words for where a mobile is registered
	bareStart     []string          // what subscriber numbers begin with
	areaStart     []string          // and what they begin with behind an area code
	abroad        table
}

// A MissingPlanError is a number plan that is not there. It is an fs.ErrNotExist.
type MissingPlanError struct {
	Name string
	Have string // the plans that are there
}

// Error names the plans that are there.
func (e *MissingPlanError) Error() string {
	return fmt.Sprintf("there is no number plan %q (plans/%[1]s.yaml); plans here: %s", e.Name, e.Have)
}

// Unwrap makes it an fs.ErrNotExist.
func (*MissingPlanError) Unwrap() error { return fs.ErrNotExist }

// Load reads plans/<name>.yaml of fsys, the policy directory. A file that is not there is a *MissingPlanError; a mistake in the file is a *yamlfile.Error with file and line.
func Load(fsys fs.FS, name string) (*Plan, error) {
	fileName := "plans/" + name + ".yaml"
	data, err := fs.ReadFile(fsys, fileName)
	if strings.Contains(name, "/") || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, &MissingPlanError{name, plansIn(fsys)}
	}
	if err != nil {
		return nil, fmt.Errorf("read number plan %q: %w", name, err)
	}
	var f file
	if err := yamlfile.Decode(fileName, data, &f); err != nil {
		return nil, err
	}
	c := compiler{plan: &Plan{name: name, file: fileName}, file: fileName}
	if err := c.compile(&f); err != nil {
		return nil, err
	}
	return c.plan, nil
}

// plansIn lists the plans of fsys, for an error message.
func plansIn(fsys fs.FS) string {
	names, _ := fs.Glob(fsys, "plans/*.yaml")
	for i, n := range names {
		names[i] = strings.TrimSuffix(path.Base(n), ".yaml")
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// Emergency returns the emergency numbers, without an outside line in front.
func (p *Plan) Emergency() []string { return slices.Clone(p.emergency) }

// e164 returns the number in international form, or nothing where it has more than the 15 digits of E.164.
func e164(countryCode, national string) string {
	if len(countryCode)+len(national) > 15 {
		return ""
	}
	return "+" + countryCode + national
}

// number returns the number of this plan that k describes; national is its national significant number.
func (p *Plan) number(k *kind, national string) call.Number {
	n := call.Number{Class: k.class, Region: k.region, Risk: k.risk}
	if k.class != call.Service && p.tables[formCountry].fit(national) != nil {
		n.E164 = e164(p.countryCode, national)
	}
	if k.class == call.Mobile {
		n.Area = p.mobileArea(national)
	}
	return n
}

// areaOf returns the area with the longest code that s begins with, or nil.
func (p *Plan) areaOf(s string) *area {
	for n := min(len(s), p.longestArea); n > 0; n-- {
		if a := p.areas[s[:n]]; a != nil {
			return a
		}
	}
	return nil
}

// startsWith reports whether s begins with one of the prefixes.
func startsWith(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
