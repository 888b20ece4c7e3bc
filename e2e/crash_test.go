package e2e

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// A daemon that is killed: calls in progress go on, and whatever became of calls meanwhile is in the ledger when the
// next daemon has looked around.
func TestKilledWithCallsUp(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	l.Carrier.Behave("62351003", lab.Behaviour{Ring: 4 * time.Second})
	l.Carrier.Behave("62351004", lab.Behaviour{Ring: 4 * time.Second})
	d := s.serve()
	staying, leaving := dial(t, l, "101", "962351001"), dial(t, l, "102", "962351002")
	ringing, missed := dial(t, l, "103", "962351003"), dial(t, l, "104", "962351004")
	asking := dial(t, l, "105", "902112351005")
	for _, c := range []*lab.Call{staying, leaving} {
		up(t, c)
	}
	asked(t, asking)
	for _, number := range []string{"962351001", "962351002"} {
		eventually(t, "the answer is in the ledger", func() bool { return !s.decision(to(number)).Call.AnsweredAt.IsZero() })
	}
	for _, number := range []string{"62351003", "62351004"} {
		reaches(t, l, number)
	}

	d.kill()
	hangup(t, leaving)
	hangup(t, asking)
	emergency := dial(t, l, "106", "120")
	up(t, emergency)
	up(t, ringing)
	up(t, missed)
	hangup(t, missed)
	must(t, staying.WaitAudio(within(t, 5*time.Second)))

	s.serve()
	for _, c := range []*lab.Call{leaving, missed} {
		got, end := s.once(c.Number), endOf(t, c)
		lasted := end.At.Sub(c.AnsweredAt()).Seconds()
		if got.Call.EndSource != watch.SourceDialplan || got.Call.AnsweredAt.IsZero() || got.Call.Cause != call.CauseNormalClearing ||
			float64(got.Call.Seconds) < lasted-0.5 || float64(got.Call.Seconds) > lasted+1.5 {
			t.Errorf("%s lasted %f s and ended while no daemon was there: got %+v", c.Number, lasted, got)
		}
	}
	if got := s.once("902112351005"); got.Action != call.Challenge || !got.Call.AnsweredAt.IsZero() {
		t.Errorf("the caller who hung up at the prompt: got %+v", got)
	}
	for _, c := range []*lab.Call{staying, ringing, emergency} {
		must(t, c.WaitAudio(within(t, 5*time.Second)))
		eventually(t, "the answer is in the ledger", func() bool { return !s.decision(to(c.Number)).Call.AnsweredAt.IsZero() })
		hangup(t, c)
		got := s.once(c.Number)
		lasted := got.Call.EndedAt.Sub(c.AnsweredAt())
		if got.Action != call.Allow || got.Call.EndSource != watch.SourceARI || got.Call.Cause != call.CauseNormalClearing ||
			lasted > time.Duration(got.Call.Seconds+1)*time.Second {
			t.Errorf("%s was hung up with the next daemon there, after %v: got %+v", c.Number, lasted, got)
		}
	}
}

// The daemon is killed again and again, at any moment of calls that come in.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	const rounds, calls = 6, 4
	s := newSite(t, l, "")
	number := func(round, i int) string { return fmt.Sprintf("9623520%d%d", round, i) }
	var ended sync.WaitGroup
	ends := make([]lab.End, rounds*calls)
	for round := range rounds {
		d := s.serve()
		for i := range calls {
			c := dial(t, l, fmt.Sprint(101+i), number(round, i))
			ended.Go(func() {
				if c.WaitAnswered(within(t, 30*time.Second)) == nil {
					_ = c.Hangup(within(t, 10*time.Second))
				}
				ends[round*calls+i], _ = c.WaitEnded(within(t, 10*time.Second))
			})
		}
		wait(time.Duration(rand.IntN(60)) * time.Millisecond)
		d.kill()
	}
	s.serve()
	ended.Wait()
	for i, end := range ends {
		n := number(i/calls, i%calls)
		reached := reachedCarrier(l, n[1:])
		allowed := 0
		for _, d := range s.about(n) {
			s.ended(d.ID)
			if d.Action == call.Allow {
				allowed++
			}
		}
		switch {
		case end.At.IsZero():
			t.Errorf("%s: the caller was left alone", n)
		case reached > 1:
			t.Errorf("%s reached the carrier %d times", n, reached)
		case reached == 1 && allowed == 0:
			t.Errorf("%s reached the carrier without a decision: %+v", n, s.about(n))
		case len(s.about(n)) == 0 && end.Cause != call.CauseNetworkOutOfOrder:
			t.Errorf("%s ended with cause %d and is not in the ledger", n, end.Cause)
		}
	}
}

// reachedCarrier counts the calls to number that the carrier got.
func reachedCarrier(l *lab.Lab, number string) int {
	n := 0
	for _, c := range l.Carrier.Calls() {
		if c.Number == number {
			n++
		}
	}
	return n
}

// wait lets time pass where a test is about the moment at which something happens.
func wait(d time.Duration) { <-time.After(d) }

// A daemon that hangs keeps its callers waiting, but no emergency call; when it goes on, all are decided.
func TestDaemonHangs(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	d := s.serve()
	d.signal(syscall.SIGSTOP)
	waiting, leaving := dial(t, l, "101", "962353001"), dial(t, l, "102", "962353002")
	emergency := dial(t, l, "103", "9119")
	up(t, emergency)
	hangup(t, emergency)
	hangup(t, leaving)
	d.signal(syscall.SIGCONT)
	up(t, waiting)
	hangup(t, waiting)
	for _, number := range []string{"962353001", "962353002", "9119"} {
		if got := s.once(number); got.Action != call.Allow {
			t.Errorf("%s: got %+v", number, got)
		}
	}
	if reachedCarrier(l, "62353002") != 0 {
		t.Error("a call whose caller had hung up reached the carrier")
	}
}
