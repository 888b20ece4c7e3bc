package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/policy"
)

// fill sets every field under v to a value of its own.
func fill(v reflect.Value, n *int) {
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 11, 23, 8, 15, *n, 123456789, time.FixedZone("", 8*3600))))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprintf("text %d", *n))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Int, v.Kind() == reflect.Int64:
		v.SetInt(int64(1000 + *n))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	default:
		panic("the facts have a field of kind " + v.Kind().String())
	}
}

func filledFacts() call.Facts {
	var f call.Facts
	n := 0
	fill(reflect.ValueOf(&f).Elem(), &n)
	return f
}

// TestInputIsTheJSONForm holds the hand-built input to the JSON form of the facts, which the ledger keeps.
func TestInputIsTheJSONForm(t *testing.T) {
	odd := filledFacts()
	odd.Callee.Dialled = "1\xff\xfe2\u2028\"\\"
	odd.Callee.Risk = []string{}
	phone := call.Facts{
		Time: call.Clock{Schedules: []string{}}, Line: call.Line{Kind: "phone"},
		Callee: call.Callee{Number: call.Number{Risk: []string{}}, Lists: []string{}},
		Usage:  call.Usage{Allowances: []call.AllowanceFact{}},
	}
	for name, f := range map[string]call.Facts{"filled": filledFacts(), "plain": phone, "odd": odd} {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			want, err := ast.ValueFromReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if got := inputOf(&f).Value; got.Compare(want) != 0 {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

// TestInputWithoutRisk holds the input to a list where the facts have none.
func TestInputWithoutRisk(t *testing.T) {
	v, err := inputOf(&call.Facts{}).Value.Find(ast.MustParseRef("x.callee.risk")[1:])
	if err != nil || v.Compare(ast.NewArray()) != 0 {
		t.Errorf("got %v, %v", v, err)
	}
}

type schemaNode struct {
	Type                 string                 `json:"type"`
	Description          string                 `json:"description"`
	Properties           map[string]*schemaNode `json:"properties"`
	Required             []string               `json:"required"`
	AdditionalProperties *bool                  `json:"additionalProperties"`
	Enum                 []string               `json:"enum"`
	Items                *schemaNode            `json:"items"`
}

// TestSchemaIsTheFacts holds the published schema to exactly the fields of the facts.
func TestSchemaIsTheFacts(t *testing.T) {
	data, err := fs.ReadFile(policy.FS, inputSchema)
	if err != nil {
		t.Fatal(err)
	}
	var schema schemaNode
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	marshalled, err := json.Marshal(filledFacts())
	if err != nil {
		t.Fatal(err)
	}
	var facts any
	if err := json.Unmarshal(marshalled, &facts); err != nil {
		t.Fatal(err)
	}
	compare(t, "input", &schema, facts)
	var classes []string
	for _, c := range call.Classes() {
		classes = append(classes, string(c))
	}
	if got := schema.Properties["callee"].Properties["class"].Enum; !slices.Equal(got, classes) {
		t.Errorf("the classes are %v, want %v", got, classes)
	}
}

func compare(t *testing.T, at string, s *schemaNode, v any) {
	t.Helper()
	if s.Description == "" && s.Items == nil && at[len(at)-1] != ']' {
		t.Errorf("%s has no description", at)
	}
	want := map[string]string{"string": "string", "bool": "boolean", "float64": "integer"}[fmt.Sprintf("%T", v)]
	switch v := v.(type) {
	case map[string]any:
		want = "object"
		names := slices.Sorted(maps.Keys(v))
		if got := slices.Sorted(maps.Keys(s.Properties)); !slices.Equal(got, names) {
			t.Errorf("%s has the fields %v, want %v", at, got, names)
			return
		}
		if got := slices.Sorted(slices.Values(s.Required)); !slices.Equal(got, names) || s.AdditionalProperties == nil || *s.AdditionalProperties {
			t.Errorf("%s is not closed and complete", at)
		}
		for name, x := range v {
			compare(t, at+"."+name, s.Properties[name], x)
		}
	case []any:
		want = "array"
		compare(t, at+"[]", s.Items, v[0])
	}
	if s.Type != want {
		t.Errorf("%s is %s, want %s", at, s.Type, want)
	}
}
