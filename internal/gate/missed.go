package gate

import "github.com/dialwarden/dialwarden/internal/call"

// Unavailable records a call that the dialplan refused by itself, because no daemon was there to be asked: once for each
// channel.
func (g *Gate) Unavailable(a call.Attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.first(visit{a.Channel, call.RuleUnavailable}) {
		return
	}
	book := g.Book()
	recorded := g.Tracker.Arrived(a.Channel, a.Extension)
	g.spawn(func() {
		d := call.Decision{
			Action: call.Deny, Rule: call.RuleUnavailable, Prompt: call.PromptUnavailable, Cause: call.CauseNetworkOutOfOrder,
			PolicyRevision: book.Rules.Revision(),
			Reasons: []call.Reason{{
				Rule: call.RuleUnavailable, Text: book.text(call.RuleUnavailable, "The daemon was not there to decide."),
			}},
		}
		f, _ := g.facts(book, a, call.Credentials{})
		recorded(g.record(call.Record{Attempt: a, Facts: f, Decision: d}), d)
	})
}
