package app

import (
	"testing"
	"time"
)

// TestClockSet tells a clock that was set from one that is late, or is led slowly.
func TestClockSet(t *testing.T) {
	const s = time.Second
	for _, test := range []struct{ wall, passed, want time.Duration }{
		{s, s, 0},
		{5 * s, 5*s + time.Millisecond, 0}, // a busy machine
		{s + 500*time.Microsecond, s, 0},   // led to the right time
		{-s, s + 3*time.Millisecond, -2 * s},
		{3*24*time.Hour + s, s, 3 * 24 * time.Hour},
		{s - 10*365*24*time.Hour, s, -10 * 365 * 24 * time.Hour},
	} {
		if got := clockSet(test.wall, test.passed); got != test.want {
			t.Errorf("%v by the clock in %v: %v, want %v", test.wall, test.passed, got, test.want)
		}
	}
}
