package gate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

func TestDecides(t *testing.T) {
	for name, test := range map[string]struct {
		dialled string
		fails   []string
		want    []string
	}{
		"allow":     {"5551234", nil, []string{"judge rev1", "record allow local", "release 1 5551234"}},
		"deny":      {"1600", nil, []string{"judge rev1", "record deny premium", "refuse 1 premium 21"}},
		"no number": {"5551234,q", nil, []string{"record deny invalid_number", "refuse 1 invalid 28"}},
		"emergency": {"112", nil, []string{"judge rev1", "record allow emergency", "release 1 112"}},
		"ledger fails": {
			"5551234", []string{"record"},
			[]string{"judge rev1", "record allow local", "refuse 0 unavailable 41"},
		},
		"ledger fails at a denial": {
			"1600", []string{"record"},
			[]string{"judge rev1", "record deny premium", "refuse 0 unavailable 41"},
		},
		"ledger fails at an emergency": {"112", []string{"record"}, []string{"judge rev1", "record allow emergency", "release 0 112"}},
		"ledger fails before the caller is asked": {
			"0211234", []string{"announce"},
			[]string{"judge rev1", "announce long_distance", "record deny unavailable", "refuse 1 unavailable 41"},
		},
		"release fails": {
			"5551234", []string{"release"},
			[]string{"judge rev1", "record allow local", "release 1 5551234", "refuse 1 unavailable 41"},
		},
		"the line does nothing": {
			"5551234", []string{"release", "refuse", "hang up"},
			[]string{"judge rev1", "record allow local", "release 1 5551234", "refuse 1 unavailable 41", "hang up 41"},
		},
		"emergency release fails": {
			"112", []string{"release"},
			[]string{"judge rev1", "record allow emergency", "release 1 112", "refuse 1 unavailable 41"},
		},
		"answer fails": {
			"0211234", []string{"answer"},
			[]string{"judge rev1", "announce long_distance", "answer", "record deny unavailable", "refuse 1 unavailable 41"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				for _, step := range test.fails {
					w.fails[step] = errBroken
				}
				w.open().arrive("c", test.dialled)
				for i := range test.want {
					test.want[i] = "c: " + test.want[i]
				}
				w.wants(test.want...)
			})
		})
	}
}

func TestPIN(t *testing.T) {
	asked := "c: judge rev1|c: announce long_distance|c: answer|c: play " + pin + " 1"
	passed := ": " + verified + "|c: judge rev1|c: record allow local|c: release 1 0211234"
	for name, test := range map[string]struct {
		then func(*world)
		want string
	}{
		"right": {func(w *world) { w.types("c", "2468#") }, asked + "|c: silence 1|" + passed},
		"right, after the prompt": {func(w *world) {
			w.gate.Deliver("c", call.PromptEnded{Seq: 1})
			w.types("c", "2468#")
		}, asked + "|" + passed},
		"right, without #": {func(w *world) {
			w.types("c", "2468")
			time.Sleep(call.DefaultDialogue().NextKey)
		}, asked + "|c: silence 1|" + passed},
		"three wrong": {func(w *world) {
			w.types("c", "1111#")
			w.types("c", "2222#")
			w.types("c", "3333#")
		}, asked + "|c: silence 1|: " + verified + "|c: play " + again + " 2|c: silence 2|: " + verified + "|c: play " + again + " 3|" +
			"c: silence 3|: " + verified + "|c: record deny long_distance|c: refuse 1 pin_refused 21"},
		"nothing is typed": {func(w *world) {
			for seq := 1; seq <= 3; seq++ {
				w.gate.Deliver("c", call.PromptEnded{Seq: seq})
				time.Sleep(call.DefaultDialogue().FirstKey)
				synctest.Wait()
			}
		}, asked + "|c: play " + again + " 2|c: play " + again + " 3|c: record deny long_distance|c: refuse 1 pin_refused 21"},
		"for ever at it": {func(w *world) {
			for range 100 {
				w.types("c", "1*")
				time.Sleep(time.Second)
			}
		}, "…|c: silence 61|c: record deny long_distance|c: refuse 1 pin_refused 21"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.open().arrive("c", "0211234")
				synctest.Wait()
				test.then(w)
				synctest.Wait()
				got := strings.Join(w.said, "|")
				if tail, ok := strings.CutPrefix(test.want, "…"); ok {
					if !strings.HasSuffix(got, tail) {
						t.Errorf("it ended:\n%s\nwanted:\n%s", got, tail)
					}
				} else if got != test.want {
					t.Errorf("the gate did:\n%s\nwanted:\n%s", got, test.want)
				}
				if name[:5] == "right" && w.rows[0].PINID != 7 {
					t.Errorf("the row names PIN %d, want 7", w.rows[0].PINID)
				}
			})
		})
	}
}

func TestPromptThatCannotBePlayed(t *testing.T) {
	inBubble(t, func(w *world) {
		w.fails["play"] = errBroken
		w.open().arrive("c", "0211234")
		synctest.Wait()
		w.said = nil
		w.types("c", "2468#") // who knows what is wanted can type it
		w.wants(": "+verified, "c: judge rev1", "c: record allow local", "c: release 1 0211234")
	})
}

