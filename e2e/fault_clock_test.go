package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

const day = 24 * time.Hour

// The clock is set while the daemon runs, by days and by seconds, back and ahead: callers are decided before, meanwhile and
// after, nobody's time to type ends early or never, calls are as long as they were, nothing is erased, and the ledger is sound.
func TestClockSetWhileRunning(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("policy/data/retention.yaml", "allowed: {full_days: 2, days: 2}\nrefused: {full_days: 2, days: 2}\n"+
		"abandoned: {full_days: 2, days: 2}\nemergency: {full_days: 2, days: 2}\n")
	j := &jumps{site: s, clock: s.withClock()}
	j.pin = s.addPIN("583921", "Li Wei", 2)
	d := s.serve()
	j.calls(t, 0)
	for i, step := range []struct {
		to    time.Duration
		says  string
		typed [2]string // before and after
	}{
		{-3 * day, "the clock was set back", [2]string{"583921", ""}}, // entered by saying nothing more
		{0, "the clock went ahead", [2]string{"58", "3921#"}},
		{3 * day, "the clock went ahead", [2]string{"583", "921#"}},
		{3*day - 2*time.Second, `"by":"2s"`, [2]string{"5", "83921#"}},
	} {
		j.step(t, i+1, step.to, step.says, step.typed)
	}
	if n := s.log.count(`"by":"72h0m0s"`); n != 3 {
		t.Errorf("the log says %d times that the clock was set by three days", n)
	}
	j.asked(t)
	j.signed(t)
	d.stop()
	if out, errs, status := s.run("", "log", "verify"); status != 0 || !strings.HasPrefix(out, "Nothing was changed") || strings.Contains(out, "not yet signed") {
		t.Errorf("log verify: status %d\n%s%s", status, out, errs)
	}
	s.whole()
}

// jumps are the calls of a site whose clock is set.
type jumps struct {
	*site
	clock *clock
	pin   int64
	ids   []int64
}

// step sets the clock while one caller talks and another types.
func (j *jumps) step(t *testing.T, n int, to time.Duration, says string, typed [2]string) {
	t.Helper()
	told := j.log.count(says)
	talking := dial(t, j.lab, "102", fmt.Sprintf("96238100%d", n))
	up(t, talking)
	began := time.Now()
	typing := dial(t, j.lab, "103", fmt.Sprintf("90238113570%d", n))
	asked(t, typing)
	must(t, typing.SendKeys(typed[0], lab.Keys{}))
	j.clock.set(to)
	j.logged(told+1, says)
	if typed[1] != "" {
		must(t, typing.SendKeys(typed[1], lab.Keys{}))
	}
	reaches(t, j.lab, typing.Number[1:])
	j.calls(t, n)
	hangup(t, typing)
	hangup(t, talking)
	lasted := time.Since(began)
	if got := j.once(typing.Number); got.Action != call.Allow || got.PINID != j.pin {
		t.Errorf("step %d: who typed got %+v", n, got)
	}
	if got := j.once(talking.Number); got.Call.Seconds < 1 || time.Duration(got.Call.Seconds) > lasted/time.Second+2 {
		t.Errorf("step %d: a call of %v has %d seconds: %+v", n, lasted, got.Call.Seconds, got.Call)
	}
}

// calls makes a call that is recorded by the clock as it is, with the next ids, and counted with those before.
func (j *jumps) calls(t *testing.T, n int) {
	t.Helper()
	c := dial(t, j.lab, "104", fmt.Sprintf("96238200%d", n))
	up(t, c)
	hangup(t, c)
	got := j.once(c.Number)
	if off := j.clock.now().Sub(got.At.Time); off < 0 || off > time.Minute {
		t.Errorf("call %d was attempted at %s, by a clock that said %s", n, got.At, j.clock.now())
	}
	j.ids = append(j.ids, got.ID)
	r, err := ledger.OpenReader(j.ledger)
	must(t, err)
	defer func() { _ = r.Close() }()
	whole, err := r.Decision(t.Context(), got.ID)
	must(t, err)
	var facts call.Facts
	must(t, json.Unmarshal(whole.Input, &facts))
	if u := facts.Usage; u.AttemptsLastHour != n || u.ConcurrentCalls != 0 {
		t.Errorf("call %d: the policy was told %+v", n, u)
	}
}

// asked asks the log, beside the daemon, for what was recorded by one clock and by another.
func (j *jumps) asked(t *testing.T) {
	t.Helper()
	j.write("policy/data/retention.yaml", j.read("policy/data/retention.yaml")+"# looked at again\n")
	j.logged(1, "the clock is ahead of what the ledger has seen")
	if j.log.count("numbers were masked or records removed") != 0 {
		t.Error("a clock that was set made the ledger erase something")
	}
	ids := 1
	for _, d := range j.decisions() {
		if d.ID != int64(ids) || strings.Contains(d.Number, "*") {
			t.Errorf("in place %d stands %+v", ids, d)
		}
		ids++
	}
	for args, want := range map[string]int{
		"--from 104":                                 5,
		"--from 104 --since 1h":                      2, // the last step was one of seconds
		"--from 104 --since 80h --until 60h":         2,
		"--from 104 --until 100h":                    1,
		"--from 104 --since 1000h --until 0h":        5,
		"--from 104 --since 60h --until 12h":         0,
		"--from 102 --class local --since 0h":        0,
		"--class national --action allow --since 1h": 1,
	} {
		out, errs, status := j.run("", append(strings.Fields("log list --json"), strings.Fields(args)...)...)
		if got := strings.Count(out, "\n"); status != 0 || got != want {
			t.Errorf("log list %s: status %d, %d decisions, want %d\n%s%s", args, status, got, want, out, errs)
		}
	}
	var sum ledger.Summary
	out, errs, status := j.run("", "log", "summary", "--json")
	if must(t, json.Unmarshal([]byte(out), &sum)); status != 0 || sum.Decisions < 4 || sum.Decisions > 6 {
		t.Errorf("log summary of the day: status %d\n%s%s", status, out, errs)
	}
}

// signed waits for a checkpoint of all that there is, by a clock that is behind that of an earlier one.
func (j *jumps) signed(t *testing.T) {
	t.Helper()
	eventually(t, "all is signed", func() bool {
		out, _, status := j.run("", "log", "verify", "--json")
		var v ledger.Verification
		return status == 0 && json.Unmarshal([]byte(out), &v) == nil && v.OK && v.Unsigned == 0 && v.Entries > 0
	})
	var back bool
	var last ledger.Checkpoint
	for line := range strings.Lines(j.read("dialwarden.checkpoints")) {
		var c ledger.Checkpoint
		must(t, json.Unmarshal([]byte(line), &c))
		back = back || c.At.Before(last.At.Time)
		last = c
	}
	if !back || last.At.Before(j.clock.now().Add(-time.Hour)) {
		t.Errorf("wanted one that is dated before an earlier one, and the last as the clock is now: %s", j.read("dialwarden.checkpoints"))
	}
}
