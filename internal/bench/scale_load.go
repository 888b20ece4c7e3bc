package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// placed is a call as its phone saw it.
type placed struct {
	number string
	lab.Result
	fault string // why it failed; empty if it was answered and went on until the phone hung it up
}

// slow reports whether the phone had to wait long for the answer.
func (p placed) slow(after time.Duration) bool {
	return p.fault == "" && p.Answered.Sub(p.Sent) > after
}

// measured is a load and what it cost.
type measured struct {
	begun    time.Time
	calls    []placed // in the order of their ends
	cost     costs    // of the whole load, to its last end
	samples  []sampleOfMemory
	givenUp  bool // more has failed or was slow than is tolerated
	bad, ill int  // so many have, and so many may
}

// measure places the load. Without a daemon it gives up when too much fails. It returns when Asterisk has no channel left.
func (s *scale) measure(ctx context.Context, d *daemon, number func(i int) string) (*measured, error) {
	loading, cancel := context.WithCancel(ctx)
	defer cancel()
	m := &measured{begun: time.Now(), ill: int(float64(s.Rate)*s.For.Seconds()) / tolerated}
	daemonPID := 0
	var sampling sync.WaitGroup
	if d != nil {
		daemonPID = d.cmd.Process.Pid
		sampling.Go(func() { m.samples = sampleMemory(loading, daemonPID) })
	}
	before, err := costsOf(s.lab.PID(), daemonPID)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	err = s.lab.Load(loading, lab.Load{
		Rate: s.Rate, For: s.For, Hold: s.hold(), From: s.phones, Number: number,
		Done: func(i int, r lab.Result, err error) {
			p := placed{numberOf(i), r, faultOf(r, err)}
			mu.Lock()
			defer mu.Unlock()
			m.calls = append(m.calls, p)
			if p.fault != "" || p.slow(s.Slow) {
				m.bad++
			}
			if d == nil && m.bad > m.ill && loading.Err() == nil {
				m.givenUp = true
				cancel()
			}
		},
	})
	cancel()
	sampling.Wait()
	if err := errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	drained, cancelDrain := context.WithTimeout(ctx, scaleDrain)
	defer cancelDrain()
	if err := s.lab.WaitIdle(drained); err != nil {
		return nil, err
	}
	after, err := costsOf(s.lab.PID(), daemonPID)
	m.cost = after.less(before)
	return m, err
}

// faultOf says why a call failed.
func faultOf(r lab.Result, err error) string {
	var ended *lab.EndedError
	switch {
	case errors.As(err, &ended):
		return fmt.Sprintf("refused with %d, cause %d", ended.End.SIPStatus, ended.End.Cause)
	case r.Answered.IsZero():
		return "not answered"
	case r.End.ByRemote:
		return fmt.Sprintf("ended by Asterisk, cause %d", r.End.Cause)
	case err != nil:
		return "not hung up"
	}
	return ""
}

// faults counts what was wrong: "not answered 3, slow 20".
func (m *measured) faults(slow time.Duration) string {
	counts := map[string]int{}
	for _, p := range m.calls {
		switch {
		case p.fault != "":
			counts[p.fault]++
		case p.slow(slow):
			counts["slow"]++
		}
	}
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s: %d", what, counts[what]))
	}
	return strings.Join(parts, ", ")
}

// side says how the load was carried.
func (m *measured) side(o ScaleOptions) Side {
	s := Side{Placed: len(m.calls), Costs: m.cost, Faults: m.faults(o.Slow)}
	var ring, answer []time.Duration
	var first, last time.Time
	for _, p := range m.calls {
		if first.IsZero() || p.Sent.Before(first) {
			first = p.Sent
		}
		if p.Sent.After(last) {
			last = p.Sent
		}
		if p.fault != "" {
			s.Failed++
			continue
		}
		if p.slow(o.Slow) {
			s.Slow++
		}
		ring, answer = append(ring, p.Progress.Sub(p.Sent)), append(answer, p.Answered.Sub(p.Sent))
	}
	if over := last.Sub(first).Seconds(); over > 0 {
		s.Rate = float64(len(m.calls)-1) / over
	}
	s.Ring, s.Answer = timesOf(ring), timesOf(answer)
	s.Peak, s.Average = inProgress(m.calls, m.begun.Add(o.hold()), m.begun.Add(o.For))
	return s
}

// inProgress returns how many calls were answered and not ended: at most, and on the average between from and to.
func inProgress(calls []placed, from, to time.Time) (peak int, average float64) {
	type change struct {
		at time.Time
		by int
	}
	var changes []change
	var talked time.Duration // between from and to, of all calls together
	for _, p := range calls {
		if p.Answered.IsZero() {
			continue
		}
		changes = append(changes, change{p.Answered, 1}, change{p.End.At, -1})
		begin, end := p.Answered, p.End.At
		if begin.Before(from) {
			begin = from
		}
		if end.After(to) {
			end = to
		}
		talked += max(0, end.Sub(begin))
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(a.at.Compare(b.at), a.by-b.by) })
	now := 0
	for _, c := range changes {
		now += c.by
		peak = max(peak, now)
	}
	if span := to.Sub(from); span > 0 {
		average = talked.Seconds() / span.Seconds()
	}
	return peak, average
}
