package rules_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/policy"
)

// TestShippedTests runs the Rego tests of the shipped policy; they go through every line of every rule.
func TestShippedTests(t *testing.T) {
	report, err := rules.Test(t.Context(), policy.FS)
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]int{}
	for _, r := range report.Results {
		tested[r.File]++
		if !r.Passed {
			t.Errorf("%s:%d: %s: %s\n%s", r.File, r.Line, r.Name, r.Why, r.Output)
		}
	}
	for _, c := range report.Coverage {
		if c.Percent < 100 {
			t.Errorf("%s: lines %v are not tested", c.File, c.NotCovered)
		}
		if tests := strings.TrimSuffix(c.File, ".rego") + "_test.rego"; tested[tests] == 0 {
			t.Errorf("%s has no tests", c.File)
		}
	}
	if len(report.Coverage) == 0 || !report.Passed() {
		t.Errorf("got %+v", report)
	}
}

// TestShippedFormat holds the shipped Rego to the form of opa fmt.
func TestShippedFormat(t *testing.T) {
	if names, err := rules.Format(policy.FS); err != nil || len(names) > 0 {
		t.Errorf("not formatted: %v, %v", names, err)
	}
}

// TestShippedMetadata holds every shipped rule to a title and a description.
func TestShippedMetadata(t *testing.T) {
	names, err := fs.Glob(policy.FS, "rules/*.rego")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(policy.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.rego") {
			continue
		}
		for _, part := range []string{"package dialwarden.outbound\n", "# METADATA\n# title: ", "# description: "} {
			if !strings.Contains(string(data), part) {
				t.Errorf("%s has no %q", name, part)
			}
		}
	}
}

