package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Fault is one mistake in a value.
type Fault struct {
	Path    []string // keys, and indexes of lists
	Key     bool     // the last key of the path is what is wrong, not its value
	Message string
	// Word is a name that is wrong, and Of those that would be right, for a suggestion.
	Word string
	Of   []string
}

// Validate returns what is wrong with a value, in the order of its keys. The names are those that x-refers speaks of, by
// kind; a kind that is not in it is not checked. Nothing at all (null) stands for an object or a list that is empty.
func (s *Schema) Validate(v any, names map[string][]string) []Fault {
	c := &checker{names: names}
	c.value(s, v, nil)
	return c.faults
}

type checker struct {
	names  map[string][]string
	inKey  bool // what is checked is a key
	faults []Fault
}

func (c *checker) fault(path []string, format string, args ...any) {
	c.faults = append(c.faults, Fault{Path: slices.Clone(path), Key: c.inKey, Message: fmt.Sprintf(format, args...)})
}

// word notes a name that is none of those there are.
func (c *checker) word(path []string, word string, of []string, format string, args ...any) {
	c.fault(path, format, args...)
	last := &c.faults[len(c.faults)-1]
	last.Word, last.Of = word, of
}

// value checks one value.
func (c *checker) value(s *Schema, v any, path []string) {
	if v == nil && (s.Type == "object" || s.Type == "array") {
		v = Empty(s)
	}
	if s.Type != "" && !isA(v, s.Type) {
		c.fault(path, "this is %s; wanted is %s", kindOf(v), article[s.Type])
		return
	}
	switch v := v.(type) {
	case map[string]any:
		c.object(s, v, path)
	case []any:
		c.list(s, v, path)
	case string:
		c.text(s, v, path)
	default:
		c.number(s, v, path)
	}
}

func (c *checker) object(s *Schema, v map[string]any, path []string) {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			c.fault(path, "%s is missing", name)
			c.faults[len(c.faults)-1].Key = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(v)) {
		at := append(slices.Clip(path), key)
		if s.PropertyNames != nil {
			c.inKey = true
			c.text(s.PropertyNames, key, at)
			c.inKey = false
		}
		p, ok := s.At(key)
		switch {
		case !ok:
			c.word(at, key, s.Properties.Names, "unknown field %q", key)
			c.faults[len(c.faults)-1].Key = true
		case p != nil:
			c.value(p, v[key], at)
		}
	}
}

func (c *checker) list(s *Schema, v []any, path []string) {
	if len(v) < s.MinItems {
		c.fault(path, "wanted is a list of %d or more", s.MinItems)
	}
	if s.MaxItems != nil && len(v) > *s.MaxItems {
		c.fault(path, "wanted is a list of %d at most", *s.MaxItems)
	}
	seen := map[string]bool{}
	for i, x := range v {
		at := append(slices.Clip(path), strconv.Itoa(i))
		if s.Items != nil {
			c.value(s.Items, x, at)
		}
		if !s.UniqueItems {
			continue
		}
		text := fmt.Sprintf("%T %v", x, x)
		if seen[text] {
			c.fault(at, "%v is in the list twice", x)
		}
		seen[text] = true
	}
}

func (c *checker) text(s *Schema, v string, path []string) {
	things, known := c.names[s.Refers]
	switch {
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, v):
		c.word(path, v, s.Enum, "there is no %q here", v)
	case known && !slices.Contains(things, v):
		c.word(path, v, things, "%q is none of the %s", v, s.Refers)
	case s.pattern != nil && !s.pattern.MatchString(v):
		want := s.Description
		if want == "" {
			want = "It has to be like " + s.Pattern
		}
		c.fault(path, "%q will not do. %s", v, want)
	case utf8.RuneCountInString(v) < s.MinLength:
		c.fault(path, "the text is too short; wanted are %d characters or more", s.MinLength)
	case s.MaxLength != nil && utf8.RuneCountInString(v) > *s.MaxLength:
		c.fault(path, "the text is too long; wanted are %d characters at most", *s.MaxLength)
	}
}

func (c *checker) number(s *Schema, v any, path []string) {
	n, ok := float(v)
	if !ok {
		return
	}
	switch {
	case s.Minimum != nil && n < *s.Minimum:
		c.fault(path, "%v is too small; wanted is %s or more", v, decimal(*s.Minimum))
	case s.Maximum != nil && n > *s.Maximum:
		c.fault(path, "%v is too large; wanted is %s at most", v, decimal(*s.Maximum))
	}
}

// decimal writes a bound as people write it: 1000000, not 1e+06.
func decimal(bound float64) string { return strconv.FormatFloat(bound, 'f', -1, 64) }

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// isA reports whether a decoded value is of a type.
func isA(v any, kind string) bool {
	switch v.(type) {
	case map[string]any:
		return kind == "object"
	case []any:
		return kind == "array"
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case int64, uint64:
		return kind == "integer" || kind == "number"
	case float64:
		return kind == "number"
	}
	return false
}

// article names a type as an author of YAML knows it.
var article = map[string]string{
	"object": "a mapping (key: value)", "array": "a list", "string": "a text", "boolean": "true or false",
	"integer": "a whole number", "number": "a number",
}

func kindOf(v any) string {
	for _, kind := range []string{"object", "array", "string", "boolean", "integer", "number"} {
		if isA(v, kind) {
			return article[kind]
		}
	}
	return "nothing"
}

// Empty is the value of an object or a list that nothing is said about: with its defaults.
func Empty(s *Schema) any {
	switch {
	case s.Default != nil:
		return s.Default
	case s.Type == "array":
		return []any{}
	}
	return map[string]any{}
}

// Fill returns a valid value with everything in it that the schema has a default for and the value leaves out. It changes
// nothing of what it is given.
func (s *Schema) Fill(v any) any {
	if v == nil && (s.Type == "object" || s.Type == "array") {
		v = plain(Empty(s))
	}
	switch v := v.(type) {
	case map[string]any:
		all := make(map[string]any, len(v))
		for key, x := range v {
			if p, _ := s.At(key); p != nil {
				x = p.Fill(x)
			}
			all[key] = x
		}
		for key, p := range s.Properties.ByName {
			if _, ok := all[key]; !ok && p.Default != nil {
				all[key] = p.Fill(plain(p.Default))
			}
		}
		return all
	case []any:
		if s.Items == nil {
			return v
		}
		all := make([]any, len(v))
		for i, x := range v {
			all[i] = s.Items.Fill(x)
		}
		return all
	}
	return v
}

// plain turns a default's whole numbers into the type that whole numbers of data have.
func plain(v any) any {
	if f, ok := v.(float64); ok && f == float64(int64(f)) {
		return int64(f)
	}
	return v
}
