package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/policy"
)

// inputSchema is where the JSON Schema of the input stands in a policy directory.
const inputSchema = "schema/input.json"

// readSchema returns the input's schema, from the content or, where it has none, as shipped.
func readSchema(content map[string][]byte, bad *faults) (*ast.SchemaSet, map[string][]string) {
	src := content[inputSchema]
	if src == nil {
		shipped, err := fs.ReadFile(policy.FS, inputSchema)
		if err != nil {
			bad.add(err)
			return nil, nil
		}
		src = shipped
	}
	var schema map[string]any
	if err := json.Unmarshal(src, &schema); err != nil {
		e := &Error{File: inputSchema, Message: err.Error()}
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			before := src[:min(int(syntax.Offset), len(src))]
			e.Line = bytes.Count(before, []byte("\n")) + 1
			e.Column = max(1, len(before)-bytes.LastIndexByte(before, '\n')-1)
		}
		bad.found = append(bad.found, e)
		return nil, nil
	}
	enums := map[string][]string{}
	collectEnums("input", schema, enums)
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, any(schema))
	return set, enums
}

// collectEnums finds the fields that are one of a list of words, by their reference: input.callee.class.
func collectEnums(ref string, schema map[string]any, enums map[string][]string) {
	if list, ok := schema["enum"].([]any); ok {
		for _, w := range list {
			enums[ref] = append(enums[ref], fmt.Sprint(w))
		}
	}
	props, _ := schema["properties"].(map[string]any)
	for name, p := range props {
		if p, ok := p.(map[string]any); ok {
			collectEnums(ref+"."+name, p, enums)
		}
	}
}
