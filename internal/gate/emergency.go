package gate

import (
	"context"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

const (
	retryPause = time.Second // after the ledger failed
	maxLate    = 10_000      // emergency calls that wait for the ledger; more are only in the log
)

// Emergency records an emergency call that the dialplan let out by itself, once for each channel. The call does not
// wait for it, so a ledger that cannot be written does not stop it: it is recorded when the ledger can be written again.
func (g *Gate) Emergency(a call.Attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.first(visit{a.Channel, call.RuleEmergency}) {
		return
	}
	book := g.Book()
	recorded := g.Tracker.Arrived(a.Channel, a.Extension)
	g.spawn(func() {
		f, _ := g.facts(book, a, call.Credentials{})
		d := book.Judge(context.Background(), f)
		if d.Rule != call.RuleEmergency { // the dialplan knows an emergency number that the plan does not
			d.Action, d.Rule, d.Prompt, d.Cause = call.Allow, call.RuleEmergency, "", 0
			d.Reasons = []call.Reason{{Rule: call.RuleEmergency, Text: "the dialplan lists it as an emergency number; the number plan does not"}}
			f.Callee.Class = call.Emergency
		}
		r := call.Record{Attempt: a, Facts: f, Decision: d}
		id := g.record(r)
		if id == 0 {
			id = g.recordLate(r)
		}
		recorded(id, d)
	})
}

// Recorded says that the call of a channel ends now and is in the ledger, or about to be: an Emergency that comes late, over
// another way than the first, is not taken for another call.
func (g *Gate) Recorded(channel string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen[visit{channel, call.RuleEmergency}] = time.Now()
}

// recordLate tries again and again to write what could not be written, until the daemon stops; then it returns 0.
func (g *Gate) recordLate(r call.Record) int64 {
	if g.late.Add(1) > maxLate {
		g.late.Add(-1)
		g.Log.Error().Str("channel", r.Attempt.Channel).Msg("too many emergency calls wait for the ledger: this one stays out of it")
		return 0
	}
	defer g.late.Add(-1)
	for {
		select {
		case <-time.After(retryPause):
		case <-g.stop:
			return 0
		}
		ctx, cancel := context.WithTimeout(context.Background(), ledgerTimeout)
		id, err := g.Ledger.Record(ctx, r)
		cancel()
		if err == nil {
			g.logDecision(g.Log, id, nil, r) // people were told when it happened
			return id
		}
	}
}
