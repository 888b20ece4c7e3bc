package yamlfile

import (
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Tree is a YAML document of free content that knows where everything stands. The zero value is an empty one.
type Tree struct{ root ast.Node }

// Parse reads a document, and finds in it what would silently be read as something else than it says: 010 is eight in
// YAML, and an extension must not become another one. A document that is empty or cannot be read has an empty tree and
// no faults: Decode says what is wrong with it.
func Parse(name string, data []byte) (Tree, []*Error) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil || len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return Tree{}, nil
	}
	l := &literal{file: name}
	ast.Walk(l, file.Docs[0].Body)
	return Tree{file.Docs[0].Body}, l.faults
}

// literal walks a tree and refuses what is not read as it is written.
type literal struct {
	file   string
	faults []*Error
}

// Visit implements ast.Visitor of the YAML library.
func (l *literal) Visit(n ast.Node) ast.Visitor {
	t := n.GetToken()
	switch n := n.(type) {
	case *ast.IntegerNode:
		if plain := fmt.Sprint(n.Value); plain != t.Value {
			l.refuse(t, "%s is read as %s; put digits that are dialled into quotes: %q", t.Value, plain, t.Value)
		}
	case *ast.NanNode, *ast.InfinityNode:
		l.refuse(t, "%s is no number that a rule can use", t.Value)
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		l.refuse(t, "anchors, aliases and merge keys are not read here; write it out")
	case *ast.TagNode:
		l.refuse(t, "tags are not read here; put texts into quotes")
	case *ast.MappingValueNode:
		switch n.Key.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.MergeKeyNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		default:
			l.refuse(n.Key.GetToken(), "put the key into quotes: %q", n.Key.GetToken().Value)
		}
	}
	return l
}

func (l *literal) refuse(t *token.Token, format string, args ...any) {
	l.faults = append(l.faults, &Error{
		File: l.file, Line: t.Position.Line, Column: t.Position.Column, Message: fmt.Sprintf(format, args...),
	})
}

// Place returns where the value under the keys stands, or the nearest place above it. A key of a list is an index.
func (t Tree) Place(keys ...string) Position { return place(t.root, keys) }

// Value returns where the text, number or truth value under the keys stands; of a list or a mapping, what Place does.
func (t Tree) Value(keys ...string) Position {
	if n := under(t.root, keys); n != nil {
		if _, ok := n.(ast.ScalarNode); ok {
			return positionOf(n)
		}
	}
	return t.Place(keys...)
}

// under returns what stands under the keys, or nil.
func under(n ast.Node, keys []string) ast.Node {
	if n == nil || len(keys) == 0 {
		return n
	}
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(keys[0]); err == nil && i >= 0 && i < len(n.Values) {
			return under(n.Values[i], keys[1:])
		}
	}
	for _, p := range pairs {
		if p.Key.GetToken().Value == keys[0] {
			return under(p.Value, keys[1:])
		}
	}
	return nil
}

func place(n ast.Node, keys []string) Position {
	if n == nil || len(keys) == 0 {
		return positionOf(n)
	}
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(keys[0]); err == nil && i >= 0 && i < len(n.Values) {
			if at := place(n.Values[i], keys[1:]); at != (Position{}) {
				return at
			}
			return positionOf(n.Values[i])
		}
	}
	for _, p := range pairs {
		if p.Key.GetToken().Value != keys[0] {
			continue
		}
		if len(keys) > 1 {
			if at := place(p.Value, keys[1:]); at != (Position{}) {
				return at
			}
		}
		return positionOf(p.Key)
	}
	return Position{}
}
