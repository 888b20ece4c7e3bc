package rules_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/schema"
	"github.com/dialwarden/dialwarden/policy"
)

const written = "<!-- Written from policy/schema by `go generate ./internal/rules`; do not edit. -->\n\n"

// TestDocs holds docs/input.md and docs/data.md to the schemas that they are written from.
func TestDocs(t *testing.T) {
	var input, data bytes.Buffer
	fmt.Fprintf(&input, "# What a rule sees\n\n%sThe fields of `input`. Every one is always there: a text that is not known is empty, a number 0.\n"+
		"The names are checked when a policy is loaded.\n\n", written)
	fmt.Fprintf(&data, "# The data files\n\n%sThe files of `policy/data/`, which an admin edits; no rule needs to be touched. A name that does not exist,\n"+
		"a value of the wrong type or out of bounds is refused when the policy is loaded, with file, line and column.\n"+
		"Classes of numbers are: internal, toll_free, local, service, shared_cost, mobile, national, international,\n"+
		"satellite, premium, unknown, invalid.\n\n", written)
	names, err := fs.Glob(policy.FS, "schema/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name == "schema/plan.json" || name == "schema/scenarios.json" {
			continue // docs/number-plans.md and docs/scenarios.md tell of them; numbering and scenario read them by themselves
		}
		s := parse(t, name)
		if key := strings.TrimSuffix(path.Base(name), ".json"); key == "input" {
			input.WriteString(s.Markdown("input"))
		} else {
			data.WriteString(s.Markdown("data/"+key+".yaml") + "\n")
		}
	}
	for file, want := range map[string][]byte{
		"../../docs/input.md": input.Bytes(), "../../docs/data.md": append(bytes.TrimSpace(data.Bytes()), '\n'),
	} {
		if *rewrite {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(file); err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s is stale; run: go generate ./internal/rules (%v)", file, err)
		}
	}
}

func parse(t *testing.T, name string) *schema.Schema {
	t.Helper()
	src, err := fs.ReadFile(policy.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Parse(src)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// TestEveryDataFileHasItsSchema, and every rule its entry in the manual.
func TestEveryDataFileHasItsSchema(t *testing.T) {
	names, err := fs.Glob(policy.FS, "data/*.yaml")
	if err != nil || len(names) < 20 {
		t.Fatalf("got %v, %v", names, err)
	}
	for _, name := range names {
		key := strings.TrimSuffix(path.Base(name), ".yaml")
		parse(t, "schema/"+key+".json")
		src, err := fs.ReadFile(policy.FS, name)
		if err != nil || !bytes.HasPrefix(src, []byte("# yaml-language-server: $schema=../schema/"+key+".json\n")) {
			t.Errorf("%s does not tell an editor its schema (%v)", name, err)
		}
	}
	manual, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := fs.Glob(policy.FS, "rules/*.rego")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range rules {
		id := strings.TrimSuffix(path.Base(name), ".rego")
		if !strings.HasSuffix(id, "_test") && !strings.Contains(string(manual), "\n## "+id+"\n") {
			t.Errorf("docs/rules.md has no section on %s", id)
		}
	}
}
