package gate

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// tellWithin is how long the ledger may take before people are told of an emergency call all the same.
const tellWithin = time.Second

// alertsOf are the alerts that the rules want raised about a call. An emergency call raises one for everybody who is to
// be told, and one for nobody in particular where no rule names anybody.
func alertsOf(r call.Record) []call.Alert {
	var all []call.Alert
	at := r.Attempt.At
	if at.IsZero() {
		at = time.Now()
	}
	emergency := r.Decision.Rule == call.RuleEmergency
	notices := r.Decision.Notify
	if emergency && len(notices) == 0 {
		notices = []call.Notice{{Rule: call.RuleEmergency}}
	}
	told := map[string]bool{}
	for _, n := range notices {
		if emergency && told[n.To] {
			continue
		}
		told[n.To] = true
		a := call.Alert{
			ID: call.NewAlertID(), Kind: call.AlertRule, At: at, Rule: n.Rule, To: n.To,
			Extension: r.Attempt.Extension, Holder: r.Facts.Caller.Holder, Department: r.Facts.Caller.Department,
			Place: r.Facts.Caller.Place, Number: r.Facts.Callee.Key(), Channel: r.Attempt.Channel,
			Text: cmp.Or(n.Text, r.Decision.Reason(), "The rule "+n.Rule+" wants this call known."),
		}
		if emergency {
			a.Kind, a.Number, a.Text = call.AlertEmergency, r.Facts.Callee.Digits, emergencyText(r)
		}
		all = append(all, a)
	}
	return all
}

// emergencyText is what is said of an emergency call: what is called, from where, and when, by the clock of the site.
func emergencyText(r call.Record) string {
	var who []string
	for _, s := range []string{r.Facts.Caller.Holder, r.Facts.Caller.Place} {
		if s != "" {
			who = append(who, s)
		}
	}
	from := cmp.Or(r.Attempt.Extension, "an unknown extension")
	if len(who) > 0 {
		from += " (" + strings.Join(who, ", ") + ")"
	}
	return fmt.Sprintf("Emergency call to %s from %s, %s.", r.Facts.Callee.Digits, from, r.Facts.Time.At)
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

// raiseInTime returns what raises the alerts of a record once its id is known. Those of an emergency call are raised without
// it where the ledger takes too long: somebody may have to run.
func (g *Gate) raiseInTime(r call.Record) (recorded func(id int64)) {
	var once sync.Once
	raise := func(id int64) { once.Do(func() { g.raise(id, r.Alerts) }) }
	if r.Decision.Rule != call.RuleEmergency {
		return raise
	}
	late := time.AfterFunc(tellWithin, func() { raise(0) })
	return func(id int64) {
		late.Stop()
		raise(id)
	}
}
