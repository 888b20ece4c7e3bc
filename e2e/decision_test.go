package e2e

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// to matches the decisions about what was dialled.
func to(dialled string) func(ledger.Decision) bool {
	return func(d ledger.Decision) bool { return d.Dialled == dialled }
}

func TestLocalCallGoesThrough(t *testing.T) {
	s := newSite(t, shared, "")
	s.serve()
	c := dial(t, shared, "101", "962345678")
	reaches(t, shared, "62345678")
	must(t, c.WaitAnswered(within(t, 10*time.Second)))
	hangup(t, c)
	d := s.ended(s.decision(to("962345678")).ID)
	if d.Action != call.Allow || d.Rule != "local" || d.Class != call.Local || d.Call.AnsweredAt.IsZero() || d.Call.Cause != 16 {
		t.Errorf("got %+v", d)
	}
}
