package guard

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// need is an emergency or an alarm that has found no channel.
type need struct {
	channel string // the caller's
	since   time.Time
}

// shortage is a trunk that has no channel for somebody who needs one.
type shortage struct {
	needs  []need // the oldest first
	free   int    // channels that have become free since, and that nobody has taken
	freed  time.Time
	helped bool // the log says that nobody can give way
}

func (s *shortage) of(channel string) int {
	return slices.IndexFunc(s.needs, func(n need) bool { return n.channel == channel })
}

// claimed counts the needs of calls that have a seat already.
func (s *shortage) claimed(g *Guard) int {
	n := 0
	for _, x := range s.needs {
		if c := g.claims[x.channel]; c != nil && c.holds() {
			n++
		}
	}
	return n
}

// NeedsChannel tells that a trunk has refused an emergency or an alarm call for want of a channel; name is the trunk's, empty
// for the usual one, and dialled is how the dialplan dials it. It is told again at each try. One call of the trunk gives way,
// unless a channel has become free or another call is giving way for it already.
func (g *Guard) NeedsChannel(caller call.Channel, name, dialled string) {
	defer g.lock()()
	id := caller.ID
	g.made(caller)
	trunk, now := g.wanting(id, name, dialled), time.Now()
	s := g.short[trunk]
	if s == nil {
		s = &shortage{}
		g.short[trunk] = s
	}
	if s.of(id) < 0 {
		s.needs = append(s.needs, need{id, now})
	}
	g.balance(trunk)
}

// wanting is the key of the trunk that has refused a caller: as at his first try, so that no two calls give way to him; the
// one that was dialled for him last, which may stand behind Local channels; the one that is dialled, or is named so in
// data/lines.yaml. Asterisk may tell of the first refusal before it tells what was dialled behind a Local channel: where
// nobody could give way then, it is the trunk that was.
func (g *Guard) wanting(caller, name, dialled string) string {
	tried := g.tried[caller]
	for trunk, s := range g.short {
		if s.of(caller) < 0 {
			continue
		}
		if !s.helped || tried == "" || tried == trunk {
			return trunk
		}
		g.content(caller)
		break
	}
	if tried != "" {
		return tried
	}
	name = cmp.Or(name, call.DefaultTrunk)
	if _, counted := g.lines.Trunks[name]; counted && strings.HasPrefix(strings.ToLower(dialled), "local/") {
		return name
	}
	return g.keyOfDialling(dialled)
}

// tries notes on which trunk a channel was dialled for its callers. Asterisk tells that in time; that the trunk has refused, it
// may tell after the dialplan has.
func (g *Guard) tries(c *channel) {
	if c.OtherHalf() != "" {
		return
	}
	for _, id := range g.origins(c) {
		if g.channels[id] != nil {
			g.tried[id] = c.trunk
		}
	}
}

// took notes that the other side of a channel has taken the call: a need is met, or a channel that was free is taken.
func (g *Guard) took(c *channel) {
	s := g.short[c.trunk]
	if s == nil {
		return
	}
	if id := g.needing(c, s); id != "" {
		s.free = max(0, s.free-1)
		g.content(id)
		return
	}
	if s.free > 0 && c.MadeAt.After(s.freed) {
		s.free--
		g.balance(c.trunk)
	}
}

// needing is the caller in need whom a channel is for; empty if there is none.
func (g *Guard) needing(c *channel, s *shortage) string {
	for _, id := range g.origins(c) {
		if s.of(id) >= 0 {
			return id
		}
	}
	return ""
}

// content forgets the need of a caller: it is met, or he is gone.
func (g *Guard) content(caller string) {
	for trunk, s := range g.short {
		if at := s.of(caller); at >= 0 {
			s.needs = slices.Delete(s.needs, at, at+1)
		}
		if len(s.needs) == 0 {
			delete(g.short, trunk)
		}
	}
}

