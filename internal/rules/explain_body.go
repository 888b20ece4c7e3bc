package rules

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// inspector is a policy as it was written, compiled: nothing is pruned or split. It evaluates one body after the other
// and sees how far each gets.
type inspector struct {
	compiler *ast.Compiler
	written  map[*ast.Rule]*ast.Rule // the rule that a compiled one was written as
	heads    []*ast.Rule             // compiled, in the order of their places
	helpers  map[string][]*ast.Rule  // compiled, with their else branches, by name
	data     ast.Object
	store    storage.Store
	trees    map[string]func() yamlfile.Tree // data files, by their names under data; parsed when a rule's value is looked for
	trial    *inspector                      // for rules in mode shadow; nil where it would be the same
}

// inspector compiles the policy for Explain. Where rules look at a set, there are two: a rule in force sees what rules in
// force add to it, and one in shadow what the two add.
func (s *source) inspector() (*inspector, error) {
	i, err := s.inspectorOf(enforce)
	if err == nil && len(s.traits.looked) > 0 {
		i.trial, err = s.inspectorOf(shadow)
	}
	return i, err
}

// inModes are the modules with what a program of a mode has in the sets that rules look at.
func (s *source) inModes(m mode) map[string]*ast.Module {
	kept := map[string]*ast.Module{}
	for name, module := range s.modules {
		of := s.book.rules[ruleID(name)].mode()
		kept[name] = module.Copy()
		for n, x := range module.Rules {
			if s.traits.looked[nameOf(x)] && of != m && of != enforce {
				kept[name].Rules[n] = emptied(x)
			}
		}
	}
	return kept
}

// inspectorOf compiles the policy for Explain of rules in a mode.
func (s *source) inspectorOf(m mode) (*inspector, error) {
	bad := &faults{}
	c := recompile(s.inModes(m), s.schemas, bad)
	if c == nil {
		return nil, bad.err() // it was compiled before
	}
	i := &inspector{
		compiler: c, written: map[*ast.Rule]*ast.Rule{}, helpers: map[string][]*ast.Rule{}, data: s.data,
		store: inmem.NewFromASTObject(s.data), trees: map[string]func() yamlfile.Tree{},
	}
	for _, name := range slices.Sorted(maps.Keys(s.modules)) {
		for n, x := range c.Modules[name].Rules {
			was := s.modules[name].Rules[n]
			if isHead(nameOf(x)) {
				i.heads = append(i.heads, x)
				i.written[x] = was
				continue
			}
			for ; x != nil && was != nil; x, was = x.Else, was.Else {
				i.helpers[nameOf(x)] = append(i.helpers[nameOf(x)], x)
				i.written[x] = was
			}
		}
	}
	for name, src := range s.content {
		if key, ok := strings.CutPrefix(name, "data/"); ok {
			i.trees[strings.TrimSuffix(key, ".yaml")] = sync.OnceValue(func() yamlfile.Tree {
				tree, _ := yamlfile.Parse(name, src)
				return tree
			})
		}
	}
	return i, nil
}

// inspection is one look at one call.
type inspection struct {
	*inspector
	input  *ast.Term
	cancel topdown.Cancel
}

// bodies looks at all bodies of the rules that are not off: those that fired, and those of allow in force that did not.
func (i *inspector) bodies(ctx context.Context, b *book, f *call.Facts, cancel topdown.Cancel) (fired, silent []Body, err error) {
	look := &inspection{inspector: i, input: inputOf(f), cancel: cancel}
	trial := look
	if i.trial != nil {
		trial = &inspection{inspector: i.trial, input: look.input, cancel: cancel}
	}
	var errs []error
	for n, x := range i.heads {
		r := b.rules[ruleID(x.Location.File)]
		look := look
		if r.mode() == shadow {
			look, x = trial, trial.heads[n]
		}
		head := nameOf(x)
		if r.mode() == off || f.Callee.Class == call.Emergency && (head != "notify" || r.mode() != enforce) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return fired, silent, err
		}
		body, ok, err := look.body(x, b, f.Credentials)
		switch {
		case topdown.IsCancel(err):
			return fired, silent, err
		case err != nil:
			errs = append(errs, err)
			continue
		}
		body.Rule, body.Mode, body.Title = r.id, string(r.mode()), cmp.Or(r.title, r.entry.Title)
		switch {
		case ok:
			fired = append(fired, body)
		case head == "allow" && r.mode() == enforce:
			silent = append(silent, body)
		}
	}
	slices.SortStableFunc(fired, func(x, y Body) int {
		return cmp.Or(cmp.Compare(x.Mode, y.Mode), cmp.Compare(weight(x.Head), weight(y.Head)),
			cmp.Compare(b.rank(x.Rule), b.rank(y.Rule)))
	})
	return fired, silent, errors.Join(errs...)
}

// weight orders heads by how much they decide.
func weight(head string) int {
	return slices.Index([]string{"deny", "require", "allow", "limit", "route", "notify", "sanction"}, head)
}

// body evaluates one body; it reports whether it fired.
func (l *inspection) body(x *ast.Rule, b *book, have call.Credentials) (Body, bool, error) {
	body := Body{Head: nameOf(x), File: x.Location.File, Line: x.Location.Row}
	w, err := l.follow(x, nil)
	if err != nil {
		return body, false, err
	}
	seen := map[string]bool{}
	body.Conditions = l.conditions(x, w, seen)
	if !w.fired() {
		body.reached = w.condition(w.failed)
		return body, false, nil
	}
	for _, s := range w.solutions {
		value := s.plug(x.Head.Key)
		m := readMember(body.Head, value.Value)
		if m.rule == "" {
			m.rule = ruleID(x.Location.File)
		}
		raw, err := jsonOf(value.Value)
		same := func(have json.RawMessage) bool { return string(have) == string(raw) }
		if err != nil || slices.ContainsFunc(body.Members, same) {
			continue
		}
		body.Members = append(body.Members, raw)
		body.members = append(body.members, m)
		for _, k := range m.anyOf {
			if have.Has(k) {
				body.Met = append(body.Met, k)
			}
		}
		if text := b.text(m.rule, m.reason); !strings.Contains(body.Says, text) {
			body.Says = strings.TrimSpace(body.Says + " " + text)
		}
	}
	return body, true, nil
}

