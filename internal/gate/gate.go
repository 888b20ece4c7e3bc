// Package gate decides live calls. Each call has one goroutine that owns it from dialling to release or refusal; it
// runs the state machine of package call and carries out its commands: it asks the policy, writes the ledger, and
// speaks to the caller through the adapter that brought the call.
//
// The gate takes calls that arrive (Arrive), that are found waiting without an owner (Sweep), and reports of
// emergency calls that the dialplan let out by itself (Emergency).
package gate

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/queue"
)

// Line is the caller's channel in an adapter's hands. Every method returns within the adapter's own deadline, and
// call.ErrGone when the channel does not exist any more or has left us.
type Line interface {
	Answer(ctx context.Context) error
	// Play begins to speak sound files, as package speech names them, and returns; call.PromptEnded with seq follows when
	// they were spoken.
	Play(ctx context.Context, sounds []string, seq int) error
	Silence(ctx context.Context, seq int) error
	Release(ctx context.Context, r call.Release) error
	Refuse(ctx context.Context, r call.Refusal) error
	HangUp(ctx context.Context, cause int) error
}

// Ledger makes decisions durable.
type Ledger interface {
	Record(ctx context.Context, r call.Record) (id int64, err error)
	Announce(ctx context.Context, r call.Record) error
	Announced(ctx context.Context) ([]call.Record, error)
	// Prove says what typed digits prove.
	Prove(ctx context.Context, c call.Claim) (call.Verdict, error)
	// ChangePIN gives a PIN other digits; call.ErrPINUnfit if these are no good.
	ChangePIN(ctx context.Context, id int64, digits call.Secret) error
}

// Lockout stops those who try digits until some fit.
type Lockout interface {
	Locked(extension string) bool
	// Look has digits looked up when it is their turn, or reports locked; a wrong try is durable when it returns.
	Look(ctx context.Context, extension string, look func(context.Context) (wrong bool, err error)) (locked bool, err error)
}

// Approvals asks those who may approve a call.
type Approvals interface {
	// Seek asks for approval and returns at once. answer is called once, unless cancel was called before; cancel ends the
	// search.
	Seek(r call.ApprovalRequest, answer func(call.ApprovalAnswer)) (cancel func())
	// Available reports whether anybody can be asked now.
	Available() bool
}

// Tracker follows calls from their arrival to their end.
type Tracker interface {
	// Arrived begins to follow an attempt on a channel. The returned function is called once, with the id of its
	// decision, or 0 if it could not be recorded.
	Arrived(channel, extension string) (recorded func(id int64, d call.Decision))
	// Usage counts what is going on besides the call on a channel; the first question counts it as an attempt.
	Usage(q call.UsageQuery) call.Usage
}

// Sanctions knows what was imposed.
type Sanctions interface {
	// On returns what is in force now on an extension and on a PIN, 0 for none; times are those of the zone.
	On(extension string, pin int64, zone *time.Location) call.Sanction
}

// Seats count the channels of trunks, so that calls which are decided at one moment never take more than there are.
type Seats interface {
	// Trunk says how the trunk stands for a call; the zero value where it is not counted.
	Trunk(s call.Seat) call.Trunk
	// Take gives a call that is about to be let out a seat. It reports false where the trunk has become full since it was
	// seen: then the call is to be judged once more.
	Take(s call.Seat, seen call.Trunk) bool
	// Decided tells which decision the call is let out by; Give takes the seat of one back that is not let out after all.
	Decided(channel string, decision int64)
	Give(channel string)
}

// Config is what a Gate works with.
type Config struct {
	Book      func() *Book // the book in force
	Ledger    Ledger
	Tracker   Tracker
	Spending  Spending // nil: nothing is known
	Lockout   Lockout
	Approvals Approvals // nil: nobody can be asked
	Seats     Seats     // nil: no trunk is counted
	Dialogue  call.Dialogue
	Log       zerolog.Logger
	Sanctions Sanctions // nil: nothing was ever imposed
	// Raise tells people of something soon, and returns at once; nil tells nobody.
	Raise func(call.Alert)
}

