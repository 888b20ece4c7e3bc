package e2e

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// Phones send keys in many ways, and some in a wrong one: a PIN is heard exactly once, or not at all. It has equal
// neighbours, so that a key heard twice or not at all is seen.
func TestKeysOnTheWire(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	pin := s.addPIN("588321", "Li Wei", 2)
	s.serve()
	audible := lab.Keys{Audible: true}
	for name, tt := range map[string]struct {
		dialled string
		offered byte // the payload type of telephone-event in the phone's offer; zero for none
		keys    lab.Keys
		heard   bool
	}{
		"payload type 96":                {"902113572001", 96, lab.Keys{}, true},
		"payload type 97":                {"902113572002", 97, lab.Keys{}, true},
		"another type than agreed":       {"902113572003", 97, lab.Keys{Payload: 101}, false},
		"a type that nobody knows":       {"902113572004", 101, lab.Keys{Payload: 111}, false},
		"audible tones":                  {"902113572005", 0, audible, true},
		"audible, in a hurry":            {"902113572006", 0, lab.Keys{Audible: true, Tone: 80 * time.Millisecond, Gap: 80 * time.Millisecond}, true},
		"audible, though it said events": {"902113572007", 101, audible, false},
		"INFO, and no events offered":    {"902113572008", 0, lab.Keys{Info: true}, true},
		"events that were not agreed":    {"902113572009", 0, lab.Keys{Payload: 101}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := l.Phone("103").DialOffering(within(t, 10*time.Second), tt.dialled, tt.offered)
			must(t, err)
			asked(t, c)
			must(t, c.SendKeys("588321#", tt.keys))
			if !tt.heard { // as if nothing had been typed: he may still type it in another way
				must(t, c.SendKeys("588321#", lab.Keys{Info: true}))
			}
			reaches(t, l, tt.dialled[1:])
			hangup(t, c)
			if d := s.once(tt.dialled); d.Action != call.Allow || d.PINID != pin {
				t.Errorf("got %+v", d)
			}
		})
	}
}
