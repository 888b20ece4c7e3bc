package yamlfile

import (
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Position is a place in a file, 1-based; the zero value means the whole file.
type Position struct{ Line, Column int }

func positionOf(n ast.Node) Position {
	switch m := n.(type) {
	case nil:
		return Position{}
	case *ast.MappingNode: // its own token is a colon
		if len(m.Values) > 0 && !m.IsFlowStyle {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return Position{t.Position.Line, t.Position.Column}
	}
	return Position{}
}

// Located is a value that knows where it stands, so that a mistake that is found later can be shown there.
type Located[T any] struct {
	Value T
	At    Position
}

// UnmarshalYAML reads the value as strictly as Decode does.
func (l *Located[T]) UnmarshalYAML(n ast.Node) error {
	l.At = positionOf(n)
	return yaml.NodeToValue(n, &l.Value, yaml.Strict())
}

// Digits is a string of digits that knows where it stands, and whether it stood in quotes: without them YAML reads 010
// as the octal number 8.
type Digits struct {
	Value  string
	Quoted bool
	At     Position
}

// UnmarshalYAML reads any scalar; it is for the caller to refuse digits without quotes.
func (d *Digits) UnmarshalYAML(n ast.Node) error {
	d.At = positionOf(n)
	_, d.Quoted = n.(*ast.StringNode)
	return yaml.NodeToValue(n, &d.Value, yaml.Strict())
}
