package yamlfile

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Tree is a YAML document that knows where everything stands. The zero value is an empty one. It never changes.
type Tree struct {
	name  string
	root  *yaml.Node                    // nil: empty, or not readable
	index map[*yaml.Node]map[string]int // of large mappings: where in Content a key stands
	fault *Error                        // the first that makes it unreadable
}

// Position is a place in a file, 1-based, the column in characters; the zero value means the whole file.
type Position struct{ Line, Column int }

func positionOf(n *yaml.Node) Position {
	if n == nil {
		return Position{}
	}
	return Position{n.Line, n.Column}
}

// Parse reads a document of free content, and returns everything that is wrong with it before anybody asks what it is
// to be. Besides what Decode refuses, that is a number which is read as another one than is written: 010 is eight in
// YAML, and an extension must not become another one. A document that cannot be read has an empty tree.
func Parse(name string, data []byte) (Tree, []*Error) {
	t, faults := parse(name, data)
	if t.root != nil {
		l := literal{name: name, faults: faults}
		l.visit(t.root)
		faults = l.faults
	}
	return t, faults
}

// read is Parse without a look at the numbers.
func read(name string, data []byte) Tree {
	t, _ := parse(name, data)
	return t
}

// literal walks a tree and refuses numbers that are not read as they are written.
type literal struct {
	name   string
	faults []*Error
}

func (l *literal) visit(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		for i := 1; i < len(n.Content); i += 2 {
			l.visit(n.Content[i])
		}
		return
	}
	for _, x := range n.Content {
		l.visit(x)
	}
	if n.Kind == yaml.ScalarNode {
		if why := valueOf(n).odd(n.Value); why != "" {
			l.faults = append(l.faults, errorAt(l.name, n, "%s", why))
		}
	}
}

// Place returns where the value under the keys stands, or the nearest place above it. A key of a list is an index.
func (t Tree) Place(keys ...string) Position {
	var at Position
	n := t.root
	for i, key := range keys {
		k, v := t.step(n, key)
		switch {
		case v == nil && i == 0:
			return Position{}
		case v == nil:
			return at
		case k != nil:
			at = positionOf(k)
		default:
			at = positionOf(v)
		}
		n = v
	}
	if len(keys) == 0 {
		at = positionOf(t.root)
	}
	return at
}

// Value returns where the text, number or truth value under the keys stands; of a list or a mapping, what Place does.
func (t Tree) Value(keys ...string) Position {
	if n := t.under(keys); n != nil && n.Kind == yaml.ScalarNode {
		return positionOf(n)
	}
	return t.Place(keys...)
}

// under returns what stands under the keys, or nil.
func (t Tree) under(keys []string) *yaml.Node {
	n := t.root
	for _, key := range keys {
		if n == nil {
			return nil
		}
		_, n = t.step(n, key)
	}
	return n
}

// step returns the key's node of a mapping, which is nil in a list, and what stands under it, nil if nothing does.
func (t Tree) step(n *yaml.Node, key string) (k, v *yaml.Node) {
	switch {
	case n == nil:
	case n.Kind == yaml.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Content) {
			return nil, n.Content[i]
		}
	case n.Kind == yaml.MappingNode:
		if index := t.index[n]; index != nil {
			if i, ok := index[key]; ok {
				return n.Content[i], n.Content[i+1]
			}
			return nil, nil
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i], n.Content[i+1]
			}
		}
	}
	return nil, nil
}
