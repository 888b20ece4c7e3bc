package gate

import (
	"testing"
	"testing/synctest"

	"github.com/dialwarden/dialwarden/internal/call"
)

// A call that went past us is told of once; it is a row of the ledger only where it was hung up. The policy is not asked.
func TestBypass(t *testing.T) {
	for _, cut := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t).open()
			a := call.Attempt{Channel: "trunk", Extension: "101", Dialled: "6001"}
			w.gate.Bypass(a, cut, "it went past us")
			w.gate.Bypass(a, cut, "it went past us")
			got := w.alerted()
			if len(got) != 1 || got[0].Kind != call.AlertBypass || got[0].Text != "it went past us" || got[0].Place != "Ward 3" || got[0].Channel != "trunk" {
				t.Errorf("told %+v", got)
			}
			if cut != (len(w.rows) == 1) || cut != (got[0].DecisionID == 1) {
				t.Errorf("cut %v: rows %+v, alert %+v", cut, w.rows, got)
			}
			for _, r := range w.rows {
				if d := r.Decision; d.Action != call.Deny || d.Rule != call.RuleBypass || r.Attempt.Source != call.SourceBypass || d.PolicyRevision == "" || d.Reason() == "" {
					t.Errorf("got %+v", r)
				}
			}
			for _, line := range w.said {
				if line == "trunk: judge rev1" {
					t.Error("the policy was asked")
				}
			}
		})
	}
}
