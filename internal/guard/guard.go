// Package guard keeps channels of trunks free for those who need them, and lines free for their purpose.
//
// It knows every channel that there is (Made, Dialled, Gone, Sweep), and which of them belong to calls that were let out
// (Take). From that follow three things. A call asks for a seat before it is let out, so that calls that are decided at the
// same moment never take more channels than there are. An emergency or an alarm that finds no channel tells it
// (NeedsChannel), and the call with the lowest priority is ended, exactly one for each need. And a guarded line that is busy
// for too long raises an alert and rings another phone.
//
// What is known is in memory only; after a restart the channels that exist are all there is to know (Sweep).
package guard

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Config is what a Guard works with.
type Config struct {
	Lines     func() *call.Lines    // in force
	Directory func() call.Directory // in force
	Clock     func() call.Clock     // the time at the site
	Asterisk  Asterisk              // ends calls, with a word
	Phones    Phones                // rings phones
	Alert     func(call.Alert)      // tells people
	Log       zerolog.Logger
}

// channel is one that exists.
type channel struct {
	call.Channel
	trunk     string // keyOf its name
	line      string // the guarded line that it is on
	caller    string // the channel that dialled it; empty where nobody knows
	answered  bool
	condemned int // it gives way as the how manieth; 0: it does not
}

// Guard holds what is known of channels. Use New. All methods may be called at the same time; they return at once, but Stop.
type Guard struct {
	cfg Config

	mu       sync.Mutex
	stopping chan struct{}
	stopped  bool
	running  sync.WaitGroup
	lines    *call.Lines // that the keys of channels are of
	channels map[string]*channel
	named    map[string]*channel            // by name
	trunks   map[string]map[string]*channel // by key of the trunk
	claims   map[string]*claim              // by the caller's channel
	decided  map[int64]string               // the caller's channel of a claim, by its decision
	urgent   map[string]time.Time           // callers' channels of emergency calls, and when they were told
	short    map[string]*shortage           // by key of the trunk
	tried    map[string]string              // the key of the trunk that was dialled last for a caller's channel
	busy     map[string]*occupation         // by extension of the guarded line
	ended    int                            // calls that were to give way
	cuts     map[string]time.Time           // channels that were cut, and when
	past     map[string]time.Time           // channels that are gone, and since when
}

// New returns a guard that knows no channel yet.
func New(cfg Config) *Guard {
	return &Guard{
		cfg: cfg, stopping: make(chan struct{}), channels: map[string]*channel{}, named: map[string]*channel{}, trunks: map[string]map[string]*channel{},
		claims: map[string]*claim{}, decided: map[int64]string{}, urgent: map[string]time.Time{}, tried: map[string]string{}, short: map[string]*shortage{}, busy: map[string]*occupation{}, cuts: map[string]time.Time{}, past: map[string]time.Time{},
	}
}

// lock takes the mutex and looks whether other lines are in force now.
func (g *Guard) lock() (unlock func()) {
	g.mu.Lock()
	if lines := g.cfg.Lines(); lines != g.lines {
		g.lines = lines
		g.trunks = map[string]map[string]*channel{}
		for _, c := range g.channels {
			g.place(c)
		}
		g.guardAnew()
	}
	return g.mu.Unlock
}

// place finds out which trunk or line a channel is on.
func (g *Guard) place(c *channel) {
	c.trunk, c.line = g.keyOf(c.Name), g.lines.GuardedAt(c.Name)
	if g.trunks[c.trunk] == nil {
		g.trunks[c.trunk] = map[string]*channel{}
	}
	g.trunks[c.trunk][c.ID] = c
}

// keyOf names the trunk of a channel: as data/lines.yaml does, else by @ and its endpoint.
func (g *Guard) keyOf(channelName string) string {
	if name := g.lines.TrunkOf(channelName); name != "" {
		return name
	}
	if dash := strings.LastIndexByte(channelName, '-'); dash > 0 {
		channelName = channelName[:dash]
	}
	technology, endpoint, _ := strings.Cut(channelName, "/")
	return "@" + strings.ToUpper(technology) + "/" + endpoint // Asterisk takes pjsip/carrier, too
}

// keyOfDialling is keyOf for what the dialplan dials: PJSIP/NUMBER@carrier, PJSIP/carrier/sip:NUMBER@host, DAHDI/g1/NUMBER.
// Of several with & between them the first counts.
func (g *Guard) keyOfDialling(dialled string) string {
	first, _, _ := strings.Cut(dialled, "&")
	technology, resource, _ := strings.Cut(first, "/")
	endpoint, _, more := strings.Cut(resource, "/")
	if _, at, ok := strings.Cut(endpoint, "@"); ok && !more {
		endpoint = at
	}
	return g.keyOf(technology + "/" + endpoint + "-")
}

// Made tells of a channel that Asterisk has made.
func (g *Guard) Made(ch call.Channel) {
	defer g.lock()()
	g.made(ch)
}

func (g *Guard) made(ch call.Channel) *channel {
	c := g.channels[ch.ID]
	if c == nil {
		if ch.MadeAt.IsZero() {
			ch.MadeAt = time.Now()
		}
		c = &channel{Channel: ch}
		c.Taken = false
		g.channels[ch.ID], g.named[ch.Name] = c, c
		g.place(c)
		g.occupy(c)
	}
	c.Emergency = c.Emergency || ch.Emergency
	if c.DecisionID == 0 {
		c.DecisionID = ch.DecisionID
	}
	if ch.Taken && !c.Taken {
		c.Taken = true
		g.took(c)
	}
	return c
}

