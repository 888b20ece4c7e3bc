package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// folders are the parts of a policy directory, and what the files in them are called.
var folders = []struct{ name, suffix string }{
	{"rules", ".rego"}, {"data", ".yaml"}, {"plans", ".yaml"}, {"schema", ".json"}, {"scenarios", ".yaml"},
}

// scenarioFile stands in the policy directory itself. Scenarios are kept and exchanged with the policy, like its tests;
// what they say is for others.
const scenarioFile = "scenarios.yaml"

// word is what a rule or a data file may be called.
var word = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// maxFile is the largest file that is read, in bytes.
const maxFile = 64 << 20

// readContent reads all files that make up the policy. The keys are names like rules/local.rego.
func readContent(fsys fs.FS, bad *faults) map[string][]byte {
	content := map[string][]byte{}
	for _, folder := range folders {
		entries, err := fs.ReadDir(fsys, folder.name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && folder.name != "rules":
			continue
		case errors.Is(err, fs.ErrNotExist):
			bad.in("rules", "there is no such folder; a policy directory holds rules/*.rego and data/*.yaml")
			continue
		case err != nil:
			bad.add(err)
			continue
		}
		for _, e := range entries {
			readEntry(fsys, path.Join(folder.name, e.Name()), folder.suffix, content, bad)
		}
	}
	top, err := fs.ReadDir(fsys, ".")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		bad.add(err)
	}
	for _, e := range top {
		if stem := strings.TrimSuffix(scenarioFile, ".yaml"); !e.IsDir() && strings.TrimSuffix(e.Name(), path.Ext(e.Name())) == stem {
			readEntry(fsys, e.Name(), ".yaml", content, bad)
		}
	}
	return content
}

// readEntry reads one file. Hidden files, editors' copies and files of another kind are left alone, but not those that
// an admin could take for a part of the policy.
func readEntry(fsys fs.FS, name, suffix string, content map[string][]byte, bad *faults) {
	base := path.Base(name)
	if strings.HasPrefix(base, ".") || strings.HasSuffix(base, "~") || strings.HasPrefix(base, "#") {
		return
	}
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		bad.add(err)
	case info.IsDir() && (suffix == ".rego" || path.Dir(name) == "data"):
		bad.in(name, "this is a folder; the files stand directly in %s/", path.Dir(name))
	case info.IsDir():
	case mistakable(path.Ext(name), suffix):
		bad.in(name, "the file would not be read; call it %s%s", strings.TrimSuffix(name, path.Ext(name)), suffix)
	case path.Ext(name) != suffix:
	case info.Size() > maxFile:
		bad.in(name, "the file has %d bytes; %d are the most", info.Size(), int64(maxFile))
	case !word.MatchString(strings.TrimSuffix(base, suffix)) && (suffix == ".rego" || path.Dir(name) == "data"):
		bad.in(name, "a name has small letters, digits and _ and begins with a letter")
	default:
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			bad.add(err)
			return
		}
		content[name] = data
	}
}

// mistakable reports whether a file with this suffix could be taken for one that is read.
func mistakable(ext, suffix string) bool {
	if suffix == ".yaml" && (strings.EqualFold(ext, ".yml") || strings.EqualFold(ext, ".json")) {
		return true
	}
	return ext != suffix && strings.EqualFold(ext, suffix)
}

// revisionOf is a hash over names and contents: the first 16 hexadecimal digits of a SHA-256.
func revisionOf(content map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(content)) {
		h.Write(fmt.Appendf(nil, "%d %s %d ", len(name), name, len(content[name])))
		h.Write(content[name])
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// isTest reports whether a Rego file holds tests.
func isTest(file string) bool { return strings.HasSuffix(file, "_test.rego") }

// ruleID is the rule that a Rego file holds.
func ruleID(file string) string { return strings.TrimSuffix(path.Base(file), ".rego") }
