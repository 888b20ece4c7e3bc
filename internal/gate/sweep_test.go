package gate

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

func TestSweepAdoptsWhoWaits(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open().sweep(map[string]string{"c": "5551234", "talking": ""})
		w.wants("c: judge rev1", "c: record allow local", "c: release 1 5551234")
		if !w.rows[0].Attempt.Adopted {
			t.Error("the row does not say that the call was adopted")
		}
		w.sweep(map[string]string{"c": "5551234"})
		w.arrive("c", "5551234")
		w.wants()
	})
}

// TestSweepKnowsLateArrivals leaves a call alone that came after the look.
func TestSweepKnowsLateArrivals(t *testing.T) {
	inBubble(t, func(w *world) {
		before := Snapshot{Taken: time.Now()}
		time.Sleep(time.Millisecond)
		w.open().arrive("c", "0211234")
		synctest.Wait()
		w.said = nil
		w.gate.Sweep(before)
		w.wants()
		time.Sleep(time.Millisecond)
		w.sweep(nil)
		w.wants("c: record challenge long_distance")
	})
}

// TestSweepRefusesWhoIsStuck gives a released caller the time that a prompt may take, then refuses him.
func TestSweepRefusesWhoIsStuck(t *testing.T) {
	for name, test := range map[string]struct {
		fails []string
		want  []string
	}{
		"refused":  {nil, []string{"c: refuse 0 unavailable 41"}},
		"hung up":  {[]string{"refuse"}, []string{"c: refuse 0 unavailable 41", "c: hang up 41"}},
		"had gone": {[]string{"gone"}, []string{"c: refuse 0 unavailable 41"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				waits := map[string]string{"c": "5551234"}
				w.open().arrive("c", "5551234")
				synctest.Wait()
				w.said = nil
				for _, f := range test.fails {
					w.fails[f] = errBroken
					if f == "gone" {
						w.fails["refuse"] = fmt.Errorf("%w: 404", call.ErrGone)
					}
				}
				time.Sleep(patience)
				w.sweep(waits)
				w.wants()
				time.Sleep(time.Second)
				w.sweep(waits)
				w.wants(test.want...)
				if len(w.rows) != 1 {
					t.Errorf("%d rows, want one", len(w.rows))
				}
			})
		})
	}
}

// TestSweepLeavesAConversationAlone that is still going on.
func TestSweepLeavesAConversationAlone(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open().arrive("c", "0211234")
		synctest.Wait()
		w.said = nil
		for range 4 {
			time.Sleep(5 * time.Second)
			w.sweep(map[string]string{"c": "0211234"})
		}
		w.wants()
		w.types("c", "2468#")
		w.wants("c: silence 1", ": "+verified, "c: judge rev1", "c: record allow local", "c: release 1 0211234")
	})
}

// TestOrphans are challenges of a daemon that died at the prompt.
func TestOrphans(t *testing.T) {
	orphan := func(channel string) call.Record {
		return call.Record{
			Attempt:  call.Attempt{Channel: channel, Extension: "101", Dialled: "0211234"},
			Decision: call.Decision{Action: call.Challenge, Rule: "long_distance"},
		}
	}
	inBubble(t, func(w *world) {
		w.open(orphan("gone"), orphan("waits"), orphan("refused by the dialplan"))
		w.sweep(map[string]string{"waits": "0211234", "refused by the dialplan": ""})
		// The sweep's own order is that of a map; what counts is who is there.
		var adopted bool
		for _, r := range w.rows {
			if r.Attempt.Channel != "gone" || len(r.Decision.Reasons) != 1 {
				t.Errorf("recorded is %+v", r)
			}
		}
		for _, line := range w.said {
			adopted = adopted || line == "waits: play "+pin+" 1"
		}
		if len(w.rows) != 1 || !adopted {
			t.Fatalf("%d rows (want that of the one who is gone); adopted: %v\n%v", len(w.rows), adopted, w.said)
		}
		if len(w.usages) != 1 {
			t.Error("the tracker does not follow the orphan: its call would never end in the ledger")
		}
		w.said = nil
		w.sweep(map[string]string{"waits": "0211234"})
		w.wants("refused by the dialplan: record challenge long_distance")
		w.types("waits", "2468#")
		w.wants("waits: silence 1", ": "+verified, "waits: judge rev1", "waits: record allow local", "waits: release 3 0211234")
		w.sweep(nil)
		w.wants()
		if len(w.gate.orphans) != 0 {
			t.Errorf("%d orphans are left", len(w.gate.orphans))
		}
	})
}
