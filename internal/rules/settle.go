package rules

import (
	"context"
	"errors"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Many rules say no more than: for these classes of numbers and these phones, this member. When data are known, all that
// is left of such a rule are comparisons of fields with constants, and a constant member. It is settled when the policy is
// loaded: its member is added in Go, and Rego is not asked for it.

// settler settles rules of one policy.
type settler struct {
	pruner   *pruner
	data     ast.Object
	compiler *ast.Compiler // of no rules: for terms that look at data only
	store    storage.Store // of the data
}

func newSettler(p *pruner, data ast.Object) *settler {
	return &settler{
		pruner: p, data: data, compiler: ast.NewCompiler().WithCapabilities(capabilities()), store: inmem.NewFromASTObject(data),
	}
}

var (
	errNever     = errors.New("the rule can never be true")
	errUndefined = errors.New("the rule can never be true, because of what data lacks")
	errUnknown   = errors.New("the rule depends on more than comparisons with constants")
)

// settle returns what is left of a parsed rule of a head. Errors: errNever, errUndefined, and errUnknown if Rego has to be asked.
func (s *settler) settle(x *ast.Rule) (settledRule, error) {
	if x.Default || x.Else != nil || len(x.Head.Args) > 0 || x.Head.Key == nil {
		return settledRule{}, errUnknown
	}
	found, locals := []guard{}, map[ast.Var]ast.Value{}
	for _, e := range x.Body {
		g, err := s.expression(e, locals)
		if err != nil {
			return settledRule{}, err
		}
		if g != nil {
			found = append(found, *g)
		}
	}
	value, err := s.constant(x.Head.Key, locals)
	if err != nil {
		return settledRule{}, err
	}
	slices.SortStableFunc(found, compareGuards)
	head := nameOf(x)
	r := settledRule{head: head, value: value, member: readMember(head, value)}
	for _, g := range found {
		r.conditions = append(r.conditions, g.condition())
	}
	return r, nil
}

// expression settles one expression of a body: it is a guard, or it is always true.
func (s *settler) expression(e *ast.Expr, locals map[ast.Var]ast.Value) (*guard, error) {
	switch {
	case len(e.With) > 0:
		return nil, errUnknown
	case e.Negated:
		return s.negation(e, locals)
	}
	switch terms := e.Terms.(type) {
	case *ast.Term:
		if at := subjectOf(terms); at != nil && at.kind == aFlag {
			return &guard{field: at, values: []string{"true"}}, nil
		}
		v, err := s.constant(terms, locals)
		if err == nil && ast.Boolean(false).Equal(v) {
			err = errNever
		}
		return nil, err
	case []*ast.Term:
		return s.operation(e, terms, locals)
	}
	return nil, errUnknown
}

// negation settles what must not be true. No field of the input is ever undefined, so it is true if the rest is not.
func (s *settler) negation(e *ast.Expr, locals map[ast.Var]ast.Value) (*guard, error) {
	positive := e.Copy()
	positive.Negated = false
	g, err := s.expression(positive, locals)
	switch {
	case errors.Is(err, errNever):
		return nil, nil
	case errors.Is(err, errUndefined):
		return nil, errUnknown // OPA looks up what a function is given first: not max(data.x[7]) is not true, either
	case err != nil:
		return nil, err
	case g == nil:
		return nil, errNever
	}
	g.negated = true
	return g, nil
}

// operation settles an expression with an operator.
func (s *settler) operation(e *ast.Expr, terms []*ast.Term, locals map[ast.Var]ast.Value) (*guard, error) {
	operator := e.Operator().String()
	if len(terms) == 3 {
		a, b := terms[1], terms[2]
		switch {
		case operator == "assign":
			return nil, s.assign(a, b, locals)
		case operator == "internal.member_2" && wholeList(b) != nil:
			return s.equal(wholeList(b), a, locals)
		case operator == "internal.member_2" && isField(a, aText):
			words, ok := s.pruner.words(b)
			if !ok {
				return nil, errUnknown
			}
			return &guard{field: subjectOf(a), values: words}, nil
		case (operator == "equal" || operator == "eq") && isField(a, aText, aFlag):
			return s.equal(subjectOf(a), b, locals)
		case (operator == "equal" || operator == "eq") && isField(b, aText, aFlag):
			return s.equal(subjectOf(b), a, locals)
		}
	}
	if !quick[operator] || operator == "eq" {
		return nil, errUnknown
	}
	v, err := s.constant(ast.CallTerm(terms...), locals)
	if err == nil && ast.Boolean(false).Equal(v) {
		err = errNever
	}
	return nil, err
}

// isField reports whether a term is a field of one of the kinds.
func isField(t *ast.Term, kinds ...subjectKind) bool {
	at := subjectOf(t)
	return at != nil && slices.Contains(kinds, at.kind)
}

// assign notes the value of a variable.
func (s *settler) assign(variable, t *ast.Term, locals map[ast.Var]ast.Value) error {
	v, ok := variable.Value.(ast.Var)
	if !ok {
		return errUnknown
	}
	value, err := s.constant(t, locals)
	locals[v] = value
	return err
}

// equal settles the comparison of a field with what must be a constant of the field's type.
func (s *settler) equal(at *subject, t *ast.Term, locals map[ast.Var]ast.Value) (*guard, error) {
	v, err := s.constant(t, locals)
	if err != nil {
		return nil, err
	}
	switch word, _ := constantWord(v); v.(type) {
	case ast.String:
		if at.kind == aText || at.kind == aList {
			return &guard{field: at, values: []string{word}}, nil
		}
	case ast.Boolean:
		if at.kind == aFlag {
			return &guard{field: at, values: []string{word}}, nil
		}
	}
	return nil, errUnknown
}

// constant evaluates a term that depends on nothing but data. Errors: errUndefined, errUnknown.
func (s *settler) constant(t *ast.Term, locals map[ast.Var]ast.Value) (ast.Value, error) {
	switch v := t.Value.(type) {
	case ast.String, ast.Number, ast.Boolean, ast.Null:
		return v, nil
	}
	if !s.closed(t, locals) {
		return nil, errUnknown
	}
	put, err := ast.TransformVars(t.Copy(), func(v ast.Var) (ast.Value, error) {
		if value, ok := locals[v]; ok {
			return value, nil
		}
		return v, nil
	})
	if err != nil {
		return nil, errUnknown
	}
	switch put := put.(type) {
	case *ast.Term:
		return s.evaluate(put)
	case ast.Value:
		return s.evaluate(ast.NewTerm(put))
	}
	return nil, errUnknown
}

// closed reports whether a term looks at data and known variables only, with functions that are over at once, and has no
// loop in it.
func (s *settler) closed(t *ast.Term, locals map[ast.Var]ast.Value) bool {
	yes := true
	ast.WalkTerms(t, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.Var:
			yes = yes && (locals[v] != nil || v.Equal(ast.DefaultRootDocument.Value))
		case ast.Ref:
			yes = yes && (!v[0].Equal(ast.DefaultRootDocument) || s.pruner.isData(v))
		case ast.Call:
			yes = yes && quick[v[0].String()]
			for _, a := range v[1:] {
				yes = yes && s.closed(a, locals)
			}
			return true // not the operator's name
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
			yes = false
		}
		return !yes
	})
	return yes
}

// evaluate asks OPA for the value of a closed term. What it cannot tell is left to the time of the call.
func (s *settler) evaluate(t *ast.Term) (value ast.Value, err error) {
	defer func() {
		if recover() != nil { // a fault of OPA, which a call would meet
			value, err = nil, errUnknown
		}
	}()
	const answer = ast.Var("answer")
	query, err := s.compiler.QueryCompiler().Compile(ast.NewBody(ast.Equality.Expr(ast.NewTerm(answer), t)))
	if err != nil {
		return nil, errUnknown
	}
	ctx := context.Background()
	txn, err := s.store.NewTransaction(ctx)
	if err != nil {
		return nil, errUnknown
	}
	defer s.store.Abort(ctx, txn)
	answers, err := topdown.NewQuery(query).WithCompiler(s.compiler).WithStore(s.store).WithTransaction(txn).WithBaseCache(documents{s.data}).WithStrictBuiltinErrors(true).Run(ctx)
	switch {
	case err != nil || len(answers) > 1:
		return nil, errUnknown
	case len(answers) == 0 || answers[0][answer] == nil:
		return nil, errUndefined
	}
	return answers[0][answer].Value, nil
}
