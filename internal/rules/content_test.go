package rules_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/policy"
)

// TestRevision changes with every file that matters, and with nothing else.
func TestRevision(t *testing.T) {
	base := policyOf(nil)
	revision := func(fsys fstest.MapFS) string {
		t.Helper()
		p, err := rules.Load(fsys, rules.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return p.Revision()
	}
	was := revision(base)
	if len(was) != 16 || strings.Trim(was, "0123456789abcdef") != "" || was != revision(policyOf(nil)) {
		t.Errorf("the revision is %q", was)
	}
	schema, err := policy.FS.ReadFile("schema/input.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"rules/base.rego":      "package dialwarden.outbound\n\nallow contains \"base\" if input.callee.class == \"mobile\"\n",
		"rules/base_test.rego": "package dialwarden.outbound_test\n", "data/things.yaml": "a: 1\n", "plans/cn.yaml": "a: 1\n",
		"schema/input.json": string(schema),
	} {
		if revision(policyOf(map[string]string{name: text})) == was {
			t.Errorf("%s does not change the revision", name)
		}
	}
	if revision(policyOf(map[string]string{"data/things.yaml": "a: 1\n"})) == revision(policyOf(map[string]string{"data/things.yaml": "a: 2\n"})) {
		t.Error("the content of a file does not change the revision")
	}
	for _, name := range []string{"README.md", "rules/.x.rego.swp", "rules/x.rego~", "data/#x.yaml#", "rules/x.rego.bak", "plans/notes.txt"} {
		if revision(policyOf(map[string]string{name: "anything"})) != was {
			t.Errorf("%s changes the revision", name)
		}
	}
}

// TestDirectory reads the directory, with empty and missing files.
func TestDirectory(t *testing.T) {
	p := load(t, map[string]string{"data/directory.yaml": "extensions:\n  101: {holder: A, mobile: 13900000101, suspended: true, line: duty}\n  \"0102\": {}\n"})
	want := call.Directory{"101": {Holder: "A", Mobile: "13900000101", Suspended: true, Line: "duty"}, "0102": {}}
	if got := p.Directory(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	for _, text := range []string{"", "# nobody\n", "extensions: {}\n", "extensions:\n"} {
		if got := load(t, map[string]string{"data/directory.yaml": text}).Directory(); got == nil || len(got) != 0 {
			t.Errorf("%q: got %+v", text, got)
		}
	}
	if got := load(t, nil).Directory(); got == nil || len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestDirectoryData shows rules every field of an entry, also those that the file leaves out.
func TestDirectoryData(t *testing.T) {
	p := load(t, map[string]string{
		"data/directory.yaml": "extensions: {\"101\": {holder: A}}\n",
		"rules/x.rego":        "package dialwarden.outbound\n\nallow contains \"x\" if data.directory.extensions[input.caller.extension].suspended == false\n",
	})
	if d := p.Judge(t.Context(), factsOf(p, "101", call.Mobile)); d.Rule != "x" {
		t.Errorf("got %+v", d)
	}
}

// TestMetadataBeforeThePackage is accepted in every file, and its title is the reason where rules.yaml has none.
func TestMetadataBeforeThePackage(t *testing.T) {
	p := load(t, map[string]string{
		"rules/x.rego":    "# METADATA\n# title: Title of x\npackage dialwarden.outbound\n\ndeny contains \"x\" if input.callee.class == \"local\"\n",
		"rules/base.rego": "# METADATA\n# title: Title of base\npackage dialwarden.outbound\n\nallow contains \"base\"\n",
		"data/rules.yaml": "base: {}\nx: {}\n",
	})
	if d := p.Judge(t.Context(), factsOf(p, "101", call.Local)); d.Reasons[0].Text != "Title of x" {
		t.Errorf("got %+v", d)
	}
}

// TestLoadFromDisk reads a directory of the file system, links in it, too.
func TestLoadFromDisk(t *testing.T) {
	dir := t.TempDir()
	for name, f := range policyOf(nil) {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := filepath.Join(t.TempDir(), "directory")
	if err := os.WriteFile(elsewhere, []byte("extensions: {\"101\": {}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, "data", "directory.yaml")); err != nil {
		t.Fatal(err)
	}
	p, err := rules.Load(os.DirFS(dir), rules.Options{})
	if err != nil || len(p.Directory()) != 1 {
		t.Errorf("got %v", err)
	}
	if _, err := rules.Load(os.DirFS(filepath.Join(dir, "nowhere")), rules.Options{}); err == nil || !strings.Contains(err.Error(), "there is no such folder") {
		t.Errorf("got %v", err)
	}
}
