package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/gate"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// small is a policy of one rule with a test, which reloads fast.
func small(minutes int) map[string][]byte {
	return map[string][]byte{
		"data/rules.yaml": []byte("base: {title: Base}\n"),
		"rules/base.rego": fmt.Appendf(nil, `package dialwarden.outbound

# METADATA
# title: Base
# description: Local calls.
allow contains "base" if input.callee.class == "local"

limit contains {"rule": "base", "max_seconds": %d} if input.callee.class == "local"
`, 60*minutes),
		"rules/base_test.rego": []byte(`package dialwarden.outbound_test

import data.dialwarden.outbound

test_base if "base" in outbound.allow with input.callee.class as "local"

test_not_too_long if {
	some l in outbound.limit with input.callee.class as "local"
	l.max_seconds < 600
}
`),
	}
}

// lay writes files into the policy directory, as an admin would.
func lay(t *testing.T, cfg config.Config, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		place := filepath.Join(cfg.Policy.Dir, name)
		if err := os.MkdirAll(filepath.Dir(place), 0o750); err != nil {
			t.Fatal(err)
		}
		write(t, place, string(content))
	}
}

// smallSite is a site with a small policy, without number plans of its own.
func smallSite(t *testing.T) config.Config {
	t.Helper()
	cfg := site(t)
	if err := os.RemoveAll(cfg.Policy.Dir); err != nil {
		t.Fatal(err)
	}
	lay(t, cfg, small(1))
	return cfg
}

// laid reads the policy directory.
func laid(t *testing.T, cfg config.Config) map[string][]byte {
	t.Helper()
	files, err := rules.ReadFiles(os.DirFS(cfg.Policy.Dir))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func same(a, b map[string][]byte) bool {
	return maps.EqualFunc(a, b, bytes.Equal)
}

// history tells the policy's history in short, the oldest first.
func history(t *testing.T, a *App) (lines []string) {
	t.Helper()
	all, err := a.ledger.Reader().PolicyHistory(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		outcome := "in force"
		if e.Error != "" {
			outcome = "refused"
		}
		lines = append([]string{string(e.Trigger) + " " + outcome}, lines...)
	}
	return lines
}

// TestPush puts policies in force and rolls them back; the directory always holds what is in force.
func TestPush(t *testing.T) {
	cfg := smallSite(t)
	a := open(t, cfg)
	ctx := t.Context()
	first := a.policy.revision()
	push := func(files map[string][]byte) call.PolicyChange {
		t.Helper()
		out, err := a.policy.Push(ctx, files)
		if err != nil {
			t.Fatal(err)
		}
		if got := laid(t, cfg); !same(got, files) || out.Revision != a.policy.revision() {
			t.Errorf("in force is %s, answered %+v, on disk %v", a.policy.revision(), out, got)
		}
		return out
	}
	two := push(small(2))
	if !two.Changed || two.Before != first || two.Replaced != "" {
		t.Errorf("got %+v", two)
	}
	if again := push(small(2)); again.Changed {
		t.Errorf("the same again: got %+v", again)
	}
	push(small(3))
	for _, test := range []struct {
		name  string
		spoil func(map[string][]byte)
		want  string
	}{
		{"a rule", func(f map[string][]byte) {
			f["rules/base.rego"] = append(f["rules/base.rego"], "allow contains }\n"...)
		}, "rules/base.rego:9:"},
		{"data", func(f map[string][]byte) { f["data/rules.yaml"] = []byte("base: {titel: Base}\n") }, "data/rules.yaml:1:"},
		{"a failing test", func(f map[string][]byte) { maps.Copy(f, small(30)) }, "rules/base_test.rego:7: test_not_too_long failed: "},
		{"a broken test", func(f map[string][]byte) {
			f["rules/base_test.rego"] = []byte("package dialwarden.outbound_test\n\ntest_x if {\n")
		}, "rules/base_test.rego:"},
		{"no rule", func(f map[string][]byte) { clear(f); f["data/rules.yaml"] = nil }, "rules: there is no"},
		{"a way out", func(f map[string][]byte) { f["../../evil"] = []byte("x") }, `"../../evil" is no file of a policy`},
	} {
		files := small(4)
		test.spoil(files)
		out, err := a.policy.Push(ctx, files)
		refused := (*control.Refusal)(nil)
		if test.want != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %+v, %v, want %q in it", test.name, out, err, test.want)
		}
		if _, err := os.Lstat(filepath.Join(cfg.Policy.Dir, "../../evil")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: it was written", test.name)
		}
		if a.policy.Fault() != "" {
			t.Errorf("%s: the directory is at fault: %s", test.name, a.policy.Fault())
		}
	}
	push(small(3))
	back, err := a.policy.Rollback(ctx, "")
	if err != nil || back.Revision != two.Revision || !same(laid(t, cfg), small(2)) {
		t.Errorf("rolled back to %+v, %v", back, err)
	}
	if back, err = a.policy.Rollback(ctx, ""); err != nil || back.Revision != first || !same(laid(t, cfg), small(1)) {
		t.Errorf("rolled back to %+v, %v", back, err)
	}
	if _, err = a.policy.Rollback(ctx, ""); !errors.Is(err, ledger.ErrNotFound) || !same(laid(t, cfg), small(1)) {
		t.Errorf("before the first: %v", err)
	}
	if back, err = a.policy.Rollback(ctx, two.Revision[:6]); err != nil || back.Revision != two.Revision {
		t.Errorf("to a revision: %+v, %v", back, err)
	}
}

