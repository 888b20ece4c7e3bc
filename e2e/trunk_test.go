package e2e

import (
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// A trunk that is dialled by way of a Local channel, as where a context chooses the carrier: the cap holds, and the end is
// that of the call, with nobody but the dialplan to see it.
func TestTrunkByLocalChannel(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	l := newLab(t, lab.Options{
		Globals: map[string]string{"DIALWARDEN_AGI": "agi://" + address, "DIALWARDEN_TRUNK": "Local/NUMBER@least-cost"},
		ExtraDialplan: `
[least-cost]
exten => _X!,1,Dial(PJSIP/${EXTEN}@carrier,,i)
 same => n,Hangup(${HANGUPCAUSE})
`,
	})
	s := withAGI(t, l, address)
	s.write("policy/data/cap.yaml", "max_seconds: {local: 3}\nwarn_seconds: 0\nring_seconds: 1\n")
	d := s.serveAGI()
	t.Run("calls", func(t *testing.T) {
		t.Run("cut", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "101", "962350001")
			up(t, c)
			lasts(t, c, 3)
			if d := s.once("962350001"); d.Call.Seconds != 3 || d.Call.Cause != call.CauseNormalClearing {
				t.Errorf("got %+v", d.Call)
			}
		})
		t.Run("not answered", func(t *testing.T) {
			t.Parallel()
			l.Carrier.Behave("62350002", lab.Behaviour{Ring: lab.RingForever})
			c := dial(t, l, "102", "962350002")
			if end := endOf(t, c); end.Cause != 19 || s.once("962350002").Call.Cause != 19 {
				t.Errorf("ended with %+v", end)
			}
		})
	})
	// Nobody but the next caller's channel can be asked how calls ended while there was no daemon.
	t.Run("ended without a daemon", func(t *testing.T) {
		l.Carrier.Behave("62350004", lab.Behaviour{Ring: lab.RingForever})
		s.write("policy/data/cap.yaml", "max_seconds: {local: 30}\nwarn_seconds: 0\nring_seconds: 30\n")
		talks, rings := dial(t, l, "103", "962350003"), dial(t, l, "104", "962350004")
		up(t, talks)
		reaches(t, l, "62350004")
		d.kill()
		hangup(t, rings)
		hangup(t, talks)
		s.serveAGI()
		next := dial(t, l, "105", "962350005")
		up(t, next)
		hangup(t, next)
		answered, not := s.once("962350003").Call, s.once("962350004").Call
		if answered.EndSource != watch.SourceDialplan || answered.Seconds == 0 || answered.Cause != call.CauseNormalClearing {
			t.Errorf("got %+v", answered)
		}
		if not.EndSource != watch.SourceDialplan || !not.AnsweredAt.IsZero() {
			t.Errorf("got %+v", not)
		}
	})
}
