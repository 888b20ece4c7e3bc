package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// newCompiler returns a compiler that holds rules to the input's schema and to what they may do.
func newCompiler(schemas *ast.SchemaSet) *ast.Compiler {
	return ast.NewCompiler().
		WithStrict(true).
		WithSchemas(schemas).
		WithCapabilities(capabilities()).
		SetErrorLimit(0)
}

// compile compiles modules; it returns nil where that fails.
func compile(modules map[string]*ast.Module, schemas *ast.SchemaSet, bad *faults) *ast.Compiler {
	return compileWith(newCompiler(schemas), modules, bad)
}

// recompile compiles what is left of modules that were compiled before. What only a rule needed that was left out, an
// import, is no mistake.
func recompile(modules map[string]*ast.Module, schemas *ast.SchemaSet, bad *faults) *ast.Compiler {
	return compileWith(newCompiler(schemas).WithStrict(false), modules, bad)
}

func compileWith(c *ast.Compiler, modules map[string]*ast.Module, bad *faults) *ast.Compiler {
	c.Compile(modules)
	if !c.Failed() {
		return c
	}
	known := bad.any()
	for _, e := range c.Errors {
		switch {
		case e.Location == nil:
			bad.in(inputSchema, "%s", e.Message)
		case known && (strings.HasPrefix(e.Message, "conflicting rules ") || strings.Contains(e.Message, " conflicts with:")):
			// One of them is no set, which has been said.
		case unbound.MatchString(e.Message):
			name := unbound.FindStringSubmatch(e.Message)[1]
			bad.at(e.Location, "nothing gives %s a value: there is no rule and no helper of this name%s", name, didYouMean(name, defined(modules)))
		case unknown(e) != "":
			bad.at(e.Location, "%s", noFunction(unknown(e), defined(modules)))
		default:
			bad.add(e)
		}
	}
	return nil
}

// unbound is what OPA says of a name that stands for nothing.
var unbound = regexp.MustCompile(`^var (\S+) is unsafe$`)

// unknown is the function that is called and is neither a helper nor one that OPA has; empty if the fault is another.
func unknown(e *ast.Error) string {
	name, ok := strings.CutPrefix(e.Message, "undefined function ")
	if !ok || ast.BuiltinMap[name] != nil {
		return ""
	}
	return name
}

// defined are the names of the rules and helpers of modules.
func defined(modules map[string]*ast.Module) []string {
	var names []string
	for _, m := range modules {
		for _, x := range m.Rules {
			names = append(names, nameOf(x))
		}
	}
	slices.Sort(names)
	return names
}

// dataObject is what rules see as data.
func dataObject(files map[string]*dataFile) (ast.Object, error) {
	data := ast.NewObject()
	for name, f := range files {
		v, err := ast.InterfaceToValue(f.value)
		if err != nil {
			return nil, err
		}
		data.Insert(ast.StringTerm(name), ast.NewTerm(v))
	}
	return data, nil
}
