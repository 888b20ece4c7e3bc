package yamlfile

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Decode decodes the document into what v points to: structs by their yaml tags, maps with texts for keys, slices,
// pointers, texts, numbers, truth values, the types of this package, and any, which becomes nil, bool, int64 (below
// zero), uint64, float64, string, []any or map[string]any. What the document does not name is left as it is; an empty
// document leaves all of v so. The error is an *Error: the first mistake.
func (t Tree) Decode(v any) error {
	if t.fault != nil {
		return t.fault
	}
	if t.root == nil || isNull(t.root) {
		return nil
	}
	to := reflect.ValueOf(v).Elem()
	d := &decoder{name: t.name, top: to.Type(), structs: map[reflect.Type]map[string]int{}}
	if fault := d.decode(t.root, to); fault != nil {
		return fault // not as it is: a nil *Error is no nil error
	}
	return nil
}

// decoder is one decoding of a document.
type decoder struct {
	name    string
	top     reflect.Type
	path    []step
	structs map[reflect.Type]map[string]int // fields by their names in YAML
}

// step leads from a value to one in it.
type step struct {
	key   string
	index int // of a list, where key is empty
}

// field names the value that is being decoded, such as policy.deadline or list[1].code.
func (d *decoder) field() string {
	var b strings.Builder
	for i, s := range d.path {
		switch {
		case s.key == "" && s.index >= 0:
			fmt.Fprintf(&b, "[%d]", s.index)
		case i > 0:
			b.WriteString("." + s.key)
		default:
			b.WriteString(s.key)
		}
	}
	return b.String()
}

// fault is a mistake in the value that is being decoded.
func (d *decoder) fault(n *yaml.Node, format string, args ...any) *Error {
	e := errorAt(d.name, n, format, args...)
	if field := d.field(); field != "" {
		e.Message = field + ": " + e.Message
	}
	return e
}

func (d *decoder) mismatch(n *yaml.Node, wanted string) *Error {
	return d.fault(n, "this is %s; wanted is %s", kind(n), wanted)
}

// under decodes a value in the one that is being decoded.
func (d *decoder) under(s step, n *yaml.Node, v reflect.Value) *Error {
	d.path = append(d.path, s)
	fault := d.decode(n, v)
	d.path = d.path[:len(d.path)-1]
	return fault
}

// decode decodes a node into v.
func (d *decoder) decode(n *yaml.Node, v reflect.Value) *Error {
	if r, ok := v.Addr().Interface().(selfReader); ok {
		return r.readNode(d, n)
	}
	if isNull(n) {
		return d.nothing(n, v)
	}
	switch v.Kind() {
	case reflect.Pointer:
		to := reflect.New(v.Type().Elem())
		v.Set(to)
		return d.decode(n, to.Elem())
	case reflect.Interface:
		return d.free(n, v)
	case reflect.Struct:
		return d.structure(n, v)
	case reflect.Map:
		return d.mapping(n, v)
	case reflect.Slice:
		return d.list(n, v)
	}
	return d.scalar(n, v)
}

// nothing is a key without a value. Where there is another value by default, it could mean either.
func (d *decoder) nothing(n *yaml.Node, v reflect.Value) *Error {
	switch v.Kind() {
	case reflect.Struct: // its fields are what they are by default
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		v.SetZero()
	case reflect.String:
		if v.String() != "" {
			return d.fault(n, "there is no value; write \"\" for nothing, or leave the field out for %q", v.String())
		}
	default:
		if !v.IsZero() {
			return d.fault(n, "there is no value; leave the field out for %v", v.Interface())
		}
	}
	return nil
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value) *Error {
	if n.Kind != yaml.MappingNode {
		return d.mismatch(n, aMapping)
	}
	names := d.fieldsOf(v.Type())
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		field, ok := names[key.Value]
		if !ok {
			return d.unknown(key, names)
		}
		if fault := d.under(step{key: key.Value}, n.Content[i+1], v.Field(field)); fault != nil {
			return fault
		}
	}
	return nil
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value) *Error {
	if n.Kind != yaml.MappingNode {
		return d.mismatch(n, aMapping)
	}
	if v.IsNil() {
		v.Set(reflect.MakeMapWithSize(v.Type(), len(n.Content)/2))
	}
	key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	for i := 0; i+1 < len(n.Content); i += 2 {
		key.SetString(n.Content[i].Value)
		value.SetZero()
		if fault := d.under(step{key: n.Content[i].Value, index: -1}, n.Content[i+1], value); fault != nil {
			return fault
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

func (d *decoder) list(n *yaml.Node, v reflect.Value) *Error {
	if n.Kind != yaml.SequenceNode {
		return d.mismatch(n, aList)
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		if fault := d.under(step{index: i}, item, v.Index(i)); fault != nil {
			return fault
		}
	}
	return nil
}

// free decodes a node into an any.
func (d *decoder) free(n *yaml.Node, v reflect.Value) *Error {
	var to any
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		to = m
		if fault := d.mapping(n, reflect.ValueOf(m)); fault != nil {
			return fault
		}
	case yaml.SequenceNode:
		var l []any
		if fault := d.list(n, reflect.ValueOf(&l).Elem()); fault != nil {
			return fault
		}
		to = l
	default:
		to = valueOf(n).value
	}
	v.Set(reflect.ValueOf(to))
	return nil
}

// scalar decodes a text, a number or a truth value.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value) *Error {
	wanted := kindOf(v.Type())
	if n.Kind != yaml.ScalarNode {
		return d.mismatch(n, wanted)
	}
	s := valueOf(n)
	if read, ok := s.misread(n.Value); ok && wanted == aText {
		return d.fault(n, "YAML reads %s as the number %s; write it in quotes: %q", n.Value, read, n.Value)
	} else if ok && wanted != aTruth {
		return d.fault(n, "YAML reads %s as the number %s; write that", n.Value, read)
	}
	switch x := s.value.(type) {
	case string:
		if wanted == aText {
			v.SetString(x)
			return nil
		}
	case bool:
		switch wanted {
		case aTruth:
			v.SetBool(x)
			return nil
		case aText:
			v.SetString(n.Value)
			return nil
		}
	case float64:
		switch wanted {
		case aNumber:
			v.SetFloat(x)
			return nil
		case aText:
			return d.fault(n, "YAML reads %s as a number; write it in quotes: %q", n.Value, n.Value)
		}
	default:
		return d.whole(n, v, wanted)
	}
	return d.mismatch(n, wanted)
}

// whole decodes a whole number in its plain form.
func (d *decoder) whole(n *yaml.Node, v reflect.Value, wanted string) *Error {
	var err error
	switch {
	case wanted == aText:
		v.SetString(n.Value)
	case v.CanInt():
		var i int64
		i, err = strconv.ParseInt(n.Value, 10, v.Type().Bits())
		v.SetInt(i)
	case v.CanUint():
		var u uint64
		u, err = strconv.ParseUint(n.Value, 10, v.Type().Bits())
		v.SetUint(u)
	case v.CanFloat():
		var f float64
		f, err = strconv.ParseFloat(n.Value, 64)
		v.SetFloat(f)
	default:
		return d.mismatch(n, wanted)
	}
	if err != nil {
		return d.fault(n, "%s is too small or too large", n.Value)
	}
	return nil
}

// kindOf names what a scalar type wants.
func kindOf(t reflect.Type) string {
	switch v := reflect.Zero(t); {
	case t.Kind() == reflect.Bool:
		return aTruth
	case v.CanInt(), v.CanUint():
		return aWhole
	case v.CanFloat():
		return aNumber
	}
	return aText
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && valueOf(n).value == nil
}
