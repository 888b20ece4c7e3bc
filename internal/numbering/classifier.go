package numbering

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Home is the site's place in the plan.
type Home struct {
	Area        string // area code as it is written, with the trunk prefix: "010"
	OutsideLine string // what is dialled to get an outside line: "9"; may be empty, may be more than one digit
}

// A HomeError is a Home that does not fit the plan.
type HomeError struct {
	Field   string // area or outside_line, as the configuration calls it
	Message string
}

// Error tells what is wrong and what would be right.
func (e *HomeError) Error() string { return e.Message }

// Classifier says what dialled digits mean at one site. It does not change and is safe for concurrent use.
type Classifier struct {
	plan      *Plan
	area      string // home area without the trunk prefix; empty where the site has none
	outside   string
	emergency map[string]string // as dialled → the number
	inside    map[string]colleague
	mobiles   map[string]colleague // by E.164
	cost      map[call.Class]int
	trace     *trace // of the one call of Explain that made this copy; else nil
}

// Classifier returns a classifier for the site. Errors: a *HomeError for an area that the plan does not know, or an
// outside line with anything but 0-9, * and #; a *DirectoryError for an extension or short number of the directory that
// is no dial string, equals an emergency number (with or without the outside line) or somebody else's number, and for a
// mobile that is no number of the plan.
func (p *Plan) Classifier(home Home, dir call.Directory) (*Classifier, error) {
	c := &Classifier{
		plan: p, outside: home.OutsideLine,
		emergency: map[string]string{}, cost: map[call.Class]int{},
	}
	for i, class := range call.Classes() {
		c.cost[class] = i
	}
	if home.OutsideLine != "" && (!call.IsDialString(home.OutsideLine) || home.OutsideLine[0] == '+') {
		return nil, &HomeError{"outside_line", fmt.Sprintf("outside line %q: wanted are digits 0-9, * or #, or nothing", home.OutsideLine)}
	}
	for _, e := range p.emergency {
		c.emergency[c.outside+e] = e
	}
	for _, e := range p.emergency { // last: the number itself outweighs a longer one that reads the same
		c.emergency[e] = e
	}
	if err := c.setArea(home.Area); err != nil {
		return nil, err
	}
	warmUp()
	if err := c.setDirectory(dir); err != nil {
		return nil, err
	}
	return c, nil
}

// setArea finds the home area in the plan.
func (c *Classifier) setArea(written string) error {
	p := c.plan
	if written == "" && len(p.areas) == 0 {
		return nil
	}
	code, ok := strings.CutPrefix(written, p.areaPrefix)
	if ok && isDigits(code) && p.knowsArea(code) {
		c.area = code
		return nil
	}
	if isDigits(written) && p.knowsArea(written) {
		c.area = written
		return nil
	}
	example := ""
	if len(p.areas) > 0 {
		codes := make([]string, 0, len(p.areas))
		for code := range p.areas {
			codes = append(codes, code)
		}
		example = fmt.Sprintf("; write it as dialled from elsewhere, such as %q", p.areaPrefix+slices.Min(codes))
	}
	return &HomeError{"area", fmt.Sprintf("number plan %q knows no area %q%s", p.name, written, example)}
}

// Classify says what the dialled string means, and which colleague it belongs to where the directory knows one. It
// never fails: what is no dial string, or no possible number, is of class Invalid.
func (c *Classifier) Classify(dialled string) call.Callee {
	out := c.classify(dialled)
	out.Dialled = dialled
	out.Risk = append([]string{}, out.Risk...) // not the plan's own
	return out
}

func (c *Classifier) classify(dialled string) call.Callee {
	ok := call.IsDialString(dialled)
	c.trace.dialString(dialled, ok)
	if !ok {
		return call.Callee{Number: call.Number{Class: call.Invalid}}
	}
	e, ok := c.emergency[dialled]
	c.trace.emergency(dialled, e, ok)
	if ok {
		return call.Callee{Number: call.Number{Digits: e, Class: call.Emergency, Region: c.plan.regions[0]}}
	}
	who, ok := c.inside[dialled]
	c.trace.inside(dialled, who, ok)
	if ok {
		return who.callee(call.Number{Digits: who.extension, Class: call.Internal})
	}
	n := c.read(dialled)
	if who, ok := c.mobiles[n.E164]; ok && n.E164 != "" {
		c.trace.mobile(n.E164, who)
		return who.callee(n)
	}
	return call.Callee{Number: n}
}
