// Package watch follows calls to their end: when the called party answered, when the call ended and why. It writes that
// into the ledger and counts what every extension is doing.
//
// Events come from the adapter in the order in which Asterisk sent them. A call is followed from its arrival, so that
// no event is missed that overtakes the decision; what is known before the decision has an id waits for it.
package watch

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/queue"
	"github.com/dialwarden/dialwarden/internal/usage"
)

// Ledger keeps the ends of calls.
type Ledger interface {
	Answered(ctx context.Context, decisionID int64, at time.Time) error
	Ended(ctx context.Context, decisionID int64, e call.End) error
	OpenCalls(ctx context.Context) ([]call.OpenCall, error)
	Past(ctx context.Context, since time.Time) (call.Past, error)
}

// How ends are learnt.
const (
	SourceARI   = "ari"   // Asterisk said so when it happened
	SourceSweep = "sweep" // the channel was found to be gone; the end is when that was seen
)

const (
	writeTimeout = 5 * time.Second
	retryPause   = time.Second // after the ledger failed
)

// followed is a channel and the attempt that is under way on it.
type followed struct {
	channel   string
	extension string
	id        int64 // of the decision; 0 until it is recorded
	released  bool  // and not ended
	since     time.Time
	answered  time.Time
	end       *call.End // known before the id is

	active bool // counted in Watch.active
	asked  bool // the facts were asked for: callee and first are known
	callee call.Number
	first  call.Usage // as the facts were first asked for
	pin    int64      // counted in Watch.counts
}

// Watch follows calls. Use New, and Run in a goroutine. All other methods return at once.
type Watch struct {
	ledger Ledger
	log    zerolog.Logger
	writes *queue.Queue[write]

	mu     sync.Mutex
	calls  map[string]*followed // by channel; a call that has ended and is recorded is not in it
	active map[string]int       // calls that are being decided or were released and have not ended, by extension
	counts *usage.Counter
}

// write is one thing to be told to the ledger.
type write struct {
	id       int64
	answered time.Time
	end      *call.End
}

// New returns a watch that already follows the calls that the ledger knows to be open.
func New(ctx context.Context, ledger Ledger, log zerolog.Logger) (*Watch, error) {
	open, err := ledger.OpenCalls(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	past, err := ledger.Past(ctx, now.Add(-usage.Lookback))
	if err != nil {
		return nil, err
	}
	w := &Watch{
		ledger: ledger, log: log, writes: queue.New[write](),
		calls: map[string]*followed{}, active: map[string]int{}, counts: usage.New(past, now),
	}
	for _, o := range open {
		f := &followed{channel: o.Channel, extension: o.Extension, answered: o.AnsweredAt, callee: call.Number{E164: o.Number}}
		if o.Action == call.Allow {
			f.pin = o.PINID
			w.counts.Begin(f.pin)
		}
		w.calls[o.Channel] = f
		w.recorded(f, o.DecisionID, o.Action)
	}
	return w, nil
}

// Arrived begins to follow an attempt on a channel; an earlier one on it that is still open has ended. The returned
// function must be called once, with the id of the decision, or 0 if it could not be recorded.
func (w *Watch) Arrived(channel, extension string) (recorded func(id int64, a call.Action)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if old := w.calls[channel]; old != nil {
		w.end(old, call.End{EndedAt: time.Now(), Cause: call.CauseNormalClearing, Source: SourceARI})
	}
	f := &followed{channel: channel, extension: extension, since: time.Now()}
	w.calls[channel] = f
	return func(id int64, a call.Action) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.recorded(f, id, a)
	}
}

// recorded gives the attempt its decision, and writes what happened to it before.
func (w *Watch) recorded(f *followed, id int64, a call.Action) {
	if id == 0 {
		w.settle(f)
		w.drop(f)
		return
	}
	f.id = id
	switch {
	case a == call.Allow && f.end == nil:
		f.released = true
		w.begin(f)
		w.counts.LetOut(f.callee.Region)
	default:
		w.settle(f)
	}
	if !f.answered.IsZero() {
		w.writes.Push(write{id: id, answered: f.answered})
	}
	if f.end != nil {
		w.writes.Push(write{id: id, end: f.end})
		w.drop(f)
	}
}

// drop stops following an attempt, unless its channel already carries another one.
func (w *Watch) drop(f *followed) {
	if w.calls[f.channel] == f {
		delete(w.calls, f.channel)
	}
}

// Answered tells that the party called by the channel has answered.
func (w *Watch) Answered(channel string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.calls[channel]
	if f == nil || !f.answered.IsZero() {
		return
	}
	f.answered = at
	if f.id != 0 {
		w.writes.Push(write{id: f.id, answered: at})
	}
}

// Ended tells that the channel does not exist any more.
func (w *Watch) Ended(channel string, at time.Time, cause int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.calls[channel]; f != nil {
		w.end(f, call.End{EndedAt: at, Cause: cause, Source: SourceARI})
	}
}

// end notes an end, and writes it if the decision has its id.
func (w *Watch) end(f *followed, e call.End) {
	if f.end != nil {
		return
	}
	e.AnsweredAt = f.answered
	f.end = &e
	if f.released && !e.AnsweredAt.IsZero() {
		w.counts.Ended(f.callee.Key(), int(e.EndedAt.Sub(e.AnsweredAt).Seconds()), time.Now())
	}
	f.released = false
	w.settle(f)
	if f.id != 0 {
		w.writes.Push(write{id: f.id, end: &e})
		w.drop(f)
	}
}

// Sweep ends the calls whose channel is not among those that exist. Calls that arrived after the look (taken) are left
// alone.
func (w *Watch) Sweep(channels map[string]bool, taken time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for channel, f := range w.calls {
		if channels[channel] || !f.since.Before(taken) {
			continue
		}
		w.end(f, call.End{EndedAt: taken, Source: SourceSweep})
	}
}

// Run writes ends into the ledger until ctx ends, then writes what is left. While the ledger fails it tries again; a
// daemon that dies meanwhile finds the calls still open when it starts.
func (w *Watch) Run(ctx context.Context) {
	for {
		select {
		case <-w.writes.Ready():
			for _, x := range w.writes.Take() {
				w.writeUntilDone(ctx, x)
			}
		case <-ctx.Done():
			for _, x := range w.writes.Take() {
				w.writeUntilDone(ctx, x)
			}
			return
		}
	}
}

// writeUntilDone tells the ledger one thing, again and again while it fails; after ctx has ended, once.
func (w *Watch) writeUntilDone(ctx context.Context, x write) {
	for first := true; ; first = false {
		err := w.write(ctx, x)
		if err == nil {
			return
		}
		if first {
			w.log.Error().Err(err).Int64("decision", x.id).Msg("the end of a call could not be written; trying again")
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return
		}
	}
}

func (w *Watch) write(ctx context.Context, x write) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if x.end != nil {
		return w.ledger.Ended(ctx, x.id, *x.end)
	}
	return w.ledger.Answered(ctx, x.id, x.answered)
}