// bindings are the values that variables of a body have in one solution.
type bindings map[ast.Var]*ast.Term

// plug puts values in the place of variables. OPA's transforming writes into what it gets, so it gets copies: the values
// can be those of the compiled policy, which others evaluate at the same time.
func (b bindings) plug(t *ast.Term) *ast.Term {
	if v, ok := t.Value.(ast.Var); ok && b[v] != nil {
		return b[v]
	}
	if t.IsGround() {
		return t
	}
	out, err := ast.TransformVars(t.Copy(), func(v ast.Var) (ast.Value, error) {
		if x, ok := b[v]; ok {
			return x.Copy().Value, nil
		}
		return v, nil
	})
	if plugged, ok := out.(ast.Value); ok && err == nil {
		return ast.NewTerm(plugged)
	}
	return t
}

// way is how far the evaluation of a body got.
type way struct {
	body      ast.Body
	source    []int      // for each expression the condition that it is part of; -1: the head
	solutions []bindings // of the whole body, or of what stands before failed
	failed    int        // the first expression without a solution; len(body) if there is none
}

func (w *way) fired() bool { return w.failed == len(w.body) }

// condition counts the conditions that come before an expression, in the order of evaluation.
func (w *way) condition(expression int) int {
	seen := map[int]bool{}
	for n := range expression {
		if w.source[n] != w.source[min(expression, len(w.body)-1)] {
			seen[w.source[n]] = true
		}
	}
	return len(seen)
}

// maxSolutions is how many solutions of a body are looked at.
const maxSolutions = 8

// errEnough ends an evaluation that has given enough solutions.
var errEnough = errors.New("enough")

// follow evaluates a body, given the arguments of a function, and finds where it fails.
func (l *inspection) follow(x *ast.Rule, args []*ast.Term) (*way, error) {
	w := &way{body: x.Body, source: make([]int, len(x.Body)), failed: len(x.Body)}
	for n, e := range x.Body {
		w.source[n] = place(e, l.written[x])
	}
	var seed ast.Body
	for n, a := range args {
		if n < len(x.Head.Args) && a != nil {
			seed = append(seed, ast.Equality.Expr(x.Head.Args[n], a))
		}
	}
	var err error
	if w.solutions, err = l.solve(seed, x.Body); err != nil || len(w.solutions) > 0 {
		return w, err
	}
	if w.solutions, err = l.solve(seed, nil); err != nil || len(w.solutions) == 0 { // the arguments do not fit
		w.failed = 0
		return w, err
	}
	for n := range x.Body {
		before := w.solutions
		if w.solutions, err = l.solve(seed, x.Body[:n+1]); err != nil {
			return w, err
		}
		if len(w.solutions) == 0 {
			w.failed, w.solutions = n, before
			break
		}
	}
	return w, nil
}

// place finds the condition that a compiled expression is part of; -1 for the head.
func place(e *ast.Expr, written *ast.Rule) int {
	if e.Location == nil || written == nil {
		return -1
	}
	return slices.IndexFunc(written.Body, func(w *ast.Expr) bool {
		at := w.Location
		return at != nil && at.Offset != written.Location.Offset && // or else the rule has no body
			at.Offset <= e.Location.Offset && e.Location.Offset < at.Offset+len(at.Text)
	})
}

// solve evaluates expressions; it gives some solutions, none if they cannot all be true.
func (l *inspection) solve(seed, body ast.Body) ([]bindings, error) {
	query := append(slices.Clone(seed), body...)
	if len(query) == 0 {
		return []bindings{{}}, nil
	}
	ctx := context.Background() // the end of the time is in cancel
	txn, err := l.store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer l.store.Abort(ctx, txn)
	numbered := make(ast.Body, len(query))
	for n, e := range query {
		c := *e
		c.Index = n
		numbered[n] = &c
	}
	var found []bindings
	err = topdown.NewQuery(numbered).
		WithCompiler(l.compiler).WithStore(l.store).WithTransaction(txn).WithBaseCache(documents{l.data}).
		WithInput(l.input).WithCancel(l.cancel).WithMetrics(metrics.NoOp()).WithStrictBuiltinErrors(true).
		Iter(ctx, func(r topdown.QueryResult) error {
			found = append(found, maps.Clone(bindings(r)))
			if len(found) == maxSolutions {
				return errEnough
			}
			return nil
		})
	if err != nil && !errors.Is(err, errEnough) {
		if topdown.IsCancel(err) {
			return nil, err
		}
		return nil, explainEval(err)
	}
	return found, nil
}

// jsonOf is a value in JSON; one that is too large becomes a text that says how large.
func jsonOf(v ast.Value) (json.RawMessage, error) {
	n := size(ast.NewTerm(v))
	if n <= maxShown {
		plain, err := ast.JSON(v)
		if err != nil {
			return nil, err
		}
		return json.Marshal(plain)
	}
	switch v := v.(type) {
	case ast.Object:
		n = v.Len()
	case *ast.Array:
		n = v.Len()
	case ast.Set:
		n = v.Len()
	}
	return json.Marshal(fmt.Sprintf("%s of %d", kindOf(v), n))
}

// maxShown is the largest value that is shown, in bytes.
const maxShown = 2000
