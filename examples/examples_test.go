// Package examples_test loads and tests every policy pack of this directory, and places the calls of its scenarios.
package examples_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/numbering"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
	"github.com/dialwarden/dialwarden/policy"
)

// scenarios is a pack's scenarios.yaml.
type scenarios struct {
	Scenarios []scenario `yaml:"scenarios"`
}

// scenario is one call, and what is to become of it.
type scenario struct {
	Name     string `yaml:"name"`
	From     string `yaml:"from"`      // the caller's extension
	To       string `yaml:"to"`        // as dialled
	At       string `yaml:"at"`        // RFC 3339; a Monday morning if left out
	PINLevel *int   `yaml:"pin_level"` // of the PIN that was entered; none if left out
	Expect   struct {
		Action     string `yaml:"action"`
		Rule       string `yaml:"rule"`
		MaxSeconds int    `yaml:"max_seconds"`
	} `yaml:"expect"`
}

const mondayMorning = "2026-11-23T08:15:00+08:00"

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
	p, err := rules.Load(fsys, rules.Options{Deadline: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(pack, "README.md")); err != nil {
		t.Error(err)
	}
	if names, err := rules.Format(fsys); err != nil || len(names) > 0 {
		t.Errorf("not formatted: %v, %v", names, err)
	}
	testRego(t, fsys)

	var s scenarios
	if err := yamlfile.ReadFile(os.DirFS(pack), "scenarios.yaml", &s); err != nil {
		t.Fatal(err)
	}
	plan, err := numbering.Load(policy.FS, "cn")
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := plan.Classifier(numbering.Home{Area: "010", OutsideLine: "9"}, p.Directory())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Scenarios) == 0 {
		t.Error("there are no scenarios")
	}
	for _, sc := range s.Scenarios {
		t.Run(sc.Name, func(t *testing.T) {
			d := p.Judge(t.Context(), sc.facts(t, p, numbers))
			if string(d.Action) != sc.Expect.Action || d.Rule != sc.Expect.Rule || d.MaxSeconds != sc.Expect.MaxSeconds {
				t.Errorf("got %s by %s for %d s, want %+v: %v", d.Action, d.Rule, d.MaxSeconds, sc.Expect, d.Reasons)
			}
		})
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

// facts are what the policy sees of the call.
func (sc scenario) facts(t *testing.T, p *rules.Policy, numbers *numbering.Classifier) call.Facts {
	t.Helper()
	if sc.At == "" {
		sc.At = mondayMorning
	}
	at, err := time.Parse(time.RFC3339, sc.At)
	if err != nil {
		t.Fatal(err)
	}
	dir := p.Directory()
	f := call.Facts{
		Time:     call.ClockAt(at, at.Location()),
		Caller:   dir.Caller(sc.From),
		Callee:   numbers.Classify(sc.To),
		Line:     call.Line{Kind: "phone"},
		Sanction: call.Sanction{Suspended: dir[sc.From].Suspended},
		Attempt:  call.Attempt{Source: call.SourceARI, Extension: sc.From, Dialled: sc.To, At: at},
	}
	if kind := dir[sc.From].Line; kind != "" {
		f.Line.Kind = kind
	}
	if sc.PINLevel != nil {
		f.Credentials.PIN = call.Credential{Valid: true, ID: 1, Level: *sc.PINLevel}
	}
	p.Lookup(&f)
	return f
}
