package rules

import (
	"bytes"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/format"
)

// Format returns the names of the Rego files, tests included, that are not in the form of opa fmt. A file that cannot be
// parsed is an error.
func Format(fsys fs.FS) ([]string, error) {
	bad := &faults{}
	content := readContent(fsys, bad)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(content)) {
		if !strings.HasSuffix(name, ".rego") {
			continue
		}
		formatted, err := FormatFile(name, content[name])
		switch {
		case err != nil:
			bad.add(err)
		case !bytes.Equal(formatted, content[name]):
			names = append(names, name)
		}
	}
	return names, bad.err()
}

// FormatFile returns a Rego file in the form of opa fmt. A file that cannot be parsed is an error with file and line.
func FormatFile(name string, src []byte) ([]byte, error) {
	out, err := format.Source(name, src)
	if err != nil {
		bad := &faults{}
		bad.add(err)
		return nil, bad.err()
	}
	return out, nil
}
