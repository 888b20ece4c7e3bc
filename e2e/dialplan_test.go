package e2e

import (
	"testing"
	"time"
)

// With the daemon dead, emergency calls go out and all others are refused with a spoken reason.
func TestWithoutDaemon(t *testing.T) {
	for _, digits := range []string{"110", "119", "120", "9110", "9120"} {
		t.Run(digits, func(t *testing.T) {
			c := dial(t, shared, "101", digits)
			reaches(t, shared, digits[len(digits)-3:])
			must(t, c.WaitAnswered(within(t, 10*time.Second)))
			hangup(t, c)
		})
	}
	for _, digits := range []string{
		"62345678", "962345678", "102", "11012345678", "0110", "99110", "110%23", "*110", "16812345", "911012345678",
	} {
		t.Run(digits, func(t *testing.T) {
			t.Parallel()
			refused(t, dial(t, shared, "102", digits), 38)
		})
	}
}