// TestReplacedWorkIsKept: what an admin has worked on, and was never in force, is not lost to a rollback.
func TestReplacedWorkIsKept(t *testing.T) {
	cfg := smallSite(t)
	a := open(t, cfg)
	if _, err := a.policy.Push(t.Context(), small(2)); err != nil {
		t.Fatal(err)
	}
	broken := small(5)
	broken["rules/base.rego"] = append(broken["rules/base.rego"], "half a line"...)
	lay(t, cfg, broken)
	if err := a.Reload(t.Context()); err == nil || a.policy.Fault() == "" {
		t.Fatalf("got %v, fault %q", err, a.policy.Fault())
	}
	out, err := a.policy.Rollback(t.Context(), "")
	if err != nil || a.policy.Fault() != "" {
		t.Fatalf("got %v, fault %q", err, a.policy.Fault())
	}
	files, err := a.ledger.Reader().Revision(t.Context(), out.Replaced)
	if err != nil || !bytes.Equal(files["rules/base.rego"], broken["rules/base.rego"]) {
		t.Errorf("%s is %v, %v", out.Replaced, files, err)
	}
	want := "start in force, push in force, SIGHUP refused, file refused, rollback in force"
	if got := strings.Join(history(t, a), ", "); got != want {
		t.Errorf("the history is %s, want %s", got, want)
	}
}

// TestTestsAreRun: a policy that fails its own tests does not come into force, whoever asks.
func TestTestsAreRun(t *testing.T) {
	cfg := smallSite(t)
	a := open(t, cfg)
	first := a.policy.Edition()
	lay(t, cfg, small(30))
	for _, by := range []call.Trigger{call.ByFile, call.ByFile, call.BySignal, call.ByReload} {
		if _, err := a.policy.Reload(t.Context(), by); err == nil || !strings.Contains(err.Error(), "rules/base_test.rego:7: test_not_too_long failed: ") {
			t.Errorf("by %s: got %v", by, err)
		}
		if a.policy.Edition() != first || !strings.Contains(a.policy.Fault(), "test_not_too_long") {
			t.Errorf("by %s: another policy is in force, or no fault: %q", by, a.policy.Fault())
		}
	}
	if got := strings.Join(history(t, a), ", "); got != "start in force, file refused, SIGHUP refused, reload refused" {
		t.Errorf("the history is %s", got)
	}
	lay(t, cfg, small(1))
	if out, err := a.policy.Reload(t.Context(), call.ByFile); err != nil || out.Changed || a.policy.Fault() != "" {
		t.Errorf("taken back: got %+v, %v, fault %q", out, err, a.policy.Fault())
	}
}

// TestPushNeedsADirectory: the shipped policy is built in.
func TestPushNeedsADirectory(t *testing.T) {
	cfg := site(t)
	cfg.Policy.Dir = ""
	a := open(t, cfg)
	if _, err := a.policy.Push(t.Context(), small(1)); err == nil || !strings.Contains(err.Error(), "policy.dir") {
		t.Errorf("got %v", err)
	}
}

// TestPushNeedsTheLedger: where it cannot be recorded, the directory stays as it was.
func TestPushNeedsTheLedger(t *testing.T) {
	cfg := smallSite(t)
	a := open(t, cfg)
	first := a.policy.Edition()
	if err := a.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.policy.Push(t.Context(), small(2)); err == nil || a.policy.Edition() != first || !same(laid(t, cfg), small(1)) {
		t.Errorf("got %v", err)
	}
}

