package e2e

import (
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// Of two daemons the second decides while the first is dead, and no longer. Who has decided is told the end.
func TestAGISecondDaemon(t *testing.T) {
	t.Parallel()
	first, second := freeAddress(t), freeAddress(t)
	l := ownLab(t, lab.Options{Globals: map[string]string{"DIALWARDEN_AGI": "agi://" + first, "DIALWARDEN_AGI_2": "agi://" + second}})
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