// TestHangUp ends the call in every phase: what was begun is finished, one row is written, nobody is released who was
// gone before, and nothing is left running.
func TestHangUp(t *testing.T) {
	for _, test := range []struct{ phase, dialled, after string }{
		{"judge", "5551234", "record allow local"},
		{"judge", "1600", "record deny premium"},
		{"judge", "0211234", "record challenge long_distance"},
		{"announce", "0211234", "record challenge long_distance"},
		{"answer", "0211234", "record challenge long_distance"},
		{"play", "0211234", "record challenge long_distance"},
		{"verify", "0211234", "record challenge long_distance"},
		{"record", "5551234", ""},
		{"record", "112", ""},
		{"release", "5551234", ""},
		{"refuse", "1600", ""},
	} {
		for _, how := range []string{"gone", "left", "swept"} {
			t.Run(fmt.Sprint(test.phase, " ", test.dialled, " ", how), func(t *testing.T) {
				inBubble(t, func(w *world) {
					goOn := w.hold(test.phase)
					w.open().arrive("c", test.dialled)
					synctest.Wait()
					if test.phase == "verify" {
						w.types("c", "2468#")
					}
					if last := w.said[len(w.said)-1]; !strings.Contains(last, ": "+test.phase) {
						t.Fatalf("the call stands at %q, want %s", last, test.phase)
					}
					w.said = nil
					switch how {
					case "gone":
						w.gate.Gone("c")
					case "left": // Stasis, for example because its time was up
						w.gate.Deliver("c", call.HungUp{})
					case "swept":
						time.Sleep(time.Second)
						w.sweep(nil)
					}
					goOn()
					synctest.Wait()
					for i, line := range w.said {
						w.said[i] = strings.TrimPrefix(line, "c: ")
					}
					if got := strings.Join(w.said, "|"); got != test.after {
						t.Errorf("after the hang-up the gate did %q, want %q", got, test.after)
					}
					if len(w.rows) != 1 || len(w.usages) != 1 {
						t.Errorf("%d rows, %d told to the tracker; want one each", len(w.rows), len(w.usages))
					}
					w.gate.Gone("c")
					if n := len(w.gate.calls); n != 0 {
						t.Errorf("%d calls are remembered, want none", n)
					}
				})
			})
		}
	}
}

// TestGoneUnderACommand hears from the line itself that the caller is gone.
func TestGoneUnderACommand(t *testing.T) {
	for step, dialled := range map[string]string{"release": "5551234", "refuse": "1600", "answer": "0211234", "play": "0211234"} {
		t.Run(step, func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.fails[step] = fmt.Errorf("%w: 404", call.ErrGone)
				w.open().arrive("c", dialled)
				synctest.Wait()
				last := w.said[len(w.said)-1]
				if len(w.rows) != 1 || !strings.Contains(last, step) && !strings.Contains(last, "record challenge") {
					t.Errorf("%d rows, and at last %q", len(w.rows), last)
				}
			})
		})
	}
}

func TestEntriesAreTakenOnce(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open().arrive("c", "5551234")
		w.arrive("c", "5551234")
		w.wants("c: judge rev1", "c: record allow local", "c: release 1 5551234")
		w.arrive("c", "5551234")
		w.sweep(map[string]string{"c": "5551234"}) // it has not left Stasis yet
		w.wants()

		w.gate.Arrive(w.attempt("c", "1600"), "another entry", worldLine{w, "c"})
		w.wants("c: judge rev1", "c: record deny premium", "c: refuse 2 premium 21")

		// An entry is remembered as long as its channel is there, and some time longer; then it is forgotten.
		time.Sleep(memory)
		w.sweep(map[string]string{"c": "5551234"}) // a late look at the first entry
		w.wants()
		if len(w.gate.seen) != 2 {
			t.Errorf("%d entries are remembered, want 2: a late event could start them again", len(w.gate.seen))
		}
		w.sweep(nil)
		if len(w.gate.seen) != 0 || len(w.gate.calls) != 0 {
			t.Errorf("%d entries and %d calls are remembered for ever", len(w.gate.seen), len(w.gate.calls))
		}
	})
}

// TestSecondEntry comes while the caller is still asked in the first, which he has left.
func TestSecondEntry(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open().arrive("c", "0211234")
		synctest.Wait()
		w.said = nil
		w.gate.Arrive(w.attempt("c", "112"), "another entry", worldLine{w, "c"})
		synctest.Wait()
		if len(w.rows) != 2 || w.usages[0] == w.usages[1] {
			t.Errorf("%d rows, want one for each entry: %v", len(w.rows), w.said)
		}
	})
}

// TestKeysDuringTheCall are none of our business: they are not kept for the hours that a call may take.
func TestKeysDuringTheCall(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open().arrive("c", "5551234")
		w.wants("c: judge rev1", "c: record allow local", "c: release 1 5551234")
		w.types("c", "987654321")
		if kept := w.gate.calls["c"].inbox.Take(); kept != nil {
			t.Errorf("%d keys are kept", len(kept))
		}
	})
}