// TestInterruptedPush: a daemon that was killed in the middle of a push starts with the whole of it.
func TestInterruptedPush(t *testing.T) {
	cfg := smallSite(t)
	next := small(2)
	delete(next, "rules/base_test.rego")
	lay(t, cfg, map[string][]byte{
		".dialwarden-next/rules/base.rego": next["rules/base.rego"],
		".dialwarden-next/journal.json":    []byte(`{"write":["rules/base.rego"],"remove":["rules/base_test.rego"]}`),
	})
	a := open(t, cfg)
	if got := laid(t, cfg); !same(got, next) || a.policy.Edition().Policy.Files()["rules/base_test.rego"] != nil {
		t.Errorf("got %v", got)
	}
}

// smallPlan is a number plan that is read fast.
const smallPlan = `name: Small
country_code: "86"
regions: ["CN"]
international_prefixes: ["00"]
trunk_prefix: "0"
area_prefix: "0"
emergency: ["110"]
numbers: []
subscribers: {bare: ["2-8"], behind_area: ["2-8"]}
areas: [{code: "10", name: Beijing, lengths: [8]}]
`

// TestReloadsUnderLoad: while a thousand policies come into force, each call is decided once, by one of them, and what
// was in force before is given back.
func TestReloadsUnderLoad(t *testing.T) {
	cfg := smallSite(t)
	lay(t, cfg, map[string][]byte{"plans/cn.yaml": []byte(smallPlan)})
	a := open(t, cfg)
	g, err := gate.New(t.Context(), gate.Config{
		Book: func() *gate.Book { return a.policy.Edition().Book }, Ledger: conversations{a.ledger},
		Tracker: a.watch, Lockout: a.lockout, Dialogue: call.DefaultDialogue(), Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	caps := map[string]int{} // by revision
	exchange := func(n int) {
		t.Helper()
		lay(t, cfg, map[string][]byte{"rules/base.rego": small(1 + n%9)["rules/base.rego"]})
		if out, err := a.policy.Reload(t.Context(), call.ByReload); err != nil || !out.Changed {
			t.Fatalf("reload %d: %+v, %v", n, out, err)
		} else {
			caps[out.Revision] = 60 * (1 + n%9)
		}
	}
	for n := range 20 { // what is built once
		exchange(n + 1)
	}
	before := weigh()
	stop := make(chan struct{})
	decided := make(chan int)
	for worker := range 2 {
		go func() { decided <- keepCalling(t, g, a.watch, worker, stop) }()
	}
	for n := range reloads {
		exchange(n + 21)
	}
	close(stop)
	calls := <-decided + <-decided
	if err := g.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	after := weigh()
	t.Logf("%d reloads, %d calls; goroutines %d, then %d; heap %d KiB, then %d", reloads, calls, before.goroutines, after.goroutines, before.heap>>10, after.heap>>10)
	if after.goroutines > before.goroutines+5 {
		t.Errorf("%d goroutines are left, there were %d", after.goroutines, before.goroutines)
	}
	// A policy of this size takes more than 100 KiB: a thousand would not fit. Each call of the last hour is kept in mind.
	if after.heap > before.heap+8<<20+400*uint64(calls) {
		t.Errorf("%d KiB are in use, there were %d", after.heap>>10, before.heap>>10)
	}
	checkDecisions(t, a, calls, caps)
}

// keepCalling makes calls, one after another, until stop, and returns how many were let go.
func keepCalling(t *testing.T, g *gate.Gate, w *watch.Watch, worker int, stop <-chan struct{}) int {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return n
		default:
		}
		channel := fmt.Sprintf("%d.%d", worker, n)
		line := benchLine{released: make(chan struct{})}
		g.Arrive(call.Attempt{
			Source: call.SourceARI, Channel: channel, Extension: "101", Dialled: "962345678", At: time.Now(),
		}, "", line)
		select {
		case <-line.released:
		case <-time.After(time.Minute):
			t.Errorf("call %s was lost", channel)
			return n
		}
		w.Ended(channel, time.Now(), call.CauseNormalClearing)
		g.Gone(channel)
	}
}

// checkDecisions holds the ledger to the calls that were made: one decision each, with the cap of its revision.
func checkDecisions(t *testing.T, a *App, calls int, caps map[string]int) {
	t.Helper()
	found := 0
	for d, err := range a.ledger.Reader().Decisions(t.Context(), ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		found++
		if d.Action != call.Allow || d.MaxSeconds != caps[d.PolicyRevision] {
			t.Fatalf("got %+v, want the cap %d", d, caps[d.PolicyRevision])
		}
	}
	if found != calls || calls == 0 {
		t.Errorf("%d calls have %d decisions", calls, found)
	}
}

type weight struct {
	goroutines int
	heap       uint64
}

// weigh tells what is in use.
func weigh() weight {
	var m runtime.MemStats
	for range 3 { // what has a finalizer goes in the second
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return weight{runtime.NumGoroutine(), m.HeapAlloc}
}