// Dialled tells that a channel has begun to call another one.
func (g *Guard) Dialled(caller, peer call.Channel) {
	defer g.lock()()
	g.dialled(caller, peer)
}

// Ringing tells that a called channel rings, or is heard already.
func (g *Guard) Ringing(caller, peer call.Channel) {
	defer g.lock()()
	peer.Taken = true
	g.dialled(caller, peer)
}

// Answered tells that a called channel has answered.
func (g *Guard) Answered(caller, peer call.Channel) {
	defer g.lock()()
	peer.Taken = true
	g.dialled(caller, peer).answered = true
}

func (g *Guard) dialled(caller, peer call.Channel) *channel {
	if c := g.channels[peer.ID]; c != nil && caller.ID != "" {
		c.caller = caller.ID // before it is known whose channel it takes
	}
	if caller.ID != "" {
		from := g.made(caller)
		from.Emergency = from.Emergency || caller.Emergency
	}
	c := g.made(peer)
	c.caller = caller.ID
	g.tries(c)
	g.sit(c)
	return c
}

// sit gives a claim its channel on the trunk.
func (g *Guard) sit(c *channel) {
	id, claim := g.claimOf(c)
	if claim != nil && id != c.ID && !claim.over && c.OtherHalf() == "" {
		claim.seat = c.ID
	}
}

// pastMemory is how long it is known that a channel is gone, so that an earlier look does not bring it back.
const pastMemory = time.Minute

// Gone tells that a channel does not exist any more; cause is Q.850, 0 where nobody knows it.
func (g *Guard) Gone(id string, cause int) {
	defer g.lock()()
	g.gone(id, cause)
}

func (g *Guard) gone(id string, cause int) {
	delete(g.urgent, id)
	delete(g.tried, id)
	g.content(id)
	g.past[id] = time.Now()
	if claim := g.claims[id]; claim != nil && claim.seat == "" {
		g.dropClaim(id)
	} else if claim != nil {
		claim.left = true // his call goes on without him
	}
	c := g.channels[id]
	if c == nil {
		return
	}
	if caller, claim := g.claimOf(c); claim != nil && claim.seat == id {
		claim.seat, claim.over = "", c.Taken
		if claim.left {
			g.dropClaim(caller)
		}
	}
	delete(g.channels, id)
	delete(g.named, c.Name)
	delete(g.trunks[c.trunk], id)
	if len(g.trunks[c.trunk]) == 0 {
		delete(g.trunks, c.trunk)
	}
	g.vacate(c)
	g.freed(c, cause)
}

func (g *Guard) dropClaim(id string) {
	if claim := g.claims[id]; claim != nil {
		delete(g.decided, claim.decision)
		delete(g.claims, id)
	}
}

// Sweep takes a look at all channels, begun at a time: what events have not told is made good.
func (g *Guard) Sweep(all map[string]call.Channel, taken time.Time) {
	defer g.lock()()
	for id, at := range g.past {
		if taken.Sub(at) > pastMemory {
			delete(g.past, id)
		}
	}
	for id, ch := range all {
		if _, over := g.past[id]; over { // it ended after the look
			continue
		}
		if c := g.made(ch); c.caller == "" {
			g.sit(c)
		}
	}
	for id, c := range g.channels {
		if _, there := all[id]; !there && c.MadeAt.Before(taken) {
			g.gone(id, 0)
		}
	}
	for id, c := range g.claims {
		_, there := all[id]
		if !there && c.seat == "" && c.since.Before(taken) && (c.source != call.SourceAGI || taken.Sub(c.since) > longestCall) {
			g.dropClaim(id)
		}
	}
	for id, since := range g.urgent {
		if _, there := all[id]; !there && since.Before(taken) {
			delete(g.urgent, id)
			g.content(id)
		}
	}
}

// trunkOf is the key of the trunk of a channel; empty if there is no such channel.
func (g *Guard) trunkOf(id string) string {
	if c := g.channels[id]; c != nil {
		return c.trunk
	}
	return ""
}

// Over tells that a call that was asked about over FastAGI has ended; its channels may be on another Asterisk.
func (g *Guard) Over(channel string) {
	defer g.lock()()
	if claim := g.claims[channel]; claim != nil && claim.seat == "" {
		g.dropClaim(channel)
	}
}

// Emergency tells that the call of a channel is an emergency call: it never gives way.
func (g *Guard) Emergency(id string) {
	defer g.lock()()
	g.urgent[id] = time.Now()
}

// spawn runs f on a goroutine that Stop waits for. The mutex is held.
func (g *Guard) spawn(f func()) {
	if !g.stopped {
		g.running.Go(f)
	}
}

// Stop ends what the guard is doing: calls that give way are ended at once, phones that ring for a busy line stop. It waits
// for that, or until ctx ends.
func (g *Guard) Stop(ctx context.Context) error {
	g.mu.Lock()
	if !g.stopped {
		close(g.stopping)
	}
	g.stopped = true
	for _, o := range g.busy {
		o.timer.Stop()
	}
	g.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.running.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
