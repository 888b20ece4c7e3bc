package rules

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// OPA finds the rules that can concern a call by an index over comparisons with constants. A rule that looks up the
// class of the number in data, data.velocity.attempts[input.callee.class], is in no index and is tried at every call.
// As data never changes under a policy, such a rule is the same as one copy for each class that data knows, which
// begins with a comparison. What cannot concern a call then costs nothing.

// split returns what stands for a rule with these guards: a copy for each class, which begins with a comparison, or one
// copy where the rule names no classes or does so in a way that OPA's index knows.
func (p *pruner) split(x *ast.Rule, gs []guard) []*ast.Rule {
	if len(gs) == 0 || gs[0].field != subjects[0] || gs[0].indexed {
		return []*ast.Rule{x}
	}
	copies := make([]*ast.Rule, len(gs[0].values))
	for i, class := range gs[0].values {
		c := p.named(x.Copy(), class)
		first := ast.Equality.Expr(ast.NewTerm(classRef.Copy()), ast.StringTerm(class))
		first.Location = x.Location
		body := ast.NewBody(first)
		for _, e := range c.Body {
			if !p.listed(e, class) {
				body.Append(e)
			}
		}
		c.Body = body
		copies[i] = c
	}
	return copies
}

// listed reports whether a parsed expression says that the class is in a list of data, and it is.
func (p *pruner) listed(e *ast.Expr, class string) bool {
	terms, ok := e.Terms.([]*ast.Term)
	if !ok || e.Negated || len(e.With) > 0 || len(terms) != 3 || e.Operator().String() != "internal.member_2" || terms[1].Value.Compare(classRef) != 0 {
		return false
	}
	words, ok := p.words(terms[2])
	return ok && slices.Contains(words, class)
}

// named puts the name of the class where a parsed rule looks it up in data.
func (p *pruner) named(x *ast.Rule, class string) *ast.Rule {
	ast.WalkRefs(x, func(ref ast.Ref) bool {
		for i := range ref {
			if i > 1 && p.isData(ref) && ref[i].Value.Compare(classRef) == 0 {
				ref[i] = ast.StringTerm(class).SetLocation(ref[i].Location)
			}
		}
		return false
	})
	return x
}
