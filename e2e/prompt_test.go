package e2e

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// A phone has more keys than digits. Whatever is done with a call that waits for a PIN, nothing goes to the trunk
// that was not decided.
func TestDuringAPrompt(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{ExtraDialplan: adminsDials})
	s := newSite(t, l, "")
	pin := s.addPIN("583921", "Li Wei", 2)
	other := s.addPIN("604817", "Chen", 2)
	s.serve()
	allowed := func(t *testing.T, c *lab.Call, number, extension string, by int64) {
		t.Helper()
		reaches(t, l, number)
		hangup(t, c)
		if d := s.once("9" + number); d.Action != call.Allow || d.PINID != by || d.Extension != extension {
			t.Errorf("got %+v", d)
		}
	}
	t.Run("transferred", func(t *testing.T) {
		t.Parallel()
		c := dial(t, l, "101", "902113571001")
		asked(t, c)
		transfer(t, c, "962373001", nil)
		press(t, c, []keys{{typed: "583921#"}})
		allowed(t, c, "02113571001", "101", pin)
		notCalled(t, l, "62373001")
		if all := s.about("962373001"); len(all) != 0 {
			t.Errorf("got %+v", all)
		}
	})
	t.Run("handed to another", func(t *testing.T) {
		t.Parallel()
		first := dial(t, l, "102", "7107")
		left, err := l.Phone("107").WaitCall(within(t, 10*time.Second))
		must(t, err)
		asked(t, first)
		second := dial(t, l, "102", "902113571002")
		asked(t, second)
		transfer(t, first, "902113571002", second)
		turnedAway(t, left, call.CauseTemporaryFailure)
		if d := s.once("902113571002"); d.Action != call.Challenge || d.Extension != "102" {
			t.Errorf("got %+v", d)
		}
		notCalled(t, l, "02113571002")
	})
	t.Run("held", func(t *testing.T) {
		t.Parallel()
		c := dial(t, l, "103", "902113571003")
		asked(t, c)
		must(t, c.Hold(within(t, 10*time.Second)))
		wait(300 * time.Millisecond)
		must(t, c.Resume(within(t, 10*time.Second)))
		press(t, c, []keys{{typed: "583921#"}})
		allowed(t, c, "02113571003", "103", pin)
	})
	t.Run("two calls of one phone", func(t *testing.T) {
		t.Parallel()
		one, two := dial(t, l, "104", "902113571004"), dial(t, l, "104", "902113571005")
		asked(t, one)
		asked(t, two)
		press(t, one, []keys{{typed: "583"}})
		press(t, two, []keys{{typed: "604"}})
		press(t, one, []keys{{typed: "921#"}})
		press(t, two, []keys{{typed: "817#"}})
		allowed(t, one, "02113571004", "104", pin)
		allowed(t, two, "02113571005", "104", other)
	})
}
