package app

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/scenario"
)

// promising is the small policy with a scenario about its cap, in seconds, and its name.
func promising(minutes, promised int, name string) map[string][]byte {
	files := small(minutes)
	files[name] = fmt.Appendf(nil, `scenarios:
  - from: "101"
    to: "962345678"
    expect: {action: allow, max_seconds: %d}
`, promised)
	return files
}

// TestScenariosAreRun: a policy that does not keep its promises does not come into force, whoever asks; they come and go
// with it.
func TestScenariosAreRun(t *testing.T) {
	const broken = "scenarios.yaml:2: from 101 to 962345678: wanted allow, max_seconds 60, got allow by base, max_seconds 120"
	cfg := smallSite(t)
	a := open(t, cfg)
	ctx := t.Context()
	lay(t, cfg, promising(1, 60, scenario.FileName))
	for _, by := range []call.Trigger{call.ByFile, call.BySignal} {
		if _, err := a.policy.Reload(ctx, by); err != nil {
			t.Fatalf("by %s: %v", by, err)
		}
	}
	kept := a.policy.Edition()
	refused := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) || a.policy.Edition() != kept {
			t.Errorf("%s: got %v, want %q in it", what, err, want)
		}
	}
	lay(t, cfg, small(2))
	for _, by := range []call.Trigger{call.ByFile, call.BySignal, call.ByReload} {
		_, err := a.policy.Reload(ctx, by)
		refused("by "+string(by), err, broken)
		if !strings.Contains(a.policy.Fault(), broken) {
			t.Errorf("by %s: /healthz says %q", by, a.policy.Fault())
		}
	}
	lay(t, cfg, small(1))
	for file, want := range map[string]string{
		"scenarios:\n  - {from: \"101\", to: \"9\", expect: {action: alow}}\n": `scenarios.yaml:2:45: expect.action: there is no action "alow"`,
		"scenarios: [": "scenarios.yaml:1:",
	} {
		lay(t, cfg, map[string][]byte{scenario.FileName: []byte(file)})
		_, err := a.policy.Reload(ctx, call.ByFile)
		refused(file, err, want)
	}
	_, err := a.policy.Push(ctx, promising(2, 60, "scenarios/calls.yaml"))
	refused("a push", err, "scenarios/calls.yaml:2: from 101 to 962345678: wanted allow, max_seconds 60, got")
	_, err = a.policy.Push(ctx, map[string][]byte{"scenarios/c.yml": nil})
	refused("a name", err, "scenarios/c.yml")

	next := promising(2, 120, "scenarios/calls.yaml")
	if _, err := a.policy.Push(ctx, next); err != nil || !same(laid(t, cfg), next) {
		t.Errorf("got %v, on disk %v", err, laid(t, cfg))
	}
	if out, err := a.policy.Rollback(ctx, ""); err != nil || out.Warning != "" || !same(laid(t, cfg), promising(1, 60, scenario.FileName)) {
		t.Errorf("rolled back to %+v, %v, on disk %v", out, err, laid(t, cfg))
	}
}

// TestScenariosOfTheSite stand beside the policy directory: whatever comes into it must keep them.
func TestScenariosOfTheSite(t *testing.T) {
	cfg := smallSite(t)
	var log bytes.Buffer
	a := openLogging(t, cfg, zerolog.New(&log))
	ctx := t.Context()
	beside := filepath.Join(filepath.Dir(cfg.Policy.Dir), scenario.FileName)
	write(t, beside, string(promising(1, 60, "x")["x"]))
	const broken = "../scenarios.yaml:2: from 101 to 962345678: wanted allow, max_seconds 60, got allow by base, max_seconds 120"
	if _, err := a.policy.Push(ctx, small(2)); err == nil || !strings.Contains(err.Error(), broken) {
		t.Errorf("a push: got %v", err)
	}
	write(t, beside, string(promising(1, 120, "x")["x"]))
	if out, err := a.policy.Reload(ctx, call.ByReload); err != nil || !strings.Contains(out.Warning, "wanted allow, max_seconds 120") {
		t.Errorf("a reload of the policy in force: got %+v, %v", out, err)
	}
	if _, err := a.policy.Push(ctx, small(2)); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	out, err := a.policy.Rollback(ctx, "")
	const want = "../scenarios.yaml:2: from 101 to 962345678: wanted allow, max_seconds 120, got allow by base, max_seconds 60"
	if err != nil || out.Revision != a.policy.revision() || !strings.Contains(out.Warning, want) {
		t.Errorf("rolled back to %+v, %v", out, err)
	}
	if !strings.Contains(log.String(), want) || !strings.Contains(log.String(), `"level":"warn"`) {
		t.Errorf("the log says %s", &log)
	}
}

// TestRollbackRunsTests: what fails does not keep a revision back that was in force, but is told.
func TestRollbackRunsTests(t *testing.T) {
	cfg := smallSite(t)
	lay(t, cfg, small(30)) // a daemon starts with it
	a := open(t, cfg)
	failing := maps.Clone(laid(t, cfg))
	if _, err := a.policy.Push(t.Context(), small(2)); err != nil {
		t.Fatal(err)
	}
	out, err := a.policy.Rollback(t.Context(), "")
	if err != nil || !same(laid(t, cfg), failing) || !strings.Contains(out.Warning, "rules/base_test.rego:7: test_not_too_long failed: ") {
		t.Errorf("rolled back to %+v, %v", out, err)
	}
}

// TestSampleScenarios: what the shipped scenarios say keeps nobody from changing the shipped data, but is told; once
// somebody has made them his own, they count.
func TestSampleScenarios(t *testing.T) {
	cfg := site(t)
	a := open(t, cfg)
	const broken = "scenarios.yaml:18: from 103 to 962345678: wanted allow by local, got deny by no_rule_allows"
	lay(t, cfg, map[string][]byte{"data/local.yaml": []byte("classes: [mobile]\nunlisted_phones: []\n")})
	out, err := a.policy.Reload(t.Context(), call.BySignal)
	if err != nil || !out.Changed || !strings.Contains(out.Warning, broken) {
		t.Errorf("as shipped: got %+v, %v", out, err)
	}
	own := string(laid(t, cfg)[scenario.FileName]) + "  - {from: \"103\", to: \"110\", expect: {action: allow}}\n"
	lay(t, cfg, map[string][]byte{scenario.FileName: []byte(own)})
	if _, err := a.policy.Reload(t.Context(), call.ByFile); err == nil || !strings.Contains(err.Error(), broken) {
		t.Errorf("changed: got %v", err)
	}
}
