package lint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// wanted is a proof that a rule wants of a department's phones, and that nobody could give.
type wanted struct {
	rule       string
	kind       call.CredentialKind // Matter or Approval
	department string              // whose calls nobody may approve
}

// unproved notes what a challenge wants and nobody could give, where nothing else will do.
func (a *Answers) unproved(h call.Handset, f call.Facts, requires []call.Requirement) {
	for _, r := range requires {
		able := func(k call.CredentialKind) bool { return canGive(h, f.Caller.Department, r, k) }
		if slices.ContainsFunc(r.AnyOf, able) {
			continue
		}
		w := wanted{rule: r.Rule, kind: r.AnyOf[0]}
		if w.kind == call.Approval {
			w.department = f.Caller.Department
		}
		if a.missing[w] == nil {
			a.missing[w] = map[call.Class]bool{}
		}
		a.missing[w][f.Callee.Class] = true
	}
}

// canGive reports whether phones of a department could ever give a proof of a kind. Those who approve are counted in: their
// own calls are not what this is about.
func canGive(h call.Handset, department string, r call.Requirement, k call.CredentialKind) bool {
	switch k {
	case call.Matter:
		return len(h.Matters.Codes) > 0 || h.Matters.FreeTo > 0
	case call.Approval:
		return len(r.Approvers) > 0 || len(h.Approvers.For(call.Caller{Department: department})) > 0
	}
	return true
}

// noProof tells of the calls for which a rule wants what nobody could give.
func (a *Answers) noProof(content map[string][]byte) []Finding {
	var found []Finding
	for _, w := range slices.SortedFunc(maps.Keys(a.missing), func(x, y wanted) int {
		return cmp.Or(cmp.Compare(x.rule, y.rule), cmp.Compare(x.kind, y.kind), cmp.Compare(x.department, y.department))
	}) {
		f := Finding{
			Level: Warning, Check: "no_proof", Column: 1,
			Why: "whoever makes such a call is refused",
		}
		f.File, f.Line = whereRule(content, heading{"require", w.rule})
		var classes []string
		for _, c := range slices.Sorted(maps.Keys(a.missing[w])) {
			classes = append(classes, string(c))
		}
		calls := "calls to " + strings.Join(classes, ", ")
		if w.kind == call.Matter {
			f.What = fmt.Sprintf("rule %s wants a matter code for %s, and there is none", w.rule, calls)
			f.Do = "list the codes in data/matters.yaml, or let free ones pass there"
		} else {
			phones := "phones of the department " + w.department
			if w.department == "" {
				phones = "phones without a department"
			}
			f.What = fmt.Sprintf("rule %s wants an approval for %s, and nobody approves those of %s", w.rule, calls, phones)
			f.Do = "name somebody in data/approvers.yaml, under everybody or the department"
		}
		found = append(found, f)
	}
	return found
}
