package e2e

import (
	"strings"
	"sync"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// Each faulty rule concerns one number; all others are decided as ever.
var faultyRules = map[string]string{
	"route_one":     `route contains {"rule": "route_one", "dial": "62356990"} if input.attempt.dialled == "962356001"`,
	"route_two":     `route contains {"rule": "route_two", "dial": "62356991"} if input.attempt.dialled == "962356001"`,
	"wrong_type":    `limit contains {"rule": "wrong_type", "max_seconds": input.caller.extension} if input.attempt.dialled == "962356002"`,
	"unknown_field": `allow contains object.union({"rule": "unknown_field"}, {"colour": "red"}) if input.attempt.dialled == "962356003"`,
	"unsafe_route":  `route contains {"rule": "unsafe_route", "dial": concat("", ["6235", "&PJSIP/900"])} if input.attempt.dialled == "962356004"`,
	"failing":       `allow contains "failing" if {` + "\n\tinput.attempt.dialled == \"962356005\"\n\t1 / input.usage.concurrent_calls > 1\n}",
	"endless": `allow contains "endless" if {` + "\n\tinput.attempt.dialled == \"962356006\"\n" +
		"\tsome a in numbers.range(1, 1000)\n\tsome b in numbers.range(1, 1000)\n\tsome c in numbers.range(1, 1000)\n\ta + b + c == 1\n}",
	"someone_else": `deny contains id if {` + "\n\tinput.attempt.dialled == \"962356007\"\n\tid := concat(\"\", [\"no\", \"body\"])\n}",
}

// A policy that gives no usable answer refuses the call, and only that call.
func TestPolicyErrors(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	for name, rule := range faultyRules {
		s.write("policy/rules/"+name+".rego",
			"package dialwarden.outbound\n\n# METADATA\n# title: Faulty\n# description: Faulty.\n"+rule+"\n")
	}
	rules := strings.Builder{}
	for name := range faultyRules {
		rules.WriteString(name + ":\n  title: Faulty\n")
	}
	s.write("policy/data/rules.yaml", s.read("policy/data/rules.yaml")+rules.String())
	s.serve()
	numbers := []string{"962356001", "962356002", "962356003", "962356004", "962356005", "962356006", "962356007"}
	var all sync.WaitGroup
	for _, n := range numbers {
		c := dial(t, l, "101", n)
		all.Go(func() { refused(t, c, call.CauseTemporaryFailure) })
	}
	all.Wait()
	for _, n := range numbers {
		if d := s.once(n); d.Action != call.Deny || d.Rule != call.RulePolicyError || d.Reason == "" {
			t.Errorf("%s: got %+v", n, d)
		}
		notCalled(t, l, n[1:])
	}
	c := dial(t, l, "101", "962356008")
	up(t, c)
	hangup(t, c)
	if d := s.once("962356008"); d.Rule != "local" {
		t.Errorf("a call that no faulty rule concerns: got %+v", d)
	}
}
