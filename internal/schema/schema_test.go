package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const house = `{
  "definitions": {"class": {"type": "string", "enum": ["local", "mobile"]}, "two": {"description": "Two letters.", "type": "string", "pattern": "^[a-z]{2}$"}},
  "type": "object", "required": ["caps"], "additionalProperties": false,
  "properties": {
    "caps": {"type": "object", "propertyNames": {"$ref": "#/definitions/class"}, "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 60}},
    "lists": {"type": "array", "uniqueItems": true, "maxItems": 3, "items": {"type": "string", "x-refers": "lists"}, "default": []},
    "code": {"$ref": "#/definitions/two", "default": "en"},
    "deep": {"type": "object", "default": {}, "properties": {"on": {"type": "boolean", "default": true}, "n": {"type": "number", "default": 3}}},
    "free": {},
    "sum": {"type": "integer", "maximum": 1000000000000}
  }
}`

func parsed(t *testing.T, src string) *Schema {
	t.Helper()
	s, err := Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestValidate(t *testing.T) {
	s := parsed(t, house)
	names := map[string][]string{"lists": {"a", "b", "c", "d"}}
	caps := map[string]any{"local": int64(5)}
	for _, tt := range []struct {
		value any
		want  string
	}{
		{map[string]any{"caps": caps}, ""},
		{map[string]any{"caps": nil, "lists": nil, "deep": nil, "free": []any{nil, 1.5}}, ""},
		{map[string]any{"caps": caps, "lists": []any{"a", "b"}, "code": "zh"}, ""},
		{nil, ": caps is missing"},
		{"caps", ": this is a text; wanted is a mapping (key: value)"},
		{map[string]any{"cap": caps}, ": caps is missing\ncap: unknown field \"cap\" [caps lists code deep free sum]"},
		{map[string]any{"caps": map[string]any{"mobil": int64(1)}}, "caps.mobil: there is no \"mobil\" here [local mobile]"},
		{map[string]any{"caps": map[string]any{"local": "5"}}, "caps.local: this is a text; wanted is a whole number"},
		{map[string]any{"caps": map[string]any{"local": 5.5}}, "caps.local: this is a number; wanted is a whole number"},
		{map[string]any{"caps": map[string]any{"local": nil}}, "caps.local: this is nothing; wanted is a whole number"},
		{map[string]any{"caps": map[string]any{"local": int64(-1), "mobile": uint64(61)}}, "caps.local: -1 is too small; wanted is 0 or more\ncaps.mobile: 61 is too large; wanted is 60 at most"},
		{map[string]any{"caps": caps, "sum": int64(1000000000001)}, "sum: 1000000000001 is too large; wanted is 1000000000000 at most"},
		{map[string]any{"caps": caps, "lists": []any{"a", "x", "a", int64(1)}}, "lists: wanted is a list of 3 at most\nlists.1: \"x\" is none of the lists [a b c d]\nlists.2: a is in the list twice\nlists.3: this is a whole number; wanted is a text"},
		{map[string]any{"caps": caps, "code": "eng"}, "code: \"eng\" will not do. Two letters."},
	} {
		var got []string
		for _, f := range s.Validate(tt.value, names) {
			line := strings.Join(f.Path, ".") + ": " + f.Message
			if len(f.Of) > 0 {
				line += fmt.Sprint(" ", f.Of)
			}
			got = append(got, line)
		}
		if strings.Join(got, "\n") != tt.want {
			t.Errorf("%v: got\n%s\nwant\n%s", tt.value, strings.Join(got, "\n"), tt.want)
		}
	}
	if f := s.Validate(map[string]any{"caps": caps, "lists": []any{"x"}}, nil); len(f) > 0 {
		t.Errorf("names that nobody knows were refused: %v", f)
	}
}

func TestFill(t *testing.T) {
	s := parsed(t, house)
	in := map[string]any{"caps": nil, "deep": map[string]any{"n": 2.5}}
	want := map[string]any{
		"caps": map[string]any{}, "lists": []any{}, "code": "en", "deep": map[string]any{"on": true, "n": 2.5},
	}
	if got := s.Fill(in); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	got, _ := s.Fill(map[string]any{"caps": map[string]any{}}).(map[string]any)
	if deep := got["deep"]; !reflect.DeepEqual(deep, map[string]any{"on": true, "n": int64(3)}) {
		t.Errorf("got %v", deep)
	}
	if in["caps"] != nil || len(in) != 2 {
		t.Errorf("the value was changed: %v", in)
	}
}

func TestAt(t *testing.T) {
	s := parsed(t, house)
	for path, want := range map[string]string{
		"caps": "object true", "caps ": "integer true", "caps local": "integer true", "caps local x": " false",
		"lists ": "string true", "cap": " false", "free": " true", "free x": " true", "": " true",
	} {
		var keys []string
		if keys = strings.Split(path, " "); path == "" {
			keys = []string{""}
		}
		got, ok := s.At(keys...)
		kind := ""
		if got != nil {
			kind = got.Type
		}
		if have := fmt.Sprint(kind, " ", ok); have != want {
			t.Errorf("%q: got %s, want %s", path, have, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for src, want := range map[string]string{
		`{"type": "objekt"}`: `there is no type "objekt"`,
		`{"propertees": {}}`: `unknown field "propertees"`,
		`{"properties": {"a": {"$ref": "#/definitions/b"}}}`: "the schema.a: there is no definition #/definitions/b",
		`{"pattern": "("}`: "missing closing )",
		`{} {}`:            "behind the end",
		`{"definitions": {"a": {"type": "object", "properties": {"b": {"$ref": "#/definitions/a"}}}}, "properties": {"x": {"$ref": "#/definitions/a"}}}`: "nested more than 16 deep",
	} {
		if _, err := Parse([]byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", src, err, want)
		}
	}
	_, err := Parse([]byte(`{"type": }`))
	if _, ok := errors.AsType[*json.SyntaxError](err); !ok {
		t.Errorf("got %v", err)
	}
}

func TestMarkdown(t *testing.T) {
	s := parsed(t, `{"title": "Caps", "description": "How long.", "type": "object", "required": ["caps"], "properties": {
		"caps": {"description": "Seconds | each.", "type": "array", "items": {"type": "integer"}},
		"mode": {"type": "string", "enum": ["a", "b"], "default": "a"}}}`)
	want := "## cap\n\n**Caps.** How long.\n\n| field | type | |\n|---|---|---|\n" +
		"| caps | list of whole number | Seconds \\| each. Must be there. |\n| mode | text | One of: a, b. When left out: a. |\n"
	if got := s.Markdown("cap"); got != want {
		t.Errorf("got\n%s", got)
	}
}
