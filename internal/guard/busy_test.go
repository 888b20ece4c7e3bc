package guard

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// dutyRoom guards 202, which may be busy for a minute; then 101 rings.
func dutyRoom() call.Lines {
	return call.Lines{Guarded: map[string]call.GuardedLine{"202": {OffHook: time.Minute, Ring: "101"}, "203": {}}}
}

func duty(id string, age time.Duration) call.Channel {
	return call.Channel{ID: id, Name: "PJSIP/202-" + id, MadeAt: time.Now().Add(-age)}
}

// TestBusyTooLong: an alert, and somebody who answers the other phone is told, twice, if he listens.
func TestBusyTooLong(t *testing.T) {
	inBubble(t, dutyRoom(), func(w *world) {
		w.Made(duty("a", 0))
		w.pass(30 * time.Second)
		w.Made(duty("b", 0))
		w.Gone("a", 16)
		w.pass(29 * time.Second)
		w.want("ring", 0)
		w.pass(2 * time.Second)
		w.want("ring 101 for 202", 1)
		if len(w.alerts) != 1 || w.alerts[0].Kind != call.AlertLine || w.alerts[0].Extension != "202" || w.alerts[0].Holder != "Duty room" {
			t.Errorf("alerts: %+v", w.alerts)
		}
		w.phone.tell(call.Answered{})
		w.pass(12 * time.Second)
		w.want("play line_alarm 2 0 2 line_busy", 2)
		w.want("hang up", 1)
		w.pass(10 * time.Minute)
		w.want("ring", 1)
		if len(w.alerts) != 1 {
			t.Errorf("alerts: %+v", w.alerts)
		}
		w.Gone("b", 16)
		w.Made(duty("c", 0))
		w.pass(61 * time.Second)
		if len(w.alerts) != 2 {
			t.Errorf("busy again: %+v", w.alerts)
		}
	})
}

// TestNobodyAnswers: it rings three times while the line stays busy, and stops at once when it is free.
func TestNobodyAnswers(t *testing.T) {
	inBubble(t, dutyRoom(), func(w *world) {
		w.Made(duty("a", 0))
		w.pass(time.Minute + ringFor + ringPause + time.Second)
		w.want("ring", 2)
		w.Gone("a", 16)
		w.pass(0)
		w.want("hang up", 2)
		w.pass(10 * time.Minute)
		w.want("ring", 2)
		w.Made(duty("b", 0))
		w.pass(10 * time.Minute)
		w.want("ring", 5)
	})
}

// TestBusySinceBefore: after a restart the time counts from when the channel was made. Lines without a limit are left alone.
func TestBusySinceBefore(t *testing.T) {
	inBubble(t, dutyRoom(), func(w *world) {
		old := duty("a", 50*time.Second)
		hall := call.Channel{ID: "h", Name: "PJSIP/203-h", MadeAt: time.Now().Add(-time.Hour)}
		w.Sweep(map[string]call.Channel{"a": old, "h": hall}, time.Now())
		w.pass(9 * time.Second)
		w.want("ring", 0)
		s := w.Status()
		if len(s.Lines) != 2 || !s.Lines[0].Busy || s.Lines[0].Alerted || !s.Lines[0].Since.Equal(old.MadeAt) || s.Lines[0].Kind != "duty" {
			t.Errorf("status: %+v", s)
		}
		w.pass(2 * time.Second)
		w.want("ring", 1)
		if s := w.Status(); !s.Lines[0].Alerted || s.Lines[1].Alerted {
			t.Errorf("status: %+v", s)
		}
	})
}

// TestLimitChanges: a reload gives the line another limit, or takes it from the guard.
func TestLimitChanges(t *testing.T) {
	inBubble(t, dutyRoom(), func(w *world) {
		w.Made(duty("a", 0))
		longer := dutyRoom()
		longer.Guarded["202"] = call.GuardedLine{OffHook: 2 * time.Minute, Ring: "101"}
		w.cfg.Lines = func() *call.Lines { return &longer }
		w.Status()
		w.pass(100 * time.Second)
		w.want("ring", 0)
		w.cfg.Lines = func() *call.Lines { return &call.Lines{} }
		w.Status()
		w.pass(time.Hour)
		w.want("ring", 0)
		if len(w.alerts) != 0 || len(w.busy) != 0 {
			t.Errorf("%+v %+v", w.alerts, w.busy)
		}
	})
}
