package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// keys are typed on a handset after the prompt is heard.
type keys struct {
	typed string
	lab.Keys
	pause time.Duration // before the next are typed
}

// People type in many ways. Every caller has a number of his own; all are asked at the same time.
func TestHandset(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	right := s.addPIN("583921", "Li Wei", 2)
	low := s.addPIN("604817", "Chen", 1)
	disabled := s.addPIN("719264", "Wang", 2)
	if _, errs, status := s.run("", "pin", "disable", fmt.Sprint(disabled)); status != 0 {
		t.Fatal(errs)
	}
	s.serve()
	slow := lab.Keys{Tone: 200 * time.Millisecond, Gap: 1500 * time.Millisecond}
	allowed := map[string][]keys{
		"with pauses":       {{typed: "583921#", Keys: slow}},
		"in pieces":         {{typed: "58", pause: 3 * time.Second}, {typed: "39", pause: 3 * time.Second}, {typed: "21#"}},
		"as INFO":           {{typed: "583921#", Keys: lab.Keys{Info: true}}},
		"no hash":           {{typed: "583921"}},
		"star starts over":  {{typed: "58*77*583921#"}},
		"star first":        {{typed: "*", pause: time.Second}, {typed: "583921#"}},
		"hash alone":        {{typed: "##583921#"}},
		"keys of no number": {{typed: "A583B921D#"}},
		"wrong, then right": {{typed: "1357#", pause: time.Second}, {typed: "583921#"}},
		"too long at first": {{typed: "5839215839215#", pause: time.Second}, {typed: "583921#"}},
		"in a hurry":        {{typed: "583921#", Keys: lab.Keys{Tone: 40 * time.Millisecond, Gap: 40 * time.Millisecond}}},
		"heavily":           {{typed: "58", Keys: lab.Keys{Tone: 2500 * time.Millisecond}}, {typed: "3921#"}},
		"packets doubled":   {{typed: "583921#", Keys: lab.Keys{Network: lab.Doubling}}},
		"packets reordered": {{typed: "583921#", Keys: lab.Keys{Network: lab.Reordering}}},
		"packets lost":      {{typed: "583921#", Keys: lab.Keys{Network: lab.Losing}}},
	}
	n := 0
	number := func() string { n++; return fmt.Sprintf("9021123570%02d", n) }
	for name, typed := range allowed {
		dialled := number()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "103", dialled)
			asked(t, c)
			press(t, c, typed)
			reaches(t, l, dialled[1:])
			hangup(t, c)
			if d := s.once(dialled); d.Action != call.Allow || d.PINID != right {
				t.Errorf("got %+v", d)
			}
		})
	}
	refused := map[string]struct {
		dialled string
		typed   []keys
		pin     int64
	}{
		"nothing typed":          {dialled: number()},
		"disabled PIN":           {number(), []keys{{typed: "719264#", pause: time.Second}, {typed: "719264#", pause: time.Second}, {typed: "719264#"}}, 0},
		"PIN of too low a level": {"90014155551234", []keys{{typed: "604817#"}}, low},
	}
	for name, tt := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "104", tt.dialled)
			asked(t, c)
			press(t, c, tt.typed)
			end, err := c.WaitEnded(within(t, 90*time.Second))
			must(t, err)
			if end.Cause != call.CauseCallRejected || !end.ByRemote {
				t.Errorf("ended with %+v", end)
			}
			if d := s.once(tt.dialled); d.Action != call.Deny || d.Rule != "long_distance" || d.PINID != tt.pin {
				t.Errorf("got %+v", d)
			}
			notCalled(t, l, tt.dialled[1:])
		})
	}
}

func press(t *testing.T, c *lab.Call, all []keys) {
	t.Helper()
	for _, k := range all {
		must(t, c.SendKeys(k.typed, k.Keys))
		if k.pause > 0 {
			wait(k.pause)
		}
	}
}

// Whenever a caller hangs up, his attempt is one row, which has ended.
func TestHangUpAnywhere(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.addPIN("583921", "Li Wei", 2)
	l.Carrier.Behave("62358001", lab.Behaviour{Ring: lab.RingForever})
	s.serve()
	phases := []struct {
		dialled string
		until   func(*testing.T, *lab.Call)
	}{
		{"962358001", func(t *testing.T, _ *lab.Call) { reaches(t, l, "62358001") }}, // while it rings
		{"962358002", up},
		{"916812358003", func(t *testing.T, c *lab.Call) { must(t, c.WaitAudio(within(t, 10*time.Second))) }}, // in the refusal
		{"902112358004", up},
		{"902112358005", asked},
		{"902112358006", func(t *testing.T, c *lab.Call) { asked(t, c); press(t, c, []keys{{typed: "583"}}) }},
		{"902112358007", func(t *testing.T, c *lab.Call) { asked(t, c); press(t, c, []keys{{typed: "583921#"}}) }},
		{"902112358008", func(t *testing.T, c *lab.Call) { asked(t, c); press(t, c, []keys{{typed: "583922#"}}) }},
		{"902112358009", func(t *testing.T, c *lab.Call) {
			asked(t, c)
			press(t, c, []keys{{typed: "583921#", pause: 20 * time.Millisecond}})
		}},
	}
	for _, p := range phases {
		t.Run(p.dialled, func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "105", p.dialled)
			p.until(t, c)
			must(t, c.Hangup(within(t, 10*time.Second)))
			s.once(p.dialled)
		})
	}
	for i := range 10 { // at once, before anybody can say how far the call is
		dialled := fmt.Sprintf("9623581%02d", i)
		t.Run(dialled, func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "106", dialled)
			wait(time.Duration(i) * time.Millisecond)
			must(t, c.Hangup(within(t, 10*time.Second)))
			noCallLeft(t, l, dialled)
			if all := s.about(dialled); len(all) > 1 || len(all) == 1 && s.ended(all[0].ID).Action != call.Allow {
				t.Errorf("got %+v", all)
			}
		})
	}
}

// noCallLeft waits until Asterisk has no channel of a call to what was dialled.
func noCallLeft(t *testing.T, l *lab.Lab, dialled string) {
	t.Helper()
	eventually(t, "the call has ended in Asterisk", func() bool {
		channels, err := l.Channels(within(t, 10*time.Second))
		must(t, err)
		for _, ch := range channels {
			if ch.Dialplan.Exten == dialled {
				return false
			}
		}
		return true
	})
}
