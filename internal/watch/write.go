package watch

import (
	"context"
	"sync"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

const (
	writeTimeout = 5 * time.Second
	retryPause   = time.Second // after the ledger failed
)

// write is one thing to be told to the ledger: an end, else an answer.
type write struct {
	id      int64
	channel string
	answer  call.Pickup
	end     *call.End
	failed  bool // once or more; the log says so once
}

// Run keeps caps, and writes ends into the ledger, until ctx ends; then it writes what is left. What cannot be written is tried again behind
// what waits, so that it holds up nothing else; a daemon that dies meanwhile finds the calls still open when it starts.
func (w *Watch) Run(ctx context.Context) {
	if w.Lines != nil {
		var caps sync.WaitGroup
		defer caps.Wait()
		caps.Go(func() { w.keepCaps(ctx) })
	}
	for {
		select {
		case <-w.writes.Ready():
			w.writeAll(ctx)
		case <-ctx.Done():
			w.writeAll(ctx)
			return
		}
	}
}

// writeAll tells the ledger what waits, and pauses after each failure; after ctx has ended it does not pause.
func (w *Watch) writeAll(ctx context.Context) {
	for _, x := range w.writes.Take() {
		err := w.write(ctx, x)
		if err == nil {
			continue
		}
		if !x.failed {
			w.log.Error().Err(err).Int64("decision", x.id).Msg("the end of a call could not be written; trying again")
		}
		x.failed = true
		w.writes.Push(x)
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
		}
	}
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
	noted, ok := w.Past(ctx, x.channel)
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
