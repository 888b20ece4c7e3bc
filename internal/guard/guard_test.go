package guard

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestFiftyAtOnce: however many calls are decided at one moment, they never take more than is not kept free.
func TestFiftyAtOnce(t *testing.T) {
	lines := trunk6()
	lines.Trunks["default"] = call.TrunkLine{Endpoint: "PJSIP/carrier", Channels: 30, Reserve: 2}
	w := newWorld(t, lines)
	var all sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for n := range 50 {
		all.Go(func() {
			s := w.seat(fmt.Sprint("c", n), "102", call.Local)
			for range 10 {
				seen := w.Trunk(s)
				if seen.Full {
					return
				}
				if w.Take(s, seen) {
					mu.Lock()
					taken++
					mu.Unlock()
					return
				}
			}
			t.Errorf("call %d neither got a seat nor saw that there is none", n)
		})
	}
	all.Wait()
	if got := w.Trunk(w.seat("x", "102", call.Local)); taken != 28 || got.InUse != 28 || got.Reserved != 2 || !got.Full {
		t.Errorf("%d calls have a seat; the trunk is %+v", taken, got)
	}
	if got := w.Trunk(w.seat("x", "201", call.Local)); got.Free != 2 {
		t.Errorf("for the alarm line it is %+v", got)
	}
}

// TestSeats: a seat is counted once, from the moment that the call is let out to its end, whether or not its channel is there.
func TestSeats(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		used := func(want int, when string) {
			t.Helper()
			if got := w.Trunk(w.seat("x", "102", call.Local)); got.InUse != want || got.Free != 6-want {
				t.Errorf("%s: %+v, want %d in use", when, got, want)
			}
		}
		w.letOut("a", "102", call.Local)
		used(1, "let out")
		w.rings("a")
		used(1, "ringing")
		w.Answered(phoneChannel("a"), trunkChannel("a"))
		used(1, "answered")
		w.Gone("a", 16)
		used(1, "transferred away from its phone")
		w.Gone("a.t", 16)
		used(0, "ended")
		w.letOut("b", "102", call.Local)
		w.Give("b")
		used(0, "given back")
		w.letOut("b", "102", call.Local)
		w.rings("b")
		w.Gone("b.t", 17)
		used(0, "busy, and the phone hears why")
		w.Gone("b", 17)
		used(0, "over")
		w.Made(call.Channel{ID: "in", Name: "PJSIP/carrier-in", Incoming: true, Taken: true})
		used(1, "a call comes in")
		w.letOut("c", "102", call.Local)
		w.Gone("c", 16)
		used(1, "the phone hangs up before it is dialled")
		if len(w.claims)+len(w.decided) != 0 || len(w.channels) != 1 {
			t.Errorf("left over are %d claims and %d channels", len(w.claims), len(w.channels))
		}
	})
}

// TestBookings: booked channels are kept from others until those whom they are for use them.
func TestBookings(t *testing.T) {
	lines := trunk6()
	lines.Bookings = []call.Booking{{Title: "Board", Trunk: "default", From: 0, To: 1 << 40, Channels: 4, Extensions: []string{"203"}}}
	inBubble(t, lines, func(w *world) {
		free := func(extension string, want int) {
			t.Helper()
			if got := w.Trunk(w.seat("x", extension, call.Local)); got.Free != want {
				t.Errorf("%s: %+v, want %d free", extension, got, want)
			}
		}
		free("102", 2)
		free("203", 6)
		for _, id := range []string{"a", "b"} {
			w.talks(id, "203", call.Local)
		}
		free("102", 2)
		free("203", 4)
		w.talks("c", "102", call.Local)
		w.talks("d", "102", call.Local)
		if w.letOut("e", "102", call.Local) {
			t.Error("a call takes a booked channel")
		}
		w.talks("f", "203", call.Local)
		w.talks("g", "203", call.Local)
		if w.letOut("h", "203", call.Local) {
			t.Error("the trunk is full")
		}
	})
}

// TestFiveAlarms: five emergencies find no channel at the same moment, and tell it again and again: exactly five calls give
// way, those of the lowest priority, and each emergency finds a channel.
func TestFiveAlarms(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		w.talks("director", "101", call.Mobile)
		for n := range 5 {
			w.talks(fmt.Sprint("call", n), "102", call.Mobile)
		}
		for range 5 { // tries, half a second apart
			for n := range 5 {
				w.emergency(fmt.Sprint("alarm", n))
				w.refused(fmt.Sprint("alarm", n))
			}
			w.pass(500 * time.Millisecond)
		}
		for n := range 5 {
			w.rings(fmt.Sprint("alarm", n))
		}
		w.pass(10 * time.Second)
		if got := w.victims(); !slices.Equal(got, []string{"call0", "call1", "call2", "call3", "call4"}) {
			t.Errorf("gave way: %q", got)
		}
		w.want("tell call", 10)
		w.want("cut call", 10)
		if len(w.short) != 0 || len(w.alerts) != 5 || w.alerts[0].Extension != "102" || w.alerts[0].Kind != call.AlertPreemption {
			t.Errorf("left over: %+v, alerts %+v", w.short, w.alerts)
		}
	})
}

