package guard

import (
	"fmt"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// lcr has a call go through a Local channel: its two halves, and who dialled them.
func (w *world) lcr(caller string) (second call.Channel) {
	one := call.Channel{ID: caller + ".1", Name: "Local/" + caller + "@lcr-1;1"}
	two := call.Channel{ID: caller + ".2", Name: "Local/" + caller + "@lcr-1;2"}
	w.Made(one)
	w.Made(two)
	w.Dialled(phoneChannel(caller), one)
	return two
}

// TestBehindLocal: the trunk that DIALWARDEN_TRUNK dials stands behind a Local channel. The call that gives way is one of the
// trunk that has refused the emergency, whether or not data/lines.yaml counts it; if two have, it is the one of the first try.
func TestBehindLocal(t *testing.T) {
	for name, lines := range map[string]call.Lines{"counted": trunk6(), "not counted": {}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, lines, func(w *world) {
				for n := range 2 {
					w.talks(fmt.Sprint("c", n), "102", call.Local)
				}
				w.emergency("e")
				for try, carrier := range []string{"carrier", "carrier", "other"} {
					half := w.lcr("e")
					x := call.Channel{ID: fmt.Sprint("x", try), Name: fmt.Sprint("PJSIP/", carrier, "-", try), MadeAt: time.Now()}
					w.Made(x)
					w.Dialled(half, x)
					w.NeedsChannel(phoneChannel("e"), "", "Local/NUMBER@lcr/n")
					w.Gone(x.ID, 34)
					w.Gone("e.2", 34)
					w.Gone("e.1", 34)
					w.pass(500 * time.Millisecond)
				}
				w.pass(2 * time.Second)
				w.want("cut c1.t 8", 1)
				w.want("cut c0", 0)
				w.Gone("e", 16)
				if w.tried["e"] != "" {
					t.Errorf("left over: %+v", w.tried)
				}
			})
		})
	}
}

// TestRefusedBeforeItIsDialled: the dialplan's word that the trunk has refused comes before Asterisk's that it was dialled.
func TestRefusedBeforeItIsDialled(t *testing.T) {
	inBubble(t, call.Lines{}, func(w *world) {
		for n := range 2 {
			w.talks(fmt.Sprint("c", n), "102", call.Local)
		}
		w.emergency("e")
		half := w.lcr("e")
		x := call.Channel{ID: "x", Name: "PJSIP/carrier-1", MadeAt: time.Now()}
		w.NeedsChannel(phoneChannel("e"), "", "Local/NUMBER@lcr")
		w.Made(x)
		w.Dialled(half, x)
		w.Gone(x.ID, 34)
		for range 3 {
			w.pass(500 * time.Millisecond)
			w.NeedsChannel(phoneChannel("e"), "", "Local/NUMBER@lcr")
		}
		w.pass(2 * time.Second)
		w.want("cut c1.t 8", 1)
		w.want("cut c0", 0)
	})
}

// TestCongestedBeforeTheTrunk: the dialplan behind the Local channel refuses without dialling: the trunk is the one of that
// name in data/lines.yaml.
func TestCongestedBeforeTheTrunk(t *testing.T) {
	lines := trunk6()
	lines.Trunks["second"] = call.TrunkLine{Endpoint: "PJSIP/other", Channels: 2}
	inBubble(t, lines, func(w *world) {
		w.talks("c", "102", call.Local)
		w.NeedsChannel(phoneChannel("a"), "second", "Local/NUMBER@lcr")
		w.pass(3 * time.Second)
		w.want("cut", 0)
		w.NeedsChannel(phoneChannel("b"), "", "Local/NUMBER@lcr")
		w.pass(3 * time.Second)
		w.want("cut c.t 8", 1)
	})
}

// TestTransferred: the caller of a call that gives way has passed it on: who talks now hears the word, and sees the cause.
func TestTransferred(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		w.talks("c", "102", call.Local)
		w.Gone("c", 16)
		w.emergency("e")
		w.refused("e")
		w.pass(3 * time.Second)
		w.want("tell c.t", 1)
		w.want("tell partner of c.t", 1)
		w.want("cut partner of c.t 8", 1)
		w.want("cut c.t 8", 1)
		if len(w.alerts) != 1 || w.alerts[0].Extension != "102" || w.Cause("partner of c.t", 16) != call.CausePreempted {
			t.Errorf("alerts: %+v", w.alerts)
		}
	})
}

// TestCauseBehindLocal: both halves of a Local channel that a call that gives way goes through end with its cause.
func TestCauseBehindLocal(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		if !w.letOut("c", "102", call.Local) {
			t.Fatal("not let out")
		}
		half := w.lcr("c")
		w.Dialled(half, trunkChannel("c"))
		w.Answered(half, trunkChannel("c"))
		w.emergency("e")
		w.refused("e")
		w.pass(3 * time.Second)
		for _, id := range []string{"c", "c.1", "c.2", "c.t"} {
			if got := w.Cause(id, 16); got != call.CausePreempted {
				t.Errorf("%s: cause %d", id, got)
			}
		}
		w.want("tell c.t", 1)
		w.want("cut c 8", 1)
	})
}