// Time limits of the gate's own steps.
const (
	ledgerTimeout = 5 * time.Second  // to make something durable; then the call is refused
	patience      = 10 * time.Second // for a released or refused caller to leave us; a prompt may have to end first
	memory        = 2 * time.Minute  // how long an entry is remembered, so that a late event cannot start it again
)

// Gate decides live calls. Use New. All methods may be called at the same time and return at once, but Stop.
type Gate struct {
	Config
	late atomic.Int64 // emergency calls that wait for the ledger

	mu       sync.Mutex
	stopping bool
	stop     chan struct{}            // closed when stopping begins
	running  int                      // goroutines
	idle     chan struct{}            // closed while nothing runs
	calls    map[string]*conversation // by channel
	seen     map[visit]time.Time      // when an entry was taken
	tidied   time.Time                // when old ones were last forgotten
	orphans  map[string]call.Record   // challenges of an earlier daemon, by channel
	grants   map[string]grant         // open phones, by extension
}

// visit is one time that a channel comes to us.
type visit struct{ channel, entry string }

// New returns a gate. Challenges that an earlier daemon left open are taken up by the first Sweep.
func New(ctx context.Context, cfg Config) (*Gate, error) {
	g := &Gate{
		Config: cfg, idle: make(chan struct{}), stop: make(chan struct{}),
		calls: map[string]*conversation{}, seen: map[visit]time.Time{}, orphans: map[string]call.Record{},
		grants: map[string]grant{},
	}
	close(g.idle)
	open, err := cfg.Ledger.Announced(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range open {
		g.orphans[r.Attempt.Channel] = r
	}
	return g, nil
}

// Arrive takes a call that waits to be decided. The entry tells apart the times that one channel comes to us; the
// same entry is taken once, however often it is reported.
func (g *Gate) Arrive(a call.Attempt, entry string, line Line) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.arrive(a, entry, line)
}

// ArriveAlone is Arrive for an adapter that cannot be sure that the channel is what it seems: it reports false, and does
// nothing, if the entry was taken before or another attempt is being decided on the channel.
func (g *Gate) ArriveAlone(a call.Attempt, entry string, line Line) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.calls[a.Channel]; c != nil && c.ended.IsZero() {
		return false
	}
	return g.arrive(a, entry, line)
}

// arrive reports whether the entry was a new one. The mutex is held.
func (g *Gate) arrive(a call.Attempt, entry string, line Line) bool {
	if !g.first(visit{a.Channel, entry}) {
		return false
	}
	if old := g.calls[a.Channel]; old != nil {
		old.inbox.Push(call.HungUp{}) // it left the earlier entry, or it could not come again
	}
	delete(g.orphans, a.Channel)
	c := &conversation{
		gate: g, book: g.Book(), attempt: a, entry: entry, line: line, arrived: time.Now(),
		inbox: queue.New[call.Event](), log: g.Log.With().Str("channel", a.Channel).Logger(),
	}
	c.machine = g.script(c.book, a)
	if g.stopping {
		c.inbox.Push(call.Stopping{})
	}
	g.calls[a.Channel] = c
	c.recorded = g.Tracker.Arrived(a.Channel, a.Extension)
	g.spawn(c.run)
	return true
}

// script is what a conversation about this attempt goes by.
func (g *Gate) script(b *Book, a call.Attempt) script {
	switch h := b.Handset; {
	case h.ChangePIN != "" && a.Dialled == h.ChangePIN:
		return call.NewErrand(call.ForChangePIN, g.Dialogue)
	case h.CloseGrant != "" && a.Dialled == h.CloseGrant:
		return call.NewErrand(call.ForCloseGrant, g.Dialogue)
	}
	return call.NewMachine(call.Settings{
		Dialogue: g.Dialogue, Operator: b.Handset.Operator, Grant: g.granted(b, a),
	})
}

