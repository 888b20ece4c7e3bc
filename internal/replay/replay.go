// Package replay decides past calls once more, by another policy, and reports what would be different: which calls would
// newly be refused, released, or asked for a proof, what would be cut sooner or later, and how many minutes and how much
// money is in it, by rule, department and extension.
//
// What depends on the policy's own data (who the caller is, what was dialled, lists, schedules, holidays, a suspension
// in the directory) is found afresh; the clock, what usage counted and the proofs that were given stay as recorded. A
// call goes the way of a conversation: it is decided without proofs first, and with those on record only if it is asked
// for one.
package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Book is a revision of numbers, directory and rules. Its methods may be called by many goroutines.
type Book interface {
	// Afresh replaces what in the facts depends on the book.
	Afresh(f call.Facts) call.Facts
	Judge(ctx context.Context, f call.Facts) call.Decision
}

// Options says what is compared, and how.
type Options struct {
	Before   Book // nil: the decisions as they are recorded
	After    Book
	Zone     *time.Location  // of the site, for calls that have no clock on record
	Examples int             // at most so many of each category
	Progress func(calls int) // hears of calls that are done, from many goroutines; may be nil
}

// batch is how many calls a worker takes at once.
const batch = 100

// Run replays the calls, on all cores. The errors are those of calls, and the cause of a context that ended.
func Run(ctx context.Context, calls iter.Seq2[call.Decided, error], o Options) (*Report, error) {
	r := run{Options: o}
	r.doubts.Store(maxDoubts)
	batches := make(chan []call.Decided)
	workers := runtime.GOMAXPROCS(0)
	sheets := make([]*sheet, workers)
	var wg sync.WaitGroup
	for i := range sheets {
		sheets[i] = newSheet(o.Examples)
		wg.Go(func() {
			for b := range batches {
				r.all(ctx, b, sheets[i])
			}
		})
	}
	err := deal(ctx, calls, batches)
	close(batches)
	wg.Wait()
	if ctx.Err() != nil {
		err = fmt.Errorf("the replay was broken off: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, err
	}
	for _, s := range sheets[1:] {
		sheets[0].merge(s)
	}
	return sheets[0].report(), nil
}

// deal hands the calls to the workers.
func deal(ctx context.Context, calls iter.Seq2[call.Decided, error], to chan<- []call.Decided) error {
	var b []call.Decided
	send := func() bool {
		select {
		case to <- b:
			b = nil
			return true
		case <-ctx.Done():
			return false
		}
	}
	for c, err := range calls {
		if err != nil {
			return err
		}
		if b = append(b, c); len(b) == batch && !send() {
			return nil
		}
	}
	send()
	return nil
}

// run is one replay under way.
type run struct {
	Options
	doubts atomic.Int32 // how many more policy errors may be looked at twice
}

// maxDoubts bounds how many policy errors are looked at twice: on a busy machine a few come too late by chance, a policy
// that is too slow always does.
const maxDoubts = 200

func (r *run) all(ctx context.Context, calls []call.Decided, s *sheet) {
	for i := range calls {
		if ctx.Err() != nil {
			return
		}
		r.one(ctx, &calls[i], s)
	}
	if r.Progress != nil {
		r.Progress(len(calls))
	}
}

// one decides a call once more and counts what is different.
func (r *run) one(ctx context.Context, c *call.Decided, s *sheet) {
	f, err := r.facts(c)
	if err != nil {
		s.skip(c.ID, err.Error())
		return
	}
	var before Outcome
	if r.Before == nil {
		var unknown string
		if before, unknown = recorded(&f, c.Answer); unknown != "" {
			s.skip(c.ID, unknown)
			return
		}
	} else {
		before = r.decide(ctx, r.Before, f)
	}
	after := r.decide(ctx, r.After, f)
	if before.Action != call.Deny && before.To == "" { // the record does not say what was dialled
		before.To, before.Inside = after.To, after.Inside
	}
	s.count(c, before, after)
}

// The reasons why a call cannot be replayed.
var (
	errDialplan = errors.New("an emergency call that the dialplan let out without asking")
	errNoInput  = errors.New("the recorded policy input cannot be read")
)

// facts are those on record. What the row itself says stands where the input is silent, and the exact bytes that were
// dialled stand for their text.
func (r *run) facts(c *call.Decided) (f call.Facts, err error) {
	if c.Source == call.SourceDialplan {
		return f, errDialplan
	}
	if err := json.Unmarshal(c.Input, &f); err != nil {
		return f, errNoInput
	}
	a := &f.Attempt
	a.Dialled = c.Dialled
	if a.Extension == "" {
		a.Extension = c.Extension
	}
	if a.Source == "" {
		a.Source = c.Source
	}
	if a.At.IsZero() {
		a.At = c.At
	}
	if f.Time.At == "" {
		f.Time = call.ClockAt(a.At, r.Zone)
	}
	return f, nil
}

// decide has a book decide a call as the conversation with its caller would have gone.
func (r *run) decide(ctx context.Context, b Book, f call.Facts) Outcome {
	f = b.Afresh(f)
	given, pinCalls := f.Credentials, f.Usage.SamePINCalls
	f.Credentials, f.Usage.SamePINCalls = call.Credentials{}, 0
	d := r.judge(ctx, b, f)
	asked := d.Action == call.Challenge
	if asked && given != (call.Credentials{}) {
		f.Credentials, f.Usage.SamePINCalls = given, pinCalls
		d = r.judge(ctx, b, f)
	}
	return outcomeOf(&f, d, asked)
}

// judge looks at a policy error twice, as it may be the machine's.
func (r *run) judge(ctx context.Context, b Book, f call.Facts) call.Decision {
	d := b.Judge(ctx, f)
	if d.Rule == call.RulePolicyError && r.doubts.Add(-1) >= 0 {
		d = b.Judge(ctx, f)
	}
	return d
}
