package rules

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// What is worked out when a policy is loaded (settle.go, split.go, prune.go) takes for granted that a name means what it
// usually means, that nothing but data and the call is under a rule, and that nobody but Go reads the sets of the heads.
// Rego allows to do otherwise. A policy that does is asked as it is written.

// traits are what a policy does out of the ordinary.
type traits struct {
	with   bool            // some expression puts another value in the place of input, data or a function
	hides  bool            // some helper or import has the name of a built-in function or its family: count, time
	looked map[string]bool // heads that rules look at: deny contains "x" if count(allow) > 2
}

// traitsOf finds the traits of parsed rules and of the same rules compiled.
func traitsOf(parsed, compiled map[string]*ast.Module) traits {
	t := traits{looked: map[string]bool{}}
	families := map[string]bool{}
	for name := range allowed {
		family, _, _ := strings.Cut(name, ".")
		families[family] = true
	}
	for _, m := range parsed {
		for _, x := range m.Rules {
			t.with = t.with || hasWith(x)
			t.hides = t.hides || families[nameOf(x)]
		}
		for _, i := range m.Imports {
			t.hides = t.hides || families[string(i.Name())]
		}
	}
	for _, m := range compiled {
		ast.WalkRefs(m, func(ref ast.Ref) bool {
			if len(ref) > 3 && ref.HasPrefix(packageRef) {
				if name, ok := ref[3].Value.(ast.String); ok && isHead(string(name)) {
					t.looked[string(name)] = true
				}
			}
			return false
		})
	}
	return t
}

// packageRef is data.dialwarden.outbound.
var packageRef = ast.MustParseRef(pkg)

// hasWith reports whether an expression of a rule, however deep, replaces a value.
func hasWith(x *ast.Rule) bool {
	found := false
	ast.WalkExprs(x, func(e *ast.Expr) bool {
		found = found || len(e.With) > 0
		return found
	})
	return found
}

// emptied returns a copy of a rule of a head that adds nothing, so that the set is there for those who look at it.
func emptied(x *ast.Rule) *ast.Rule {
	x = x.Copy()
	x.Head.Key = ast.StringTerm("")
	x.Body = ast.NewBody(ast.NewExpr(ast.BooleanTerm(false)))
	return x
}
