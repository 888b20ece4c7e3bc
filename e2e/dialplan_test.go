package e2e

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// With the daemon dead, emergency calls go out and all others are refused with a spoken reason.
func TestWithoutDaemon(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	for _, digits := range []string{"110", "119", "120", "9110", "9120"} {
		t.Run(digits, func(t *testing.T) {
			c := dial(t, l, "101", digits)
			reaches(t, l, digits[len(digits)-3:])
			must(t, c.WaitAnswered(within(t, 10*time.Second)))
			hangup(t, c)
		})
	}
	for _, digits := range []string{
		"62345678", "962345678", "102", "11012345678", "0110", "99110", "110%23", "*110", "16812345", "911012345678",
	} {
		t.Run(digits, func(t *testing.T) {
			t.Parallel()
			refused(t, dial(t, l, "102", digits), 38)
		})
	}
}
