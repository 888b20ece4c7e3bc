package rules_test

import (
	"testing"
	"testing/fstest"

	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/policy"
)

// What was read once is the same policy when it is read from memory: its revision, its rules and its tests.
func TestFS(t *testing.T) {
	files, err := rules.ReadFiles(policy.FS)
	if err != nil {
		t.Fatal(err)
	}
	fsys := rules.FS(files)
	if err := fstest.TestFS(fsys, "rules/local.rego", "data/rules.yaml", "plans/cn.yaml", "schema/input.json"); err != nil {
		t.Error(err)
	}
	p, err := rules.Load(fsys, rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	disk, err := rules.Load(policy.FS, rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Revision() != disk.Revision() || p.Revision() != rules.RevisionOf(files) {
		t.Errorf("revisions: %s in memory, %s of the directory, %s of the files", p.Revision(), disk.Revision(), rules.RevisionOf(files))
	}
	if _, err := rules.ReadFiles(fstest.MapFS{"rules/a.rego": {}, "data/a.yml": {}}); err == nil {
		t.Error("a name that would not be read is no fault")
	}
}
