package gate

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// alone brings a call over FastAGI, from 101 on channel c.
func (w *world) alone(entry, dialled string) bool {
	a := w.attempt("c", dialled)
	a.Source = call.SourceAGI
	return w.gate.ArriveAlone(a, entry, worldLine{w, "c"})
}

// Whoever says that he is a channel that is being decided does not disturb its conversation.
func TestArriveAlone(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open()
		if !w.alone("1", "0211234") {
			t.Fatal("the call is not taken")
		}
		synctest.Wait()
		for _, entry := range []string{"1", "2"} {
			if w.alone(entry, "5551234") {
				t.Errorf("entry %s is taken while the channel is being decided", entry)
			}
		}
		w.wants("c: judge rev1", "c: announce long_distance", "c: answer", "c: play "+pin+" 1")
		w.gate.Left("c", "1")
		synctest.Wait()
		w.said = nil
		if w.alone("1", "5551234") || !w.alone("2", "5551234") {
			t.Error("after the first entry has left, the second may come, and no other")
		}
		w.wants("c: judge rev1", "c: record allow local", "c: release 2 5551234")
		w.gate.Left("c", "2")
	})
}

// Keys, hang-ups and the end of a line count for the entry that they are of, and for no other.
func TestDeliverTo(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open()
		w.alone("1", "0211234")
		synctest.Wait()
		w.said = nil
		w.types("c", "5") // Asterisk tells the same key over ARI
		w.gate.DeliverTo("c", "2", call.HungUp{})
		w.gate.DeliverTo("d", "1", call.HungUp{})
		w.gate.Left("c", "2")
		w.gate.Left("d", "1")
		w.wants()
		w.gate.DeliverTo("c", "1", call.Digit{Key: '5'})
		w.wants("c: silence 1")
		w.gate.DeliverTo("c", "1", call.HungUp{})
		w.wants("c: record challenge long_distance")
		w.gate.Left("c", "1")
	})
}

// An emergency call that is told when it begins and, over FastAGI, after its end is recorded once, however long it was.
func TestEmergencyToldTwice(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open()
		a := call.Attempt{Source: call.SourceDialplan, Channel: "a", Extension: "101", Dialled: "112"}
		w.gate.Emergency(a)
		time.Sleep(2 * memory)
		a.Channel = "b" // the gate forgets what is old
		w.gate.Emergency(a)
		w.gate.Recorded("a")
		w.gate.Gone("a")
		a.Channel = "a"
		w.gate.Emergency(a)
		synctest.Wait()
		if len(w.rows) != 2 {
			t.Errorf("%d rows, want one for each channel: %+v", len(w.rows), w.rows)
		}
	})
}
