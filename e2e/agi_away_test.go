package e2e

import (
	"syscall"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// Of two daemons the second decides while the first is dead, and no longer. Who has decided is told the end.
func TestAGISecondDaemon(t *testing.T) {
	t.Parallel()
	first, second := freeAddress(t), freeAddress(t)
	l := newLab(t, lab.Options{Globals: map[string]string{"DIALWARDEN_AGI": "agi://" + first, "DIALWARDEN_AGI_2": "agi://" + second}})
	a, b := withAGI(t, l, first), withAGI(t, l, second)
	d := a.serveAGI()
	b.serveAGI()
	goesOut := func(by, other *site, dialled string) {
		t.Helper()
		c := dial(t, l, "101", dialled)
		reaches(t, l, dialled[1:])
		up(t, c)
		hangup(t, c)
		if got := by.once(dialled); got.Source != call.SourceAGI || got.Call.EndSource != watch.SourceAGI || got.Call.AnsweredAt.IsZero() {
			t.Errorf("got %+v", got)
		}
		if got := other.about(dialled); len(got) != 0 {
			t.Errorf("the other daemon knows of it: %+v", got)
		}
	}
	goesOut(a, b, "962368001")
	talking := dial(t, l, "102", "962368002")
	up(t, talking)
	a.decision(to("962368002"))
	d.kill()
	goesOut(b, a, "962368003")
	refused(t, dial(t, l, "103", "916812368004"), call.CauseCallRejected)
	if got := b.once("916812368004"); got.Action != call.Deny || got.Rule != "premium" {
		t.Errorf("got %+v", got)
	}
	a.serveAGI()
	goesOut(a, b, "962368005")
	hangup(t, talking)
	if got := a.once("962368002"); got.Call.EndSource != watch.SourceAGI || got.Call.AnsweredAt.IsZero() {
		t.Errorf("the call that outlived its daemon: %+v", got)
	}
}

// A daemon that hangs keeps its callers waiting for 15 seconds, and nobody who hangs up, and no emergency call. When it goes
// on, it learns what has ended meanwhile.
func TestAGIDaemonHangs(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	l := newLab(t, lab.Options{Globals: map[string]string{"DIALWARDEN_AGI": "agi://" + address}})
	s := withAGI(t, l, address)
	s.addPIN("583921", "Li Wei", 2)
	d := s.serveAGI()
	near, far, asking := dial(t, l, "101", "962369001"), dial(t, l, "102", "962369002"), dial(t, l, "103", "902112369003")
	up(t, near)
	up(t, far)
	asked(t, asking)
	s.decision(to("962369001"))
	s.decision(to("962369002"))
	d.signal(syscall.SIGSTOP)
	waiting, leaving := dial(t, l, "104", "962369004"), dial(t, l, "105", "962369005")
	emergency := dial(t, l, "106", "9119")
	up(t, emergency)
	reaches(t, l, "119")
	hangup(t, emergency)
	hangup(t, near)
	hangup(t, asking)
	must(t, reaches(t, l, "62369002").Hangup(within(t, 10*time.Second)))
	if end := endSoon(t, far); !end.ByRemote || end.Cause != call.CauseNormalClearing {
		t.Errorf("the called party hung up, and the caller got %+v", end)
	}
	wait(time.Second)
	hangup(t, leaving)
	for _, dialled := range []string{"9119", "962369001", "902112369003", "962369005"} {
		noCallLeft(t, l, dialled)
	}
	refused(t, waiting, call.CauseNetworkOutOfOrder)
	notCalled(t, l, "62369004")
	must(t, l.WaitIdle(within(t, 20*time.Second))) // what tells the daemon the ends gives up
	d.signal(syscall.SIGCONT)
	for _, dialled := range []string{"962369001", "962369002", "9119"} {
		if got := s.once(dialled); got.Call.AnsweredAt.IsZero() || got.Call.Cause != call.CauseNormalClearing {
			t.Errorf("%s: got %+v", dialled, got)
		}
	}
	s.once("902112369003")
	c := dial(t, l, "104", "962369006")
	reaches(t, l, "62369006")
	hangup(t, c)
	s.once("962369006")
}

// endSoon waits for a call's end, which must not be kept back by a daemon that hangs.
func endSoon(t *testing.T, c *lab.Call) lab.End {
	t.Helper()
	end, err := c.WaitEnded(within(t, 5*time.Second))
	must(t, err)
	return end
}
