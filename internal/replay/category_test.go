package replay

import (
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

// The outcomes that the cases begin with.
func allowed(change func(*call.Decision)) Outcome {
	d := call.Decision{Action: call.Allow, Rule: "local", MaxSeconds: 180, RingSeconds: 25}
	return made(d, false, change)
}

func refused(change func(*call.Decision)) Outcome {
	return made(call.Decision{Action: call.Deny, Rule: "premium", Prompt: "premium", Cause: 21}, false, change)
}

func challenged(change func(*call.Decision)) Outcome {
	return made(call.Decision{
		Action: call.Challenge, Rule: "long_distance", MaxSeconds: 180,
		Requires: []call.Requirement{{Rule: "long_distance", AnyOf: []call.CredentialKind{call.PIN}}},
	}, true, change)
}

func made(d call.Decision, asked bool, change func(*call.Decision)) Outcome {
	if change != nil {
		change(&d)
	}
	f := call.Facts{Callee: call.Callee{Number: call.Number{Digits: "62345678", Class: call.Local}}}
	return outcomeOf(&f, d, asked)
}

// proved is an outcome after a proof was asked for and given.
func proved(o Outcome) Outcome {
	o.Asked = true
	return o
}

func TestCategories(t *testing.T) {
	capped := func(n int) func(*call.Decision) { return func(d *call.Decision) { d.MaxSeconds = n } }
	routed := func(r call.Route) func(*call.Decision) { return func(d *call.Decision) { d.Route = r } }
	rule := func(id string) func(*call.Decision) { return func(d *call.Decision) { d.Rule = id } }
	inside := allowed(nil)
	inside.Inside = true
	for name, test := range map[string]struct {
		before, after Outcome
		want          Category
	}{
		"released as ever":                   {allowed(nil), allowed(nil), ""},
		"refused as ever":                    {refused(nil), refused(nil), ""},
		"asked as ever":                      {challenged(nil), challenged(nil), ""},
		"released after a proof as ever":     {proved(allowed(nil)), proved(allowed(nil)), ""},
		"another reason only":                {allowed(nil), allowed(func(d *call.Decision) { d.Reasons = []call.Reason{{Rule: "local", Text: "x"}} }), ""},
		"another revision only":              {refused(nil), refused(func(d *call.Decision) { d.PolicyRevision = "x" }), ""},
		"released, refused":                  {allowed(nil), refused(nil), NewlyRefused},
		"asked, refused":                     {challenged(nil), refused(nil), NewlyRefused},
		"refused, released":                  {refused(nil), allowed(nil), NewlyAllowed},
		"refused after a proof, released":    {proved(refused(nil)), proved(allowed(nil)), NewlyAllowed},
		"asked in vain, the proof does":      {challenged(nil), proved(allowed(nil)), NewlyAllowed},
		"released, asked":                    {allowed(nil), challenged(nil), NewlyAsked},
		"released, released after a proof":   {allowed(nil), proved(allowed(nil)), NewlyAsked},
		"released after one, asked for more": {proved(allowed(nil)), challenged(nil), NewlyAsked},
		"refused, asked":                     {refused(nil), challenged(nil), NewlyAsked},
		"asked in vain, released":            {challenged(nil), allowed(nil), NoLongerAsked},
		"released after a proof, released":   {proved(allowed(nil)), allowed(nil), NoLongerAsked},
		"a cap":                              {allowed(capped(0)), allowed(capped(60)), CapShorter},
		"a shorter cap":                      {allowed(capped(61)), allowed(capped(60)), CapShorter},
		"a shorter cap for who was asked":    {challenged(capped(61)), challenged(capped(60)), CapShorter},
		"a longer cap":                       {allowed(capped(60)), allowed(capped(61)), CapLonger},
		"no cap":                             {allowed(capped(60)), allowed(capped(0)), CapLonger},
		"a cap of a refusal is nothing":      {refused(capped(60)), refused(capped(0)), ""},
		"another number":                     {allowed(nil), allowed(routed(call.Route{Dial: "17951"})), RouteChanged},
		"another trunk":                      {allowed(nil), allowed(routed(call.Route{Trunk: "b"})), RouteChanged},
		"to a colleague":                     {allowed(nil), allowed(routed(call.Route{Redirect: "102"})), RouteChanged},
		"the same digits inside":             {allowed(nil), inside, RouteChanged},
		"the same route by another rule":     {allowed(routed(call.Route{Rule: "a", Dial: "1"})), allowed(routed(call.Route{Rule: "b", Dial: "1"})), ""},
		"another rule":                       {allowed(nil), allowed(rule("toll_free")), DetailChanged},
		"another rule that refuses":          {refused(nil), refused(rule("deny_list")), DetailChanged},
		"another prompt":                     {refused(nil), refused(func(d *call.Decision) { d.Prompt = "refused" }), DetailChanged},
		"another cause":                      {refused(nil), refused(func(d *call.Decision) { d.Cause = 34 }), DetailChanged},
		"another ring limit":                 {allowed(nil), allowed(func(d *call.Decision) { d.RingSeconds = 30 }), DetailChanged},
		"another warning":                    {allowed(nil), allowed(func(d *call.Decision) { d.WarnSeconds = 30 }), DetailChanged},
		"another proof": {challenged(nil), challenged(func(d *call.Decision) {
			d.Requires = []call.Requirement{{Rule: "long_distance", AnyOf: []call.CredentialKind{call.Token}}}
		}), DetailChanged},
		"other approvers": {challenged(nil), challenged(func(d *call.Decision) {
			d.Requires = []call.Requirement{{Rule: "long_distance", AnyOf: []call.CredentialKind{call.PIN}, Approvers: []string{"104"}}}
		}), DetailChanged},
		"somebody is told": {allowed(nil), allowed(func(d *call.Decision) { d.Notify = []call.Notice{{Rule: "x", To: "y"}} }), DetailChanged},
		"a sanction": {refused(nil), refused(func(d *call.Decision) {
			d.Sanctions = []call.Penalty{{Rule: "premium", SuspendDays: 30}}
		}), DetailChanged},
	} {
		t.Run(name, func(t *testing.T) {
			if got := compare(&test.before, &test.after); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestTallies counts seconds and costs, and names the rules.
func TestTallies(t *testing.T) {
	cost := int64(900)
	minute := func(d *call.Decision) { d.MaxSeconds, d.CapRule = 60, "cap" }
	s := newSheet(2)
	s.count(&call.Decided{ID: 3, Extension: "101", Department: "sales", Seconds: 90, CostMinor: &cost}, allowed(nil), allowed(minute))
	s.count(&call.Decided{ID: 1, Extension: "102", Department: "sales", Seconds: 100}, allowed(nil), allowed(minute))
	s.count(&call.Decided{ID: 2, Extension: "102", Department: "sales", Seconds: 60, CostMinor: &cost}, allowed(nil), allowed(minute))
	other := newSheet(2)
	other.count(&call.Decided{ID: 4, Extension: "102", Department: "", Seconds: 30, CostMinor: &cost}, allowed(nil), refused(nil))
	other.count(&call.Decided{ID: 5}, allowed(nil), allowed(nil))
	other.skip(6, "why")
	s.merge(other)
	r := s.report()

	if r.Calls != 6 || r.Changed != 4 || r.Unchanged != 1 || r.NotReplayed != 1 || r.Unreplayed[0] != (Unreplayed{"why", 1, 6}) {
		t.Errorf("got %+v", r)
	}
	if c := r.Categories[CapShorter]; c.Calls != 3 || c.Seconds != 70 || *c.CostMinor != 300 || c.Unpriced != 1 {
		t.Errorf("a shorter cap is about what lies beyond it: got %+v, cost %d", c, *c.CostMinor)
	}
	if c := r.Categories[NewlyRefused]; c.Calls != 1 || c.Seconds != 30 || *c.CostMinor != 900 {
		t.Errorf("a refusal is about the whole call: got %+v", c)
	}
	if c, ok := r.Categories[RouteChanged]; !ok || c.Calls != 0 || c.CostMinor != nil {
		t.Errorf("every category is there: got %+v, %v", c, ok)
	}
	if g := r.ByRule; len(g) != 2 || g[0].Name != "premium" || g[0].Was != "local" || g[1].Name != "cap" || g[1].Was != "" || g[1].Calls != 3 {
		t.Errorf("by rule: got %+v", g)
	}
	if g := r.ByExtension; len(g) != 3 || g[1].Name != "102" || g[1].Calls != 2 || g[2].Name != "101" {
		t.Errorf("by extension, the most calls first: got %+v", g)
	}
	var ids []int64
	for _, e := range r.Examples {
		ids = append(ids, e.ID)
	}
	if len(ids) != 3 || ids[0] != 4 || ids[1] != 3 || ids[2] != 2 {
		t.Errorf("the examples are %v, want 4 (refused), 3 and 2 (the newest with a shorter cap)", ids)
	}
}
