package rules_test

import (
	"reflect"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestModes applies a rule in force, watches one in shadow, and leaves out one that is off.
func TestModes(t *testing.T) {
	const deny = "package dialwarden.outbound\n\ndeny contains {\"rule\": \"x\", \"reason\": \"too far\"} if input.callee.class == \"local\"\n\nrequire contains {\"rule\": \"x\", \"any_of\": [\"token\"]}\n"
	const broken = "package dialwarden.outbound\n\nlimit contains {\"rule\": \"x\", \"max_seconds\": \"9\"}\n\nallow contains \"x\"\n"
	const failing = "package dialwarden.outbound\n\nallow contains \"x\" if 1 / input.usage.concurrent_calls > 1\n"
	const foreign = "package dialwarden.outbound\n\ndeny contains id if some id in [\"base\"]\n"
	tests := map[string]struct {
		rego, mode string
		action     call.Action
		rule       string
		shadow     []call.Shadowed
	}{
		"enforce": {deny, "enforce", call.Deny, "x", []call.Shadowed{}},
		"shadow": {deny, "shadow", call.Allow, "base", []call.Shadowed{
			{Rule: "x", Head: "deny", Reason: "too far"}, {Rule: "x", Head: "require", Reason: "X"},
		}},
		"off":               {deny, "off", call.Allow, "base", []call.Shadowed{}},
		"broken in force":   {broken, "enforce", call.Deny, "policy_error", []call.Shadowed{}},
		"broken and off":    {broken, "off", call.Allow, "base", []call.Shadowed{}},
		"failing and off":   {failing, "off", call.Allow, "base", []call.Shadowed{}},
		"foreign in shadow": {foreign, "shadow", call.Allow, "base", []call.Shadowed{{Rule: "base", Head: "deny", Reason: `a member of deny (rules/x.rego:3) names rule "base", which has none`}}},
		"broken in shadow": {broken, "shadow", call.Allow, "base", []call.Shadowed{
			{Rule: "x", Head: "allow", Reason: "X"},
			{Rule: "x", Head: "limit", Reason: "the limit of rule x (rules/x.rego:3) cannot be used: its max_seconds is a text; wanted is a whole number"},
		}},
		"failing in shadow": {failing, "shadow", call.Allow, "base", []call.Shadowed{{Rule: "policy_error", Reason: "rules/x.rego:3: div: divide by zero"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := load(t, map[string]string{"rules/x.rego": tt.rego, "data/rules.yaml": "base: {title: Base}\nx: {title: X, mode: " + tt.mode + "}\n"})
			d := p.Judge(t.Context(), factsOf(p, "101", call.Local))
			if d.Action != tt.action || d.Rule != tt.rule || !reflect.DeepEqual(d.Shadow, tt.shadow) {
				t.Errorf("got %s %s %+v", d.Action, d.Rule, d.Shadow)
			}
		})
	}
}

// TestModeOfAnotherRule refuses a member in force that names a rule in mode shadow.
func TestModeOfAnotherRule(t *testing.T) {
	p := load(t, map[string]string{
		"rules/x.rego":    "package dialwarden.outbound\n\ndeny contains \"x\" if input.callee.class == \"premium\"\n",
		"rules/base.rego": "package dialwarden.outbound\n\nallow contains \"base\"\n\ndeny contains id if some id in [\"x\"]\n",
		"data/rules.yaml": "base: {title: Base}\nx: {title: X, mode: shadow}\n",
	})
	if d := p.Judge(t.Context(), factsOf(p, "101", call.Local)); d.Rule != call.RulePolicyError {
		t.Errorf("got %+v", d)
	}
}

// TestModeKeepsHelpers lets a rule in force use a helper of a file whose rule is off.
func TestModeKeepsHelpers(t *testing.T) {
	p := load(t, map[string]string{
		"rules/x.rego":    "package dialwarden.outbound\n\nnear if input.callee.class == \"local\"\n\ndeny contains \"x\" if near\n",
		"rules/base.rego": "package dialwarden.outbound\n\nallow contains \"base\" if near\n",
		"data/rules.yaml": "base: {title: Base}\nx: {title: X, mode: off}\n",
	})
	if d := p.Judge(t.Context(), factsOf(p, "101", call.Local)); d.Action != call.Allow {
		t.Errorf("got %+v", d)
	}
}
