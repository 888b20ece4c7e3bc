package rules

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// maxHelpers is how deep helpers that call helpers are followed.
const maxHelpers = 4

// conditions are those of a body, in the order in which they were evaluated, with the facts that were not seen before.
// Of a body that failed, only the first that does not hold is given.
func (l *inspection) conditions(x *ast.Rule, w *way, seen map[string]bool) []Condition {
	out := []Condition{}
	at := map[int]int{} // where a condition stands in out
	for n, e := range w.body {
		if n > w.failed || !w.fired() && w.source[n] != w.source[w.failed] {
			continue
		}
		src := w.source[n]
		if _, ok := at[src]; !ok {
			at[src] = len(out)
			c := Condition{Line: x.Location.Row, Holds: w.fired(), Facts: []Fact{}}
			if src >= 0 {
				loc := l.written[x].Body[src].Location
				c.Line, c.Expression = loc.Row, strings.Join(strings.Fields(string(loc.Text)), " ")
			}
			out = append(out, c)
		}
		c := &out[at[src]]
		for _, s := range w.solutions {
			c.Facts = append(c.Facts, l.facts(e, s, seen, 0)...)
			if src >= 0 {
				c.Facts = append(c.Facts, l.variables(e, s, seen, c.Facts)...)
			}
		}
	}
	return slices.DeleteFunc(out, func(c Condition) bool {
		return len(c.Facts) == 0 && c.Holds && (c.Expression == "" || c.Expression == "true")
	})
}

// facts are what an expression looks at, with the values that its variables have.
func (l *inspection) facts(e *ast.Expr, s bindings, seen map[string]bool, depth int) []Fact {
	var out []Fact
	if e.IsCall() {
		if name, ok := helperName(e.Operator()); ok {
			args := make([]*ast.Term, len(e.Operands()))
			for n, t := range e.Operands() {
				args[n] = l.value(t, s)
			}
			return l.helperFacts(name, args, seen, depth)
		}
	}
	ast.WalkTerms(e, func(t *ast.Term) bool {
		ref, ok := t.Value.(ast.Ref)
		if !ok {
			return false
		}
		if name, ok := helperName(ref); ok {
			out = append(out, l.helperFacts(name, nil, seen, depth)...)
		} else if f, ok := l.fact(ref, s); ok && !seen[f.key()] {
			seen[f.key()] = true
			out = append(out, f)
		}
		return false
	})
	return out
}

// key tells facts apart.
func (f Fact) key() string { return f.Name + "=" + string(f.Value) }

// variables are the values of an expression's variables that have a name in the file, but for those that a fact beside
// them shows anyway.
func (l *inspection) variables(e *ast.Expr, s bindings, seen map[string]bool, beside []Fact) []Fact {
	var out []Fact
	ast.WalkVars(e, func(v ast.Var) bool {
		name, ok := l.compiler.RewrittenVars[v]
		have := s[v]
		if !ok || have == nil || strings.Contains(string(name), "__") {
			return false
		}
		raw, err := jsonOf(have.Value)
		f := Fact{Name: string(name), Value: raw}
		shown := slices.ContainsFunc(beside, func(b Fact) bool { return string(b.Value) == string(raw) })
		if err == nil && !shown && !seen[f.key()] {
			seen[f.key()] = true
			out = append(out, f)
		}
		return false
	})
	return out
}

// value is the ground value of an argument; nil if it has none.
func (l *inspection) value(t *ast.Term, s bindings) *ast.Term {
	t = s.plug(t)
	if ref, ok := t.Value.(ast.Ref); ok && ref.IsGround() {
		if v, err := l.root(ref); err == nil {
			return ast.NewTerm(v)
		}
		return nil
	}
	if !t.IsGround() {
		return nil
	}
	return t
}

// root finds the value of a ground reference into input or data.
func (l *inspection) root(ref ast.Ref) (ast.Value, error) {
	if ref[0].Equal(ast.InputRootDocument) {
		return l.input.Value.Find(ref[1:])
	}
	return l.data.Find(ref[1:])
}

// helperName is the name of a rule of the package that a reference leads to.
func helperName(ref ast.Ref) (string, bool) {
	if len(ref) < 4 || !ref[0].Equal(ast.DefaultRootDocument) || !ref[1].Equal(ast.StringTerm(packageRoot)) {
		return "", false
	}
	name, ok := ref[3].Value.(ast.String)
	return string(name), ok
}

// helperFacts are what decided about a helper: all that its first true body looked at, or where each of its bodies fails.
func (l *inspection) helperFacts(name string, args []*ast.Term, seen map[string]bool, depth int) []Fact {
	if depth >= maxHelpers {
		return nil
	}
	var ways []*way
	for _, x := range l.helpers[name] {
		if n := len(x.Head.Args); n > len(args) || slices.Contains(args[:n], nil) {
			continue // called within an every or a comprehension, with what is not known here
		}
		w, err := l.follow(x, args)
		if err != nil {
			continue
		}
		if w.fired() {
			ways = []*way{w}
			break
		}
		ways = append(ways, w)
	}
	var out []Fact
	for _, w := range ways {
		for n, e := range w.body {
			if n > w.failed || !w.fired() && w.source[n] != w.source[w.failed] {
				continue
			}
			for _, s := range w.solutions {
				out = append(out, l.facts(e, s, seen, depth+1)...)
			}
		}
	}
	return out
}

// fact looks a reference up, as far as its keys are known.
func (l *inspection) fact(ref ast.Ref, s bindings) (Fact, bool) {
	isInput := ref[0].Equal(ast.InputRootDocument)
	if len(ref) < 2 || !isInput && !ref[0].Equal(ast.DefaultRootDocument) {
		return Fact{}, false
	}
	path := ast.Ref{ref[0]}
	for _, key := range ref[1:] {
		key = s.plug(key)
		if key == nil || !key.IsGround() {
			break
		}
		path = append(path, key)
	}
	if len(path) < 2 {
		return Fact{}, false
	}
	f := Fact{Name: path.String()}
	known := len(path)
	var v ast.Value
	for ; known > 0; known-- {
		var err error
		if v, err = l.root(path[:known]); err == nil {
			break
		}
	}
	if known == len(path) {
		raw, err := jsonOf(v)
		if err != nil {
			return Fact{}, false
		}
		f.Value = raw
	} else {
		f.Missing, f.There = true, keysOf(v)
	}
	if !isInput {
		f.File, f.Line = l.where(path[1:known])
	}
	return f, true
}

// keysOf lists the keys of a mapping that are texts; none, if there are many.
func keysOf(v ast.Value) []string {
	keys := []string{}
	m, ok := v.(ast.Object)
	if !ok || m.Len() > maxNamed {
		return keys
	}
	for _, k := range m.Keys() {
		if s, ok := k.Value.(ast.String); ok {
			keys = append(keys, string(s))
		}
	}
	return keys
}

// where finds the line of a value in its data file.
func (l *inspection) where(path ast.Ref) (file string, line int) {
	if len(path) == 0 {
		return "", 0
	}
	keys := make([]string, len(path))
	for n, t := range path {
		keys[n] = strings.Trim(t.Value.String(), `"`)
		if s, ok := t.Value.(ast.String); ok {
			keys[n] = string(s)
		}
	}
	tree, ok := l.trees[keys[0]]
	if !ok {
		return "", 0
	}
	return "data/" + keys[0] + ".yaml", tree().Place(keys[1:]...).Line
}
