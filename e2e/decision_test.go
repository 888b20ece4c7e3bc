package e2e

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// to matches the decisions about what was dialled.
func to(dialled string) func(ledger.Decision) bool {
	return func(d ledger.Decision) bool { return d.Dialled == dialled }
}

func TestLocalCallGoesThrough(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.serve()
	c := dial(t, l, "101", "962345678")
	reaches(t, l, "62345678")
	must(t, c.WaitAnswered(within(t, 10*time.Second)))
	hangup(t, c)
	d := s.ended(s.decision(to("962345678")).ID)
	if d.Action != call.Allow || d.Rule != "local" || d.Class != call.Local || d.Call.AnsweredAt.IsZero() || d.Call.Cause != 16 {
		t.Errorf("got %+v", d)
	}
}

func TestPremiumIsRefused(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.serve()
	refused(t, dial(t, l, "101", "916812345"), 21)
	if d := s.decision(to("916812345")); d.Action != call.Deny || d.Rule != "premium" {
		t.Errorf("got %+v", d)
	}
}

func TestRightPINLetsLongDistanceOut(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	id := s.addPIN("583921", "Li Wei", 2)
	s.serve()
	c := dial(t, l, "103", "902112345678")
	must(t, c.WaitAnswered(within(t, 10*time.Second)))
	must(t, c.WaitAudio(within(t, 10*time.Second)))
	must(t, c.SendDTMF("583921#")) // into the prompt
	reaches(t, l, "02112345678")
	hangup(t, c)
	d := s.decision(to("902112345678"))
	if d.Action != call.Allow || d.Rule != "long_distance" || d.PINID != id {
		t.Errorf("got %+v", d)
	}
	if s.log.count("583921") != 0 {
		t.Error("the PIN is in the log")
	}
}

// A daemon that dies at the prompt: the next one adopts the caller and asks him again.
func TestKilledAtThePrompt(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.addPIN("583921", "Li Wei", 2)
	d := s.serve()
	c := dial(t, l, "104", "902187654321")
	must(t, c.WaitAudio(within(t, 10*time.Second)))
	d.kill()
	s.serve()
	must(t, c.WaitAudio(within(t, 15*time.Second)))
	s.log.wait(t, "connected")
	must(t, c.SendDTMF("583921#"))
	reaches(t, l, "02187654321")
	hangup(t, c)
	if got := s.decision(to("902187654321")); got.Action != call.Allow {
		t.Errorf("got %+v", got)
	}
}
