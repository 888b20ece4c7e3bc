package rules

import (
	"cmp"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// settledRule adds a member to the set of a head when all its conditions hold.
type settledRule struct {
	head       string
	value      ast.Value
	member     member
	conditions []condition
}

// settledRules are found by the best condition of each.
type settledRules struct {
	always []*settledRule
	by     map[*subject]map[string][]*settledRule
}

// add adds a rule with its conditions, the best first.
func (s *settledRules) add(r settledRule) {
	at := slices.IndexFunc(r.conditions, func(c condition) bool { return !c.negated })
	if at < 0 {
		s.always = append(s.always, &r)
		return
	}
	best := r.conditions[at]
	r.conditions = slices.Delete(r.conditions, at, at+1)
	if s.by == nil {
		s.by = map[*subject]map[string][]*settledRule{}
	}
	if s.by[best.field] == nil {
		s.by[best.field] = map[string][]*settledRule{}
	}
	for v := range best.values {
		s.by[best.field][v] = append(s.by[best.field][v], &r)
	}
}

func (s *settledRules) none() bool { return len(s.always) == 0 && len(s.by) == 0 }

// only returns the rules of one head.
func (s *settledRules) only(head string) *settledRules {
	other := func(r *settledRule) bool { return r.head != head }
	out := &settledRules{always: slices.DeleteFunc(slices.Clone(s.always), other)}
	for field, rules := range s.by {
		for v, of := range rules {
			if kept := slices.DeleteFunc(slices.Clone(of), other); len(kept) > 0 {
				if out.by == nil {
					out.by = map[*subject]map[string][]*settledRule{}
				}
				if out.by[field] == nil {
					out.by[field] = map[string][]*settledRule{}
				}
				out.by[field][v] = kept
			}
		}
	}
	return out
}

// members returns the members of the rules that are about the call, in the order of heads and of sets; equal ones of one
// rule once, as in a set.
func (s *settledRules) members(f *call.Facts) []member {
	var few [8]*settledRule
	hits := appendHits(few[:0], s.always, f)
	for field, rules := range s.by {
		if field.texts == nil {
			hits = appendHits(hits, rules[field.text(f)], f)
			continue
		}
		for _, v := range field.texts(f) {
			hits = appendHits(hits, rules[validText(v)], f)
		}
	}
	if len(hits) > 1 {
		slices.SortFunc(hits, func(a, b *settledRule) int {
			return cmp.Or(cmp.Compare(headOrder(a.head), headOrder(b.head)), a.value.Compare(b.value))
		})
	}
	found := make([]member, 0, len(hits))
	for i, r := range hits {
		if i == 0 || r.head != hits[i-1].head || r.value.Compare(hits[i-1].value) != 0 {
			found = append(found, r.member)
		}
	}
	return found
}

// headOrder is the place of a head among all.
func headOrder(head string) int { return slices.Index(heads, head) }

func appendHits(hits, rules []*settledRule, f *call.Facts) []*settledRule {
next:
	for _, r := range rules {
		for _, c := range r.conditions {
			if !c.holds(f) {
				continue next
			}
		}
		hits = append(hits, r)
	}
	return hits
}
