package rules

import (
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Most rules are about a few values of one field: a class of numbers, a class of service, a suspended phone. As data
// never changes under a policy, these values are known when it is loaded. Where no rule of a head can be about a call,
// Rego is not asked for the head at all: to find an empty set costs OPA as much as to find a rule.

// subject is a field of the input that rules are often about: a text, a truth value, a count or a list of texts.
type subject struct {
	ref  ast.Ref
	kind subjectKind
	// text reads the field; a truth value, and a count by whether it is above zero, as true or false. For a list it is nil.
	text  func(f *call.Facts) string
	texts func(f *call.Facts) []string // a list
}

type subjectKind int

const (
	aText subjectKind = iota
	aFlag
	aCount
	aList
)

// subjects are what guards are about, the best first. Rules are split by the class, too.
var subjects = []*subject{
	textSubject("input.callee.class", func(f *call.Facts) string { return string(f.Callee.Class) }),
	flagSubject("input.sanction.suspended", func(f *call.Facts) bool { return f.Sanction.Suspended }),
	flagSubject("input.sanction.pin_suspended", func(f *call.Facts) bool { return f.Sanction.PINSuspended }),
	flagSubject("input.usage.limited", func(f *call.Facts) bool { return f.Usage.Limited }),
	flagSubject("input.line.trunk.full", func(f *call.Facts) bool { return f.Line.Trunk.Full }),
	flagSubject("input.line.guarded", func(f *call.Facts) bool { return f.Line.Guarded }),
	flagSubject("input.callee.line.guarded", func(f *call.Facts) bool { return f.Callee.Line.Guarded }),
	flagSubject("input.usage.first_to_region", func(f *call.Facts) bool { return f.Usage.FirstToRegion }),
	countSubject("input.usage.same_pin_calls", func(f *call.Facts) int { return f.Usage.SamePINCalls }),
	countSubject("input.usage.short_calls_to_number", func(f *call.Facts) int { return f.Usage.ShortCallsToNumber }),
	countSubject("input.usage.after_hours_attempts", func(f *call.Facts) int { return f.Usage.AfterHoursAttempts }),
	countSubject("input.usage.site_after_hours_attempts", func(f *call.Facts) int { return f.Usage.SiteAfterHoursAttempts }),
	countSubject("input.usage.short_calls_to_prefix", func(f *call.Facts) int { return f.Usage.ShortCallsToPrefix }),
	countSubject("input.usage.class_attempts_last_minute", func(f *call.Facts) int { return f.Usage.ClassAttemptsLastMinute }),
	countSubject("input.usage.attempts_last_minute", func(f *call.Facts) int { return f.Usage.AttemptsLastMinute }),
	countSubject("input.usage.class_attempts_last_hour", func(f *call.Facts) int { return f.Usage.ClassAttemptsLastHour }),
	countSubject("input.usage.attempts_last_hour", func(f *call.Facts) int { return f.Usage.AttemptsLastHour }),
	countSubject("input.usage.concurrent_calls", func(f *call.Facts) int { return f.Usage.ConcurrentCalls }),
	countSubject("input.usage.pending_calls", func(f *call.Facts) int { return f.Usage.PendingCalls }),
	listSubject("input.callee.lists", func(f *call.Facts) []string { return f.Callee.Lists }),
	listSubject("input.time.schedules", func(f *call.Facts) []string { return f.Time.Schedules }),
	listSubject("input.callee.risk", func(f *call.Facts) []string { return f.Callee.Risk }),
	flagSubject("input.credentials.pin.valid", func(f *call.Facts) bool { return f.Credentials.PIN.Valid }),
	flagSubject("input.credentials.token.valid", func(f *call.Facts) bool { return f.Credentials.Token.Valid }),
	flagSubject("input.credentials.approval.valid", func(f *call.Facts) bool { return f.Credentials.Approval.Valid }),
	textSubject("input.caller.extension", func(f *call.Facts) string { return f.Caller.Extension }),
	textSubject("input.line.kind", func(f *call.Facts) string { return f.Line.Kind }),
	textSubject("input.caller.class_of_service", func(f *call.Facts) string { return f.Caller.ClassOfService }),
	textSubject("input.caller.grade", func(f *call.Facts) string { return f.Caller.Grade }),
	textSubject("input.caller.department", func(f *call.Facts) string { return f.Caller.Department }),
	textSubject("input.caller.place", func(f *call.Facts) string { return f.Caller.Place }),
	textSubject("input.callee.region", func(f *call.Facts) string { return f.Callee.Region }),
	flagSubject("input.caller.known", func(f *call.Facts) bool { return f.Caller.Known }),
}

// classRef is what rules are split by.
var classRef = subjects[0].ref

func textSubject(ref string, read func(*call.Facts) string) *subject {
	return &subject{ref: ast.MustParseRef(ref), kind: aText, text: func(f *call.Facts) string { return validText(read(f)) }}
}

func flagSubject(ref string, read func(*call.Facts) bool) *subject {
	return &subject{ref: ast.MustParseRef(ref), kind: aFlag, text: func(f *call.Facts) string { return strconv.FormatBool(read(f)) }}
}

func countSubject(ref string, read func(*call.Facts) int) *subject {
	return &subject{ref: ast.MustParseRef(ref), kind: aCount, text: func(f *call.Facts) string { return strconv.FormatBool(read(f) > 0) }}
}

func listSubject(ref string, read func(*call.Facts) []string) *subject {
	return &subject{ref: ast.MustParseRef(ref), kind: aList, texts: read}
}

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

// relevance says which calls the rules of a head can be about.
type relevance struct {
	any bool // every call
	// by has the rules by the field of their best guard and its values: the other guards of each.
	by map[*subject]map[string][][]condition
}

// condition is a guard that can be held against a call.
type condition struct {
	field   *subject
	values  map[string]bool
	negated bool
}

func (g guard) condition() condition {
	c := condition{g.field, map[string]bool{}, g.negated}
	for _, v := range g.values {
		c.values[v] = true
	}
	return c
}

// add makes calls relevant that a rule can be about.
func (r *relevance) add(gs []guard) {
	if len(gs) == 0 {
		r.any = true
		return
	}
	var others []condition
	for _, g := range gs[1:] {
		others = append(others, g.condition())
	}
	if r.by == nil {
		r.by = map[*subject]map[string][][]condition{}
	}
	field := gs[0].field
	if r.by[field] == nil {
		r.by[field] = map[string][][]condition{}
	}
	for _, v := range gs[0].values {
		r.by[field][v] = append(r.by[field][v], others)
	}
}

// to reports whether some rule can be about the call.
func (r *relevance) to(f *call.Facts) bool {
	if r.any {
		return true
	}
	for field, rules := range r.by {
		if field.texts == nil {
			if anyHolds(rules[field.text(f)], f) {
				return true
			}
			continue
		}
		for _, v := range field.texts(f) {
			if anyHolds(rules[validText(v)], f) {
				return true
			}
		}
	}
	return false
}

// anyHolds reports whether all conditions of one of the rules hold.
func anyHolds(rules [][]condition, f *call.Facts) bool {
next:
	for _, conditions := range rules {
		for _, c := range conditions {
			if !c.holds(f) {
				continue next
			}
		}
		return true
	}
	return false
}

func (c condition) holds(f *call.Facts) bool {
	if c.field.texts == nil {
		return c.values[c.field.text(f)] != c.negated
	}
	for _, v := range c.field.texts(f) {
		if c.values[validText(v)] {
			return !c.negated
		}
	}
	return c.negated
}
