package rules

import (
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
	c := newCompiler(schemas)
	c.Compile(modules)
	if !c.Failed() {
		return c
	}
	known := bad.any()
	for _, e := range c.Errors {
		switch {
		case e.Location == nil:
			bad.in(inputSchema, "%s", e.Message)
		case known && strings.HasPrefix(e.Message, "conflicting rules "):
			// One of them is no set, which has been said.
		default:
			bad.add(e)
		}
	}
	return nil
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
