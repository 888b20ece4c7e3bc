package rules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/dialwarden/dialwarden/internal/call"
)

// program is a compiled policy with the questions that are asked of it: the sets of several heads at once.
type program struct {
	compiler  *ast.Compiler
	data      documents
	store     storage.Store // of the same data, for what documents leaves open
	settled   *settledRules
	asked     []head
	questions []ast.Body // for each set of heads, one bit a head
	reads     parts      // of the input
	quick     bool       // calls no built-in function that could take long; see evaluate
}

// head is a head of the policy and the calls that its rules can be about.
type head struct {
	name  string
	about *relevance
}

// newProgram compiles the questions for the heads that some rule adds to.
func newProgram(c *ast.Compiler, data ast.Object, asked map[string]*relevance, settled *settledRules) (*program, error) {
	p := &program{
		compiler: c, data: documents{data}, store: inmem.NewFromASTObject(data), settled: settled, quick: isQuick(c), reads: partsRead(c),
	}
	for _, name := range heads {
		if asked[name] != nil {
			p.asked = append(p.asked, head{name, asked[name]})
		}
	}
	p.questions = make([]ast.Body, 1<<len(p.asked))
	for set := range p.questions {
		if set == 0 {
			continue
		}
		var parts []string
		for i, h := range p.asked {
			if set&(1<<i) != 0 {
				parts = append(parts, h.name+" = "+pkg+"."+h.name)
			}
		}
		body, err := ast.ParseBody(strings.Join(parts, "; "))
		if err != nil {
			return nil, err
		}
		if p.questions[set], err = c.QueryCompiler().Compile(body); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// question is what is to be asked about a call; nil where no rule can be about it.
func (p *program) question(f *call.Facts) ast.Body {
	set := 0
	for i, h := range p.asked {
		if h.about.to(f) {
			set |= 1 << i
		}
	}
	return p.questions[set]
}

// find returns what the rules of the program add to the sets about a call.
func (p *program) find(ctx context.Context, f *call.Facts, words vocabulary, deadline time.Duration) ([]member, error) {
	if p == nil {
		return nil, nil
	}
	found := p.settled.members(f)
	question := p.question(f)
	if question == nil {
		return found, nil
	}
	more, err := evaluate(ctx, p, question, words.input(f, p.reads), deadline)
	if len(found) == 0 {
		return more, err
	}
	found = append(found, more...)
	slices.SortStableFunc(found, func(a, b member) int { return cmp.Compare(headOrder(a.head), headOrder(b.head)) })
	return found, err
}

// only returns a program that asks for one head of p, or nil where p has none of it.
func (p *program) only(name string, bad *faults) *program {
	if p == nil {
		return nil
	}
	asked := map[string]*relevance{}
	for _, h := range p.asked {
		if h.name == name {
			asked[name] = h.about
		}
	}
	settled := p.settled.only(name)
	if len(asked) == 0 && settled.none() {
		return nil
	}
	narrow, err := newProgram(p.compiler, p.data.root, asked, settled)
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

// ask evaluates a question and reads the members of its sets. A fault of a built-in function, a conflict or an
// undefined answer is an error; so is a panic inside OPA.
func (p *program) ask(question ast.Body, input *ast.Term, cancel topdown.Cancel) (found []member, err error) {
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
	err = topdown.NewQuery(question).
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
