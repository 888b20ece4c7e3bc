package yamlfile

import (
	"reflect"

	"go.yaml.in/yaml/v3"
)

// selfReader is a type that has a way of its own of being read from a node.
type selfReader interface {
	readNode(d *decoder, n *yaml.Node) *Error
}

// Located is a value that knows where it stands, so that a mistake that is found later can be shown there.
type Located[T any] struct {
	Value T
	At    Position
}

// readNode reads the value as strictly as Decode does.
func (l *Located[T]) readNode(d *decoder, n *yaml.Node) *Error {
	l.At = positionOf(n)
	return d.decode(n, reflect.ValueOf(&l.Value).Elem())
}

// Digits is a string of digits that knows where it stands, and whether it is a text: without quotes YAML reads 010 as
// the octal number 8.
type Digits struct {
	Value  string // as written
	Quoted bool   // or no number anyway, such as 0a
	At     Position
}

// readNode reads any scalar; it is for the caller to refuse digits without quotes.
func (t *Digits) readNode(d *decoder, n *yaml.Node) *Error {
	if n.Kind != yaml.ScalarNode {
		return d.mismatch(n, aText)
	}
	t.At, t.Value = positionOf(n), n.Value
	switch valueOf(n).value.(type) {
	case nil:
		t.Value = ""
	case string:
		t.Quoted = true
	}
	return nil
}
