package gate

import (
	"github.com/dialwarden/dialwarden/internal/call"
)

// Bypass tells of a call that went out on a trunk undecided. One that was hung up is recorded as denied by rule bypass; one
// that goes on is only told of. The attempt's channel is the trunk's.
func (g *Gate) Bypass(a call.Attempt, cut bool, text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.first(visit{a.Channel, call.RuleBypass}) {
		return
	}
	a.Source = call.SourceBypass
	book := g.Book()
	g.spawn(func() {
		f := book.Facts(a, call.Usage{}, call.Credentials{})
		alert := call.Alert{
			ID: call.NewAlertID(), Kind: call.AlertBypass, At: a.At, Rule: call.RuleBypass, Extension: a.Extension,
			Holder: f.Caller.Holder, Department: f.Caller.Department, Place: f.Caller.Place, Number: f.Callee.Key(), Channel: a.Channel, Text: text,
		}
		if !cut {
			g.raise(0, []call.Alert{alert})
			return
		}
		g.recordWith(call.Record{Attempt: a, Facts: f, Decision: call.Decision{
			Action: call.Deny, Rule: call.RuleBypass, Cause: call.CauseCallRejected, PolicyRevision: book.Rules.Revision(),
			Reasons: []call.Reason{{Rule: call.RuleBypass, Text: book.text(call.RuleBypass, "The call went past Dialwarden and was hung up.")}},
		}, Alerts: []call.Alert{alert}})
	})
}
