package e2e

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// dial places a call from an extension.
func dial(t *testing.T, l *lab.Lab, from, digits string) *lab.Call {
	t.Helper()
	c, err := l.Phone(from).Dial(within(t, 10*time.Second), digits)
	must(t, err)
	return c
}

// endOf waits for a call's end.
func endOf(t *testing.T, c *lab.Call) lab.End {
	t.Helper()
	end, err := c.WaitEnded(within(t, 30*time.Second))
	must(t, err)
	return end
}

// refused waits until a call is refused with the cause, and checks that the caller was told why, unbilled.
func refused(t *testing.T, c *lab.Call, cause int) {
	t.Helper()
	end := endOf(t, c)
	before, _ := c.HeardAudio()
	if !c.AnsweredAt().IsZero() || end.Cause != cause || end.SIPStatus < 400 {
		t.Errorf("the call to %s ended with SIP %d, cause %d, answered %v; wanted a refusal with cause %d",
			c.Number, end.SIPStatus, end.Cause, c.AnsweredAt(), cause)
	}
	if before.Duration < 500*time.Millisecond {
		t.Errorf("the caller of %s heard %v of sound; wanted a spoken reason", c.Number, before.Duration)
	}
}

// reaches waits until the carrier gets the call, and returns the carrier's side.
func reaches(t *testing.T, l *lab.Lab, number string) *lab.Call {
	t.Helper()
	c, err := l.Carrier.WaitCall(within(t, 10*time.Second), number)
	must(t, err)
	return c
}

func hangup(t *testing.T, c *lab.Call) {
	t.Helper()
	must(t, c.Hangup(within(t, 10*time.Second)))
	endOf(t, c)
}