// TestWhoGivesWay: the lowest priority; of several, one that is not answered, then the newest. Never an emergency or an
// alarm, though they came over Local channels.
func TestWhoGivesWay(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		w.talks("old", "102", call.Local)
		w.letOut("ringing", "102", call.Local)
		w.rings("ringing")
		w.pass(time.Millisecond)
		w.talks("new", "102", call.Local)
		w.letOut("alarm", "201", call.Mobile)
		w.rings("alarm")
		// An emergency that reached the trunk through two halves of a Local channel.
		w.emergency("e1")
		one, two := call.Channel{ID: "l1", Name: "Local/119@x-1;1"}, call.Channel{ID: "l2", Name: "Local/119@x-1;2"}
		w.Made(one)
		w.Made(two)
		w.Dialled(phoneChannel("e1"), one)
		w.Dialled(two, trunkChannel("l2"))
		w.Ringing(two, trunkChannel("l2"))
		w.Made(call.Channel{ID: "in", Name: "PJSIP/carrier-in", Incoming: true, Taken: true})

		var order []string
		for n := range 6 {
			id := fmt.Sprint("need", n)
			w.emergency(id)
			w.refused(id)
			w.pass(3 * time.Second)
			w.rings(id)
			for _, v := range append(w.victims(), "in") {
				if !slices.Contains(order, v) && (v != "in" || w.count("cut in") > 0) {
					order = append(order, v)
				}
			}
		}
		if !slices.Equal(order, []string{"ringing", "new", "old", "in"}) {
			t.Errorf("gave way: %q\n%q", order, w.noted)
		}
		w.want("tell ringing", 0)
	})
}

// TestFreeByItself: a channel that becomes free while a call is told that it gives way is as good; the call lives on.
func TestFreeByItself(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		w.talks("a", "102", call.Local)
		w.talks("b", "102", call.Local)
		w.emergency("e")
		w.refused("e")
		w.pass(time.Second)
		w.want("tell b", 2)
		w.Gone("a.t", 16)
		w.Gone("a", 16)
		w.refused("e") // it tried a moment before
		w.rings("e")
		w.pass(5 * time.Second)
		w.want("cut", 0)
		if c := w.channels["b.t"]; c == nil || c.condemned > 0 {
			t.Errorf("b is %+v", c)
		}
	})
}

// TestOneOfFiveFreeByItself: five need a channel, and one becomes free by itself: four calls give way, not five.
func TestOneOfFiveFreeByItself(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		for n := range 6 {
			w.talks(fmt.Sprint("c", n), "102", call.Local)
		}
		for n := range 5 {
			w.emergency(fmt.Sprint("e", n))
			w.refused(fmt.Sprint("e", n))
		}
		w.pass(time.Second)
		w.Gone("c0.t", 16) // the oldest, which does not give way
		w.Gone("c0", 16)
		w.pass(5 * time.Second)
		if got := w.victims(); len(got) != 4 {
			t.Errorf("gave way: %q", got)
		}
	})
}

// TestStolen: a channel that somebody else takes before the emergency tries again is no help: another call gives way.
func TestStolen(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		w.talks("a", "102", call.Local)
		w.talks("b", "102", call.Local)
		w.emergency("e")
		w.refused("e")
		w.pass(2400 * time.Millisecond)
		w.want("cut b.t", 1)
		w.Made(call.Channel{ID: "in", Name: "PJSIP/carrier-in", Incoming: true, Taken: true, MadeAt: time.Now()})
		w.refused("e")
		w.pass(3 * time.Second)
		w.want("cut a.t", 1)
		w.rings("e")
		w.want("cut in", 0)
	})
}

// TestNoUse: a trunk that goes on refusing, as it is out of order, costs one call for each need, and no more; unless somebody
// else is seen to take the channel that has become free.
func TestNoUse(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		w.talks("a", "102", call.Local)
		w.talks("b", "102", call.Local)
		w.emergency("e")
		for range 20 {
			w.refused("e")
			w.pass(500 * time.Millisecond)
		}
		w.want("cut b.t", 1)
		w.want("cut a.t", 0)
	})
}

// TestNeedIsOver: nobody is ended for somebody who has hung up.
func TestNeedIsOver(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		w.talks("a", "102", call.Local)
		w.emergency("e")
		w.refused("e")
		w.pass(time.Second)
		w.Gone("e", 16)
		w.pass(5 * time.Second)
		w.want("tell a", 2)
		w.want("cut", 0)
	})
}

// TestAlarmLine: the decided call of an alarm line is never refused a seat, and others give way to it; while it waits, no
// other call gets its channel.
func TestAlarmLine(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		for n := range 6 {
			w.talks(fmt.Sprint("c", n), "102", call.Local)
		}
		if !w.letOut("alarm", "201", call.Local) {
			t.Fatal("the alarm is refused")
		}
		w.refused("alarm")
		w.pass(2400 * time.Millisecond)
		w.want("cut c5.t", 1)
		if w.letOut("late", "102", call.Local) {
			t.Error("the channel that was made free goes to somebody else")
		}
		w.rings("alarm")
		w.want("cut", 2)
	})
}

