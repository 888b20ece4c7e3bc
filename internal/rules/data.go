package rules

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"

	"github.com/dialwarden/dialwarden/internal/schema"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// packageRoot is the first part of the rules' package; no data file may have this name.
const packageRoot = "dialwarden"

// dataFile is one file of data/, read.
type dataFile struct {
	name  string // data/cap.yaml
	value any    // what data.cap is: nil, bool, int64, uint64, float64, string, []any, map[string]any
	tree  yamlfile.Tree
	src   []byte

	schema *schema.Schema // nil where there is none
	broken bool           // it does not hold to its schema
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
	tree, odd := yamlfile.Parse(f.name, f.src)
	for _, e := range odd {
		bad.found = append(bad.found, (*Error)(e))
	}
	if len(odd) > 0 {
		return false
	}
	f.tree = tree
	if err := yamlfile.Decode(f.name, f.src, &f.value); err != nil {
		bad.add(err)
		return false
	}
	if why, keys := unusable(f.value, 0); why != "" {
		f.fault(bad, keys, "%s", why)
		return false
	}
	return true
}

// maxDepth is how deeply data may be nested.
const maxDepth = 64

// unusable says what in a decoded value cannot be data, and the keys that lead there.
func unusable(v any, depth int) (why string, keys []string) {
	if depth > maxDepth {
		return fmt.Sprintf("lists and mappings are nested more than %d deep", maxDepth), nil
	}
	switch v := v.(type) {
	case nil, bool, string, int64, uint64:
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "a number is too large", nil
		}
	case []any:
		for i, x := range v {
			if why, keys := unusable(x, depth+1); why != "" {
				return why, append([]string{strconv.Itoa(i)}, keys...)
			}
		}
	case map[string]any:
		for key, x := range v {
			if why, keys := unusable(x, depth+1); why != "" {
				return why, append([]string{key}, keys...)
			}
		}
	default:
		return fmt.Sprintf("a value of type %T cannot be used", v), nil
	}
	return "", nil
}

// fault adds a mistake at the place of a key in the file.
func (f *dataFile) fault(bad *faults, keys []string, format string, args ...any) {
	at := f.tree.Place(keys...)
	bad.found = append(bad.found, &Error{
		File: f.name, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...),
	})
}
