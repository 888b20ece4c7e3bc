package guard

import (
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// longestCall is when a call whose end nobody tells is taken to be over.
const longestCall = 25 * time.Hour

// claim is a call that was let out, and has a seat on its trunk from that moment on.
type claim struct {
	trunk     string
	caller    call.Caller
	priority  int
	alarm     bool
	source    call.Source
	since     time.Time
	seat      string // its channel on the trunk; empty while there is none
	over      bool   // its channel on the trunk has come and gone
	left      bool   // the caller's channel is gone; the call may go on without him
	decision  int64  // 0 until it is known
	recovered bool   // of an earlier daemon: it counts only where its channel is found
}

// holds reports whether the claim counts although it has no channel.
func (c *claim) holds() bool { return c.seat == "" && !c.over && !c.recovered }

// Trunk says how the trunk stands for a call. It is the zero value where the trunk is not counted.
func (g *Guard) Trunk(s call.Seat) call.Trunk {
	defer g.lock()()
	return g.trunk(s)
}

func (g *Guard) trunk(s call.Seat) call.Trunk {
	line, ok := s.Lines.Trunks[s.Trunk]
	if !ok {
		return call.Trunk{}
	}
	t := call.Trunk{Name: s.Trunk, Channels: line.Channels, InUse: g.inUse(s.Trunk, s.Channel)}
	if !s.Urgent() {
		if !slices.Contains(s.Lines.Kept, s.Kind) {
			t.Reserved = line.Reserve
		}
		t.Reserved += g.booked(s)
	}
	t.Free = max(0, t.Channels-t.InUse-t.Reserved)
	t.Full = t.Free == 0
	return t
}

// inUse counts the channels of a trunk that are there, or will be: for calls that were let out, and for those who wait
// for another call to give way. The call of one channel is left out.
func (g *Guard) inUse(trunk, but string) int {
	n := len(g.trunks[trunk])
	if own := g.claims[but]; own != nil && g.trunkOf(own.seat) == trunk {
		n--
	}
	for id, c := range g.claims {
		if id != but && c.trunk == trunk && c.holds() {
			n++
		}
	}
	if s := g.short[trunk]; s != nil {
		n += max(0, len(s.needs)-s.claimed(g))
	}
	return n
}

// booked counts the channels that are booked for others than the caller, and not in use by them.
func (g *Guard) booked(s call.Seat) int {
	n := 0
	for _, b := range s.Lines.Bookings {
		if b.Trunk == s.Trunk && b.At(s.Minute) && !b.For(s.Caller.Extension, s.Caller.Department) {
			n += max(0, b.Channels-g.inBooking(b, s.Channel))
		}
	}
	return n
}

// inBooking counts the calls of those whom a booking is for.
func (g *Guard) inBooking(b call.Booking, but string) int {
	n := 0
	for id, c := range g.claims {
		on := c.holds() && c.trunk == b.Trunk || g.trunkOf(c.seat) == b.Trunk // an earlier daemon's is known by its channel alone
		if id != but && on && b.For(c.caller.Extension, c.caller.Department) {
			n++
		}
	}
	return n
}

// Take gives a call that is about to be let out a seat on its trunk. It reports false, and does nothing, where the trunk
// has become full since it was seen: then the call is to be judged once more.
func (g *Guard) Take(s call.Seat, seen call.Trunk) bool {
	defer g.lock()()
	if !s.Urgent() && !seen.Full && g.trunk(s).Full {
		return false
	}
	g.dropClaim(s.Channel)
	g.claims[s.Channel] = &claim{
		trunk: s.Trunk, caller: s.Caller, alarm: s.Urgent(), source: s.Source, since: time.Now(),
		priority: s.Lines.PriorityOf(s.Caller.Extension, s.Kind, s.Caller.Grade, s.Class),
	}
	return true
}

// Give takes the seat of a call back that was not let out after all.
func (g *Guard) Give(channel string) {
	defer g.lock()()
	g.dropClaim(channel)
}

// Decided tells which decision a call with a seat is let out by.
func (g *Guard) Decided(channel string, decision int64) {
	defer g.lock()()
	if c := g.claims[channel]; c != nil {
		c.decision, g.decided[decision] = decision, channel
	}
}

// Recover tells of a call that an earlier daemon let out.
func (g *Guard) Recover(o call.OpenCall) {
	if o.Action != call.Allow {
		return
	}
	defer g.lock()()
	dir := g.cfg.Directory()
	entry := dir[o.Extension]
	g.claims[o.Channel] = &claim{
		caller: dir.Caller(o.Extension), since: time.Now(), recovered: true, decision: o.DecisionID,
		alarm:    entry.KindOf() == call.LineAlarm || o.Class == call.Emergency,
		priority: g.lines.PriorityOf(o.Extension, entry.KindOf(), entry.Grade, o.Class),
	}
	g.decided[o.DecisionID] = o.Channel
}
