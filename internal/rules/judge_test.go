package rules_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/policy"
)

func load(t testing.TB, files map[string]string) *rules.Policy {
	t.Helper()
	p, err := rules.Load(policyOf(files), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// shipped is the policy that Dialwarden comes with; its deadline leaves room for a busy machine.
func shipped(t testing.TB) *rules.Policy {
	t.Helper()
	p, err := rules.Load(policy.FS, rules.Options{Deadline: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// factsOf are the facts about a call from an extension of the policy's directory to a number of a class.
func factsOf(p *rules.Policy, from string, class call.Class) call.Facts {
	at := time.Date(2026, 11, 23, 8, 15, 0, 0, time.UTC)
	f := call.Facts{
		Time:     call.ClockAt(at, time.UTC),
		Caller:   p.Directory().Caller(from),
		Callee:   call.Callee{Number: call.Number{Dialled: "9013800138000", Digits: "013800138000", Class: class, Risk: []string{}}},
		Line:     call.Line{Kind: "phone"},
		Sanction: call.Sanction{Suspended: p.Directory()[from].Suspended},
		Attempt:  call.Attempt{Source: call.SourceARI, Channel: "1795421.7", Extension: from, Dialled: "9013800138000", At: at},
	}
	p.Lookup(&f)
	return f
}

func pinOf(level int) call.Credentials {
	return call.Credentials{PIN: call.Credential{Valid: true, ID: 1, Holder: "Li Na", Level: level}}
}

// TestShipped asks the shipped policy about every class of number.
func TestShipped(t *testing.T) {
	p := shipped(t)
	tests := []struct {
		from   string
		class  call.Class
		have   call.Credentials
		action call.Action
		rule   string
		limits [3]int // max, warn, ring
		prompt string
		cause  int
	}{
		{"101", call.Local, call.Credentials{}, call.Allow, "local", [3]int{180, 30, 25}, "", 0},
		{"101", call.Mobile, call.Credentials{}, call.Allow, "local", [3]int{180, 30, 25}, "", 0},
		{"101", call.TollFree, call.Credentials{}, call.Allow, "local", [3]int{600, 30, 25}, "", 0},
		{"101", call.SharedCost, call.Credentials{}, call.Allow, "local", [3]int{180, 30, 25}, "", 0},
		{"101", call.Service, call.Credentials{}, call.Allow, "local", [3]int{600, 30, 25}, "", 0},
		{"101", call.Internal, call.Credentials{}, call.Allow, "internal", [3]int{0, 0, 25}, "", 0},
		{"101", call.National, call.Credentials{}, call.Challenge, "long_distance", [3]int{180, 30, 25}, "", 0},
		{"101", call.National, pinOf(1), call.Allow, "long_distance", [3]int{180, 30, 25}, "", 0},
		{"101", call.National, pinOf(0), call.Deny, "long_distance", [3]int{}, "pin_refused", 21},
		{"101", call.International, call.Credentials{}, call.Challenge, "long_distance", [3]int{180, 30, 25}, "", 0},
		{"101", call.International, pinOf(1), call.Deny, "long_distance", [3]int{}, "pin_refused", 21},
		{"101", call.International, pinOf(2), call.Allow, "long_distance", [3]int{180, 30, 25}, "", 0},
		{"101", call.International, call.Credentials{PIN: call.Credential{ID: 1, Level: 9}}, call.Challenge, "long_distance", [3]int{180, 30, 25}, "", 0},
		{"101", call.Premium, call.Credentials{}, call.Deny, "premium", [3]int{}, "premium", 21},
		{"101", call.Premium, pinOf(9), call.Deny, "premium", [3]int{}, "premium", 21},
		{"101", call.Satellite, pinOf(9), call.Deny, "no_rule_allows", [3]int{}, "refused", 21},
		{"101", call.Unknown, pinOf(9), call.Deny, "no_rule_allows", [3]int{}, "refused", 21},
		{"101", call.Invalid, pinOf(9), call.Deny, "no_rule_allows", [3]int{}, "refused", 21},
		{"101", call.Emergency, call.Credentials{}, call.Allow, "emergency", [3]int{}, "", 0},
		{"101", "", pinOf(9), call.Deny, "policy_error", [3]int{}, "unavailable", 41},
		{"101", "premiumm", pinOf(9), call.Deny, "policy_error", [3]int{}, "unavailable", 41},
		{"999", call.Local, call.Credentials{}, call.Deny, "no_rule_allows", [3]int{}, "refused", 21},
		{"999", call.Internal, call.Credentials{}, call.Deny, "no_rule_allows", [3]int{}, "refused", 21},
		{"999", call.National, pinOf(9), call.Deny, "no_rule_allows", [3]int{}, "refused", 21},
		{"999", call.Premium, call.Credentials{}, call.Deny, "premium", [3]int{}, "premium", 21},
		{"999", call.Emergency, call.Credentials{}, call.Allow, "emergency", [3]int{}, "", 0},
		{"", call.Local, call.Credentials{}, call.Deny, "no_rule_allows", [3]int{}, "refused", 21},
		{"299", call.Local, call.Credentials{}, call.Deny, "suspension", [3]int{}, "suspended", 21},
		{"299", call.National, pinOf(9), call.Deny, "suspension", [3]int{}, "suspended", 21},
		{"299", call.Internal, call.Credentials{}, call.Allow, "internal", [3]int{0, 0, 25}, "", 0},
		{"299", call.Emergency, call.Credentials{}, call.Allow, "emergency", [3]int{}, "", 0},
		{"299", call.Premium, call.Credentials{}, call.Deny, "premium", [3]int{}, "premium", 21},
	}
	for _, tt := range tests {
		f := factsOf(p, tt.from, tt.class)
		f.Credentials = tt.have
		d := p.Judge(t.Context(), f)
		if d.Action != tt.action || d.Rule != tt.rule || d.Prompt != tt.prompt || d.Cause != tt.cause {
			t.Errorf("%s to %s: got %s %s %q %d, want %s %s %q %d",
				tt.from, tt.class, d.Action, d.Rule, d.Prompt, d.Cause, tt.action, tt.rule, tt.prompt, tt.cause)
		}
		if got := [3]int{d.MaxSeconds, d.WarnSeconds, d.RingSeconds}; got != tt.limits {
			t.Errorf("%s to %s: limits %v, want %v", tt.from, tt.class, got, tt.limits)
		}
		if d.PolicyRevision != p.Revision() || len(d.Reasons) == 0 || d.Reasons[0].Text == "" || d.Elapsed <= 0 {
			t.Errorf("%s to %s: %+v", tt.from, tt.class, d)
		}
	}
}

// TestLanguage words reasons in Chinese.
func TestLanguage(t *testing.T) {
	p, err := rules.Load(policy.FS, rules.Options{Language: "zh", Deadline: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if d := p.Judge(t.Context(), factsOf(p, "101", call.Premium)); d.Reasons[0].Text != "禁止拨打信息台等高额收费号码。" {
		t.Errorf("got %v", d.Reasons)
	}
	low := factsOf(p, "101", call.International)
	low.Credentials = pinOf(1)
	if d := p.Judge(t.Context(), low); d.Reasons[0].Text != "该密码的级别不足以拨打此类长途电话。" {
		t.Errorf("got %v", d.Reasons)
	}
	if d := p.Judge(t.Context(), factsOf(p, "999", call.Local)); d.Reasons[1].Text != "该话机不在通讯录中。" {
		t.Errorf("got %v", d.Reasons)
	}
}

// TestPolicyError evaluates policies that load and give no usable answer.
func TestPolicyError(t *testing.T) {
	const head = "package dialwarden.outbound\n\nallow contains \"x\" if input.callee.class == \"local\"\n\n"
	tests := map[string]struct{ rego, data, want string }{
		"conflict": {rego: "grade := \"a\" if input.callee.class == \"local\"\n\ngrade := \"b\" if input.callee.class == \"local\"\n\ndeny contains \"x\" if grade == \"c\"",
			want: `rules/x.rego:7: rule data.dialwarden.outbound.grade produced conflicting values: "a" at rules/x.rego:5, "b" at rules/x.rego:7`},
		"division by zero":   {rego: `deny contains "x" if 1 / input.usage.concurrent_calls > 1`, want: "rules/x.rego:5: div: divide by zero"},
		"no number":          {rego: `deny contains "x" if to_number(input.line.kind) > 1`, want: "rules/x.rego:5: to_number: "},
		"wrong type":         {rego: `limit contains {"rule": "x", "max_seconds": data.things.cap}`, data: `cap: "180"`, want: "the limit of rule x (rules/x.rego:5) cannot be used: its max_seconds is a text"},
		"not a whole number": {rego: `limit contains {"rule": "x", "max_seconds": data.things.cap}`, data: `cap: 180.5`, want: "its max_seconds is 180.5"},
		"negative":           {rego: `limit contains {"rule": "x", "max_seconds": data.things.cap}`, data: `cap: -180`, want: "its max_seconds is -180"},
		"large":              {rego: `limit contains {"rule": "x", "max_seconds": data.things.cap}`, data: `cap: 1e400`, want: "its max_seconds is "},
		"unknown field":      {rego: `deny contains {"rule": "x", "causes": 21}`, want: `the deny of rule x (rules/x.rego:5) cannot be used: it has the unknown field "causes" (did you mean "cause"?)`},
		"id of another file": {rego: `deny contains {"rule": id} if some id in ["base"]`, want: `a member of deny (rules/x.rego:5) names rule "base", which has none`},
		"id of no file":      {rego: `deny contains id if some id in ["y", "z"]`, want: `names rule "y", which has none; a member of deny (rules/x.rego:5) names rule "z", which has none`},
		"two routes": {rego: `route contains {"rule": "x", "redirect": ext} if some ext in ["102", "103"]`,
			want: "rule x routes the call in two ways (rules/x.rego:5)"},
		"two routes of two bodies": {rego: "route contains {\"rule\": \"x\", \"redirect\": \"102\"}\n\nroute contains {\"rule\": \"x\", \"redirect\": \"103\"}",
			want: "rule x routes the call in two ways (rules/x.rego:5, rules/x.rego:7)"},
		"many members":     {rego: `deny contains sprintf("x%d", [n]) if some n in numbers.range(1, 2000)`, want: "more than 1000 members"},
		"squared":          {rego: "n1 := input.time.unix * input.time.unix\n\nn2 := ((n1 * n1) * (n1 * n1)) * ((n1 * n1) * (n1 * n1))\n\nn3 := ((n2 * n2) * (n2 * n2)) * ((n2 * n2) * (n2 * n2))\n\ndeny contains \"x\" if n3 == 1", want: "mul: numbers of"},
		"text into itself": {rego: "t1 := replace(\"aaaaaaaaaaaaaaaaaaaa\", \"a\", \"aaaaaaaaaaaaaaaaaaaa\")\n\nt2 := replace(t1, \"a\", t1)\n\nt3 := replace(t2, \"a\", t2)\n\ndeny contains \"x\" if t3 == \"b\"", want: "could become larger than"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := rules.Load(policyOf(map[string]string{"rules/x.rego": head + tt.rego + "\n", "data/things.yaml": tt.data + "\n"}),
				rules.Options{Deadline: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			d := p.Judge(t.Context(), factsOf(p, "101", call.Local))
			if d.Action != call.Deny || d.Rule != call.RulePolicyError || d.Prompt != "unavailable" || d.Cause != call.CauseTemporaryFailure {
				t.Fatalf("got %+v", d)
			}
			if !strings.Contains(d.Reasons[0].Text, tt.want) {
				t.Errorf("got  %s\nwant %s", d.Reasons[0].Text, tt.want)
			}
		})
	}
}

// TestNothingInForce refuses everything but emergency calls.
func TestNothingInForce(t *testing.T) {
	p := load(t, map[string]string{"data/rules.yaml": "base: {title: Base, mode: off}\n"})
	if d := p.Judge(t.Context(), factsOf(p, "101", call.Local)); d.Action != call.Deny || d.Rule != call.RuleNoAllow {
		t.Errorf("got %+v", d)
	}
	if d := p.Judge(t.Context(), factsOf(p, "101", call.Emergency)); d.Action != call.Allow || d.Rule != call.RuleEmergency {
		t.Errorf("got %+v", d)
	}
}

// TestReplay reads the facts back from their JSON form, and the policy from its files, and finds the same decisions.
func TestReplay(t *testing.T) {
	p := shipped(t)
	again := fstest.MapFS{}
	for name, data := range p.Files() {
		again[name] = &fstest.MapFile{Data: data}
	}
	q, err := rules.Load(again, rules.Options{Deadline: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if p.Revision() != q.Revision() {
		t.Errorf("the revisions are %s and %s", p.Revision(), q.Revision())
	}
	for _, class := range call.Classes() {
		f := factsOf(p, "104", class)
		f.Attempt.At = time.Date(2026, 11, 23, 8, 15, 3, 123456789, time.FixedZone("CST", 8*3600))
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var g call.Facts
		if err := json.Unmarshal(data, &g); err != nil {
			t.Fatal(err)
		}
		a, b := p.Judge(t.Context(), f), q.Judge(t.Context(), g)
		a.Elapsed, b.Elapsed = 0, 0
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %+v and then %+v", class, a, b)
		}
	}
}

// TestConcurrent judges from many goroutines at once.
func TestConcurrent(t *testing.T) {
	p := shipped(t)
	want := map[call.Class]call.Decision{}
	for _, class := range call.Classes() {
		want[class] = p.Judge(t.Context(), factsOf(p, "101", class))
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 20 {
				for class, w := range want {
					d := p.Judge(context.Background(), factsOf(p, "101", class))
					d.Elapsed, w.Elapsed = 0, 0
					if !reflect.DeepEqual(d, w) {
						t.Errorf("%s: got %+v, want %+v", class, d, w)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}
