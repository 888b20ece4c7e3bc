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
	SourceARI      = "ari"      // Asterisk said so when it happened
	SourceAGI      = "agi"      // the dialplan said so over FastAGI when it happened
	SourceDialplan = "dialplan" // the channel was found to be gone; the dialplan had noted the end
	SourceSweep    = "sweep"    // the channel was found to be gone; the end is when that was seen
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
	heard     time.Time // when we were told of the answer; zero for one that an earlier daemon was told of
	end       *call.End // known before the id is

	pending bool // counted in Watch.pending
	asked   bool // the facts were asked for: callee and first are known
	callee  call.Number
	first   call.Usage // as the facts were first asked for
	pin     int64      // counted in Watch.counts
}

// Watch follows calls. Use New, and Run in a goroutine. All other methods return at once.
type Watch struct {
	// Past, if it is set before Run, looks up how the call of a channel that is gone has ended, if anybody noted it.
	Past func(ctx context.Context, channel string) (call.End, bool)

	ledger Ledger
	log    zerolog.Logger
	writes *queue.Queue[write]

	mu    sync.Mutex
	calls map[string]*followed // by channel; a call that has ended and is recorded is not in it
	// By extension: released calls that have not ended, and calls that are being decided.
	active, pending map[string]int
	counts          *usage.Counter
}

// write is one thing to be told to the ledger.
type write struct {
	id       int64
	channel  string
	answered time.Time
	end      *call.End
	failed   bool // once or more; the log says so once
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
		calls: map[string]*followed{}, active: map[string]int{}, pending: map[string]int{}, counts: usage.New(past, now),
	}
	for _, o := range open {
		// Daemons that died after the decision and before the release leave several on one channel: the last one counts.
		f := &followed{channel: o.Channel, extension: o.Extension, answered: o.AnsweredAt, callee: call.Number{E164: o.Number}}
		if o.Action == call.Allow {
			f.pin = o.PINID
			w.counts.Begin(f.pin)
		}
		w.follow(f)
		w.recorded(f, o.DecisionID, o.Action)
	}
	return w, nil
}

// Arrived begins to follow an attempt on a channel; an earlier one on it that is still open has ended. The returned
// function must be called once, with the id of the decision, or 0 if it could not be recorded.
func (w *Watch) Arrived(channel, extension string) (recorded func(id int64, a call.Action)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &followed{channel: channel, extension: extension, since: time.Now()}
	w.follow(f)
	return func(id int64, a call.Action) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.recorded(f, id, a)
	}
}

// follow takes an attempt up; an earlier one on its channel that is still open has ended.
func (w *Watch) follow(f *followed) {
	if old := w.calls[f.channel]; old != nil {
		w.end(old, call.End{EndedAt: time.Now(), Cause: call.CauseNormalClearing, Source: SourceARI})
	}
	w.calls[f.channel] = f
}

// Follows reports whether an attempt on the channel is followed.
func (w *Watch) Follows(channel string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[channel] != nil
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
		w.active[f.extension]++
		w.decided(f)
		w.counts.LetOut(f.callee.Region)
	default:
		w.settle(f)
	}
	if !f.answered.IsZero() {
		w.writes.Push(write{id: id, answered: f.answered})
	}
	if f.end != nil {
		w.writes.Push(write{id: id, channel: f.channel, end: f.end})
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
	f.answered, f.heard = at, time.Now()
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

// Told is Ended where the dialplan tells it over FastAGI, with how long the called party was there (zero: it never
// answered). Where ARI tells the same end, too, the first counts.
func (w *Watch) Told(channel string, talked time.Duration, at time.Time, cause int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.calls[channel]
	if f == nil {
		return
	}
	if talked > 0 && f.answered.IsZero() {
		f.answered = at.Add(-talked)
	}
	w.end(f, call.End{EndedAt: at, Cause: cause, Source: SourceAGI})
}

// end notes an end, and writes it if the decision has its id.
func (w *Watch) end(f *followed, e call.End) {
	if f.end != nil {
		return
	}
	now := time.Now()
	e.AnsweredAt, e.Talked = f.answered, f.talked(e.EndedAt, now)
	f.end = &e
	if f.released && !e.AnsweredAt.IsZero() {
		w.counts.Ended(f.callee.Key(), int(e.Length().Seconds()), now)
	}
	if f.released {
		f.released = false
		decrease(w.active, f.extension)
	}
	w.settle(f)
	if f.id != 0 {
		w.writes.Push(write{id: f.id, channel: f.channel, end: &e})
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

// Run writes ends into the ledger until ctx ends, then writes what is left. What cannot be written is tried again behind
// what waits, so that it holds up nothing else; a daemon that dies meanwhile finds the calls still open when it starts.
func (w *Watch) Run(ctx context.Context) {
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
	return w.ledger.Answered(ctx, x.id, x.answered)
}

// looked returns an end, or what the dialplan noted about it if nobody else saw it.
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
	noted.Source = SourceDialplan
	return noted
}
