package rules

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// OPA finds the rules that can concern a call by an index over comparisons with constants. A rule that looks up the
// class of the number in data, data.velocity.attempts[input.callee.class], is in no index and is tried at every call.
// As data never changes under a policy, such a rule is the same as one copy for each class that data knows, which
// begins with a comparison. What cannot concern a call then costs nothing.

// classRef is what rules are split by.
var classRef = ast.MustParseRef("input.callee.class")

// classesOf returns, for each file and number of a rule, the classes that the rule can concern; a rule that is not
// among them can concern any.
func classesOf(modules map[string]*ast.Module, data ast.Object) map[string]map[int][]string {
	p := &pruner{data: data}
	found := map[string]map[int][]string{}
	for name, m := range modules {
		found[name] = map[int][]string{}
		for i, x := range m.Rules {
			if classes, ok := p.classes(x); ok && isHead(nameOf(x)) {
				found[name][i] = classes
			}
		}
	}
	return found
}

// classes returns the classes that a compiled rule can concern, and whether they are known.
func (p *pruner) classes(x *ast.Rule) ([]string, bool) {
	if x.Default || x.Else != nil {
		return nil, false
	}
	alias := map[ast.Var]bool{} // variables that stand for the class
	for _, e := range x.Body {
		terms, ok := e.Terms.([]*ast.Term)
		if e.Negated || len(e.With) > 0 || !ok || len(terms) != 3 {
			continue
		}
		if v, isVar := terms[1].Value.(ast.Var); isVar && e.IsEquality() && terms[2].Value.Compare(classRef) == 0 {
			alias[v] = true
		}
		isClass := func(t *ast.Term) bool {
			v, ok := t.Value.(ast.Var)
			return ok && alias[v] || t.Value.Compare(classRef) == 0
		}
		if e.Operator().String() == "internal.member_2" && isClass(terms[1]) {
			if words, ok := p.words(terms[2]); ok {
				return words, true
			}
		}
		for _, t := range terms[1:] {
			if words, ok := p.keys(t, isClass); ok {
				return words, true
			}
		}
	}
	return nil, false
}

// words are the elements of a list in data.
func (p *pruner) words(t *ast.Term) ([]string, bool) {
	ref, ok := t.Value.(ast.Ref)
	if !ok || !p.isData(ref) || !ref.IsGround() {
		return nil, false
	}
	v, err := p.data.Find(ref[1:])
	list, ok := v.(*ast.Array)
	if err != nil || !ok {
		return nil, false
	}
	var terms []*ast.Term
	list.Foreach(func(t *ast.Term) { terms = append(terms, t) })
	return wordsOf(terms)
}

// keys are those of the mapping in data that a reference looks the class up in.
func (p *pruner) keys(t *ast.Term, isClass func(*ast.Term) bool) ([]string, bool) {
	ref, ok := t.Value.(ast.Ref)
	if !ok || !p.isData(ref) {
		return nil, false
	}
	for n := 2; n < len(ref); n++ {
		if !ref[:n].IsGround() {
			break
		}
		if !isClass(ref[n]) {
			continue
		}
		v, err := p.data.Find(ref[1:n])
		if m, ok := v.(ast.Object); err == nil && ok {
			return wordsOf(m.Keys())
		}
	}
	return nil, false
}

// wordsOf reads terms that are all texts.
func wordsOf(terms []*ast.Term) ([]string, bool) {
	all := []string{}
	for _, t := range terms {
		s, ok := t.Value.(ast.String)
		if !ok {
			return nil, false
		}
		all = append(all, string(s))
	}
	slices.Sort(all)
	return slices.Compact(all), true
}

// splitBy returns a copy of a rule for each class, which begins with a comparison.
func splitBy(x *ast.Rule, classes []string) []*ast.Rule {
	copies := make([]*ast.Rule, len(classes))
	for i, class := range classes {
		c := x.Copy()
		first := ast.Equality.Expr(ast.NewTerm(classRef.Copy()), ast.StringTerm(class))
		first.Location = x.Location
		c.Body = ast.NewBody(append([]*ast.Expr{first}, c.Body...)...)
		copies[i] = c
	}
	return copies
}
