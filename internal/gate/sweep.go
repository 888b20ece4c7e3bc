package gate

import (
	"context"
	"errors"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Snapshot is what an adapter found when it looked at all channels.
type Snapshot struct {
	Taken    time.Time               // before the adapter asked
	Channels map[string]call.Channel // every channel there is, by id
	Waiting  []Waiting               // those that wait for us
}

// Waiting is a channel that waits to be decided.
type Waiting struct {
	Attempt call.Attempt
	Entry   string
	Line    Line
}

// Sweep makes good what events did not tell: a caller who waits without an owner is adopted and decided afresh, a call
// whose channel is gone ends, and a challenge of an earlier daemon whose caller is gone becomes a decision.
func (g *Gate) Sweep(s Snapshot) {
	for _, w := range s.Waiting {
		w.Attempt.Adopted = true
		g.Arrive(w.Attempt, w.Entry, w.Line)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range s.Waiting {
		c := g.calls[w.Attempt.Channel]
		if c != nil && c.entry == w.Entry && !c.ended.IsZero() && s.Taken.Sub(c.ended) > patience {
			g.spawn(func() { g.turnAway(w) })
		}
	}
	for channel, c := range g.calls {
		// Who came over FastAGI is there as long as his connection is, and may be on another Asterisk.
		if _, there := s.Channels[channel]; !there && c.arrived.Before(s.Taken) && c.attempt.Source != call.SourceAGI {
			g.forget(channel)
		}
	}
	g.tidy()
	for channel, r := range g.orphans {
		if _, there := s.Channels[channel]; there {
			continue // still there: it will be adopted, or its end will be seen
		}
		delete(g.orphans, channel)
		r.Decision.Reasons = append(r.Decision.Reasons, call.Reason{
			Rule: r.Decision.Rule, Text: "the caller hung up at the prompt while the daemon was away",
		})
		recorded := g.Tracker.Arrived(channel, r.Attempt.Extension)
		g.spawn(func() { recorded(g.record(r), r.Decision) })
	}
}

// turnAway refuses a caller who still waits although his conversation has ended: the line did not do what it was told.
func (g *Gate) turnAway(w Waiting) {
	ctx := context.Background()
	err := w.Line.Refuse(ctx, call.Refusal{Prompt: call.PromptUnavailable, Cause: call.CauseTemporaryFailure})
	if err != nil && !errors.Is(err, call.ErrGone) {
		err = w.Line.HangUp(ctx, call.CauseTemporaryFailure)
	}
	g.Log.Warn().Err(err).Str("channel", w.Attempt.Channel).Msg("a caller was left waiting after his decision; refused")
}
