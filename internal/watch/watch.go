// Package watch follows calls to their end: when the called party answered, when the call ended and why. It writes that
// into the ledger, counts what every extension is doing, and ends what Asterisk should have ended and has not.
//
// A call goes on as long as the channel does that has answered it, its leg: on a trunk that is what is paid for. The phone
// that made the call may have left it long before, because it has transferred the call.
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
	Answered(ctx context.Context, decisionID int64, a call.Pickup) error
	Ended(ctx context.Context, decisionID int64, e call.End) error
	OpenCalls(ctx context.Context) ([]call.OpenCall, error)
	Past(ctx context.Context, since time.Time) (call.Past, error)
	Intervene(ctx context.Context, i call.Intervention) error
}

// How ends are learnt.
const (
	SourceARI      = "ari"      // Asterisk said so when it happened
	SourceAGI      = "agi"      // the dialplan said so over FastAGI when it happened
	SourceDialplan = "dialplan" // the channel was found to be gone; the dialplan had noted the end
	SourceCDR      = "cdr"      // the channel was found to be gone; Asterisk's call detail record has the end
	SourceSweep    = "sweep"    // the channel was found to be gone; the end is when that was seen
)

// followed is a channel and the attempt that is under way on it.
type followed struct {
	channel   string // the caller's
	extension string
	id        int64     // of the decision; 0 until it is recorded
	released  bool      // and not ended
	since     time.Time // when it arrived; zero if it was taken over
	taken     time.Time // over from an earlier daemon; zero if it was not
	unheard   bool      // nobody listened to Asterisk for a time since it arrived: its answer may have been missed
	gone      *call.End // the caller's channel is gone, a leg goes on: how the caller's end was told; nil while it is there
	answered  time.Time
	heard     time.Time // when we were told of the answer; zero for one that an earlier daemon was told of
	end       *call.End // known before the id is
	legs      map[string]*leg

	max, warn int       // seconds: the cap, and how long before it the caller is warned; 0 for none
	extended  bool      // by an operator
	warned    bool      // since
	cutAt     time.Time // when it was last to be ended because it had escaped its cap
	escaped   bool      // people were told so
	looked    int       // how often at its cap since Asterisk may not know it

	pending bool // counted in Watch.pending
	asked   bool // the facts were asked for: callee and first are known
	callee  call.Number
	first   call.Usage      // as the facts were first asked for
	payers  [2]call.Spender // the holder and the department; empty: nobody
	pin     int64           // counted in Watch.counts
}

// Watch follows calls. Use New, and Run in a goroutine. All other methods return at once.
type Watch struct {
	// Past, if it is set before Run, looks up how the call of a decision has ended whose caller's channel is gone, if anybody
	// noted it; the end's source says who.
	Past func(ctx context.Context, decisionID int64, channel string) (call.End, bool)

	// Lines and Alert, if they are set before Run, change calls in progress and tell people what they should hear of.
	Lines Lines
	// Connected, if it is set before Run, reports whether Asterisk can be told anything about calls in progress.
	Connected func() bool
	Alert     func(call.Alert)

	ledger Ledger
	log    zerolog.Logger
	writes *queue.Queue[write]

	extending sync.Mutex // held while a cap is made longer

	mu     sync.Mutex
	calls  map[string]*followed // by the caller's channel; a call that has ended and is recorded is not in it
	legs   map[string]*followed // by channel, those that calls have dialled and that exist
	halves map[string]*followed // by name, the other halves of legs that are Local channels
	// By extension: released calls that have not ended, and calls that are being decided.
	active, pending map[string]int
	paying          map[call.Spender]int // released calls that have not ended, by who pays
	counts          *usage.Counter
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
		calls: map[string]*followed{}, legs: map[string]*followed{}, halves: map[string]*followed{},
		active: map[string]int{}, pending: map[string]int{}, paying: map[call.Spender]int{}, counts: usage.New(past, now),
	}
	for _, o := range open {
		// Daemons that died after the decision and before the release leave several on one channel: the last one counts.
		f := &followed{
			channel: o.Channel, extension: o.Extension, answered: o.AnsweredAt, taken: now,
			callee: call.Number{E164: o.Number, Class: o.Class}, payers: payersOf(o.Holder, o.Department), extended: o.Extended,
		}
		d := call.Decision{Action: o.Action, MaxSeconds: o.MaxSeconds}
		if o.Extended {
			d.WarnSeconds = warnAhead
		}
		if o.Action == call.Allow {
			f.pin = o.PINID
			w.counts.Begin(f.pin)
		}
		w.follow(f)
		if o.Leg != "" {
			w.addLeg(f, call.Channel{ID: o.Leg}, time.Time{}).answered = true
		}
		w.recorded(f, o.DecisionID, d)
	}
	return w, nil
}

// FollowsEmergency reports whether the call that is followed on the channel is an emergency call, or may be one: it is not
// recorded yet. A channel can be in another call first, whose phone then transfers it.
func (w *Watch) FollowsEmergency(channel string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.calls[channel]
	return f != nil && (f.id == 0 || f.callee.Class == call.Emergency)
}

// Arrived begins to follow an attempt on a channel; an earlier one on it that is still open has ended. The returned
// function must be called once, with the id of the decision, or 0 if it could not be recorded.
func (w *Watch) Arrived(channel, extension string) (recorded func(id int64, d call.Decision)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &followed{channel: channel, extension: extension, since: time.Now()}
	w.follow(f)
	return func(id int64, d call.Decision) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.recorded(f, id, d)
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
func (w *Watch) recorded(f *followed, id int64, d call.Decision) {
	if id == 0 {
		w.settle(f)
		w.drop(f)
		return
	}
	f.id, f.max, f.warn = id, d.MaxSeconds, d.WarnSeconds
	if d.Rule == call.RuleEmergency {
		f.callee.Class = call.Emergency
	}
	switch {
	case d.Action == call.Allow && f.end == nil:
		f.released = true
		w.active[f.extension]++
		w.pays(f, 1)
		w.decided(f)
		w.counts.LetOut(f.callee.Region)
	default:
		w.settle(f)
	}
	if !f.answered.IsZero() {
		w.writes.Push(write{id: id, answer: call.Pickup{At: f.answered, Leg: f.leg()}})
	}
	if f.end != nil {
		w.writes.Push(write{id: id, channel: f.channel, end: f.end})
		w.drop(f)
	}
}

// drop stops following an attempt, unless its channel already carries another one.
func (w *Watch) drop(f *followed) {
	w.dropLegs(f)
	if w.calls[f.channel] == f {
		delete(w.calls, f.channel)
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

// Over tells how a call ended that was over before anybody listened; a zero e.AnsweredAt means that nobody answered.
func (w *Watch) Over(channel string, e call.End) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.calls[channel]; f != nil && f.end == nil {
		f.answered = e.AnsweredAt
		w.end(f, e)
	}
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
		w.pays(f, -1)
	}
	w.settle(f)
	if f.id != 0 {
		w.writes.Push(write{id: f.id, channel: f.channel, end: &e})
		w.drop(f)
	}
}
