package gate

import (
	"cmp"
	"context"

	"github.com/dialwarden/dialwarden/internal/call"
)

// maxJudged is how often a call is judged while its trunk fills up and empties beside it.
const maxJudged = 6

// judge asks the policy. What it says of a call that leaves the house holds for the trunk as it was seen; so the call takes
// its seat at once, and is judged once more if the trunk has become full meanwhile, or if the policy sends it to another
// trunk.
func (c *conversation) judge(ctx context.Context) call.Decision {
	c.leaveSeat()
	seen := c.facts // with all allowances; the decision may be by fewer
	var d call.Decision
	if c.gate.Seats == nil || c.book.Lines == nil {
		d, c.facts = c.book.Decide(ctx, seen)
		return d
	}
	seat := c.seat(call.DefaultTrunk)
	if seen.Callee.Class != call.Internal {
		seen.Line.Trunk = c.gate.Seats.Trunk(seat)
	}
	for range maxJudged {
		d, c.facts = c.book.Decide(ctx, seen)
		r := release(0, c.facts, d)
		if d.Action != call.Allow || r.Internal {
			return d
		}
		if wanted := cmp.Or(r.Trunk, call.DefaultTrunk); wanted != seat.Trunk {
			seat = c.seat(wanted)
		} else if c.gate.Seats.Take(seat, seen.Line.Trunk) {
			c.seated = true
			return d
		}
		seen.Line.Trunk = c.gate.Seats.Trunk(seat)
	}
	return c.noSeat(d)
}

// noSeat refuses a call that came too late for a channel each time.
func (c *conversation) noSeat(d call.Decision) call.Decision {
	return call.Decision{
		Action: call.Deny, Rule: call.RuleUnavailable, PolicyRevision: d.PolicyRevision, Elapsed: d.Elapsed,
		Reasons: []call.Reason{{Rule: call.RuleUnavailable, Text: "others took the last channel of the trunk at the same moment, again and again"}},
		Prompt:  call.PromptUnavailable, Cause: call.CauseNoChannel,
	}
}

// seat is what the call asks a trunk for.
func (c *conversation) seat(trunk string) call.Seat {
	return call.Seat{
		Channel: c.attempt.Channel, Trunk: trunk, Caller: c.facts.Caller, Kind: c.facts.Line.Kind, Class: c.facts.Callee.Class,
		Minute: c.facts.Time.Minute(), Source: c.attempt.Source, Lines: c.book.Lines,
	}
}

// leaveSeat gives the seat back of a call that is not let out after all.
func (c *conversation) leaveSeat() {
	if c.seated {
		c.seated = false
		c.gate.Seats.Give(c.attempt.Channel)
	}
}
