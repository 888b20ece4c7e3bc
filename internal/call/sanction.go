package call

import (
	"fmt"
	"slices"
	"time"
)

// What a rule may have suspended (field suspend of a sanction).
const (
	SuspendExtension = "extension" // the phone, whoever used it
	SuspendPIN       = "pin"       // the PIN that was accepted for the call; where none was, only the fine is left
)

// Sanctioned is what was imposed on a phone, or on a PIN, for one broken rule.
type Sanctioned struct {
	ID           int64     `json:"id"`
	At           time.Time `json:"at"`
	DecisionID   int64     `json:"decision_id"`
	Rule         string    `json:"rule"`
	Reason       string    `json:"reason"`
	Extension    string    `json:"extension"`         // that called
	PINID        int64     `json:"pin_id,omitempty"`  // what is suspended, in place of the extension
	Until        time.Time `json:"until,omitzero"`    // suspended before this moment; zero: a fine only
	FineMinor    int64     `json:"fine_minor"`        // besides what the call's cost adds
	CostMultiple int       `json:"cost_multiple"`     // the call's cost is added so many times
	Extends      int64     `json:"extends,omitempty"` // the suspension that was running and goes on
	Currency     string    `json:"-"`                 // of the fine, ISO 4217
}

// Impose sets in the record what the decision costs: each rule once, with the most that it wants. An emergency call costs
// nothing, and neither does an attempt that the caller gave up. A suspension is for the rest of the day and so many whole
// days after it, by the clock of the zone; now is the moment of the decision, by the clock on the wall. Fines
// are told in the currency.
func (r *Record) Impose(now time.Time, zone *time.Location, currency string) {
	r.Sanctions = nil
	if r.Decision.Action == Challenge || r.Decision.Rule == RuleEmergency || r.Facts.Callee.Class == Emergency {
		return
	}
	for _, p := range merged(r.Decision.Sanctions) {
		s := Sanctioned{
			At: now, Rule: p.Rule, Reason: p.Text, Extension: r.Attempt.Extension, FineMinor: p.FineMinor, CostMultiple: p.CostMultiple,
			Currency: currency,
		}
		if p.Suspend != SuspendExtension {
			s.PINID = r.PINID
		}
		if p.SuspendDays > 0 && (p.Suspend != SuspendPIN || s.PINID != 0) {
			y, m, d := now.In(zone).Date()
			s.Until = Midnight(y, m, d+p.SuspendDays+1, zone)
		}
		if !s.Until.IsZero() || s.FineMinor > 0 || s.CostMultiple > 0 {
			r.Sanctions = append(r.Sanctions, s)
		}
	}
}

// merged has each rule once; a rule that suspends the phone and the PIN has one suspension of each, and one fine.
func merged(all []Penalty) []Penalty {
	var out []Penalty
	for _, p := range all {
		if i := slices.IndexFunc(out, func(o Penalty) bool { return o.Rule == p.Rule }); i >= 0 {
			o := &out[i]
			o.FineMinor, o.CostMultiple = max(o.FineMinor, p.FineMinor), max(o.CostMultiple, p.CostMultiple)
			p.FineMinor, p.CostMultiple = 0, 0
		}
		if i := slices.IndexFunc(out, func(o Penalty) bool { return o.Rule == p.Rule && o.Suspend == p.Suspend }); i >= 0 {
			out[i].SuspendDays = max(out[i].SuspendDays, p.SuspendDays)
			continue
		}
		out = append(out, p)
	}
	return out
}

// Text tells it in one sentence. Times are those of the zone of Until.
func (s Sanctioned) Text() string {
	text := ""
	if !s.Until.IsZero() {
		what := "Extension " + s.Extension
		if s.PINID != 0 {
			what = fmt.Sprintf("PIN %d", s.PINID)
		}
		text = fmt.Sprintf("%s is suspended until %s", what, s.Until.Format(time.RFC3339))
	}
	switch fine := s.fine(); {
	case text == "":
		text = "A fine for extension " + s.Extension + ": " + fine
	case fine != "":
		text += ", with a fine of " + fine
	}
	text += ", by the rule " + s.Rule
	if s.Reason != "" {
		text += ": " + s.Reason
	}
	return text
}

// fine tells how much; empty for nothing.
func (s Sanctioned) fine() string {
	switch {
	case s.FineMinor > 0 && s.CostMultiple > 0:
		return fmt.Sprintf("%s and the cost times %d", Money(s.FineMinor, s.Currency), s.CostMultiple)
	case s.FineMinor > 0:
		return Money(s.FineMinor, s.Currency)
	case s.CostMultiple > 0:
		return fmt.Sprintf("the cost times %d", s.CostMultiple)
	}
	return ""
}

// SanctionChange is what became of sanctions: one was imposed, or some were lifted.
type SanctionChange struct {
	Imposed *Sanctioned
	Alert   *Alert // of what was imposed; it is kept already
	Lifted  []int64
}
