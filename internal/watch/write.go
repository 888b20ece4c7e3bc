package watch

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

const (
	writeTimeout = 5 * time.Second
	retryPause   = time.Second // after the ledger failed
	// roundPause is between two rounds of writes, so that on a busy site many of them share a commit. What comes alone is
	// written at once.
	roundPause = 100 * time.Millisecond
	atOnce     = 64 // calls that are written at the same time
)

// write is one thing to be told to the ledger: an end, else an answer.
type write struct {
	id      int64
	channel string
	answer  call.Pickup
	end     *call.End
	failed  bool // once or more; the log says so once

	settled chan struct{} // nothing is written; it is closed when what came before has been tried
}

// Settled returns when everything that was to be written before has been tried once, or ctx has ended.
func (w *Watch) Settled(ctx context.Context) {
	settled := make(chan struct{})
	w.writes.Push(write{settled: settled})
	select {
	case <-settled:
	case <-ctx.Done():
	}
}

// Run keeps caps, and writes ends into the ledger, until ctx ends; then it writes what is left. What cannot be written is tried again behind
// what waits, so that it holds up nothing else; a daemon that dies meanwhile finds the calls still open when it starts.
func (w *Watch) Run(ctx context.Context) {
	if w.Lines != nil {
		var caps sync.WaitGroup
		defer caps.Wait()
		caps.Go(func() { w.keepCaps(ctx) })
	}
	for ctx.Err() == nil {
		select {
		case <-w.writes.Ready():
			w.writeAll(ctx)
		case <-ctx.Done():
		}
		select {
		case <-time.After(roundPause):
		case <-ctx.Done():
		}
	}
	w.writeAll(ctx)
}

// writeAll tells the ledger what waits, and pauses if anything failed; after ctx has ended it does not pause. What belongs
// to one call is told in its order, and calls at the same time: the ledger commits together what waits for it together.
func (w *Watch) writeAll(ctx context.Context) {
	var failed atomic.Bool
	all := w.writes.Take()
	defer func() {
		for _, x := range all {
			if x.settled != nil {
				close(x.settled)
			}
		}
	}()
	for calls := range slices.Chunk(byCall(all), atOnce) {
		var round sync.WaitGroup
		for _, writes := range calls {
			round.Go(func() {
				for _, x := range writes {
					if !w.tryWrite(ctx, x) {
						failed.Store(true)
					}
				}
			})
		}
		round.Wait()
	}
	if !failed.Load() {
		return
	}
	select {
	case <-time.After(retryPause):
	case <-ctx.Done():
	}
}

// byCall puts together what belongs to one call; the order stays.
func byCall(writes []write) (calls [][]write) {
	place := map[int64]int{}
	for _, x := range writes {
		if x.settled != nil {
			continue
		}
		i, known := place[x.id]
		if !known {
			i = len(calls)
			place[x.id] = i
			calls = append(calls, nil)
		}
		calls[i] = append(calls[i], x)
	}
	return calls
}

// tryWrite writes, or puts back what cannot be written now; it reports whether it was written.
func (w *Watch) tryWrite(ctx context.Context, x write) bool {
	err := w.write(ctx, x)
	if err == nil {
		return true
	}
	if !x.failed {
		w.log.Error().Err(err).Int64("decision", x.id).Msg("the end of a call could not be written; trying again")
	}
	x.failed = true
	w.writes.Push(x)
	return false
}

func (w *Watch) write(ctx context.Context, x write) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if x.end != nil {
		return w.ledger.Ended(ctx, x.id, w.looked(ctx, x))
	}
	return w.ledger.Answered(ctx, x.id, x.answer)
}

// looked returns an end, or what somebody noted about it if only its being over was seen.
func (w *Watch) looked(ctx context.Context, x write) call.End {
	if x.end.Source != SourceSweep || w.Past == nil {
		return *x.end
	}
	noted, ok := w.Past(ctx, x.id, x.channel)
	if !ok || noted.EndedAt.After(x.end.EndedAt) {
		return *x.end
	}
	if !x.end.AnsweredAt.IsZero() {
		if noted.EndedAt.Before(x.end.AnsweredAt) { // by the clock; Asterisk knows how long it was
			noted.Talked = noted.Length()
		}
		noted.AnsweredAt = x.end.AnsweredAt
	}
	return noted
}
