package gate

import (
	"cmp"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// alertsOf are the alerts that the rules want raised about a call.
func alertsOf(r call.Record) []call.Alert {
	var all []call.Alert
	at := r.Attempt.At
	if at.IsZero() {
		at = time.Now()
	}
	for _, n := range r.Decision.Notify {
		a := call.Alert{
			ID: call.NewAlertID(), Kind: call.AlertRule, At: at, Rule: n.Rule, To: n.To,
			Extension: r.Attempt.Extension, Holder: r.Facts.Caller.Holder, Department: r.Facts.Caller.Department,
			Number: r.Facts.Callee.Key(), Channel: r.Attempt.Channel,
			Text: cmp.Or(n.Text, r.Decision.Reason(), "The rule "+n.Rule+" wants this call known."),
		}
		if r.Decision.Rule == call.RuleEmergency {
			a.Kind = call.AlertEmergency
		}
		all = append(all, a)
	}
	return all
}

// raise tells the alerts of a decision; its id is 0 if it could not be recorded.
func (g *Gate) raise(id int64, all []call.Alert) {
	if g.Raise == nil {
		return
	}
	for _, a := range all {
		a.DecisionID = id
		g.Raise(a)
	}
}
