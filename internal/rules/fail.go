package rules

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// A built-in function that fails, 1 / input.usage.concurrent_calls, refuses the call: the policy gave no answer. So what
// can fail is asked wherever OPA would ask it; only a rule that compares a field with a constant is left out by OPA's own
// index, wherever in the body that stands. A body is in the order in which OPA evaluates it: a condition can stand in
// for what comes after it, but not for what comes before and can fail.

// sure are built-in functions that never fail.
var sure = setOf(`
	eq equal neq lt lte gt gte assign and or internal.member_2 internal.member_3 internal.print print
	is_array is_boolean is_null is_number is_object is_set is_string type_name
`)

// typed are built-in functions that fail only if they are given another type, which the compiler refuses where it knows it.
var typed = setOf(`
	plus minus mul abs ceil floor round count array.concat array.reverse array.slice object.get object.keys
	contains endswith indexof lower sprintf startswith strings.reverse
	trim trim_left trim_prefix trim_right trim_space trim_suffix upper
`)

// fallible returns the names of the helpers and heads of compiled modules of which some rule can fail.
func fallible(modules map[string]*ast.Module) map[string]bool {
	p := &pruner{fails: map[string]bool{}}
	var rules []*ast.Rule
	written := map[string][]*ast.Rule{}
	for _, m := range modules {
		for _, x := range m.Rules {
			for ; x != nil; x = x.Else {
				rules = append(rules, x)
				written[nameOf(x)] = append(written[nameOf(x)], x)
			}
		}
	}
	for name, all := range written {
		p.fails[name] = conflicts(all)
	}
	for again := true; again; {
		again = false
		for _, x := range rules {
			if name := nameOf(x); !p.fails[name] && p.canFail(x) {
				p.fails[name], again = true, true
			}
		}
	}
	return p.fails
}

// conflicts reports whether rules of one name may give two values, which is an error, where one is wanted.
func conflicts(rules []*ast.Rule) bool {
	var value ast.Value
	for _, x := range rules {
		if x.Head.RuleKind() == ast.MultiValue || x.Default {
			continue
		}
		if !ast.IsScalar(x.Head.Value.Value) || value != nil && value.Compare(x.Head.Value.Value) != 0 {
			return true
		}
		value = x.Head.Value.Value
	}
	return false
}

// canFail reports whether some expression of a compiled rule can.
func (p *pruner) canFail(x *ast.Rule) bool {
	known := aliasesOf(x)
	for _, e := range x.Body {
		if p.expressionFails(e, known) {
			return true
		}
	}
	return false
}

// expressionFails reports whether an expression can fail. It is careful: what it does not understand can.
func (p *pruner) expressionFails(e *ast.Expr, known aliases) bool {
	found := false
	ast.WalkExprs(e, func(e *ast.Expr) bool {
		found = found || len(e.With) > 0 || e.IsCall() && p.callFails(e, known)
		return found
	})
	ast.WalkTerms(e, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case *ast.ObjectComprehension: // one key with two values
			found = true
		case ast.Ref:
			found = found || p.helperFails(v)
		}
		return found
	})
	return found
}

// helperFails reports whether a reference leads to a helper or a set that can fail.
func (p *pruner) helperFails(ref ast.Ref) bool {
	if !ref[0].Equal(ast.DefaultRootDocument) || p.isData(ref) {
		return false
	}
	if len(ref) <= len(packageRef) || !ref.HasPrefix(packageRef) {
		return true
	}
	name, ok := ref[len(packageRef)].Value.(ast.String)
	return !ok || p.fails[string(name)]
}

// callFails reports whether a call of a built-in function can fail. A helper's name is a reference, and told by that.
func (p *pruner) callFails(e *ast.Expr, known aliases) bool {
	name := e.Operator().String()
	switch {
	case sure[name] || e.Operator().HasPrefix(ast.DefaultRootRef):
		return false
	case !typed[name]:
		return true
	}
	operands := e.Operands()
	for _, t := range operands[:min(len(operands), ast.BuiltinMap[name].Decl.Arity())] {
		if !typeKnown(known.of(t)) {
			return true
		}
	}
	return false
}

// typeKnown reports whether the compiler knows the type of a term: a constant or a field of the input.
func typeKnown(t *ast.Term) bool {
	if ref, ok := t.Value.(ast.Ref); ok {
		return ref.IsGround() && ref[0].Equal(ast.InputRootDocument)
	}
	_, isVar := t.Value.(ast.Var)
	return !isVar && ast.IsConstant(t.Value)
}
