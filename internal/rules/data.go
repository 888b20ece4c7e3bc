package rules

import (
	"fmt"
	"path"
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
		f := &dataFile{name: name}
		if f.read(src, bad) {
			files[key] = f
		}
	}
	return files
}

// read decodes the file, and reports whether it could.
func (f *dataFile) read(src []byte, bad *faults) bool {
	tree, found := yamlfile.Parse(f.name, src)
	for _, e := range found {
		bad.found = append(bad.found, (*Error)(e))
	}
	if len(found) > 0 {
		return false
	}
	f.tree = tree
	if err := tree.Decode(&f.value); err != nil {
		bad.add(err)
		return false
	}
	return true
}

// fault adds a mistake at the place of a key in the file.
func (f *dataFile) fault(bad *faults, keys []string, format string, args ...any) {
	at := f.tree.Place(keys...)
	bad.found = append(bad.found, &Error{
		File: f.name, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...),
	})
}
