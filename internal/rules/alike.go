package rules

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// sight is what of the facts the rules can tell apart: two calls that are the same in all of it are decided alike.
type sight struct {
	all    bool    // any fact may matter
	fields [][]int // of call.Facts, for reflection
}

// always are the facts that combining looks at, whatever the rules do.
var always = []string{"callee.class", "caller.known", "credentials"}

// Alike appends to b a key that is the same for two calls which the policy decides alike, and different for all others.
// It returns nil where no such key is known, because a rule looks at the input as a whole. A decision that the deadline
// cut short depends on more than the key.
func (p *Policy) Alike(b []byte, f *call.Facts) []byte {
	if p.sight.all {
		return nil
	}
	v := reflect.ValueOf(f).Elem()
	for _, at := range p.sight.fields {
		b = appendFact(b, v.FieldByIndex(at))
	}
	return b
}

// appendFact appends a value so that no two different values of one type begin alike.
func appendFact(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		return append(b, v.String()...)
	case reflect.Int, reflect.Int64:
		return binary.AppendVarint(b, v.Int())
	case reflect.Bool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		for i := range v.Len() {
			b = appendFact(b, v.Index(i))
		}
		return b
	case reflect.Struct:
		if _, ok := v.Interface().(fmt.Stringer); !ok {
			for i := range v.NumField() {
				b = appendFact(b, v.Field(i))
			}
			return b
		}
	}
	return append(fmt.Appendf(b, "%#v", v.Interface()), 0)
}

// looker collects what rules look at in the input.
type looker struct {
	pruner  *pruner
	modules map[string]*ast.Module
	seen    map[string]bool // input.callee.class as "callee.class"; a shorter one stands for all in it
	visited map[string]bool // names of rules
}

// sightOf finds what the heads that are kept look at, and the helpers that they use.
func sightOf(modules map[string]*ast.Module, data ast.Object, keep func(file string, rule int) bool) sight {
	l := &looker{
		pruner:  &pruner{data: data, never: map[string]bool{}},
		modules: modules, seen: map[string]bool{}, visited: map[string]bool{},
	}
	for file, m := range modules {
		for i, x := range m.Rules {
			if isHead(nameOf(x)) && keep(file, i) {
				l.rule(x)
			}
		}
	}
	for _, path := range always {
		l.seen[path] = true
	}
	return l.sight()
}

// rule looks at what the evaluation of a rule can reach: nothing behind a condition that data makes false.
func (l *looker) rule(x *ast.Rule) {
	for ; x != nil; x = x.Else {
		if !l.body(x) {
			continue
		}
		for _, t := range append(slices.Clone(x.Head.Args), x.Head.Key, x.Head.Value) {
			if t != nil {
				l.visit(t)
			}
		}
		l.visit(x.Head.Reference)
	}
}

// body reports whether the body of a rule can be true.
func (l *looker) body(x *ast.Rule) bool {
	quiet := true // nothing so far that could fail
	known := aliasesOf(x)
	for _, e := range x.Body {
		falsified := quiet && !e.Negated && len(e.With) == 0 && l.pruner.falsified(e, known)
		if !falsified || l.asksHelper(e) {
			l.visit(e)
		}
		if falsified {
			return false
		}
		quiet = quiet && len(e.With) == 0 && (!e.IsCall() || comparisons[e.Operator().String()])
	}
	return true
}

// asksHelper reports whether an expression needs another rule, which could fail.
func (l *looker) asksHelper(e *ast.Expr) (yes bool) {
	ast.WalkRefs(e, func(r ast.Ref) bool {
		yes = yes || r[0].Equal(ast.DefaultRootDocument) && !l.pruner.isData(r)
		return yes
	})
	return yes
}

// comparisons cannot fail.
var comparisons = setOf("eq equal neq lt lte gt gte assign internal.member_2")

// visit looks at everything in a part of a rule.
func (l *looker) visit(part any) {
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Ref:
			switch {
			case x[0].Equal(ast.InputRootDocument):
				l.input(x)
			case x[0].Equal(ast.DefaultRootDocument):
				l.data(x)
			default:
				return false
			}
			for _, t := range x[1:] {
				l.visit(t)
			}
			return true
		case ast.Var:
			if x.Equal(ast.InputRootDocument.Value) {
				l.seen[""] = true
			}
			if x.Equal(ast.DefaultRootDocument.Value) {
				l.helpers("")
			}
		}
		return false
	}).Walk(part)
}

// input notes a reference into the input, of at most two names.
func (l *looker) input(ref ast.Ref) {
	names := constants(ref[1:])
	l.seen[strings.Join(names[:min(len(names), 2)], ".")] = true
}

// data follows a reference to a helper.
func (l *looker) data(ref ast.Ref) {
	if l.pruner.isData(ref) {
		return
	}
	if names := constants(ref[1:]); len(names) > 2 {
		l.helpers(names[2])
	} else {
		l.helpers("")
	}
}

// helpers looks at all rules of a name, or of any.
func (l *looker) helpers(name string) {
	if l.visited[name] {
		return
	}
	l.visited[name] = true
	for _, m := range l.modules {
		for _, x := range m.Rules {
			if name == "" || nameOf(x) == name {
				l.rule(x)
			}
		}
	}
}

// sight finds the fields of call.Facts that were looked at. What it does not know makes every fact matter.
func (l *looker) sight() sight {
	s := sight{}
	facts := reflect.TypeFor[call.Facts]()
	for path := range l.seen {
		if group, _, deeper := strings.Cut(path, "."); deeper && l.seen[group] {
			continue
		}
		at, ok := fieldAt(facts, path)
		if !ok {
			return sight{all: true}
		}
		s.fields = append(s.fields, at)
	}
	slices.SortFunc(s.fields, slices.Compare)
	return s
}

// fieldAt finds a field by the names of its JSON form, such as "callee.class".
func fieldAt(t reflect.Type, path string) ([]int, bool) {
	first, rest, deeper := strings.Cut(path, ".")
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || f.Tag.Get("json") != first {
			continue
		}
		if !deeper {
			return f.Index, true
		}
		at, ok := fieldAt(f.Type, rest)
		return append(slices.Clone(f.Index), at...), ok
	}
	return nil, false
}
