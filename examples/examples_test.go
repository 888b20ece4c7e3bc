// Package examples_test loads and tests every policy pack of this directory, and places the calls of its scenarios.
package examples_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/rules"
)

func TestPacks(t *testing.T) {
	packs, err := filepath.Glob("*/policy")
	if err != nil || len(packs) == 0 {
		t.Fatalf("found %v, %v", packs, err)
	}
	for _, dir := range packs {
		t.Run(filepath.Dir(dir), func(t *testing.T) { testPack(t, filepath.Dir(dir)) })
	}
}

func testPack(t *testing.T, pack string) {
	fsys := os.DirFS(filepath.Join(pack, "policy"))
	if _, err := os.Stat(filepath.Join(pack, "README.md")); err != nil {
		t.Error(err)
	}
	if names, err := rules.Format(fsys); err != nil || len(names) > 0 {
		t.Errorf("not formatted: %v, %v", names, err)
	}
	testRego(t, fsys)

	cfg := config.Default()
	cfg.Policy.Dir = filepath.Join(pack, "policy")
	results, err := app.RunScenarios(t.Context(), cfg)
	if err != nil || len(results) == 0 {
		t.Fatalf("the scenarios: %v, %v", results, err)
	}
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s: %s", r.Name, r)
		}
	}
}

// testRego runs the pack's Rego tests, which go through every line.
func testRego(t *testing.T, fsys fs.FS) {
	t.Helper()
	report, err := rules.Test(t.Context(), fsys)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		if !r.Passed {
			t.Errorf("%s:%d: %s: %s\n%s", r.File, r.Line, r.Name, r.Why, r.Output)
		}
	}
	for _, c := range report.Coverage {
		if c.Percent < 100 {
			t.Errorf("%s: lines %v are not tested", c.File, c.NotCovered)
		}
	}
}
