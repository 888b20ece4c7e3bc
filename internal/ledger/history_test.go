package ledger

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// The history tells when each revision was in force, by what, and how many decisions it made; what was refused, too.
func TestPolicyHistory(t *testing.T) {
	now := moment
	l := openTest(t, t.TempDir()+"/dialwarden.db", WithClock(func() time.Time { return now }))
	r := readerOf(t, l)
	ctx := context.Background()
	inForce := func(by call.Trigger, revision string) {
		t.Helper()
		now = now.Add(time.Minute)
		if err := l.PolicyInForce(ctx, by, revision, map[string][]byte{"rules/a.rego": []byte(revision)}); err != nil {
			t.Fatal(err)
		}
	}
	decided := func(n int, revision string) {
		t.Helper()
		for range n {
			rec := sample(1)
			rec.Decision.PolicyRevision = revision
			record(t, l, rec)
		}
	}
	inForce(call.ByStart, "aaa1")
	decided(2, "aaa1")
	inForce(call.ByFile, "aab2")
	decided(1, "aaa1") // in the middle of the reload
	decided(3, "aab2")
	inForce(call.ByStart, "aab2") // the daemon starts again: its time goes on
	now = now.Add(time.Minute)
	if err := l.PolicyRefused(ctx, call.BySignal, "bad", "rules/a.rego:1: wrong", nil); err != nil {
		t.Fatal(err)
	}
	inForce(call.ByRollback, "aaa1")
	decided(4, "aaa1")

	all, err := r.PolicyHistory(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range all {
		got = append(got, fmt.Sprintf("%s %s %s-%s %d %s", e.Revision, e.Trigger, e.Since.Format("04"), e.Until, e.Decisions, e.Error))
	}
	want := []string{
		"aaa1 rollback 05- 4 ",
		"bad SIGHUP 04- 0 rules/a.rego:1: wrong",
		"aab2 file 02-2026-11-23T09:05:00.123Z 3 ",
		"aaa1 start 01-2026-11-23T09:02:00.123Z 3 ",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the history is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if last, err := r.PolicyHistory(ctx, 1); err != nil || len(last) != 1 || last[0].Revision != "aaa1" {
		t.Errorf("the last entry is %+v, %v", last, err)
	}
	for prefix, want := range map[string]string{"aaa": "aaa1", "aaa1": "aaa1", "aa": "several", "": "not in the ledger", "bad": "not in the ledger", "aa_": "not in"} {
		if got, err := r.FindRevision(ctx, prefix); got != want && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("FindRevision(%q) is %q, %v, want %s", prefix, got, err, want)
		}
	}
	for _, change := range []string{"UPDATE policy_history SET error = ''", "DELETE FROM policy_history"} {
		if _, err := shell(t, l.path).Exec(change); err == nil || !strings.Contains(err.Error(), "immutable") {
			t.Errorf("%s: %v", change, err)
		}
	}
}

// A rollback goes back one, and another one further back; what is put in force then is rolled back first.
func TestRevisionBefore(t *testing.T) {
	l := newLedger(t)
	r := readerOf(t, l)
	ctx := context.Background()
	if _, err := r.RevisionBefore(ctx); !errors.Is(err, ErrNotFound) {
		t.Errorf("nothing was in force: %v", err)
	}
	for _, step := range []struct {
		by             call.Trigger
		revision, want string
	}{
		{call.ByStart, "a", ""},
		{call.ByFile, "b", "a"},
		{call.ByPush, "c", "b"},
		{call.ByRollback, "b", "a"},
		{call.ByRollback, "a", ""},
		{call.ByPush, "d", "a"},
		{call.ByFile, "a", "d"}, // by hand, no rollback
		{call.ByRollback, "c", "a"},
		{call.ByRollback, "a", "d"},
	} {
		if err := l.PolicyInForce(ctx, step.by, step.revision, map[string][]byte{"x": []byte(step.revision)}); err != nil {
			t.Fatal(err)
		}
		got, err := r.RevisionBefore(ctx)
		if got != step.want || (err != nil) != (step.want == "") {
			t.Errorf("after %s %s: back to %q, %v, want %q", step.by, step.revision, got, err, step.want)
		}
	}
}

func TestProbe(t *testing.T) {
	l := newLedger(t)
	if err := l.Probe(context.Background()); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Probe(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
