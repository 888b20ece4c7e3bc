package watch

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestLength measures a call of ten seconds during which clocks are set.
func TestLength(t *testing.T) {
	const s, day = time.Second, 24 * time.Hour
	for name, test := range map[string]struct{ stamps, passed, set, want time.Duration }{
		"nothing is set":               {10 * s, 10 * s, 0, 0},
		"we heard late of the answer":  {10 * s, 2 * s, 0, 0},
		"both clocks back":             {10*s - 3*day, 10*s + time.Millisecond, -3 * day, 10 * s},
		"both clocks ahead":            {10*s + 3*day, 10*s + time.Millisecond, 3 * day, 10 * s},
		"both back by two seconds":     {8 * s, 10 * s, -2 * s, 10 * s},
		"ours alone back":              {10 * s, 10 * s, -3 * day, 0},
		"ours alone ahead":             {10 * s, 10 * s, 3 * day, 0},
		"Asterisk's alone back":        {10*s - 3*day, 10 * s, 0, 10 * s},
		"both back, heard late of end": {10*s - 3*day, 12 * s, -3 * day, 10 * s},
	} {
		if got := length(test.stamps, test.passed, test.set); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestAsteriskSetBack keeps the length of a call whose end comes before its answer by Asterisk's clock, and takes it for no
// short one.
func TestAsteriskSetBack(t *testing.T) {
	s := newSite(t)
	id := s.decided("c", "101", call.Allow)
	s.answered("c", after(0))
	s.calls["c"].heard = time.Now().Add(-9500 * time.Millisecond)
	s.ended("c", after(-3*24*3600), 16)
	if c := s.call(id); c.Seconds != 10 || !c.EndedAt.Before(c.AnsweredAt.Time) {
		t.Errorf("the ledger has %+v, want 10 seconds", c)
	}
}
