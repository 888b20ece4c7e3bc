package rules

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/dialwarden/dialwarden/internal/call"
)

// program is a compiled policy with the question that is asked of it: the sets of all heads at once.
type program struct {
	compiler *ast.Compiler
	data     documents
	store    storage.Store // of the same data, for what documents leaves open
	query    ast.Body
	asked    map[string]bool // the heads
	quick    bool            // calls no built-in function that could take long; see evaluate
	classes  map[string]bool // of called numbers that its rules can concern; nil for any
}

// anyClass stands for every class where rules can concern any.
const anyClass = "*"

// concerns reports whether some rule of the program can fire for a number of the class.
func (p *program) concerns(class call.Class) bool {
	return p.classes == nil || p.classes[string(class)]
}

// newProgram compiles the question for the heads that some rule adds to.
func newProgram(c *ast.Compiler, data ast.Object, asked map[string]bool) (*program, error) {
	var parts []string
	for _, head := range heads {
		if asked[head] {
			parts = append(parts, head+" = "+pkg+"."+head)
		}
	}
	body, err := ast.ParseBody(strings.Join(parts, "; "))
	if err != nil {
		return nil, err
	}
	query, err := c.QueryCompiler().Compile(body)
	if err != nil {
		return nil, err
	}
	return &program{
		compiler: c, data: documents{data}, store: inmem.NewFromASTObject(data), query: query, asked: asked,
		quick: isQuick(c),
	}, nil
}

// only returns a program that asks for one head of p, or nil where p has none of it.
func (p *program) only(head string, bad *faults) *program {
	if p == nil || !p.asked[head] {
		return nil
	}
	narrow, err := newProgram(p.compiler, p.data.root, map[string]bool{head: true})
	bad.add(err)
	if narrow != nil {
		narrow.quick = false // on a goroutine of its own it can be left behind at any time
	}
	return narrow
}

// isQuick reports whether compiled rules call only built-in functions that are over at once.
func isQuick(c *ast.Compiler) bool {
	yes := true
	for _, m := range c.Modules {
		ast.WalkExprs(m, func(x *ast.Expr) bool {
			if x.IsCall() && allowed[x.Operator().String()] && !quick[x.Operator().String()] {
				yes = false
			}
			return !yes
		})
	}
	return yes
}

// ask evaluates the program and reads the members of all sets. A fault of a built-in function, a conflict or an
// undefined answer is an error; so is a panic inside OPA.
func (p *program) ask(input *ast.Term, cancel topdown.Cancel) (found []member, err error) {
	defer func() {
		if r := recover(); r != nil {
			found, err = nil, fmt.Errorf("the evaluation broke down: %v", r)
		}
	}()
	ctx := context.Background() // the deadline is in cancel
	txn, err := p.store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer p.store.Abort(ctx, txn)
	var answers []topdown.QueryResult
	err = topdown.NewQuery(p.query).
		WithCompiler(p.compiler).
		WithStore(p.store).
		WithTransaction(txn).
		WithBaseCache(p.data).
		WithInput(input).
		WithCancel(cancel).
		WithMetrics(metrics.NoOp()).
		WithStrictBuiltinErrors(true).
		Iter(ctx, func(r topdown.QueryResult) error {
			answers = append(answers, r)
			return nil
		})
	switch {
	case err != nil:
		return nil, explainEval(err)
	case len(answers) != 1:
		return nil, fmt.Errorf("the policy gave %d answers; one is wanted", len(answers))
	}
	return readAnswer(answers[0])
}

// documents answers what rules look up in data, in place of the cache that OPA fills anew in every evaluation: the data
// of a policy never changes, so nothing has to be copied from the store.
type documents struct{ root ast.Object }

// Get returns the value under a reference like data.cap.max_seconds; nil lets OPA ask the store.
func (d documents) Get(ref ast.Ref) ast.Value {
	if len(ref) < 2 {
		return nil
	}
	v, err := d.root.Find(ref[1:])
	if err != nil {
		return nil
	}
	return v
}

// Put implements topdown.BaseCache; there is nothing to remember.
func (documents) Put(ast.Ref, ast.Value) {}

// explainEval says in words why an evaluation failed, with file and line.
func explainEval(err error) error {
	var e *topdown.Error
	if !errors.As(err, &e) || e.Location == nil {
		return err
	}
	var parts []string
	for line := range strings.Lines(e.Message) {
		parts = append(parts, strings.TrimSpace(line))
	}
	return fmt.Errorf("%s:%d: %s", e.Location.File, e.Location.Row, strings.ReplaceAll(strings.Join(parts, ", "), ":, ", ": "))
}
