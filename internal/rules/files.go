package rules

import (
	"io/fs"
	"testing/fstest"
)

// ReadFiles reads the files that make up a policy, by names like rules/local.rego, without looking at what they say.
// The error joins what cannot be read and what has a name that cannot be meant.
func ReadFiles(fsys fs.FS) (map[string][]byte, error) {
	bad := &faults{}
	content := readContent(fsys, bad)
	if bad.any() {
		return nil, bad.err()
	}
	return content, nil
}

// RevisionOf returns the revision that a policy of these files has: 16 hexadecimal digits.
func RevisionOf(files map[string][]byte) string { return revisionOf(files) }

// FS returns files by names like rules/local.rego as a directory, which Load and Test can read. Nothing that happens to
// the policy directory meanwhile can come between the two.
func FS(files map[string][]byte) fs.FS {
	dir := fstest.MapFS{}
	for name, data := range files {
		dir[name] = &fstest.MapFile{Data: data, Mode: 0o444}
	}
	return dir
}
