package gate

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

func TestFacts(t *testing.T) {
	b := newWorld(t).book
	at := time.Date(2026, 11, 23, 8, 15, 0, 0, time.UTC)
	f := b.Facts(call.Attempt{Extension: "101", Dialled: "102", At: at}, call.Usage{ConcurrentCalls: 2}, call.Credentials{})
	if f.Caller.Holder != "Li Wei" || f.Line.Kind != "duty" || f.Callee.Class != call.Internal || f.Usage.ConcurrentCalls != 2 ||
		f.Time.MinuteOfDay != 8*60+15 || f.Attempt.Dialled != "102" {
		t.Errorf("got %+v", f)
	}
	f = b.Facts(call.Attempt{Extension: "999", At: at}, call.Usage{}, call.Credentials{})
	if f.Caller.Known || f.Line.Kind != "phone" || f.Sanction.Suspended {
		t.Errorf("a phone that is not in the directory: %+v", f)
	}
}

// TestAfresh replaces what depends on the book, and nothing else.
func TestAfresh(t *testing.T) {
	b := newWorld(t).book
	at := time.Date(2026, 11, 23, 8, 15, 0, 0, time.UTC)
	a := call.Attempt{Extension: "101", Dialled: "102", At: at}
	want := b.Facts(a, call.Usage{ConcurrentCalls: 2}, call.Credentials{PIN: call.Credential{Valid: true, ID: 7}})
	old := want
	old.Time.Schedules, old.Time.Holiday = []string{"gone"}, "gone"
	old.Caller, old.Line, old.Sanction = call.Caller{Holder: "gone"}, call.Line{}, call.Sanction{Suspended: true}
	old.Callee = call.Callee{Lists: []string{"gone"}}
	if got := b.Afresh(old); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestUnsafeRoutes are policy errors: what is dialled is data, and a route must not become syntax.
func TestUnsafeRoutes(t *testing.T) {
	for name, test := range map[string]struct {
		route call.Route
		want  string // what the reason says; empty for a good route
	}{
		"none":                  {call.Route{}, ""},
		"another number":        {call.Route{Dial: "17951021"}, ""},
		"another trunk":         {call.Route{Trunk: "carrier_2"}, ""},
		"inside":                {call.Route{Redirect: "102"}, ""},
		"a number with syntax":  {call.Route{Dial: "123&PJSIP/1"}, "route.dial"},
		"a variable":            {call.Route{Dial: "${SHELL(id)}"}, "route.dial"},
		"an extension, hyphens": {call.Route{Redirect: "1-2"}, "route.redirect"},
		"a trunk, upper case":   {call.Route{Trunk: "Carrier"}, "route.trunk"},
		"a trunk, long":         {call.Route{Trunk: strings.Repeat("x", 21)}, "route.trunk"},
		"a trunk with syntax":   {call.Route{Trunk: "x},SHELL(id)"}, "route.trunk"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.decide = func(call.Facts) call.Decision {
				return call.Decision{Action: call.Allow, Rule: "local", Route: test.route, PolicyRevision: "rev1"}
			}
			f := w.book.Facts(call.Attempt{Dialled: "5551234"}, call.Usage{}, call.Credentials{})
			d := w.book.Judge(t.Context(), f)
			if test.want == "" {
				if d.Action != call.Allow || d.Route != test.route {
					t.Errorf("got %+v", d)
				}
				return
			}
			if d.Action != call.Deny || d.Rule != call.RulePolicyError || d.Cause != 41 || d.PolicyRevision != "rev1" ||
				d.Route != (call.Route{}) || !strings.Contains(d.Reasons[0].Text, test.want) {
				t.Errorf("got %+v", d)
			}
		})
	}
}

func TestRelease(t *testing.T) {
	limits := call.Decision{MaxSeconds: 180, WarnSeconds: 30, RingSeconds: 25}
	for name, test := range map[string]struct {
		dialled string
		route   call.Route
		want    call.Release
	}{
		"as dialled":   {"5551234", call.Route{}, call.Release{Number: "5551234"}},
		"internal":     {"102", call.Route{}, call.Release{Number: "102", Internal: true}},
		"rewritten":    {"5551234", call.Route{Dial: "179515551234"}, call.Release{Number: "179515551234"}},
		"to the trunk": {"102", call.Route{Dial: "5550102"}, call.Release{Number: "5550102"}},
		"redirected":   {"5551234", call.Route{Redirect: "103", Dial: "1"}, call.Release{Number: "103", Internal: true}},
		"other trunk":  {"5551234", call.Route{Trunk: "b"}, call.Release{Number: "5551234", Trunk: "b"}},
	} {
		d := limits
		d.Route = test.route
		test.want.DecisionID, test.want.MaxSeconds, test.want.WarnSeconds, test.want.RingSeconds, test.want.Warning = 4, 180, 30, 25, "dialwarden/left_30"
		if got := release(4, call.Facts{Callee: classify(test.dialled)}, d); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}
