package yamlfile

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// checkMeaning refuses what YAML would silently read as something else than what was written: digits without quotes
// that are no plain decimal number (010 is eight), a value that is missing although the field has another one by
// default, and a document that is no mapping. It returns nil where the document cannot be parsed; decoding tells why.
func checkMeaning(name string, data []byte, v any) error {
	root := parse(data)
	if root == nil {
		return nil
	}
	m := meaning{file: name}
	m.check(root, reflect.ValueOf(v), "")
	if m.fault == nil {
		return nil // not m.fault itself: a nil *Error is no nil error
	}
	return m.fault
}

// meaning compares a document with the value that it is decoded into.
type meaning struct {
	file  string
	fault *Error // the first
}

func (m *meaning) refuse(t *token.Token, field, format string, args ...any) {
	if m.fault == nil {
		m.fault = &Error{File: m.file, Line: t.Position.Line, Column: t.Position.Column, Message: fmt.Sprintf(format, args...)}
		if field != "" {
			m.fault.Message = field + ": " + m.fault.Message
		}
	}
}

// check looks at the node that is decoded into v, which is the field of that name.
func (m *meaning) check(n ast.Node, v reflect.Value, field string) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if readsItself(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		m.checkStruct(n, v, field)
	case reflect.Map:
		for _, p := range pairs(n) {
			m.check(p.Value, reflect.Zero(v.Type().Elem()), join(field, p.Key.GetToken().Value))
		}
	case reflect.Slice:
		if list, ok := n.(*ast.SequenceNode); ok {
			for i, item := range list.Values {
				m.check(item, reflect.Zero(v.Type().Elem()), fmt.Sprintf("%s[%d]", field, i))
			}
		}
	case reflect.String:
		m.checkText(n, v.String(), field)
	default: // numbers and the like are what they look like
	}
}

func (m *meaning) checkStruct(n ast.Node, v reflect.Value, field string) {
	if list, ok := n.(*ast.SequenceNode); ok {
		m.refuse(list.GetToken(), field, "this is a list; wanted is a mapping (key: value)")
		return
	}
	for _, p := range pairs(n) {
		key := p.Key.GetToken().Value
		for i := range v.NumField() {
			if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); name == key && name != "-" {
				m.check(p.Value, v.Field(i), join(field, key))
			}
		}
	}
}

// checkText looks at a node that becomes a text; byDefault is what the text is without it.
func (m *meaning) checkText(n ast.Node, byDefault, field string) {
	t := n.GetToken()
	switch n := n.(type) {
	case *ast.IntegerNode:
		if read := fmt.Sprint(n.Value); read != t.Value {
			m.refuse(t, field, "YAML reads %s as the number %s; write it in quotes: %q", t.Value, read, t.Value)
		}
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		m.refuse(t, field, "YAML reads %s as a number; write it in quotes: %q", t.Value, t.Value)
	case *ast.NullNode:
		if byDefault != "" {
			m.refuse(t, field, "there is no value; write \"\" for nothing, or leave the field out for %q", byDefault)
		}
	case *ast.AliasNode:
		m.refuse(t, field, "a text that begins with * must be in quotes")
	}
}

// readsItself reports whether a type has a way of its own of reading YAML.
func readsItself(t reflect.Type) bool {
	_, ok := reflect.PointerTo(t).MethodByName("UnmarshalYAML")
	return ok
}

// pairs returns the entries of a mapping; nil for anything else.
func pairs(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}

// fieldAt names the field whose value stands at a place of a document, such as policy.deadline; it is empty where
// there is none.
func fieldAt(data []byte, line, column int) string {
	root := parse(data)
	if root == nil {
		return ""
	}
	return find(root, line, column, "")
}

// parse returns the first document; nil where there is none, or it cannot be parsed.
func parse(data []byte) ast.Node {
	file, err := parser.ParseBytes(data, 0)
	if err != nil || len(file.Docs) == 0 {
		return nil
	}
	return file.Docs[0].Body
}

func find(n ast.Node, line, column int, field string) string {
	for _, p := range pairs(n) {
		name := join(field, p.Key.GetToken().Value)
		if at := startOf(p.Value); at != nil && at.Line == line && at.Column == column {
			return name
		}
		if found := find(p.Value, line, column, name); found != "" {
			return found
		}
	}
	return ""
}

// startOf returns where a value begins. The token of a block mapping is its first colon; it begins with its first key.
func startOf(n ast.Node) *token.Position {
	if v, ok := n.(*ast.MappingValueNode); ok {
		return v.Key.GetToken().Position
	}
	if t := n.GetToken(); t != nil {
		return t.Position
	}
	return nil
}
