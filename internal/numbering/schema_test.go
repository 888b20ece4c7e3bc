package numbering

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// planSchema compiles the published schema.
func planSchema(t *testing.T) (*jsonschema.Schema, map[string]any) {
	t.Helper()
	text, err := os.ReadFile("../../policy/schema/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plan.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema, raw
}

// document reads YAML as an editor does.
func document(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := yamlfile.Decode("plan.yaml", text, &v); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestShippedPlansFitTheSchema: and each names the schema in its first line, where editors look for it.
func TestShippedPlansFitTheSchema(t *testing.T) {
	schema, _ := planSchema(t)
	files, err := os.ReadDir("../../policy/plans")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile("../../policy/plans/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(text, []byte("# yaml-language-server: $schema=../schema/plan.json\n")) {
			t.Errorf("%s does not name its schema", f.Name())
		}
		if err := schema.Validate(document(t, text)); err != nil {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
}

// TestSchemaAndDecoderAgree holds the fields of the schema to those of the decoder, and its words to those of the code.
func TestSchemaAndDecoderAgree(t *testing.T) {
	_, raw := planSchema(t)
	agree(t, "plan", raw, reflect.TypeFor[file]())
	words := func(path ...string) string {
		var at any = raw
		for _, key := range path {
			object, _ := at.(map[string]any)
			at = object[key]
		}
		return fmt.Sprint(at)
	}
	numbers := []string{"properties", "numbers", "items", "properties"}
	if got := words(append(numbers, "class", "enum")...); got != fmt.Sprint(classesOfPlans) {
		t.Errorf("classes of numbers: %s, want %s", got, classesOfPlans)
	}
	if got := words("properties", "abroad", "items", "properties", "class", "enum"); got != fmt.Sprint(classesAbroad) {
		t.Errorf("classes of abroad: %s, want %s", got, classesAbroad)
	}
	if got := words(append(numbers, "forms", "items", "enum")...); got != fmt.Sprint(formNames) {
		t.Errorf("forms: %s, want %s", got, formNames)
	}
}

// agree compares an object of the schema with the struct that reads it, and the objects in it with theirs.
func agree(t *testing.T, where string, schema map[string]any, typ reflect.Type) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	if schema["additionalProperties"] != false {
		t.Errorf("%s: the schema lets unknown fields pass", where)
	}
	read := map[string]bool{}
	for field := range typ.Fields() {
		name := field.Tag.Get("yaml")
		property, ok := properties[name].(map[string]any)
		if !ok {
			t.Errorf("%s: the schema has no field %q", where, name)
			continue
		}
		read[name] = true
		if property["description"] == nil {
			t.Errorf("%s: the field %q has no description", where, name)
		}
		inner := field.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
			property, _ = property["items"].(map[string]any)
		}
		if inner.Kind() != reflect.Struct {
			continue
		}
		if value, ok := inner.FieldByName("Value"); ok && value.Type.Kind() == reflect.Struct { // located
			inner = value.Type
		}
		if strings.HasSuffix(inner.Name(), "Entry") {
			agree(t, where+"."+name, property, inner)
		}
	}
	for name := range properties {
		if !read[name] {
			t.Errorf("%s: the schema has a field %q that nothing reads", where, name)
		}
	}
}

// TestSchemaRefuses: what the schema refuses, the decoder refuses, and the other way round as far as a schema can tell.
func TestSchemaRefuses(t *testing.T) {
	schema, _ := planSchema(t)
	us, err := os.ReadFile("../../policy/plans/us.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"unknown field":     {"trunk_optional:", "trunk_optinal:"},
		"number, no text":   {`country_code: "1"`, `country_code: 1`},
		"class":             {"class: toll_free", "class: free"},
		"class emergency":   {"class: toll_free", "class: emergency"},
		"form":              {"forms: [trunk, country]", "forms: [trunk, contry]"},
		"form twice":        {"forms: [trunk, country]", "forms: [trunk, trunk]"},
		"any length":        {"lengths: [1, 2]", "any_length: true\n    lengths: [1, 2]"},
		"any length, cheap": {"class: toll_free\n    prefixes: [\"800\", \"833\", \"844\", \"855\", \"866\", \"877\", \"888\"]\n    lengths: [10]", "class: toll_free\n    prefixes: [\"800\"]\n    any_length: true"},
		"no length":         {"    lengths: [1, 2]\n", ""},
		"length":            {"lengths: [1, 2]", "lengths: [0]"},
		"carrier prefix":    {`"101XXXX"`, `"101-XXXX"`},
		"prefix letters":    {`prefixes: ["976"]`, `prefixes: ["97a"]`},
		"risk":              {"risk: [operator]", "risk: [Operator]"},
		"emergency":         {`emergency: ["911"]`, `emergency: []`},
		"emergency sign":    {`emergency: ["911"]`, `emergency: ["9-1-1"]`},
		"caller-ID code":    {`"*67"`, `"+67"`},
		"area and areas":    {`{name: Maine, codes: ["207"]`, `{name: Maine, code: "207", codes: ["207"]`},
		"area without name": {`{name: Maine, codes`, `{codes`},
		"area of letters":   {`{name: Maine, codes: ["207"]`, `{name: Maine, codes: ["2o7"]`},
		"abroad class":      {"class: satellite", "class: mobile"},
		"abroad region":     {`region: "JM"`, `region: "jm"`},
	} {
		t.Run(name, func(t *testing.T) {
			text := bytes.Replace(us, []byte(change[0]), []byte(change[1]), 1)
			if bytes.Equal(text, us) {
				t.Fatalf("the plan has no %q", change[0])
			}
			if err := schema.Validate(document(t, text)); err == nil {
				t.Error("the schema accepts it")
			}
			if _, err := Load(fstest.MapFS{"plans/us.yaml": {Data: text}}, "us"); err == nil {
				t.Error("the decoder accepts it")
			} else {
				t.Log(err)
			}
		})
	}
}
