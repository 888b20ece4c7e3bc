package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// pkg is the package of all rules.
const pkg = "data.dialwarden.outbound"

// heads are the sets that rules add members to, in the order in which they are asked.
var heads = []string{"allow", "deny", "require", "limit", "route", "notify", "sanction"}

func isHead(name string) bool { return slices.Contains(heads, name) }

// parseRules parses the rule files (tests, if tests) of the content. What cannot be parsed is left out.
func parseRules(content map[string][]byte, tests bool, bad *faults) map[string]*ast.Module {
	modules := map[string]*ast.Module{}
	for _, name := range slices.Sorted(maps.Keys(content)) {
		if !strings.HasPrefix(name, "rules/") || isTest(name) != tests {
			continue
		}
		m, err := ast.ParseModuleWithOpts(name, string(content[name]), ast.ParserOptions{
			ProcessAnnotation: true, Capabilities: capabilities(),
		})
		switch {
		case err != nil:
			bad.add(err)
		case m == nil || m.Package == nil:
			bad.in(name, "the file is empty; it begins with: package dialwarden.outbound")
		default:
			modules[name] = m
		}
	}
	return modules
}

// checkRules holds the rule files to the contract of a policy, notes in the book what each rule says, and takes the
// METADATA off the modules: a title before the package line may stand in every file, but OPA allows it in one only.
// It returns where each helper is defined.
func checkRules(modules map[string]*ast.Module, b *book, bad *faults) (helpers map[string]*ast.Location) {
	helpers = map[string]*ast.Location{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		m := modules[name]
		id := ruleID(name)
		if m.Package.Path.String() != pkg {
			bad.at(m.Package.Location, "the package is %s; all rules are in package dialwarden.outbound",
				strings.TrimPrefix(m.Package.Path.String(), "data."))
		}
		r := b.rules[id]
		switch {
		case slices.Contains(reserved, id):
			bad.in(name, "%s is what Dialwarden itself decides by; give the rule another name", id)
		case r == nil && !b.unread:
			bad.in(name, "rule %s has no entry in data/rules.yaml; add one: %s: {title: …}", id, id)
		}
		if r == nil {
			r = &rule{id: id, heads: map[string][]*ast.Location{}}
			b.rules[id] = r
		}
		r.title = titleOf(m)
		m.Annotations = nil
		for _, x := range m.Rules {
			x.Annotations = nil
			checkRule(x, r, helpers, bad)
		}
	}
	return helpers
}

// checkTests refuses a rule that stands in a file of tests, where it would never be asked, and a helper of the rules that
// is defined there once more: tests would see both mixed, and calls would not.
func checkTests(content map[string][]byte, helpers map[string]*ast.Location, bad *faults) {
	for _, m := range parseRules(content, true, &faults{}) { // what cannot be parsed is Test's to tell
		if m.Package.Path.String() != pkg {
			continue
		}
		for _, x := range m.Rules {
			switch name := nameOf(x); {
			case isHead(name):
				bad.at(x.Location, "%s stands in a file of tests and would never be asked; a rule's file does not end in _test.rego", name)
			case helpers[name] != nil:
				bad.at(x.Location, helperTwice, name, helpers[name].File, helpers[name].Row)
			}
		}
	}
}

// helperTwice says that a helper is defined in two files.
const helperTwice = "%s is also defined in %s:%d; two files of one package would be mixed, so give it another name"

// titleOf returns the first title in the METADATA of a file.
func titleOf(m *ast.Module) string {
	for _, a := range m.Annotations {
		if a.Title != "" {
			return a.Title
		}
	}
	return ""
}

// checkRule checks the head of one Rego rule.
func checkRule(x *ast.Rule, r *rule, helpers map[string]*ast.Location, bad *faults) {
	name := nameOf(x)
	if !isHead(name) {
		if first := helpers[name]; first != nil && first.File != x.Location.File {
			bad.at(x.Location, helperTwice, name, first.File, first.Row)
			return
		}
		if helpers[name] == nil {
			helpers[name] = x.Location
		}
		return
	}
	if x.Head.RuleKind() != ast.MultiValue || len(x.Head.Ref()) != 1 || x.Default {
		bad.at(x.Location, "%s must be a set; write: %s contains %q if …", name, name, r.id)
		return
	}
	if why := checkMemberID(x, r.id); why != "" {
		bad.at(x.Location, "%s", why)
	}
	r.heads[name] = append(r.heads[name], x.Location)
}

// checkMemberID says what is wrong with the rule id of a member as far as it can be seen without evaluating.
func checkMemberID(x *ast.Rule, id string) string {
	wrong := func(have ast.String) string {
		return fmt.Sprintf("the member names rule %q; in this file it is %q", string(have), id)
	}
	switch v := written(x.Head.Key, x).Value.(type) {
	case ast.String:
		if string(v) != id {
			return wrong(v)
		}
	case ast.Object:
		named := v.Get(ast.StringTerm("rule"))
		if named == nil {
			return fmt.Sprintf("the member names no rule; write: {\"rule\": %q, …}", id)
		}
		switch s := written(named, x).Value.(type) {
		case ast.String:
			if string(s) != id {
				return wrong(s)
			}
		case ast.Null, ast.Boolean, ast.Number, *ast.Array, ast.Object, ast.Set:
			return fmt.Sprintf("the member's rule is %v; in this file it is %q", s, id)
		}
	case ast.Null, ast.Boolean, ast.Number, *ast.Array, ast.Set:
		return fmt.Sprintf("a member is a rule's id or an object; write: {\"rule\": %q, …}", id)
	}
	return ""
}

// written is what the body of a rule says that a variable is, and any other term itself.
func written(t *ast.Term, x *ast.Rule) *ast.Term {
	for _, e := range x.Body {
		if e.IsAssignment() && !e.Negated && e.Operand(0).Equal(t) {
			return e.Operand(1)
		}
	}
	return t
}

// nameOf is the name under which a rule stands in its package: deny for deny, deny.x and deny[x].
func nameOf(x *ast.Rule) string {
	switch v := x.Head.Ref()[0].Value.(type) {
	case ast.Var:
		return string(v)
	case ast.String:
		return string(v)
	}
	return ""
}