// spawn runs f on a goroutine that Stop waits for. The mutex is held. (A sync.WaitGroup panics when a call arrives in
// the moment in which Stop sees the last one end.)
func (g *Gate) spawn(f func()) {
	if g.running == 0 {
		g.idle = make(chan struct{})
	}
	g.running++
	go func() {
		f()
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.running--; g.running == 0 {
			close(g.idle)
		}
	}()
}

// Deliver passes an event of a channel to its call, if one is being decided and came over ARI: Asterisk reports the keys
// of every channel there, also of those that FastAGI listens to. What is typed during the call itself is none of our
// business and is not kept.
func (g *Gate) Deliver(channel string, e call.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.calls[channel]; c != nil && c.ended.IsZero() && c.attempt.Source != call.SourceAGI {
		c.inbox.Push(e)
	}
}

// DeliverTo passes an event to the call of that very entry, if it is being decided.
func (g *Gate) DeliverTo(channel, entry string, e call.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.calls[channel]; c != nil && c.entry == entry && c.ended.IsZero() {
		c.inbox.Push(e)
	}
}

// Left tells that the entry's line is no more: released, refused or gone.
func (g *Gate) Left(channel, entry string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.calls[channel]; c != nil && c.entry == entry {
		g.forget(channel)
	}
}

// Gone tells that a channel does not exist any more.
func (g *Gate) Gone(channel string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(channel)
}

func (g *Gate) forget(channel string) {
	if c := g.calls[channel]; c != nil {
		c.inbox.Push(call.HungUp{})
		delete(g.calls, channel)
	}
}

// first notes a visit and reports whether it is a new one. The mutex is held.
func (g *Gate) first(v visit) bool {
	if _, taken := g.seen[v]; taken {
		return false
	}
	if time.Since(g.tidied) > memory {
		g.tidy()
	}
	g.seen[v] = time.Now()
	return true
}

// tidy forgets old visits. The mutex is held.
func (g *Gate) tidy() {
	g.tidied = time.Now()
	for v, at := range g.seen {
		if g.calls[v.channel] == nil && time.Since(at) > memory {
			delete(g.seen, v)
		}
	}
}

// record writes a decision that nobody waits for; it returns 0 if it could not be written.
func (g *Gate) record(r call.Record) int64 {
	r.Alerts = alertsOf(r)
	return g.recordWith(r)
}

// recordWith is record for alerts that are not those of the rules.
func (g *Gate) recordWith(r call.Record) int64 {
	ctx, cancel := context.WithTimeout(context.Background(), ledgerTimeout)
	defer cancel()
	raise := g.raiseInTime(r)
	id, err := g.Ledger.Record(ctx, r)
	g.logDecision(g.Log, id, err, r)
	raise(id)
	return id
}

// logDecision writes one line about a decision. No digit that was typed is in it.
func (g *Gate) logDecision(log zerolog.Logger, id int64, err error, r call.Record) {
	level := log.Info()
	if err != nil {
		level = log.Error().Err(err)
	}
	d := r.Decision
	if reason := d.Reason(); reason != "" {
		level = level.Str("reason", reason)
	}
	level.Int64("decision", id).Str("extension", r.Attempt.Extension).Str("dialled", r.Attempt.Dialled).
		Str("class", string(r.Facts.Callee.Class)).Str("action", string(d.Action)).Str("rule", d.Rule).
		Bool("adopted", r.Attempt.Adopted).Msg("decided")
}

// Stop refuses the callers who are being asked for something, lets all others be decided, and waits until every
// decision is written and carried out, or ctx ends. Calls that arrive meanwhile are decided if nothing has to be asked.
func (g *Gate) Stop(ctx context.Context) error {
	g.mu.Lock()
	if !g.stopping {
		close(g.stop)
	}
	g.stopping = true
	for _, c := range g.calls {
		c.inbox.Push(call.Stopping{})
	}
	idle := g.idle
	g.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
