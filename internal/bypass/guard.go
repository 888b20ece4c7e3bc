// Package bypass watches the trunks: every call that goes out on one must have been decided, or be an emergency call. One
// that nobody has decided, because of a forgotten path in the dialplan, an originate, a feature code, a transfer, a forward
// or a Local channel, is reported at once, and hung up where the mode says so.
//
// What counts is who dials the trunk, and from where: Asterisk tells both in the Dial event, before the other side rings. A
// call is decided where a channel whose decision lets it out dials from [dialwarden-released], where the dialplan lets out
// an emergency call, and where a Local channel that one of these has dialled goes on. Everything else is a bypass. A variable
// that channels inherit proves nothing by itself: a call that is transferred has it, too.
//
// An application that tells of no Dial event (ParkAndAnnounce) is none that dials for a decided call: what it makes is known by
// having no application of its own, which Dial and its like give to whom they dial.
//
// A legal call is never cut, nor is one to an emergency number. What events did not tell, because the daemon or the connection
// was away, is found by a look at all channels and only reported.
package bypass

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Mode is what is done with a call that nobody has decided.
type Mode string

// The modes.
const (
	Watch   Mode = "watch"   // it is reported
	Enforce Mode = "enforce" // it is reported and hung up
	Off     Mode = "off"
)

// Contexts of our dialplan that dial.
const (
	releasedContext  = "dialwarden-released"
	emergencyContext = "dialwarden-emergency"
	approverContext  = "dialwarden-approver"
)

const (
	askTimeout = time.Second // for an answer of Asterisk
	relearn    = 12          // looks at all channels between two of Learn
	strikes    = 2           // looks at all channels before one that no Dial told of is reported

	// dialTime is how long after a channel was made its Dial event may come, before anybody asks for it.
	dialTime = 100 * time.Millisecond
)

// Config is what a Guard works with.
type Config struct {
	Mode   Mode
	Trunks []string // besides DIALWARDEN_TRUNK: PJSIP/carrier, carrier, DAHDI/*, or name for DIALWARDEN_TRUNK_name
	// Released reports whether a decision lets the channel, or the call that it is a Local half of, dial.
	Released func(ch call.Channel) bool
	// Answered reports whether the call of the caller's channel was answered: what he dials then, by a key of features.conf, is
	// another one.
	Answered func(ch call.Channel) bool
	// Emergency reports whether a number is that of an emergency call.
	Emergency func(number string) bool
	// Leg reports whether the channel has answered a call that was decided.
	Leg func(channel string) bool
	// Global reads a global variable of the dialplan, Decision whether our dialplan has noted a decision on a channel.
	Global   func(ctx context.Context, name string) (string, error)
	Decision func(ctx context.Context, channel string) (bool, error)
	// Look looks at one channel, as it is now; one that is gone is an error.
	Look   func(ctx context.Context, channel string) (call.Channel, error)
	HangUp func(ctx context.Context, channel string, cause int) error
	// Report is told of each call that nobody has decided, once.
	Report func(Call)
	Log    zerolog.Logger
}

// Call is a call that goes out on a trunk undecided.
type Call struct {
	Trunk  call.Channel
	Caller call.Channel // who dials it; empty for an originate, or where it is not known
	Seen   time.Time
	Cut    bool // it was hung up
	// Emergency says that an emergency number was dialled, from a place that is not ours. It is never hung up.
	Emergency bool
}

// Guard watches the trunks. Use New. Its methods are called one at a time, in the order of events, and return at once;
// Learn may be called beside them.
type Guard struct {
	Config

	mu     sync.Mutex
	trunks map[string]bool
	known  map[string]time.Time // channels on trunks that are decided, incoming or reported, since when
	made   map[string]time.Time // those that we have seen being made for an outgoing call
	halves map[string]time.Time
	missed map[string]int // looks that have found a channel which no Dial told of
	looks  int
}

// New returns a guard that knows the trunks of the configuration only, until Learn.
func New(cfg Config) *Guard {
	g := &Guard{
		Config: cfg, trunks: map[string]bool{}, known: map[string]time.Time{}, made: map[string]time.Time{},
		halves: map[string]time.Time{}, missed: map[string]int{},
	}
	for _, name := range cfg.Trunks {
		g.trunks[endpointName(name)] = true
	}
	return g
}

