package numbering

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Step is one step on the way from what was dialled to what it means, in words.
type Step struct {
	Level int    `json:"level"`           // what a step tries stands one level below it; the first level is 0
	Text  string `json:"text"`            // "carrier prefix 17951 stripped: 02116812345"
	Entry string `json:"entry,omitempty"` // the place in the policy directory that decided: "plans/cn.yaml:52:17"

	against weight // how much it says about why this is no number
}

// weight orders what speaks against a number: most telling is an entry of the plan that would fit but for the length.
type weight int

const (
	little weight = iota + 1
	much
)

// WhyInvalid says in words why the dialled string is no number; empty if it is one.
func (c *Classifier) WhyInvalid(dialled string) string {
	out, steps := c.Explain(dialled)
	if possible(out.Number) {
		return ""
	}
	most := slices.MaxFunc(steps, func(a, b Step) int { return cmp.Compare(a.against, b.against) }).against
	var why []string
	for _, s := range steps {
		if s.against == most && s.against > 0 && !slices.Contains(why, s.Text) {
			why = append(why, s.Text)
		}
	}
	switch {
	case len(why) > 0:
	case strings.ContainsAny(dialled, "*#"):
		return "no telephone number has * or # in it"
	default:
		return "the number plan knows nothing like it"
	}
	return strings.Join(why, "; ")
}

// Explain classifies as Classify does, and tells each step of it. Calls never pay for that: Explain works on a copy.
func (c *Classifier) Explain(dialled string) (call.Callee, []Step) {
	traced := *c
	traced.trace = &trace{plan: c.plan, outside: c.outside}
	out := traced.Classify(dialled)
	traced.trace.result(out)
	return out, traced.trace.steps
}

// trace writes down the steps of one classification. A nil trace writes nothing, and costs a comparison: its methods
// take values that are there anyway, and make words only behind the comparison.
type trace struct {
	plan    *Plan
	outside string
	level   int
	steps   []Step
}

// add writes a step; the place is empty where no entry of the plan decided.
func (t *trace) add(at position, format string, args ...any) {
	entry := ""
	if at.Line > 0 {
		entry = fmt.Sprintf("%s:%d:%d", t.plan.file, at.Line, at.Column)
	}
	t.steps = append(t.steps, Step{Level: t.level, Text: fmt.Sprintf(format, args...), Entry: entry})
}

// no writes a step that speaks against the number.
func (t *trace) no(how weight, at position, format string, args ...any) {
	t.add(at, format, args...)
	t.steps[len(t.steps)-1].against = how
}

func (t *trace) dialString(s string, ok bool) {
	if t == nil {
		return
	}
	if !ok {
		t.no(much, position{}, "no dial string: wanted are up to %d of 0-9, * and #, and + only in front", call.MaxDialled)
		return
	}
	t.add(position{}, "a dial string: %s of 0-9, *, # and +", count(len(s), "sign"))
}

func (t *trace) emergency(dialled, number string, ok bool) {
	if t == nil {
		return
	}
	list := strings.Join(t.plan.emergency, ", ")
	behind := ""
	if t.outside != "" {
		behind = fmt.Sprintf(", and not one of them behind the outside line %s", t.outside)
	}
	switch {
	case !ok:
		t.add(t.plan.emergencyAt, "no emergency number: not exactly one of %s%s", list, behind)
	case number == dialled:
		t.add(t.plan.emergencyAt, "exactly the emergency number %s", number)
	default:
		t.add(t.plan.emergencyAt, "exactly the emergency number %s, behind the outside line %s", number, t.outside)
	}
}

func (t *trace) inside(dialled string, who colleague, ok bool) {
	switch {
	case t == nil:
	case !ok:
		t.add(position{}, "no extension and no short number of the directory")
	case who.extension == dialled:
		t.add(position{}, "the extension %s of the directory", who.extension)
	default:
		t.add(position{}, "a short number of the directory: extension %s", who.extension)
	}
}

func (t *trace) mobile(number string, who colleague) {
	if t != nil {
		t.add(position{}, "%s is the mobile of extension %s in the directory", number, who.extension)
	}
}

// reading begins to read what was dialled with nothing stripped; done ends it.
func (t *trace) reading(s string) {
	if t != nil {
		t.add(position{}, "as dialled: %s", s)
		t.level++
	}
}

// strip begins to read what follows something in front; done ends it.
func (t *trace) strip(what string, code code, rest string) {
	if t == nil {
		return
	}
	name := ""
	if code.name != "" {
		name = " (" + code.name + ")"
	}
	t.add(code.at, "%s %s%s stripped: %s", what, code.digits, name, orNothing(rest))
	t.level++
}

