package app

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// TestFactsOfTheShippedPolicy puts into the facts what the policy's own data gives, and tells somebody of an emergency.
func TestFactsOfTheShippedPolicy(t *testing.T) {
	e, err := LoadEdition(config.Default())
	if err != nil {
		t.Fatal(err)
	}
	monday := time.Date(2026, 11, 23, 9, 30, 0, 0, e.Book.Zone)
	f := e.Book.Facts(call.Attempt{Extension: "101", Dialled: "962345678", At: monday}, call.Usage{}, call.Credentials{})
	if !slices.Equal(f.Time.Schedules, []string{"duty", "office"}) || f.Callee.Lists == nil || len(f.Callee.Lists) != 0 {
		t.Errorf("got %+v, %+v", f.Time, f.Callee)
	}
	if e.Book.Short != (call.ShortCalls{Seconds: 15, Within: time.Hour}) {
		t.Errorf("got %+v", e.Book.Short)
	}
	f = e.Book.Facts(call.Attempt{Extension: "101", Dialled: "9110", At: monday}, call.Usage{}, call.Credentials{})
	d := e.Book.Judge(t.Context(), f)
	if d.Action != call.Allow || d.Rule != call.RuleEmergency || !slices.Equal(d.Notify, []call.Notice{{Rule: "emergency", To: "operator"}}) {
		t.Errorf("got %+v", d)
	}
}

// TestPastKnowsAfterHours: the counts of a new daemon go by the same hours and classes as those of a call.
func TestPastKnowsAfterHours(t *testing.T) {
	e, err := LoadEdition(config.Default())
	if err != nil {
		t.Fatal(err)
	}
	key, err := ledger.LoadOrCreateKey(filepath.Join(t.TempDir(), "k"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(filepath.Join(t.TempDir(), "l.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	night := time.Date(2026, 11, 23, 23, 30, 0, 0, e.Book.Zone)
	for _, c := range []struct {
		at    time.Time
		class call.Class
	}{{night, call.International}, {night.Add(-9 * time.Hour), call.International}, {night, call.Local}} {
		r := call.Record{
			Attempt:  call.Attempt{Source: call.SourceARI, Channel: "c", Extension: "101", Dialled: "1", At: c.at},
			Facts:    call.Facts{Callee: call.Callee{Number: call.Number{Class: c.class}}},
			Decision: call.Decision{Action: call.Deny, Rule: "x"},
		}
		if _, err := l.Record(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	all, err := past{l, e.Book}.Past(t.Context(), night.AddDate(0, 0, -1))
	if err != nil || len(all.Calls) != 3 {
		t.Fatalf("got %+v, %v", all, err)
	}
	for _, c := range all.Calls {
		if want := c.At.Equal(night) && c.Class == call.International; c.AfterHours != want {
			t.Errorf("%s at %s: after hours %v", c.Class, c.At, c.AfterHours)
		}
	}
}
