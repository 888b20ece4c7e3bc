package rules

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"

	yaml "github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// packageRoot is the first part of the rules' package; no data file may have this name.
const packageRoot = "dialwarden"

// dataFile is one file of data/, read.
type dataFile struct {
	name  string // data/cap.yaml
	value any    // what data.cap is: nil, bool, int64, uint64, float64, string, []any, map[string]any
	root  yaml.Node
	src   []byte
}

// readData reads all data files. The keys of the result are the names under data.
func readData(content map[string][]byte, bad *faults) map[string]*dataFile {
	files := map[string]*dataFile{}
	for name, src := range content {
		if path.Dir(name) != "data" {
			continue
		}
		key := strings.TrimSuffix(path.Base(name), ".yaml")
		if key == packageRoot {
			bad.in(name, "data.%s is where the rules are; give the file another name", packageRoot)
			continue
		}
		f := &dataFile{name: name, src: src}
		if f.read(bad) {
			files[key] = f
		}
	}
	return files
}

// read decodes the file, and reports whether it could.
func (f *dataFile) read(bad *faults) bool {
	if tree, err := parser.ParseBytes(f.src, 0); err == nil && len(tree.Docs) > 0 && tree.Docs[0].Body != nil {
		f.root = tree.Docs[0].Body
		before := len(bad.found)
		yaml.Walk(&reader{f.name, bad}, f.root)
		if len(bad.found) > before {
			return false
		}
	}
	if err := yamlfile.Decode(f.name, f.src, &f.value); err != nil {
		bad.add(err)
		return false
	}
	if why := unusable(f.value, 0); why != "" {
		bad.in(f.name, "%s", why)
		return false
	}
	return true
}

// maxDepth is how deeply data may be nested.
const maxDepth = 64

// unusable says what in a decoded value cannot be data.
func unusable(v any, depth int) string {
	if depth > maxDepth {
		return fmt.Sprintf("lists and mappings are nested more than %d deep", maxDepth)
	}
	switch v := v.(type) {
	case nil, bool, string, int64, uint64:
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "a number is too large"
		}
	case []any:
		for _, x := range v {
			if why := unusable(x, depth+1); why != "" {
				return why
			}
		}
	case map[string]any:
		for _, x := range v {
			if why := unusable(x, depth+1); why != "" {
				return why
			}
		}
	default:
		return fmt.Sprintf("a value of type %T cannot be used", v)
	}
	return ""
}

// reader walks a YAML tree and refuses what would silently be read as something else: 010 is eight in YAML, and an
// extension must not become another one.
type reader struct {
	file string
	bad  *faults
}

// Visit implements ast.Visitor of the YAML library.
func (r *reader) Visit(n yaml.Node) yaml.Visitor {
	t := n.GetToken()
	switch n := n.(type) {
	case *yaml.IntegerNode:
		if plain := fmt.Sprint(n.Value); plain != t.Value {
			r.refuse(t, "%s is read as %s; put digits that are dialled into quotes: %q", t.Value, plain, t.Value)
		}
	case *yaml.NanNode, *yaml.InfinityNode:
		r.refuse(t, "%s is no number that a rule can use", t.Value)
	case *yaml.AnchorNode, *yaml.AliasNode, *yaml.MergeKeyNode:
		r.refuse(t, "anchors, aliases and merge keys are not read here; write it out")
	case *yaml.TagNode:
		r.refuse(t, "tags are not read here; put texts into quotes")
	case *yaml.MappingValueNode:
		switch n.Key.(type) {
		case *yaml.StringNode, *yaml.IntegerNode, *yaml.MergeKeyNode, *yaml.AnchorNode, *yaml.AliasNode, *yaml.TagNode:
		default:
			r.refuse(n.Key.GetToken(), "put the key into quotes: %q", n.Key.GetToken().Value)
		}
	}
	return r
}

func (r *reader) refuse(t *token.Token, format string, args ...any) {
	r.bad.found = append(r.bad.found, &Error{
		File: r.file, Line: t.Position.Line, Column: t.Position.Column, Message: fmt.Sprintf(format, args...),
	})
}

// fault adds a mistake at the place of a key in the file.
func (f *dataFile) fault(bad *faults, keys []string, format string, args ...any) {
	e := &Error{File: f.name, Message: fmt.Sprintf(format, args...)}
	if t := find(f.root, keys); t != nil {
		e.Line, e.Column = t.Position.Line, t.Position.Column
	}
	bad.found = append(bad.found, e)
}

// find returns where the value under the keys stands, or the nearest place above it.
func find(n yaml.Node, keys []string) *token.Token {
	if n == nil {
		return nil
	}
	here := n.GetToken()
	if len(keys) == 0 {
		return here
	}
	var pairs []*yaml.MappingValueNode
	switch n := n.(type) {
	case *yaml.MappingNode:
		pairs = n.Values
	case *yaml.MappingValueNode:
		pairs = []*yaml.MappingValueNode{n}
	case *yaml.SequenceNode:
		if i, err := strconv.Atoi(keys[0]); err == nil && i < len(n.Values) {
			return find(n.Values[i], keys[1:])
		}
	}
	for _, p := range pairs {
		if p.Key.GetToken().Value != keys[0] {
			continue
		}
		if len(keys) == 1 {
			return p.Key.GetToken()
		}
		if t := find(p.Value, keys[1:]); t != nil {
			return t
		}
		return p.Key.GetToken()
	}
	return nil
}
