// Package yamlfile reads YAML strictly: a field that does not exist, a value of the wrong type or a key given twice
// is an error that names the file and the line. Every file that an admin edits is read through it.
package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"regexp"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
)

// Error is a mistake in a YAML file.
type Error struct {
	File    string
	Line    int // 1-based; 0 where the whole file is meant
	Column  int
	Message string
}

// Error tells where the mistake is and what it is.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// ReadFile decodes the file name of fsys into v, as Decode does.
func ReadFile(fsys fs.FS, name string, v any) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	return Decode(name, data, v)
}

// Decode decodes data into v. The name stands in errors. An empty document leaves v as it is.
// Every returned error is an *Error.
func Decode(name string, data []byte, v any) error {
	var content any
	if err := yaml.Unmarshal(data, &content); err == nil && content == nil {
		return nil // decoding nothing would set v to its zero value
	}
	if err := checkMeaning(name, data, v); err != nil {
		return err
	}
	dec := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if err := dec.Decode(v); err != nil {
		return explain(name, data, err, v)
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return &Error{File: name, Message: "holds more than one YAML document; one is read"}
	}
	return nil
}

// At returns an *Error about the value at path ("$.site.timezone") of a document that could be decoded. Where the path
// is not in the document, the error names the file only.
func At(name string, data []byte, path, message string) *Error {
	e := &Error{File: name, Message: strings.TrimPrefix(path, "$.") + ": " + message}
	p, err := yaml.PathString(path)
	if err != nil {
		return e
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return e
	}
	if node, err := p.FilterFile(file); err == nil && node != nil {
		if t := node.GetToken(); t != nil && t.Position != nil {
			e.Line, e.Column = t.Position.Line, t.Position.Column
		}
	}
	return e
}

// explain turns the library's error into ours, in words that need no knowledge of Go.
func explain(name string, data []byte, err error, v any) error {
	var own *Error
	if errors.As(err, &own) { // of a type of ours that reads itself
		own.File = name
		own.inField(data)
		return own
	}
	var ye yaml.Error
	if !errors.As(err, &ye) {
		return &Error{File: name, Message: err.Error()}
	}
	out := &Error{File: name, Message: ye.GetMessage()}
	if t := ye.GetToken(); t != nil && t.Position != nil {
		out.Line, out.Column = t.Position.Line, t.Position.Column
	}
	var (
		wrong   *yaml.TypeError
		node    *yaml.UnexpectedNodeTypeError
		unknown *yaml.UnknownFieldError
	)
	switch {
	case errors.As(err, &wrong):
		out.Message = fmt.Sprintf("this is %s; wanted is %s", kindWord(wrong.SrcType.Kind().String()), kindWord(wrong.DstType.Kind().String()))
		out.inField(data)
	case errors.As(err, &node):
		out.Message = fmt.Sprintf("this is %s; wanted is %s", kindWord(node.Actual.YAMLName()), kindWord(node.Expected.YAMLName()))
		out.inField(data)
	case errors.As(err, &unknown) && out.Line != 0:
		field := ye.GetToken().Value
		out.Message = fmt.Sprintf("unknown field %q", field)
		if near := nearest(field, fields(reflect.TypeOf(v), map[reflect.Type]bool{})); near != "" {
			out.Message += fmt.Sprintf("; did you mean %q?", near)
		}
	default:
		out.Message = plainly(out.Message)
	}
	return out
}

// inField puts the name of the field at the error's place in front of its message.
func (e *Error) inField(data []byte) {
	if field := fieldAt(data, e.Line, e.Column); field != "" {
		e.Message = field + ": " + e.Message
	}
}

// givenTwice is what the library says of a key that is given twice.
var givenTwice = regexp.MustCompile(`^mapping key "(.*)" already defined at \[(\d+):\d+\]$`)

// plainly says in words that need no knowledge of YAML's grammar what the library found.
func plainly(message string) string {
	switch {
	case strings.Contains(message, "found character '\t'"), strings.Contains(message, "tab character"):
		return "there is a tab; YAML is indented with spaces"
	case message == "undefined alias name", strings.Contains(message, "alias is required"), strings.Contains(message, "alias value is undefined"):
		return "a text that begins with * must be in quotes"
	case message == "exceeded max depth":
		return "lists and mappings are nested too deep"
	}
	return givenTwice.ReplaceAllString(message, `"$1" is given twice, first in line $2`)
}

// fields lists the YAML names of all fields that can be reached from t.
func fields(t reflect.Type, seen map[reflect.Type]bool) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return nil
	}
	seen[t] = true
	var names []string
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
		names = append(names, fields(f.Type, seen)...)
	}
	return names
}

// nearest returns the candidate that is at most two edits from word, or nothing.
func nearest(word string, candidates []string) string {
	best, distance := "", 3
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(word, c); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// kindWord names a Go kind or a YAML node as a YAML author knows it.
func kindWord(kind string) string {
	switch {
	case kind == "string":
		return "a text"
	case kind == "bool", kind == "boolean":
		return "true or false"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "slice", kind == "array", kind == "sequence":
		return "a list"
	case kind == "map", kind == "struct", kind == "mapping":
		return "a mapping (key: value)"
	}
	return kind
}
