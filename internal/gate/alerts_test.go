package gate

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// alerted waits until the gate rests, and returns what was raised so far.
func (w *world) alerted() []call.Alert {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]call.Alert(nil), w.alerts...)
}

// Everybody who is to be told of an emergency call is told once, with the place; where nobody is named, it is told all the same.
func TestEmergencyIsTold(t *testing.T) {
	for _, c := range []struct {
		dialled string
		notify  []call.Notice
		want    string
	}{
		{"112", nil, ""}, {"9112", nil, ""}, // which only the dialplan takes for an emergency number
		{"112", []call.Notice{{Rule: "emergency", To: "operator"}, {Rule: "emergency", To: "gate"}, {Rule: "other", To: "gate"}}, "operator gate"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.decide = func(call.Facts) call.Decision { return call.Decision{Action: call.Deny, Rule: "no", Notify: c.notify} }
			w.open()
			a := call.Attempt{Source: call.SourceDialplan, Channel: "c1", Extension: "101", Dialled: c.dialled, At: time.Now()}
			w.gate.Emergency(a)
			w.gate.Emergency(a)
			var to []string
			for _, x := range w.alerted() {
				to = append(to, x.To)
				if x.Kind != call.AlertEmergency || x.DecisionID != 1 || x.Place != "Ward 3" || x.Holder != "Li Wei" || x.Extension != "101" || x.Number != c.dialled || x.At.IsZero() ||
					!strings.HasPrefix(x.Text, "Emergency call to "+c.dialled+" from 101 (Li Wei, Ward 3), 2000-01-01T") {
					t.Errorf("got %+v", x)
				}
			}
			if len(to) == 0 || strings.Join(to, " ") != c.want {
				t.Errorf("%s: told to %q, want %q", c.dialled, to, c.want)
			}
		})
	}
}

// A ledger that cannot be written, or hangs, keeps nobody from being told within two seconds, and nobody is told twice.
func TestEmergencyIsToldWithoutLedger(t *testing.T) {
	for name, spoil := range map[string]func(*world) func(){
		"broken": func(w *world) func() { w.fails["record"] = errors.New("the disk is full"); return func() {} },
		"hangs":  func(w *world) func() { return w.hold("record") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				mend := spoil(w)
				w.open()
				w.gate.Emergency(call.Attempt{Source: call.SourceDialplan, Channel: "c1", Extension: "101", Dialled: "112"})
				time.Sleep(2 * time.Second)
				if got := w.alerted(); len(got) != 1 || got[0].DecisionID != 0 {
					t.Errorf("after two seconds there are %+v", got)
				}
				w.mu.Lock()
				delete(w.fails, "record")
				w.mu.Unlock()
				mend()
				time.Sleep(3 * time.Second)
				if got := w.alerted(); len(got) != 1 || len(w.rows) != 1 {
					t.Errorf("in the end there are %+v and %d rows", got, len(w.rows))
				}
			})
		})
	}
}

// An emergency call that is decided inside, because the dialplan lacks the number, is told like any other.
func TestEmergencyInsideIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t).open()
		w.gate.Arrive(call.Attempt{Source: call.SourceARI, Channel: "c1", Extension: "101", Dialled: "112"}, "e1", worldLine{w, "c1"})
		if got := w.alerted(); len(got) != 1 || got[0].Kind != call.AlertEmergency || got[0].Place != "Ward 3" || got[0].DecisionID != 1 {
			t.Errorf("got %+v", got)
		}
		w.gate.Gone("c1")
	})
}