// TestReload keeps the book of a call to its end; the next call gets the new one.
func TestReload(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open().arrive("old", "0211234")
		synctest.Wait()
		w.mu.Lock()
		w.book = w.newBook("rev2")
		w.said = nil
		w.mu.Unlock()
		w.types("old", "2468#")
		w.wants("old: silence 1", ": "+verified, "old: judge rev1", "old: record allow local", "old: release 1 0211234")
		w.arrive("new", "5551234")
		w.wants("new: judge rev2", "new: record allow local", "new: release 2 5551234")
	})
}

func TestEmergencyOfTheDialplan(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open()
		for channel, dialled := range map[string]string{"a": "112", "b": "5550911"} { // the plan does not know the second
			w.gate.Emergency(call.Attempt{Source: call.SourceDialplan, Channel: channel, Extension: "101", Dialled: dialled})
			synctest.Wait()
		}
		for _, r := range w.rows {
			d := r.Decision
			if d.Action != call.Allow || d.Rule != call.RuleEmergency || r.Facts.Callee.Class != call.Emergency || len(d.Reasons) != 1 {
				t.Errorf("%s is recorded as %+v of class %s", r.Attempt.Dialled, d, r.Facts.Callee.Class)
			}
		}
		if len(w.rows) != 2 || len(w.usages) != 2 {
			t.Errorf("%d rows, %d told to the tracker; want two each", len(w.rows), len(w.usages))
		}
	})
}

// TestEmergencyWhileTheLedgerFails records an emergency call when the ledger can be written again, once, and gives up
// when the daemon stops.
func TestEmergencyWhileTheLedgerFails(t *testing.T) {
	inBubble(t, func(w *world) {
		w.open().fails["record"] = errBroken
		w.gate.Emergency(call.Attempt{Source: call.SourceDialplan, Channel: "a", Extension: "101", Dialled: "112"})
		time.Sleep(10 * time.Minute)
		w.mu.Lock()
		delete(w.fails, "record")
		w.mu.Unlock()
		time.Sleep(retryPause)
		synctest.Wait()
		if len(w.rows) != 1 || w.rows[0].Attempt.Channel != "a" || w.gate.late.Load() != 0 {
			t.Errorf("recorded are %+v", w.rows)
		}
		w.fails["record"] = errBroken
		w.gate.Emergency(call.Attempt{Source: call.SourceDialplan, Channel: "b", Extension: "101", Dialled: "112"})
		synctest.Wait()
		if err := w.gate.Stop(context.Background()); err != nil {
			t.Errorf("the gate does not stop: %v", err)
		}
	})
}

func TestStop(t *testing.T) {
	inBubble(t, func(w *world) {
		goOn := w.hold("judge")
		w.open().arrive("judged", "5551234")
		w.arrive("asked later", "0211234")
		synctest.Wait()
		delete(w.holds, "judge")
		w.arrive("at the prompt", "0219999")
		synctest.Wait()
		w.said = nil
		stopped := make(chan error)
		go func() { stopped <- w.gate.Stop(context.Background()) }()
		w.wants("at the prompt: silence 1", "at the prompt: record deny unavailable", "at the prompt: refuse 1 unavailable 41")
		w.arrive("late", "5551234")
		w.wants("late: judge rev1", "late: record allow local", "late: release 2 5551234")
		w.arrive("late, to be asked", "0211234")
		w.wants("late, to be asked: judge rev1", "late, to be asked: record deny unavailable",
			"late, to be asked: refuse 3 unavailable 41")
		select {
		case err := <-stopped:
			t.Errorf("it stopped (%v) before all was decided", err)
		default:
		}
		goOn()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if len(w.rows) != 5 {
			t.Errorf("%d rows, want 5", len(w.rows))
		}
	})
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	inBubble(t, func(w *world) {
		goOn := w.hold("record")
		defer goOn()
		w.open().arrive("c", "5551234")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := w.gate.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want that the time was over", err)
		}
	})
}

// TestArrivalsWhileStopping lets calls come and go from many goroutines while the gate stops, again and again: each is
// written down once.
func TestArrivalsWhileStopping(t *testing.T) {
	const writers, each = 4, 300
	w := newWorld(t).open()
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for n := range each {
				channel := fmt.Sprintf("%d.%d", i, n)
				w.arrive(channel, []string{"5551234", "0211234", "1600", "112"}[n%4])
				w.gate.Deliver(channel, call.Digit{Key: '1'})
				if n%2 == 0 {
					w.gate.Gone(channel)
				}
				w.gate.Sweep(Snapshot{})
			}
		})
	}
	for range 500 {
		if err := w.gate.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if err := w.gate.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(w.rows) != writers*each {
		t.Errorf("%d rows, want %d", len(w.rows), writers*each)
	}
}

func TestNewWithoutLedger(t *testing.T) {
	w := newWorld(t)
	w.fails["announced"] = errBroken
	if _, err := New(t.Context(), Config{Ledger: worldLedger{w, nil}}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}
