package rules

import (
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Most rules are about a few values of one field: a class of numbers, a class of service, a suspended phone. As data
// never changes under a policy, these values are known when it is loaded. Where no rule of a head can be about a call,
// Rego is not asked for the head at all: to find an empty set costs OPA as much as to find a rule.

// guard is what a rule cannot do without: the field has one of the values.
type guard struct {
	field   *subject
	values  []string
	indexed bool // it is a comparison with a constant, which OPA's index knows
	negated bool // it is the other way round: the field has none of the values
}

// guardsOf returns, for each file and number of a rule of a head, what the rule cannot do without, the best first.
func guardsOf(modules map[string]*ast.Module, data ast.Object) map[string]map[int][]guard {
	p := &pruner{data: data, fails: fallible(modules)}
	found := map[string]map[int][]guard{}
	for name, m := range modules {
		found[name] = map[int][]guard{}
		for i, x := range m.Rules {
			if gs := p.guards(x); len(gs) > 0 && isHead(nameOf(x)) {
				found[name][i] = gs
			}
		}
	}
	return found
}

// guards returns what a compiled rule cannot do without.
func (p *pruner) guards(x *ast.Rule) []guard {
	if x.Default || x.Else != nil {
		return nil
	}
	known := aliasesOf(x)
	var found []guard
	for _, e := range x.Body {
		if p.expressionFails(e, known) { // it is asked before what comes after it
			break
		}
		if e.Negated || len(e.With) > 0 {
			continue
		}
		switch terms := e.Terms.(type) {
		case *ast.Term:
			if s := subjectOf(known.of(terms)); s != nil && s.kind == aFlag {
				found = append(found, guard{field: s, values: []string{"true"}, indexed: true})
			}
		case []*ast.Term:
			found = append(found, p.guardsIn(e, terms, known)...)
		}
	}
	slices.SortStableFunc(found, compareGuards)
	return found
}

// compareGuards puts the better guard first.
func compareGuards(a, b guard) int {
	return slices.Index(subjects, a.field) - slices.Index(subjects, b.field)
}

// guardsIn returns what an expression with an operator cannot do without.
func (p *pruner) guardsIn(e *ast.Expr, terms []*ast.Term, known aliases) []guard {
	var found []guard
	for _, t := range terms[1:] {
		found = append(found, p.keys(t, known)...)
	}
	if len(terms) != 3 {
		return found
	}
	a, b := known.of(terms[1]), known.of(terms[2])
	switch e.Operator().String() {
	case "internal.member_2":
		if s := subjectOf(a); s != nil {
			if words, ok := p.words(b); ok {
				found = append(found, guard{field: s, values: words})
			}
		}
	case "eq", "equal":
		found = append(found, p.equal(a, b)...)
		found = append(found, p.equal(b, a)...)
	case "gt", "gte":
		found = append(found, p.above(a, b)...)
	case "lt", "lte":
		found = append(found, p.above(b, a)...)
	}
	return found
}

// equal is the guard of a comparison of a field with a constant.
func (p *pruner) equal(field, constant *ast.Term) []guard {
	s := subjectOf(field)
	if s == nil || s.kind == aCount {
		return nil
	}
	v, ok := constantWord(p.known(constant))
	if !ok {
		return nil
	}
	_, inData := constant.Value.(ast.Ref)
	return []guard{{field: s, values: []string{v}, indexed: !inData}}
}

// above is the guard of a count that must reach a number above zero.
func (p *pruner) above(field, least *ast.Term) []guard {
	s := subjectOf(field)
	n, ok := p.known(least).(ast.Number)
	if s == nil || s.kind != aCount || !ok || n.Compare(ast.Number("0")) <= 0 {
		return nil
	}
	return []guard{{field: s, values: []string{"true"}}}
}

// subjectOf returns the field that a term is; nil for another term.
func subjectOf(t *ast.Term) *subject {
	if ref, ok := t.Value.(ast.Ref); ok {
		for _, s := range subjects {
			if s.kind != aList && s.ref.Equal(ref) {
				return s
			}
			if s.kind == aList && len(ref) == len(s.ref)+1 && s.ref.Equal(ref[:len(s.ref)]) {
				return s // one of its texts
			}
		}
	}
	return nil
}

// wholeList returns the list that a term is; nil for another term.
func wholeList(t *ast.Term) *subject {
	for _, s := range subjects {
		if s.kind == aList && t.Value.Compare(s.ref) == 0 {
			return s
		}
	}
	return nil
}

// constantWord is a known value as fields are read; numbers are never among those.
func constantWord(v ast.Value) (string, bool) {
	switch v := v.(type) {
	case ast.String:
		return string(v), true
	case ast.Boolean:
		return strconv.FormatBool(bool(v)), true
	}
	return "", false
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

// keys are those of the mappings in data that a reference looks fields up in.
func (p *pruner) keys(t *ast.Term, known aliases) []guard {
	ref, ok := t.Value.(ast.Ref)
	if !ok || !p.isData(ref) {
		return nil
	}
	for n := 2; n < len(ref) && ref[:n].IsGround(); n++ {
		s := subjectOf(known.of(ref[n]))
		if s == nil {
			continue
		}
		v, err := p.data.Find(ref[1:n])
		if m, ok := v.(ast.Object); err == nil && ok {
			if words, ok := wordsOf(m.Keys()); ok {
				return []guard{{field: s, values: words}}
			}
		}
	}
	return nil
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
