package gate

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/dialwarden/dialwarden/internal/call"
)

// trunks are seats on trunks of so many channels.
type trunks struct {
	mu    sync.Mutex
	free  map[string]int
	taken map[string]string // trunk, by channel
	asked []string
	take  func(t *trunks) // what happens between looking and taking; nil: nothing
}

func (t *trunks) Trunk(s call.Seat) call.Trunk {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = append(t.asked, s.Trunk+" for "+s.Caller.Extension)
	free, counted := t.free[s.Trunk]
	if !counted {
		return call.Trunk{}
	}
	return call.Trunk{Name: s.Trunk, Channels: 9, Free: free, Full: free == 0}
}

func (t *trunks) Take(s call.Seat, seen call.Trunk) bool {
	if t.take != nil {
		t.take(t)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	free, counted := t.free[s.Trunk]
	if counted && free == 0 && !seen.Full && !s.Urgent() {
		return false
	}
	t.free[s.Trunk], t.taken[s.Channel] = free-1, s.Trunk
	return true
}

func (t *trunks) Decided(channel string, decision int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if decision > 0 {
		t.asked = append(t.asked, "decided "+channel)
	}
}

func (t *trunks) Give(channel string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if trunk, ok := t.taken[channel]; ok {
		t.free[trunk]++
		delete(t.taken, channel)
	}
}

// seated is a world whose trunks have so many channels free, and whose policy refuses where there are none.
func seated(t *testing.T, free map[string]int) (*world, *trunks) {
	t.Helper()
	w, seats := newWorld(t), &trunks{free: free, taken: map[string]string{}}
	w.book.Lines = &call.Lines{}
	w.decide = func(f call.Facts) call.Decision {
		if f.Line.Trunk.Full {
			return call.Decision{Action: call.Deny, Rule: "reserve", Prompt: "lines_busy", Cause: call.CauseNoChannel}
		}
		return call.Decision{Action: call.Allow, Rule: "local"}
	}
	w.open()
	w.gate.Seats = seats
	return w, seats
}

// TestSeatIsTaken with the decision, and stays with the call that is let out.
func TestSeatIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, seats := seated(t, map[string]int{"default": 1})
		w.arrive("c1", "555")
		synctest.Wait()
		w.arrive("c2", "555")
		synctest.Wait()
		if seats.free["default"] != 0 || seats.taken["c1"] == "" || w.rows[0].Decision.Action != call.Allow ||
			w.rows[1].Decision.Rule != "reserve" || !w.rows[1].Facts.Line.Trunk.Full {
			t.Errorf("%+v, %+v", seats, w.rows)
		}
		if !slices.Contains(seats.asked, "decided c1") {
			t.Errorf("asked: %q", seats.asked)
		}
	})
}

// TestSeatGoesMeanwhile: another call takes the last channel between judgement and seat: the call is judged once more.
func TestSeatGoesMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, seats := seated(t, map[string]int{"default": 1})
		seats.take = func(s *trunks) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.free["default"] = 0
		}
		w.arrive("c1", "555")
		synctest.Wait()
		if len(seats.taken) != 0 || w.rows[0].Decision.Rule != "reserve" {
			t.Errorf("%+v, %+v", seats, w.rows)
		}
	})
}

// TestSeatIsGivenBack where the ledger cannot be written, or the line fails.
func TestSeatIsGivenBack(t *testing.T) {
	for _, step := range []string{"record", "release"} {
		synctest.Test(t, func(t *testing.T) {
			w, seats := seated(t, map[string]int{"default": 3})
			w.fails[step] = call.ErrGone
			w.arrive("c1", "555")
			synctest.Wait()
			if seats.free["default"] != 3 || len(seats.taken) != 0 {
				t.Errorf("%s fails: %+v", step, seats)
			}
		})
	}
}

// TestSeatOnTheRoute: a call takes its seat on the trunk that a rule sends it to, by the figures of that trunk; one that
// stays inside takes none.
func TestSeatOnTheRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, seats := seated(t, map[string]int{"default": 5, "second": 0})
		usual := w.decide
		w.decide = func(f call.Facts) call.Decision {
			d := usual(f)
			if f.Callee.Digits == "777" {
				d.Route.Trunk = "second"
			}
			return d
		}
		w.arrive("c1", "777")
		w.arrive("c2", "102")
		synctest.Wait()
		if len(seats.taken) != 0 || w.rows[0].Facts.Line.Trunk.Name == w.rows[1].Facts.Line.Trunk.Name {
			t.Errorf("%+v, %+v", seats, w.rows)
		}
	})
}
