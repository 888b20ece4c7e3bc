package rules

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/schema"
)

// refs checks what compiled rules look at, which OPA does not: rules of the package and values of data that do not
// exist are simply undefined to it, and a deny that looks at one would never fire.
type refs struct {
	names map[string]bool      // rules of the package
	used  map[string]bool      // those that some rule looks at
	data  map[string]*dataFile // by name under data
	input *schema.Schema
	enums map[string][]string // words that a field of the input can have
	alias map[ast.Var]ast.Ref // variables of the present rule that stand for a field of input or data
	bad   *faults
}

// checkRefs walks the compiled modules.
func checkRefs(modules map[string]*ast.Module, data map[string]*dataFile, input *schema.Schema, bad *faults) {
	r := &refs{
		names: map[string]bool{}, used: map[string]bool{}, data: data, input: input, bad: bad,
		enums: enumsOf("input", input, map[string][]string{}),
	}
	for _, m := range modules {
		for _, x := range m.Rules {
			r.names[nameOf(x)] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		for _, x := range modules[name].Rules {
			r.walk(x)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		for _, x := range modules[name].Rules {
			r.stray(x)
		}
	}
}

// walk checks one rule. The place of a mistake is the expression's: a compiled reference has lost its own.
func (r *refs) walk(x *ast.Rule) {
	loc := x.Location
	r.alias = map[ast.Var]ast.Ref{}
	visit := ast.NewGenericVisitor(func(n any) bool {
		switch n := n.(type) {
		case *ast.Expr:
			if n.Location != nil {
				loc = n.Location
			}
			r.comparison(n, loc)
			r.pattern(n, loc)
		case ast.Ref:
			r.ref(n, loc)
		}
		return false
	})
	visit.Walk(x.Head)
	visit.Walk(x.Body)
	for e := x.Else; e != nil; e = e.Else {
		visit.Walk(e.Head)
		visit.Walk(e.Body)
	}
}

// patterns are the functions that take a regular expression, and which argument it is.
var patterns = map[string]int{
	"regex.match": 0, "regex.split": 0, "regex.find_n": 0, "regex.find_all_string_submatch_n": 0, "regex.replace": 1,
}

// pattern refuses a regular expression that can be read here and is none: every call would be a policy_error.
func (r *refs) pattern(e *ast.Expr, loc *ast.Location) {
	if !e.IsCall() {
		return
	}
	name := e.Operator().String()
	at, ok := patterns[name]
	if !ok || e.Operand(at) == nil {
		return
	}
	if text, ok := e.Operand(at).Value.(ast.String); ok {
		if _, err := regexp.Compile(string(text)); err != nil {
			r.bad.at(loc, "%s: this is no pattern: %s", name, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
	}
}

// ref checks one reference.
func (r *refs) ref(ref ast.Ref, loc *ast.Location) {
	if !ref[0].Equal(ast.DefaultRootDocument) || len(ref) < 2 {
		return
	}
	path := constants(ref[1:])
	if len(path) == 0 {
		return
	}
	if path[0] == packageRoot {
		r.rule(path, ref, loc)
		return
	}
	f := r.data[path[0]]
	if f == nil {
		r.bad.at(loc, "%s: there is no data/%s.yaml%s", ref, path[0], didYouMean(path[0], slices.Collect(maps.Keys(r.data))))
		return
	}
	here := f.value
	for i, key := range path[1:] {
		m, ok := here.(map[string]any)
		if !ok {
			r.bad.at(loc, "%s: in %s, %s is no mapping", ref, f.name, strings.Join(path[:i+1], "."))
			return
		}
		if here, ok = m[key]; !ok {
			r.bad.at(loc, "%s: %s has no %s%s", ref, f.name, strings.Join(path[1:i+2], "."),
				didYouMean(key, slices.Collect(maps.Keys(m))))
			return
		}
	}
	if f.schema == nil {
		return
	}
	for n := len(path); n < len(ref); n++ {
		if _, ok := f.schema.At(pathOf(ref[2 : n+1])...); !ok {
			r.bad.at(loc, "%s: by schema/%s.json there is no %s", ref, path[0], ref[:n+1])
			return
		}
	}
}

// pathOf is the path of a reference as a schema is asked for it: "" stands for what is known at evaluation only.
func pathOf(ref ast.Ref) []string {
	path := make([]string, len(ref))
	for i, t := range ref {
		s, _ := t.Value.(ast.String)
		path[i] = string(s)
	}
	return path
}

// rule checks a reference to a rule.
func (r *refs) rule(path []string, ref ast.Ref, loc *ast.Location) {
	switch {
	case len(path) >= 3 && "data."+strings.Join(path[:2], ".") == pkg:
		r.used[path[2]] = true
		if !r.names[path[2]] {
			r.bad.at(loc, "%s: there is no rule %s%s", ref, path[2], didYouMean(path[2], slices.Collect(maps.Keys(r.names))))
		}
	default:
		r.bad.at(loc, "%s: name the rule that is meant; the package is dialwarden.outbound", ref)
	}
}

// constants is the part of a reference that is known before evaluation.
func constants(ref ast.Ref) []string {
	var path []string
	for _, t := range ref {
		s, ok := t.Value.(ast.String)
		if !ok {
			break
		}
		path = append(path, string(s))
	}
	return path
}

// stray refuses a rule that adds to nothing and that nothing looks at: most likely a head that is spelled wrong.
func (r *refs) stray(x *ast.Rule) {
	name := nameOf(x)
	if isHead(name) || r.used[name] {
		return
	}
	hint := didYouMean(name, heads)
	if x.Head.RuleKind() == ast.MultiValue || hint != "" && len(x.Head.Args) == 0 {
		r.bad.at(x.Location, "nothing looks at %s%s; a rule adds to %s", name, hint, strings.Join(heads, ", "))
	}
}

// comparison refuses to compare a field of the input with a word that the field can never be, and values of different
// types, which OPA allows for data and for <, where everything has an order.
func (r *refs) comparison(x *ast.Expr, loc *ast.Location) {
	if !x.IsCall() || len(x.Operands()) < 2 {
		return
	}
	a, b := x.Operand(0), x.Operand(1)
	switch x.Operator().String() {
	case "eq", "equal", "neq", "assign":
		if v, ok := a.Value.(ast.Var); ok && len(r.alias[v]) == 0 {
			r.alias[v], _ = b.Value.(ast.Ref)
		}
		r.wordOf(a, b, loc)
		r.wordOf(b, a, loc)
		r.typesOf(a, b, loc)
	case "lt", "lte", "gt", "gte":
		r.typesOf(a, b, loc)
	case "internal.member_2":
		forEach(b, func(t *ast.Term) { r.wordOf(a, t, loc) })
	}
}

// typesOf refuses to compare values whose types are known and different.
func (r *refs) typesOf(a, b *ast.Term, loc *ast.Location) {
	first, what1 := r.typeOf(a)
	second, what2 := r.typeOf(b)
	if first != "" && second != "" && first != second {
		r.bad.at(loc, "%s is %s and %s is %s; they cannot be compared", what1, first, what2, second)
	}
}

// typeOf names the type of a term, and what stands there; no type where it is not known before evaluation.
func (r *refs) typeOf(t *ast.Term) (kind string, what ast.Value) {
	switch v := t.Value.(type) {
	case ast.String, ast.Number, ast.Boolean:
		return kindOf(v), v
	case ast.Var:
		return r.typeOfRef(r.alias[v]), r.alias[v]
	case ast.Ref:
		return r.typeOfRef(v), v
	}
	return "", t.Value
}

func (r *refs) typeOfRef(ref ast.Ref) string {
	if len(ref) < 2 {
		return ""
	}
	var s *schema.Schema
	switch f := r.fileOf(ref); {
	case ref[0].Equal(ast.InputRootDocument):
		s, _ = r.input.At(pathOf(ref[1:])...)
	case f != nil && f.schema != nil:
		s, _ = f.schema.At(pathOf(ref[2:])...)
	case f != nil && ref.IsGround():
		if v, err := ast.InterfaceToValue(f.value); err == nil {
			if x, err := v.Find(ref[2:]); err == nil {
				return scalar(kindOf(x))
			}
		}
	}
	if s == nil {
		return ""
	}
	return map[string]string{
		"string": kindOf(ast.String("")), "integer": kindOf(ast.Number("0")), "number": kindOf(ast.Number("0")),
		"boolean": kindOf(ast.Boolean(true)),
	}[s.Type]
}

// scalar leaves out the types that cannot be mistaken for one another.
func scalar(kind string) string {
	if kind == kindOf(ast.String("")) || kind == kindOf(ast.Number("0")) || kind == kindOf(ast.Boolean(true)) {
		return kind
	}
	return ""
}

// fileOf is the data file that a reference looks into; nil for none.
func (r *refs) fileOf(ref ast.Ref) *dataFile {
	key, _ := ref[1].Value.(ast.String)
	if !ref[0].Equal(ast.DefaultRootDocument) {
		return nil
	}
	return r.data[string(key)]
}

// wordOf checks the word t against the field that the other side is, or that a variable stands for.
func (r *refs) wordOf(side, t *ast.Term, loc *ast.Location) {
	field, _ := side.Value.(ast.Ref)
	if v, ok := side.Value.(ast.Var); ok {
		field = r.alias[v]
	}
	s, isText := t.Value.(ast.String)
	if len(field) == 0 || !isText || !field.IsGround() {
		return
	}
	words := r.enums[field.String()]
	if len(words) > 0 && !slices.Contains(words, string(s)) {
		r.bad.at(loc, "%s is never %s%s; it is one of %s", field, t, didYouMean(string(s), words), strings.Join(words, ", "))
	}
}

// forEach visits the elements of an array or a set.
func forEach(t *ast.Term, do func(*ast.Term)) {
	switch v := t.Value.(type) {
	case *ast.Array:
		v.Foreach(do)
	case ast.Set:
		v.Foreach(do)
	}
}
