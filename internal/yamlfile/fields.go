package yamlfile

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v3"
)

// fieldsOf returns the fields of a struct by their names in YAML; a field without a name there is not read.
func (d *decoder) fieldsOf(t reflect.Type) map[string]int {
	names, ok := d.structs[t]
	if !ok {
		names = map[string]int{}
		for i := range t.NumField() {
			if name := nameOf(t.Field(i)); name != "" {
				names[name] = i
			}
		}
		d.structs[t] = names
	}
	return names
}

// nameOf returns the name of a field in YAML, or nothing.
func nameOf(f reflect.StructField) string {
	if name := f.Tag.Get("yaml"); name != "-" {
		return name
	}
	return ""
}

// unknown refuses a key that is no field of the struct; what is meant is one of its fields, or one of another's.
func (d *decoder) unknown(key *yaml.Node, names map[string]int) *Error {
	e := errorAt(d.name, key, "unknown field %q", key.Value)
	near := nearest(key.Value, slices.Sorted(maps.Keys(names)))
	if near == "" {
		near = nearest(key.Value, reachable(d.top, map[reflect.Type]bool{}))
	}
	if near != "" {
		e.Message += fmt.Sprintf("; did you mean %q?", near)
	}
	return e
}

// reachable lists the YAML names of all fields that can be reached from t.
func reachable(t reflect.Type, seen map[reflect.Type]bool) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return nil
	}
	seen[t] = true
	var names []string
	for f := range t.Fields() {
		if name := nameOf(f); name != "" {
			names = append(names, name)
		}
		names = append(names, reachable(f.Type, seen)...)
	}
	return names
}

// nearest returns the candidate that is at most two edits from word, and not all of another word, or nothing.
func nearest(word string, candidates []string) string {
	best, distance := "", 3
	if strings.TrimSpace(word) == "" || len(word) > maxWord {
		return ""
	}
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(word, c); d < distance && d < len(c) {
			best, distance = c, d
		}
	}
	return best
}

// maxWord is how long a misspelt word may be, in bytes, to be compared with others.
const maxWord = 64
