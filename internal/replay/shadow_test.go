package replay

import (
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

// shading adds what a rule in shadow would do.
func shading(o Outcome, rule string, heads ...string) Outcome {
	for _, head := range heads {
		o.Shadow = append(o.Shadow, call.Shadowed{Rule: rule, Head: head, Reason: rule + " says so"})
	}
	return o
}

// TestShadow finds what rules in shadow would newly do.
func TestShadow(t *testing.T) {
	unlisted := made(call.Decision{Action: call.Deny, Rule: call.RuleNoAllow}, false, nil)
	for name, test := range map[string]struct {
		before, after Outcome
		want          Category
		rule          string
	}{
		"nothing":                             {allowed(nil), allowed(nil), "", ""},
		"refuses as ever":                     {shading(allowed(nil), "x", "deny"), shading(allowed(nil), "x", "deny"), "", ""},
		"newly refuses":                       {allowed(nil), shading(allowed(nil), "x", "deny"), ShadowRefused, "x"},
		"newly refuses who is asked":          {challenged(nil), shading(challenged(nil), "x", "deny"), ShadowRefused, "x"},
		"asked, refuses":                      {shading(allowed(nil), "y", "require"), shading(allowed(nil), "x", "deny"), ShadowRefused, "x"},
		"refuses and asks":                    {allowed(nil), shading(shading(allowed(nil), "y", "require"), "x", "deny"), ShadowRefused, "x"},
		"fails":                               {allowed(nil), shading(allowed(nil), "policy_error", ""), ShadowRefused, "policy_error"},
		"newly asks":                          {allowed(nil), shading(allowed(nil), "x", "require"), ShadowAsked, "x"},
		"asks who is asked anyway":            {proved(allowed(nil)), shading(proved(allowed(nil)), "x", "require"), ShadowChanged, "x"},
		"newly allows":                        {unlisted, shading(unlisted, "x", "allow"), ShadowAllowed, "x"},
		"allows what it would refuse":         {unlisted, shading(unlisted, "x", "allow", "deny"), "", ""},
		"allows what is refused":              {refused(nil), shading(refused(nil), "x", "allow"), "", ""},
		"allows what is allowed":              {allowed(nil), shading(allowed(nil), "x", "allow"), "", ""},
		"refuses what is refused":             {refused(nil), shading(refused(nil), "x", "deny"), "", ""},
		"a rule that goes into shadow":        {refused(nil), shading(allowed(nil), "x", "deny"), "", ""},
		"a rule that comes out of shadow":     {shading(allowed(nil), "x", "deny"), refused(nil), "", ""},
		"a proof goes into shadow":            {proved(allowed(nil)), shading(allowed(nil), "x", "require"), "", ""},
		"an allow comes out of shadow":        {shading(unlisted, "x", "allow"), allowed(nil), "", ""},
		"no longer refuses":                   {shading(allowed(nil), "x", "deny"), allowed(nil), ShadowChanged, "x"},
		"another rule refuses":                {shading(allowed(nil), "x", "deny"), shading(allowed(nil), "y", "deny"), ShadowChanged, "y"},
		"a cap":                               {allowed(nil), shading(allowed(nil), "x", "limit"), ShadowChanged, "x"},
		"a cap of a refused call":             {refused(nil), shading(refused(nil), "x", "limit"), "", ""},
		"a sanction for a refused call":       {refused(nil), shading(refused(nil), "x", "sanction"), ShadowChanged, "x"},
		"refused, and now only by one hidden": {refused(nil), shading(unlisted, "x", "allow"), ShadowAllowed, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, rule := compareShadow(&test.before, &test.after); got != test.want || rule != test.rule {
				t.Errorf("got %q by %q, want %q by %q", got, rule, test.want, test.rule)
			}
		})
	}
}

// TestShadowIsBeside counts a call that rules in shadow would refuse beside its decision, which stays as it was.
func TestShadowIsBeside(t *testing.T) {
	s := newSheet(1)
	s.count(&call.Decided{ID: 1, Extension: "101", Department: "sales", Seconds: 60}, allowed(nil), shading(allowed(nil), "x", "deny"))
	minute := func(d *call.Decision) { d.MaxSeconds, d.CapRule = 50, "cap" }
	s.count(&call.Decided{ID: 2, Extension: "101", Department: "sales", Seconds: 60}, allowed(nil), shading(allowed(minute), "x", "deny"))
	r := s.report()
	if r.Calls != 2 || r.Changed != 1 || r.Unchanged != 1 {
		t.Errorf("got %+v", r)
	}
	if c := r.Categories[ShadowRefused]; c.Calls != 2 || c.Seconds != 120 || r.Categories[CapShorter].Seconds != 10 {
		t.Errorf("got %+v", r.Categories)
	}
	if g := r.ByRule; len(g) != 2 || g[1].Category != ShadowRefused || g[1].Name != "x" || len(r.Examples) != 2 || len(r.Examples[1].After.Shadow) != 1 {
		t.Errorf("got %+v, %+v", g, r.Examples)
	}
}
