package app

import (
	"slices"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
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