// again begins to read what follows an area code as if it stood alone; done ends it.
func (t *trace) again(rest string) {
	if t != nil {
		t.add(position{}, "read again as if it stood alone, for a premium number stays one: %s", rest)
		t.level++
	}
}

// done ends a reading.
func (t *trace) done(n call.Number) {
	if t == nil {
		return
	}
	t.level = max(t.level-1, 0)
	if possible(n) {
		t.add(position{}, "so this reading is possible: %s%s", n.Class, risks(n.Risk))
	} else {
		t.add(position{}, "so this reading is not possible")
	}
}

func (t *trace) ambiguous(asDialled, without call.Number) {
	if t != nil {
		t.add(position{}, "both readings are possible, %s as dialled and %s without the outside line: the costlier class counts, %s",
			asDialled.Class, without.Class, asDialled.Class)
	}
}

// listed tells what the table of a form says about s; k is the entry that fits.
func (t *trace) listed(f form, s string, k *kind, in table) {
	if t == nil {
		return
	}
	switch kinds := in.under(s); {
	case k != nil:
		t.add(k.at, "form %s: %s begins with %s, %q: %s%s", formNames[f], s, k.prefix, k.name, k.class, risks(k.risk))
	case len(kinds) > 0:
		var all lengths
		for _, k := range kinds {
			all |= k.lengths
		}
		t.no(much, kinds[0].at, "form %s: %s begins with %s, %q, but that has %s digits, not %d",
			formNames[f], s, kinds[0].prefix, kinds[0].name, all, len(s))
	default:
		t.add(position{}, "form %s: the plan lists nothing that %s begins with", formNames[f], orNothing(s))
	}
}

func (t *trace) area(a *area, rest string) {
	if t != nil {
		t.add(a.at, "area code %s (%s); what follows it is looked up again: %s", a.code, a.name, orNothing(rest))
	}
}

func (t *trace) subscriber(a *area, s, home string) {
	if t == nil {
		return
	}
	where := "another area than home, so national"
	if a.code == home {
		where = "the home area, so local"
	}
	t.add(a.at, "%s is a subscriber of area %s (%s): %s", s, a.code, a.name, where)
}

func (t *trace) noSubscriber(a *area, s string) {
	if t != nil {
		t.no(little, a.at, "%s is no subscriber of area %s (%s): wanted are %s digits that do not begin like a short number", orNothing(s), a.code, a.name, a.lengths)
	}
}

func (t *trace) noArea(s string) {
	if t != nil {
		t.no(little, position{}, "no area of the plan is in front of %s", orNothing(s))
	}
}

func (t *trace) library(national, verb string, class call.Class) {
	switch {
	case t == nil:
	case class == call.Invalid:
		t.no(little, position{}, "the phonenumbers library: %s %s", national, verb)
	default:
		t.add(position{}, "the phonenumbers library: +%s%s %s %s", t.plan.countryCode, national, verb, class)
	}
}

func (t *trace) noCountry(s string) {
	if t != nil {
		t.no(much, position{}, "%s begins with no country code that a number follows", orNothing(s))
	}
}

func (t *trace) foreign(s string, k *kind, class call.Class) {
	switch {
	case t == nil:
	case class == call.Invalid:
		t.no(much, position{}, "+%s has no length that a number of that country has", s)
	case k != nil:
		t.add(k.at, "abroad: %s begins with %s, %q: %s%s", s, k.prefix, k.name, class, risks(k.risk))
	default:
		t.add(position{}, "abroad: the plan lists nothing that %s begins with; the phonenumbers library: %s", s, class)
	}
}

func (t *trace) result(n call.Callee) {
	sent := ""
	if n.Digits != "" && n.Digits != n.Dialled && n.Class != call.Internal {
		sent = ", sent to the trunk as " + n.Digits
	}
	t.level = 0
	t.add(position{}, "result: %s%s%s", n.Class, risks(n.Risk), sent)
}

// String lists the lengths: "5, 6 or 8".
func (l lengths) String() string {
	if l == anyLength {
		return "any number of"
	}
	var all []string
	for n := range bits.Len64(uint64(l)) {
		if l.has(n) {
			all = append(all, strconv.Itoa(n))
		}
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " or " + all[last]
}

// risks writes risks behind a class.
func risks(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return ", at risk: " + strings.Join(list, ", ")
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
