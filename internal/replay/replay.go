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
	// Alike appends to the bytes a key that is the same for facts which Judge answers alike, except with a policy error;
	// nil where no such key is known.
	Alike(key []byte, f *call.Facts) []byte
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

// ahead is how many batches are read before a worker wants them, so that reading a page and deciding overlap.
const ahead = 4

// Run replays the calls, on all cores. The errors are those of calls, and the cause of a context that ended.
func Run(ctx context.Context, calls iter.Seq2[call.Decided, error], o Options) (*Report, error) {
	r := run{Options: o}
	r.doubts.Store(maxDoubts)
	workers := make([]*worker, runtime.GOMAXPROCS(0))
	batches := make(chan []call.Decided, ahead*len(workers))
	var wg sync.WaitGroup
	for i := range workers {
		workers[i] = newWorker(&r)
		wg.Go(func() {
			for b := range batches {
				workers[i].all(ctx, b)
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
	for _, w := range workers[1:] {
		workers[0].sheet.merge(w.sheet)
	}
	return workers[0].sheet.report(), nil
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

// worker replays calls, one after the other, on a goroutine of its own.
type worker struct {
	*run
	sheet         *sheet
	reader        reader
	before, after *judge // before is nil for the decisions as they are recorded
}

func newWorker(r *run) *worker {
	w := &worker{run: r, sheet: newSheet(r.Examples), after: &judge{run: r, book: r.After}}
	if r.Before != nil {
		w.before = &judge{run: r, book: r.Before}
	}
	return w
}

func (w *worker) all(ctx context.Context, calls []call.Decided) {
	for i := range calls {
		if ctx.Err() != nil {
			return
		}
		w.one(ctx, &calls[i])
	}
	if w.Progress != nil {
		w.Progress(len(calls))
	}
}

// one decides a call once more and counts what is different.
func (w *worker) one(ctx context.Context, c *call.Decided) {
	f, err := w.facts(c)
	if err != nil {
		w.sheet.skip(c.ID, err.Error())
		return
	}
	var before Outcome
	if w.before == nil {
		var unknown string
		if before, unknown = w.reader.recorded(&f, c.Answer); unknown != "" {
			w.sheet.skip(c.ID, unknown)
			return
		}
	} else {
		before = w.before.decide(ctx, f)
	}
	after := w.after.decide(ctx, f)
	if before.Action != call.Deny && before.To == "" { // the record does not say what was dialled
		before.To, before.Inside = after.To, after.Inside
	}
	w.sheet.count(c, before, after)
}

// The reasons why a call cannot be replayed.
var (
	errBypass   = errors.New("a call that went past us, and was hung up")
	errDialplan = errors.New("a call that the dialplan let out or refused without asking")
	errNoInput  = errors.New("the recorded policy input cannot be read")
)

// facts are those on record. What the row itself says stands where the input is silent, and the exact bytes that were
// dialled stand for their text.
func (w *worker) facts(c *call.Decided) (f call.Facts, err error) {
	if c.Source == call.SourceDialplan || c.Source == call.SourceCDR {
		return f, errDialplan
	}
	if c.Source == call.SourceBypass {
		return f, errBypass
	}
	if f, err = w.reader.facts(c.Input); err != nil {
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
		f.Time = call.ClockAt(a.At, w.Zone)
	}
	return f, nil
}
