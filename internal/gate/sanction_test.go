package gate

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestAlertsOfADecision: everybody whom a rule wants told gets an alert with the rule's text; those of an emergency are
// urgent.
func TestAlertsOfADecision(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	r := call.Record{
		Attempt: call.Attempt{Channel: "1.7", Extension: "101", Dialled: "90085221234567", At: at},
		Decision: call.Decision{Action: call.Allow, Rule: "long_distance", Notify: []call.Notice{
			{Rule: "first_country", To: "operator", Text: "This is the first call to this country."}, {Rule: "own", To: "guard"},
		}},
	}
	r.Facts.Caller.Holder, r.Facts.Callee.E164 = "Li Wei", "+85221234567"
	all := alertsOf(r)
	if len(all) != 2 || all[0].ID == "" || all[0].ID == all[1].ID {
		t.Fatalf("got %+v", all)
	}
	first := all[0]
	first.ID = ""
	want := call.Alert{
		Kind: call.AlertRule, At: at, Rule: "first_country", To: "operator", Extension: "101", Holder: "Li Wei",
		Number: "+85221234567", Channel: "1.7", Text: "This is the first call to this country.",
	}
	if first != want {
		t.Errorf("got %+v, want %+v", first, want)
	}
	if all[1].Text == "" || all[1].To != "guard" {
		t.Errorf("got %+v", all[1])
	}
	r.Decision.Rule = call.RuleEmergency
	if got := alertsOf(r); got[0].Kind != call.AlertEmergency {
		t.Errorf("got %+v", got[0])
	}
	var told []call.Alert
	g := &Gate{Config: Config{Raise: func(a call.Alert) { told = append(told, a) }}}
	g.raise(17, all)
	if len(told) != 2 || told[0].DecisionID != 17 || told[0].ID != all[0].ID {
		t.Errorf("told %+v", told)
	}
}

// imposed is what is in force, whoever calls.
type imposed call.Sanction

func (i imposed) On(string, int64, *time.Location) call.Sanction { return call.Sanction(i) }

// TestSanctionIsAFact: what was imposed, and what the directory says, are both seen; a replay keeps what was imposed.
func TestSanctionIsAFact(t *testing.T) {
	w := newWorld(t).open()
	b := w.gate.Book()
	s := imposed{Suspended: true, Until: "2026-12-24T00:00:00+08:00", Rule: "premium", PINSuspended: true}
	w.gate.Sanctions = s
	f, _ := w.gate.facts(b, call.Attempt{Channel: "c", Extension: "101", Dialled: "62345678"}, call.Credentials{})
	if f.Sanction != call.Sanction(s) {
		t.Errorf("got %+v", f.Sanction)
	}
	if again := b.Afresh(f); again.Sanction != call.Sanction(s) {
		t.Errorf("afresh it is %+v", again.Sanction)
	}
	b.Directory["101"] = call.Extension{Suspended: true}
	w.gate.Sanctions = imposed{}
	if f, _ := w.gate.facts(b, call.Attempt{Channel: "c", Extension: "101", Dialled: "62345678"}, call.Credentials{}); !f.Sanction.Suspended || f.Sanction.Rule != "" {
		t.Errorf("got %+v", f.Sanction)
	}
}