// freed notes that a channel is no more. One that the trunk has refused was never in use.
func (g *Guard) freed(c *channel, cause int) {
	s := g.short[c.trunk]
	if s == nil || g.needing(c, s) != "" || !c.Taken && noChannel[cause] {
		return
	}
	s.free, s.freed = s.free+1, time.Now()
	g.balance(c.trunk) // where the need has grown meanwhile
}

// noChannel are the causes with which a trunk says that it has no channel.
var noChannel = map[int]bool{34: true, 38: true, 41: true, 42: true, 44: true, 47: true, 58: true}

// balance has calls give way until each need has a channel that is free or is becoming so.
func (g *Guard) balance(trunk string) {
	s := g.short[trunk]
	if s == nil {
		return
	}
	coming := s.free
	for _, c := range g.trunks[trunk] {
		if c.condemned > 0 {
			coming++
		}
	}
	for ; coming < len(s.needs); coming++ {
		victim := g.victim(trunk, s)
		if victim == nil {
			if !s.helped {
				g.cfg.Log.Error().Str("trunk", trunk).Str("channel", s.needs[len(s.needs)-1].channel).
					Msg("an emergency or an alarm finds no channel, and there is no call that could give way")
			}
			s.helped = true
			return
		}
		g.condemn(victim)
	}
}

// victim is the call of a trunk that is the first to give way: of the lowest priority; of several, one that nobody has
// answered yet, then the newest. Nil if there is none.
func (g *Guard) victim(trunk string, s *shortage) *channel {
	var found *channel
	for _, c := range g.trunks[trunk] {
		if c.condemned == 0 && c.Taken && !g.stays(c, s) && (found == nil || g.before(c, found)) {
			found = c
		}
	}
	return found
}

// stays reports whether a call never gives way: an emergency, an alarm, or one that needs a channel itself.
func (g *Guard) stays(c *channel, s *shortage) bool {
	for _, id := range append(g.origins(c), c.ID) {
		_, emergency := g.urgent[id]
		if by := g.channels[id]; emergency || by != nil && by.Emergency || s.of(id) >= 0 {
			return true
		}
	}
	_, claim := g.claimOf(c)
	return claim != nil && claim.alarm
}

// before reports whether a gives way before b.
func (g *Guard) before(a, b *channel) bool {
	switch p, q := g.priority(a), g.priority(b); {
	case p != q:
		return p < q
	case a.answered != b.answered:
		return b.answered
	case !a.MadeAt.Equal(b.MadeAt):
		return a.MadeAt.After(b.MadeAt)
	}
	return a.ID > b.ID
}

func (g *Guard) priority(c *channel) int {
	if _, claim := g.claimOf(c); claim != nil {
		return claim.priority
	}
	return g.lines.Priority.Undecided
}

// condemn has a call give way: it hears a word, and is ended.
func (g *Guard) condemn(c *channel) {
	g.ended++
	c.condemned = g.ended
	alert := call.Alert{Kind: call.AlertPreemption, At: time.Now(), Channel: c.ID}
	caller, claim := g.claimOf(c)
	if claim != nil {
		alert.Channel, alert.Extension, alert.DecisionID = caller, claim.caller.Extension, claim.decision
		alert.Holder, alert.Department = claim.caller.Holder, claim.caller.Department
	}
	trunk, answered, id := c.trunk, c.answered || c.caller == "", c.ID
	g.spawn(func() { g.cut(trunk, id, caller, answered, alert) })
}

// reprieve reports whether a condemned call need not end any more: a channel became free by itself, or whoever needed it
// is gone. It lives on then.
func (g *Guard) reprieve(trunk, id string) bool {
	defer g.lock()()
	c := g.channels[id]
	if c == nil {
		return true
	}
	needed := 0
	if s := g.short[trunk]; s != nil {
		needed = len(s.needs) - s.free
	}
	for _, other := range g.trunks[trunk] { // the older ones end first
		if 0 < other.condemned && other.condemned < c.condemned {
			needed--
		}
	}
	if needed > 0 {
		return false
	}
	c.condemned = 0
	return true
}