// TestTestReport tells what failed, where, and what was printed.
func TestTestReport(t *testing.T) {
	report, err := rules.Test(t.Context(), policyOf(map[string]string{
		"rules/base.rego": "package dialwarden.outbound\n\nallow contains \"base\" if input.callee.class == \"local\"\n\nallow contains \"base\" if input.callee.class == \"service\"\n",
		"rules/base_test.rego": "package dialwarden.outbound_test\n\nimport data.dialwarden.outbound\n\n" +
			"test_good if \"base\" in outbound.allow with input.callee.class as \"local\"\n\n" +
			"test_bad if {\n\tprint(\"allowed:\", outbound.allow) with input.callee.class as \"mobile\"\n\t\"base\" in outbound.allow with input.callee.class as \"mobile\"\n}\n\n" +
			"test_error if to_number(\"x\") == 1\n\ntodo_test_later if true\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range report.Results {
		lines = append(lines, fmt.Sprintf("%s:%d %s %v %q %q", r.File, r.Line, r.Name, r.Passed, r.Why, r.Output))
	}
	want := []string{
		`rules/base_test.rego:5 test_good true "" ""`,
		`rules/base_test.rego:7 test_bad false "it is not true" "allowed: set()\n"`,
		`rules/base_test.rego:12 test_error false "rules/base_test.rego:12: eval_builtin_error: to_number: strconv.ParseFloat: parsing \"x\": invalid syntax" ""`,
		`rules/base_test.rego:14 todo_test_later false "it is marked as to be done (todo_)" ""`,
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s", got)
	}
	if report.Passed() {
		t.Error("a report with failures passed")
	}
	if c := report.Coverage[0]; c.File != "rules/base.rego" || c.Percent >= 100 || len(c.NotCovered) != 1 || c.NotCovered[0] != 5 {
		t.Errorf("got %+v", c)
	}
}

// TestTestsMustCompile refuses tests that cannot be compiled, which Load does not look at.
func TestTestsMustCompile(t *testing.T) {
	fsys := policyOf(map[string]string{"rules/base_test.rego": "package dialwarden.outbound_test\n\ntest_a if input.caler.known with input as {}\n"})
	if _, err := rules.Test(t.Context(), fsys); err == nil || !strings.HasPrefix(err.Error(), "rules/base_test.rego:3:11: input.caler does not exist") {
		t.Errorf("got %v", err)
	}
	if _, err := rules.Load(fsys, rules.Options{}); err != nil {
		t.Error(err)
	}
	fsys = policyOf(map[string]string{"rules/base_test.rego": "package dialwarden.outbound_test\n\ntest_a if {\n"})
	if _, err := rules.Test(t.Context(), fsys); err == nil || !strings.HasPrefix(err.Error(), "rules/base_test.rego:") {
		t.Errorf("got %v", err)
	}
	if _, err := rules.Test(t.Context(), policyOf(map[string]string{"rules/x.rego": "deny"})); err == nil {
		t.Error("a policy that cannot be parsed was tested")
	}
}

// TestFormat names files that are not formatted, and formats them.
func TestFormat(t *testing.T) {
	crooked := "package dialwarden.outbound\nallow contains \"x\" if {input.callee.class==\"local\"}\n"
	names, err := rules.Format(policyOf(map[string]string{"rules/x.rego": crooked}))
	if err != nil || len(names) != 1 || names[0] != "rules/x.rego" {
		t.Fatalf("got %v, %v", names, err)
	}
	straight, err := rules.FormatFile("rules/x.rego", []byte(crooked))
	if err != nil {
		t.Fatal(err)
	}
	if names, err := rules.Format(policyOf(map[string]string{"rules/x.rego": string(straight)})); err != nil || len(names) != 0 {
		t.Errorf("got %v, %v", names, err)
	}
	if _, err := rules.Format(policyOf(map[string]string{"rules/x.rego": "package"})); err == nil || !strings.HasPrefix(err.Error(), "rules/x.rego:1:") {
		t.Errorf("got %v", err)
	}
}

// TestEmergencyIsTold adds those who are to be told to an emergency call, and nothing else of what rules say.
func TestEmergencyIsTold(t *testing.T) {
	p := shipped(t)
	d := p.Judge(t.Context(), factsOf(p, "299", call.Emergency))
	if d.Action != call.Allow || d.Rule != call.RuleEmergency || d.MaxSeconds+d.RingSeconds != 0 || len(d.Reasons) != 1 ||
		!slices.Equal(d.Notify, []call.Notice{{Rule: "emergency", To: "operator"}}) {
		t.Errorf("got %+v", d)
	}
	for name, rego := range map[string]string{
		"deny":    "deny contains \"x\" if input.callee.class == \"emergency\"\n\nnotify contains {\"rule\": \"x\", \"to\": \"gate\"}",
		"error":   "notify contains {\"rule\": \"x\", \"to\": to} if to := sprintf(\"%d\", [1 / input.usage.concurrent_calls])",
		"no text": "notify contains {\"rule\": \"x\", \"to\": input.usage.concurrent_calls}",
		"runaway": "notify contains {\"rule\": \"x\", \"to\": \"gate\"} if count([n | some n in numbers.range(1, 100000000)]) > 3",
	} {
		p := load(t, map[string]string{"rules/x.rego": "package dialwarden.outbound\n\n" + rego + "\n"})
		d := p.Judge(t.Context(), factsOf(p, "101", call.Emergency))
		if d.Action != call.Allow || d.Rule != call.RuleEmergency {
			t.Errorf("%s: got %+v", name, d)
		}
		if name == "deny" {
			if len(d.Notify) != 1 || len(d.Reasons) != 1 {
				t.Errorf("%s: got %+v", name, d)
			}
		} else if len(d.Notify) != 0 || len(d.Reasons) != 2 || d.Reasons[1].Rule != call.RulePolicyError {
			t.Errorf("%s: got %+v", name, d)
		}
	}
}

// TestTwoRulesRouteDifferently names both.
func TestTwoRulesRouteDifferently(t *testing.T) {
	p := load(t, map[string]string{
		"rules/x.rego": "package dialwarden.outbound\n\nroute contains {\"rule\": \"x\", \"redirect\": \"102\"}\n",
		"rules/a.rego": "package dialwarden.outbound\n\nroute contains {\"rule\": \"a\", \"dial\": \"17909\"}\n",
	})
	d := p.Judge(t.Context(), factsOf(p, "101", call.Local))
	want := "rules a and x route the call differently (rules/a.rego:3, rules/x.rego:3)"
	if d.Action != call.Deny || d.Rule != call.RulePolicyError || !strings.Contains(d.Reasons[0].Text, want) || d.Route != (call.Route{}) {
		t.Errorf("got %+v", d)
	}
}

// TestAfterHoursIsInShadow records what the rule would have asked for at night.
func TestAfterHoursIsInShadow(t *testing.T) {
	p := shipped(t)
	f := factsOf(p, "101", call.International)
	f.Credentials = pinOf(2)
	if d := p.Judge(t.Context(), f); d.Action != call.Allow || len(d.Shadow) != 0 {
		t.Errorf("in the office: %+v", d)
	}
	f.Time = call.ClockAt(time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC), time.UTC)
	p.Lookup(&f)
	d := p.Judge(t.Context(), f)
	if d.Action != call.Allow || len(d.Shadow) != 1 || d.Shadow[0].Rule != "after_hours" || d.Shadow[0].Head != "require" {
		t.Errorf("at night: %+v", d)
	}
}

// TestADataFileThatIsGone is refused, whichever it is: no rule turns into one that lets everything through.
func TestADataFileThatIsGone(t *testing.T) {
	files := fstest.MapFS{}
	err := fs.WalkDir(policy.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(policy.FS, name)
		files[name] = &fstest.MapFile{Data: src}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// No rule looks at these.
	unseen := []string{"data/retention.yaml", "data/handset.yaml", "data/approvers.yaml", "data/matters.yaml", "data/rates.yaml", "data/lines.yaml", "data/bookings.yaml"}
	for name, f := range files {
		if !strings.HasPrefix(name, "data/") || slices.Contains(unseen, name) {
			continue
		}
		delete(files, name)
		if _, err := rules.Load(files, rules.Options{}); err == nil {
			t.Errorf("the policy is loaded without %s", name)
		}
		files[name] = &fstest.MapFile{}
		if _, err := rules.Load(files, rules.Options{}); err == nil && name != "data/directory.yaml" { // nobody is known then
			t.Errorf("the policy is loaded with an empty %s", name)
		}
		files[name] = f
	}
}
