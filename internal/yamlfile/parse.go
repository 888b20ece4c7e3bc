package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDepth is how deeply lists and mappings may be nested.
const maxDepth = 64

var tooDeep = fmt.Sprintf("lists and mappings are nested more than %d deep", maxDepth)

// errorAt is a mistake at a node.
func errorAt(name string, n *yaml.Node, format string, args ...any) *Error {
	return &Error{File: name, Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...)}
}

// parse reads a document, and returns all that makes it unreadable whatever it is to be. A tree with such a fault is
// empty.
func parse(name string, data []byte) (Tree, []*Error) {
	root, fault := nodes(name, data)
	if fault != nil {
		return Tree{name: name, fault: fault}, []*Error{fault}
	}
	t := Tree{name: name, root: root, index: map[*yaml.Node]map[string]int{}}
	if root == nil {
		return t, nil
	}
	c := checker{tree: &t, tags: emptyTags(data)}
	if c.check(root, 1); len(c.faults) > 0 {
		return Tree{name: name, fault: c.faults[0]}, c.faults
	}
	return t, nil
}

// nodes has the library find the nodes of the only document; they are nil where there is none.
func nodes(name string, data []byte) (*yaml.Node, *Error) {
	if fault := checkCharacters(name, data); fault != nil {
		return nil, fault
	}
	s := &source{data: withoutVersion(data)}
	dec := yaml.NewDecoder(s)
	root, err := next(dec)
	for n := root; n != nil && err == nil; {
		if n, err = next(dec); n != nil && !isNull(n) {
			return nil, errorAt(name, n, "the file holds more than one YAML document; one is read")
		}
	}
	if err != nil {
		return nil, s.explain(name, err)
	}
	return root, nil
}

// next returns the next document; nil after the last. The library panics on a mistake of its own, which may not end a
// daemon.
func next(dec *yaml.Decoder) (root *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			root, err = nil, fmt.Errorf("the YAML library failed: %v", p)
		}
	}()
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return doc.Content[0], nil
}

// source gives the library one line after the other, so that one can tell how far it read.
type source struct {
	data []byte
	read int // bytes
}

// Read implements io.Reader.
func (s *source) Read(to []byte) (int, error) {
	rest := s.data[s.read:]
	if len(rest) == 0 {
		return 0, io.EOF
	}
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end+1]
	}
	n := copy(to, rest)
	s.read += n
	return n, nil
}

// checker finds in a document what is refused whatever it is to be.
type checker struct {
	tree   *Tree
	tags   map[Position]bool // where an empty one stands, of which a node does not tell
	faults []*Error
}

func (c *checker) refuse(n *yaml.Node, format string, args ...any) {
	c.faults = append(c.faults, errorAt(c.tree.name, n, format, args...))
}

// check looks at a node that is so deep.
func (c *checker) check(n *yaml.Node, depth int) {
	const written = "anchors, aliases and merge keys are not read here; write it out"
	switch {
	case depth > maxDepth+1:
		c.refuse(n, "%s", tooDeep)
		return
	case n.Kind == yaml.AliasNode, n.Anchor != "":
		c.refuse(n, written)
	case n.Style&yaml.TaggedStyle != 0, c.tags[positionOf(n)]:
		c.refuse(n, noTags)
	}
	if n.Kind == yaml.SequenceNode {
		for _, x := range n.Content {
			c.check(x, depth+1)
		}
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind == yaml.ScalarNode && isPlain(key) && key.Value == "<<":
			c.refuse(key, written)
			continue
		case key.Kind == yaml.ScalarNode:
			c.key(key, n.Style&yaml.FlowStyle != 0)
		case key.Kind != yaml.AliasNode:
			c.refuse(key, "this is %s; a key is a text", kind(key))
			continue
		}
		c.check(key, depth+1)
		c.check(n.Content[i+1], depth+1)
	}
	c.once(n)
}

// key refuses a key, maybe one between { and }, that would not be the text that is written. One of plain digits is.
func (c *checker) key(n *yaml.Node, flow bool) {
	s := valueOf(n)
	switch s.value.(type) {
	case string:
		if flow && isPlain(n) && strings.Contains(n.Value, ":") { // {a:1}
			c.refuse(n, "there is no space behind the colon in %s; write one, or put the key into quotes", n.Value)
		}
	case int64, uint64:
		if _, ok := s.misread(n.Value); ok {
			c.refuse(n, "%s", s.odd(n.Value))
		}
	default:
		c.refuse(n, "put the key into quotes: %q", n.Value)
	}
}

// fewKeys is how many keys are found faster one after the other.
const fewKeys = 16

// once refuses keys that are given twice, and makes the index of a large mapping.
func (c *checker) once(n *yaml.Node) {
	var index map[string]int
	if len(n.Content)/2 > fewKeys {
		index = make(map[string]int, len(n.Content)/2)
		c.tree.index[n] = index
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if first := before(n, i, index); first != nil {
			c.refuse(key, "%q is given twice, first in line %d", key.Value, first.Line)
		} else if index != nil {
			index[key.Value] = i
		}
	}
}

// before returns the same key as the i-th node of a mapping from before it, or nil. The index is of a large mapping.
func before(n *yaml.Node, i int, index map[string]int) *yaml.Node {
	if index != nil {
		if first, ok := index[n.Content[i].Value]; ok {
			return n.Content[first]
		}
		return nil
	}
	for k := 0; k < i; k += 2 {
		if n.Content[k].Value == n.Content[i].Value {
			return n.Content[k]
		}
	}
	return nil
}
