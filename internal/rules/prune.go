package rules

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// Much of what a policy can do is turned off by its data: an empty list, a 0, the word none. As data never changes under
// a policy, a body that needs such a thing can never be true, and is not asked at every call, unless something that can
// fail comes first. Tests, coverage and the checks of a policy see all bodies; what is left out here could not have added
// a member.

// pruner finds bodies of compiled rules that data makes impossible.
type pruner struct {
	data  ast.Object
	never map[string]bool // helpers that are never defined
	fails map[string]bool // helpers and heads that can fail
}

// impossible returns, for each file, the numbers of the rules of heads that can never be true, and the helpers that are
// never defined.
func impossible(modules map[string]*ast.Module, data ast.Object) (idle map[string]map[int]bool, never map[string]bool) {
	p := &pruner{data: data, never: map[string]bool{}, fails: fallible(modules)}
	for again := true; again; {
		again = false
		alive := map[string]bool{}
		for _, m := range modules {
			for _, x := range m.Rules {
				if !p.dead(x) {
					alive[nameOf(x)] = true
				}
			}
		}
		for _, m := range modules {
			for _, x := range m.Rules {
				if name := nameOf(x); !alive[name] && !isHead(name) && !p.never[name] {
					p.never[name], again = true, true
				}
			}
		}
	}
	idle = map[string]map[int]bool{}
	for name, m := range modules {
		idle[name] = map[int]bool{}
		for i, x := range m.Rules {
			idle[name][i] = isHead(nameOf(x)) && p.dead(x)
		}
	}
	return idle, p.never
}

// withoutNever leaves out of the body of a parsed rule what forbids a helper that is never defined anyway.
func withoutNever(x *ast.Rule, never map[string]bool) ast.Body {
	idle := func(e *ast.Expr) bool {
		t, ok := e.Terms.(*ast.Term)
		if !ok || !e.Negated || len(e.With) > 0 {
			return false
		}
		name, ok := t.Value.(ast.Var)
		return ok && never[string(name)] && !declares(x, name)
	}
	kept := ast.Body{}
	for _, e := range x.Body {
		if !idle(e) {
			kept.Append(e)
		}
	}
	if len(kept) == 0 { // a body is never empty
		kept.Append(ast.NewExpr(ast.BooleanTerm(true)))
	}
	return kept
}

// declares reports whether the name stands anywhere in a rule but where a helper is forbidden: it may be a variable.
func declares(x *ast.Rule, name ast.Var) bool {
	found := false
	ast.WalkVars(x.Head, func(v ast.Var) bool {
		found = found || v == name
		return found
	})
	for _, e := range x.Body {
		if t, ok := e.Terms.(*ast.Term); ok && e.Negated && t.Value.Compare(name) == 0 {
			continue
		}
		ast.WalkVars(e, func(v ast.Var) bool {
			found = found || v == name
			return found
		})
	}
	return found
}

// dead reports whether the rule can never be true. It is careful: what it does not understand can be.
func (p *pruner) dead(x *ast.Rule) bool {
	if x.Default || x.Else != nil {
		return false
	}
	known := aliasesOf(x)
	for _, e := range x.Body {
		if !e.Negated && len(e.With) == 0 && p.falsified(e, known) {
			return true
		}
		if p.expressionFails(e, known) {
			return false // it is asked first
		}
	}
	return false
}

// aliases are the variables by which a compiled rule names references.
type aliases map[ast.Var]*ast.Term

func aliasesOf(x *ast.Rule) aliases {
	found := aliases{}
	for _, e := range x.Body {
		if e.Negated || len(e.With) > 0 || !e.IsEquality() {
			continue
		}
		if v, ok := e.Operand(0).Value.(ast.Var); ok {
			if _, ok := e.Operand(1).Value.(ast.Ref); ok {
				found[v] = e.Operand(1)
			}
		}
	}
	return found
}

// of returns what a term stands for.
func (a aliases) of(t *ast.Term) *ast.Term {
	if v, ok := t.Value.(ast.Var); ok && a[v] != nil {
		return a[v]
	}
	return t
}

// falsified reports whether an expression can never be true.
func (p *pruner) falsified(e *ast.Expr, known aliases) bool {
	terms, ok := e.Terms.([]*ast.Term)
	if !ok {
		t, ok := e.Terms.(*ast.Term)
		return ok && (p.undefined(t) || ast.Boolean(false).Equal(p.known(t)))
	}
	for _, t := range terms[1:] {
		if p.undefined(t) {
			return true
		}
	}
	if len(terms) != 3 {
		return false
	}
	if e.Operator().String() == "internal.member_2" {
		return p.empty(known.of(terms[2]))
	}
	a, b := p.known(known.of(terms[1])), p.known(known.of(terms[2]))
	if a == nil || b == nil {
		return false
	}
	switch order := a.Compare(b); e.Operator().String() {
	case "eq", "equal":
		return order != 0
	case "neq":
		return order == 0
	case "lt":
		return order >= 0
	case "lte":
		return order > 0
	case "gt":
		return order <= 0
	case "gte":
		return order < 0
	}
	return false
}

// known returns the value of a scalar, or of a place in data that holds one; nil for all else.
func (p *pruner) known(t *ast.Term) ast.Value {
	v := t.Value
	if ref, ok := v.(ast.Ref); ok && p.isData(ref) && ref.IsGround() {
		found, err := p.data.Find(ref[1:])
		if err != nil {
			return nil
		}
		v = found
	}
	switch v.(type) {
	case ast.String, ast.Number, ast.Boolean:
		return v
	}
	return nil
}

// undefined reports whether a term looks into an empty list or mapping of data, or at a helper that is never defined.
func (p *pruner) undefined(t *ast.Term) bool {
	ref, ok := t.Value.(ast.Ref)
	if !ok || len(ref) < 2 || !ref[0].Equal(ast.DefaultRootDocument) {
		return false
	}
	if !p.isData(ref) {
		name := constants(ref[1:])
		return len(name) > 2 && p.never[name[2]]
	}
	for n := 2; n < len(ref); n++ {
		if !ref[:n].IsGround() {
			return false
		}
		v, err := p.data.Find(ref[1:n])
		if err != nil {
			return false
		}
		if emptiness(v) {
			return true
		}
	}
	return false
}

// empty reports whether a term is a place in data that holds an empty list or mapping.
func (p *pruner) empty(t *ast.Term) bool {
	ref, ok := t.Value.(ast.Ref)
	if !ok || !p.isData(ref) || !ref.IsGround() {
		return false
	}
	v, err := p.data.Find(ref[1:])
	return err == nil && emptiness(v)
}

func emptiness(v ast.Value) bool {
	switch v := v.(type) {
	case ast.Object:
		return v.Len() == 0
	case *ast.Array:
		return v.Len() == 0
	}
	return false
}

// isData reports whether a reference leads into data, not to a rule.
func (p *pruner) isData(ref ast.Ref) bool {
	return len(ref) > 1 && ref[0].Equal(ast.DefaultRootDocument) && !ref[1].Equal(ast.StringTerm(packageRoot))
}