// TestRestart: what an earlier daemon let out is known again by the decisions on the channels that are there; nothing is
// counted twice.
func TestRestart(t *testing.T) {
	inBubble(t, trunk6(), func(w *world) {
		w.Recover(call.OpenCall{DecisionID: 7, Channel: "a", Extension: "102", Action: call.Allow})
		w.Recover(call.OpenCall{DecisionID: 8, Channel: "b", Extension: "101", Action: call.Allow})
		w.Recover(call.OpenCall{DecisionID: 9, Channel: "gone", Extension: "101", Action: call.Allow})
		w.Recover(call.OpenCall{DecisionID: 6, Channel: "alarm", Extension: "201", Action: call.Allow})
		there := map[string]call.Channel{}
		add := func(ch call.Channel) { there[ch.ID] = ch }
		for id, decision := range map[string]int64{"a": 7, "b": 8, "alarm": 6} {
			p, x := phoneChannel(id), trunkChannel(id)
			p.DecisionID, x.DecisionID, x.Taken = decision, decision, true
			add(p)
			add(x)
		}
		e := trunkChannel("e")
		e.Emergency, e.Taken = true, true
		add(e)
		w.pass(time.Second)
		w.Sweep(there, time.Now())
		if got := w.Trunk(w.seat("x", "102", call.Local)); got.InUse != 4 {
			t.Errorf("in use: %+v", got)
		}
		board := call.Booking{Trunk: "default", To: 1 << 40, Channels: 2, Departments: []string{"board"}}
		if in := w.inBooking(board, ""); in != 1 {
			t.Errorf("%d calls use the booking", in)
		}
		for n := range 4 {
			w.refused(fmt.Sprint("need", n))
		}
		w.pass(3 * time.Second)
		if got := w.victims(); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("gave way: %q", got)
		}
		look := time.Now() // of which the ends know nothing yet
		for id := range there {
			w.Gone(id, 16)
		}
		w.Sweep(there, look)
		w.pass(time.Second)
		w.Sweep(nil, time.Now())
		if len(w.channels)+len(w.claims)+len(w.short)+len(w.trunks)+len(w.named)+len(w.decided) != 0 {
			t.Errorf("left over: %+v %+v", w.channels, w.claims)
		}
	})
}

// TestRestartWhoGivesWay: after a restart it is known what class of number a call goes to: the dearest goes first, and an
// emergency stays, also where its channels do not say what it is.
func TestRestartWhoGivesWay(t *testing.T) {
	lines := trunk6()
	lines.Priority.Class = map[string]int{string(call.International): 10}
	inBubble(t, lines, func(w *world) {
		there := map[string]call.Channel{}
		for n, class := range []call.Class{call.Emergency, call.International, call.Local} {
			id := string(class)
			w.Recover(call.OpenCall{DecisionID: int64(n + 1), Channel: id, Extension: "102", Action: call.Allow, Class: class})
			p, x := phoneChannel(id), trunkChannel(id)
			p.DecisionID, x.DecisionID, x.Taken = int64(n+1), int64(n+1), true
			there[p.ID], there[x.ID] = p, x
		}
		w.pass(time.Second)
		w.Sweep(there, time.Now())
		for n, want := range [][]string{{"international"}, {"international", "local"}, {"international", "local"}} {
			w.refused(fmt.Sprint("need", n))
			w.pass(3 * time.Second)
			if got := w.victims(); !slices.Equal(got, want) {
				t.Errorf("gave way: %q, want %q", got, want)
			}
		}
	})
}

// TestReload: other lines come into force while calls go on.
func TestReload(t *testing.T) {
	inBubble(t, call.Lines{}, func(w *world) {
		w.rings("a")
		if got := w.Trunk(w.seat("x", "102", call.Local)); got != (call.Trunk{}) {
			t.Errorf("before: %+v", got)
		}
		other := trunk6()
		w.cfg.Lines = func() *call.Lines { return &other }
		s := w.seat("x", "102", call.Local)
		s.Lines = &other
		if got := w.Trunk(s); got.InUse != 1 || got.Channels != 6 {
			t.Errorf("after: %+v", got)
		}
	})
}

// TestDialling finds the trunk in what the dialplan dials.
func TestDialling(t *testing.T) {
	lines := trunk6()
	lines.Trunks["isdn"] = call.TrunkLine{Endpoint: "DAHDI/g1"}
	w := newWorld(t, lines)
	defer w.lock()()
	for dialled, want := range map[string]string{
		"PJSIP/NUMBER@carrier": "default", "PJSIP/carrier/sip:NUMBER@10.0.0.1": "default", "DAHDI/g1/NUMBER": "isdn",
		"PJSIP/NUMBER@other": "@PJSIP/other", "pjsip/NUMBER@other": "@PJSIP/other", "pjsip/NUMBER@carrier": "default", "PJSIP/NUMBER@carrier&PJSIP/NUMBER@other": "default", "": "@/",
	} {
		if got := w.keyOfDialling(dialled); got != want {
			t.Errorf("%q: %q, want %q", dialled, got, want)
		}
	}
}
