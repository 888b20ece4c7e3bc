package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/schema"
	"github.com/dialwarden/dialwarden/policy"
)

// inputSchema is where the JSON Schema of the input stands in a policy directory.
const inputSchema = "schema/input.json"

// goRead are the data files that Dialwarden itself reads. What they may hold is not for a policy directory to leave
// open: where it has no schema for one of them, the shipped schema stands in.
var goRead = []string{
	"directory", "rules", "lists", "hours", "short_calls", "after_hours_spike", "retention", "handset", "approvers", "matters", "rates", "allowances",
	"lines", "bookings",
}

// readSchema returns the input's schema, from the content or, where it has none, as shipped.
func readSchema(content map[string][]byte, bad *faults) (*ast.SchemaSet, *schema.Schema) {
	src := content[inputSchema]
	if src == nil {
		src = shippedSchema(inputSchema)
	}
	s := parseSchema(inputSchema, src, bad)
	var raw any
	if s == nil || json.Unmarshal(src, &raw) != nil {
		return nil, nil
	}
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, raw)
	return set, s
}

// dataSchemas gives each data file its schema, if there is one.
func dataSchemas(content map[string][]byte, files map[string]*dataFile, bad *faults) {
	for _, key := range slices.Sorted(maps.Keys(files)) {
		name := path.Join("schema", key+".json")
		src := content[name]
		if src == nil && slices.Contains(goRead, key) {
			src = shippedSchema(name)
		}
		if src != nil {
			files[key].schema = parseSchema(name, src, bad)
		}
	}
}

func shippedSchema(name string) []byte {
	src, err := fs.ReadFile(policy.FS, name)
	if err != nil {
		return nil // it is in the binary; a test holds that
	}
	return src
}

func parseSchema(name string, src []byte, bad *faults) *schema.Schema {
	s, err := schema.Parse(src)
	if err == nil {
		return s
	}
	e := &Error{File: name, Message: strings.TrimPrefix(err.Error(), "json: ")}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		before := src[:min(int(syntax.Offset), len(src))]
		e.Line = bytes.Count(before, []byte("\n")) + 1
		e.Column = max(1, len(before)-bytes.LastIndexByte(before, '\n')-1)
	}
	bad.found = append(bad.found, e)
	return nil
}

// maxNamed is how many names a message lists that would be right.
const maxNamed = 16

// validate holds a data file to its schema and fills in the defaults. The names are those that x-refers speaks of.
func (f *dataFile) validate(names map[string][]string, bad *faults) {
	if f.schema == nil {
		return
	}
	faults := f.schema.Validate(f.value, names)
	for _, x := range faults {
		hint := suggestion(x)
		at := f.tree.Place(x.Path...)
		if !x.Key {
			at = f.tree.Value(x.Path...)
		}
		bad.found = append(bad.found, &Error{File: f.name, Line: at.Line, Column: at.Column, Message: x.Message + hint})
	}
	f.broken = len(faults) > 0
	if !f.broken {
		f.value = f.schema.Fill(f.value)
	}
}

// suggestion says what would be right in place of a name that is wrong.
func suggestion(x schema.Fault) string {
	near := nearest(x.Word, x.Of)
	switch {
	case near != "":
		return fmt.Sprintf("; did you mean %q?", near)
	case x.Word == "" || len(x.Of) == 0 || len(x.Of) > maxNamed:
		return ""
	}
	return "; there are " + strings.Join(slices.DeleteFunc(slices.Clone(x.Of), func(s string) bool { return s == "" }), ", ")
}

// enumsOf finds the fields of the input that are one of a list of words, by their reference: input.callee.class.
func enumsOf(ref string, s *schema.Schema, enums map[string][]string) map[string][]string {
	if len(s.Enum) > 0 {
		enums[ref] = s.Enum
	}
	for name, p := range s.Properties.ByName {
		enumsOf(fmt.Sprintf("%s.%s", ref, name), p, enums)
	}
	return enums
}