// Learn reads from the dialplan's globals how trunks are dialled. What cannot be read stays as it was.
func (g *Guard) Learn(ctx context.Context) {
	if g.Mode == Off {
		return
	}
	found := map[string]bool{}
	for _, name := range append([]string{""}, g.Trunks...) {
		if strings.ContainsAny(name, "/*") {
			found[endpointName(name)] = true
			continue
		}
		variable := "DIALWARDEN_TRUNK"
		if name != "" {
			variable += "_" + name
		}
		value, err := g.Global(ctx, variable)
		if err != nil {
			g.Log.Warn().Err(err).Str("variable", variable).Msg("bypass guard: Asterisk does not tell how a trunk is dialled")
			return
		}
		endpoints := endpointsOf(value)
		if len(endpoints) == 0 && name != "" {
			endpoints = []string{endpointName(name)}
		}
		for _, e := range endpoints {
			found[e] = true
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !maps.Equal(found, g.trunks) {
		g.Log.Info().Strs("trunks", sorted(found)).Str("mode", string(g.Mode)).Msg("bypass guard: these trunks are watched")
	}
	g.trunks = found
}

// Made tells of a new channel.
func (g *Guard) Made(ch call.Channel) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.Mode == Off || !g.isTrunk(ch) {
		return
	}
	if ch.Incoming {
		g.known[ch.ID] = time.Now()
	} else {
		g.made[ch.ID] = time.Now()
		time.AfterFunc(dialTime, func() { g.undialled(ch.ID) })
	}
}

// Dialled tells that a channel has begun to call another one; the caller is empty for an originate.
func (g *Guard) Dialled(caller, peer call.Channel) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.Mode == Off {
		return
	}
	decided := g.mayDial(caller)
	if half := peer.OtherHalf(); half != "" && decided {
		g.halves[half] = time.Now()
	}
	if _, known := g.known[peer.ID]; known || !g.isTrunk(peer) {
		return
	}
	g.known[peer.ID] = time.Now()
	if !decided {
		c := Call{Trunk: peer, Caller: caller, Seen: time.Now(), Emergency: caller.Context != emergencyContext && g.Emergency(peer.Dialled)}
		go g.caught(c, !c.Emergency && g.sure(caller))
	}
}

// undialled asks what has become of a channel that was made a moment ago, if no Dial event has told who dials it.
func (g *Guard) undialled(id string) {
	g.mu.Lock()
	since, made := g.made[id]
	_, known := g.known[id]
	g.mu.Unlock()
	if known || !made {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	ch, err := g.Look(ctx, id)
	if err != nil || ch.App != "" || ch.Incoming || ch.DecisionID != 0 || ch.Emergency || ch.Ours || g.Leg(id) { // gone, or the looks at all channels will tell
		return
	}
	g.mu.Lock()
	_, known = g.known[id]
	g.known[id] = time.Now()
	g.mu.Unlock()
	if !known {
		g.caught(Call{Trunk: ch, Seen: since}, true)
	}
}

// sure reports whether what a channel dials undecided may be hung up: not where a Local channel could belong to a decided
// call that began before us, nor where it says that it belongs to an emergency call. The mutex is held.
func (g *Guard) sure(caller call.Channel) bool {
	if caller.Context == emergencyContext { // whatever he dials
		return false
	}
	if caller.OtherHalf() == "" {
		return true
	}
	return !caller.Emergency && (g.looks > 0 || caller.DecisionID == 0)
}

// mayDial reports whether what a channel dials is decided. The mutex is held.
func (g *Guard) mayDial(caller call.Channel) bool {
	switch caller.Context {
	case emergencyContext:
		return !g.Answered(caller)
	case approverContext:
		return true
	case releasedContext:
		if g.Answered(caller) {
			return false
		}
		return caller.DecisionID != 0 || g.Released(caller)
	}
	if _, ours := g.halves[caller.Name]; ours {
		return true
	}
	return caller.OtherHalf() != "" && g.Released(caller)
}

// caught reports a call that nobody has decided, and hangs it up where that is sure.
func (g *Guard) caught(c Call, sure bool) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	if c.Caller.Context == releasedContext && !g.Answered(c.Caller) { // another daemon may have decided it
		decided, err := g.Decision(ctx, c.Caller.ID)
		if decided {
			return
		}
		sure = sure && err == nil
	}
	if g.Mode == Enforce && sure {
		err := g.HangUp(ctx, c.Trunk.ID, call.CauseCallRejected)
		c.Cut = err == nil
		if err != nil {
			g.Log.Error().Err(err).Str("channel", c.Trunk.Name).Msg("bypass guard: a call that nobody has decided could not be hung up")
		}
	}
	g.tell(c)
}

func (g *Guard) tell(c Call) {
	g.Log.Error().Str("channel", c.Trunk.Name).Str("endpoint", c.Trunk.Endpoint()).Str("caller", c.Caller.Name).
		Str("place", c.Place()).Bool("cut", c.Cut).Dur("after_ms", time.Since(c.Seen)).
		Msg("a call goes out on a trunk that nobody has decided")
	g.Report(c)
}

// Place is where in the dialplan the call was dialled: context,extension; empty where it was in none.
func (c Call) Place() string {
	if c.Caller.Context == "" {
		return ""
	}
	return c.Caller.Context + "," + c.Caller.Exten
}

// Ended tells that a channel does not exist any more.
func (g *Guard) Ended(channel string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(channel)
}

func (g *Guard) forget(channel string) {
	delete(g.known, channel)
	delete(g.made, channel)
	delete(g.missed, channel)
}
