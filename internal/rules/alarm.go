package rules

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/topdown"
	"golang.org/x/sys/unix"
)

// starved is how many times its deadline an evaluation may last by the clock when the machine is too busy to work on it.
const starved = 40

// alarm cancels an evaluation at its deadline. The deadline is processor time of the evaluating thread: on a machine
// that does something else for a while, a caller is not refused for a rule that has hardly begun. By the clock, it is
// over after the deadline times starved in any case.
type alarm struct {
	cancel   topdown.Cancel
	late     chan struct{} // closed when it goes off
	timer    *time.Timer
	rang     atomic.Bool // if only to go on
	deadline time.Duration
	end      time.Time     // by the clock
	thread   int32         // the thread's processor clock
	began    time.Duration // on that clock
}

// alarms are used again by evaluations on the caller's goroutine, unless they went off.
var alarms = sync.Pool{New: func() any { return newAlarm() }}

// newAlarm returns an alarm that is not set.
func newAlarm() *alarm {
	a := &alarm{cancel: topdown.NewCancel(), late: make(chan struct{})}
	a.timer = time.AfterFunc(time.Hour, a.ring)
	a.timer.Stop()
	return a
}

// set ties the goroutine to its thread and lets the deadline run. It is followed by stop on the same goroutine.
func (a *alarm) set(deadline time.Duration) {
	runtime.LockOSThread()
	a.deadline, a.end = deadline, time.Now().Add(starved*deadline)
	a.thread = threadClock(unix.Gettid())
	a.began, _ = clock(unix.CLOCK_THREAD_CPUTIME_ID)
	a.timer.Reset(deadline)
}

// stop ends what set began, and reports whether the timer did not run out, so that the alarm may be set again.
func (a *alarm) stop() bool {
	runtime.UnlockOSThread()
	return a.timer.Stop() && !a.rang.Load()
}

// ring is called by the timer, at the deadline by the clock or later.
func (a *alarm) ring() {
	a.rang.Store(true)
	now, err := clock(a.thread)
	left := min(a.deadline-(now-a.began), time.Until(a.end))
	if err == nil && left > 0 {
		a.timer.Reset(max(left, time.Millisecond))
		return
	}
	a.cancel.Cancel()
	close(a.late)
}

// threadClock returns the id of a thread's processor clock (clock_getcpuclockid(3) for threads).
func threadClock(tid int) int32 { return int32(^tid<<3 | 6) }

// clock reads a processor clock.
func clock(id int32) (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(id, &t)
	return time.Duration(t.Nano()), err
}
