package rules

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/policy"
)

// FuzzData reads any text as a data file, as the directory and as rules.yaml: it is read or refused.
func FuzzData(f *testing.F) {
	names, _ := fs.Glob(policy.FS, "data/*.yaml")
	for _, name := range names {
		data, err := fs.ReadFile(policy.FS, name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	for _, s := range []string{"", "-", "a: [1", "? a\n: b", "a: &x {b: *x}", "- 0b1\n- .inf", "\"a\": !!binary x", "a: |\n b\n---\n", "<<: {a: 1}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"data/x.yaml", "data/directory.yaml", "data/rules.yaml"} {
			_, err := Load(fstest.MapFS{
				"rules/a.rego": {Data: []byte("package dialwarden.outbound\n\nallow contains \"a\"\n")},
				name:           {Data: []byte(text)},
			}, Options{})
			if err != nil && err.Error() == "" {
				t.Errorf("%q is refused without a word", text)
			}
		}
	})
}

// FuzzRule loads any text as a rule and judges: an answer comes in any case, and nobody is let go by a policy that
// does not say so in so many words.
func FuzzRule(f *testing.F) {
	for _, s := range []string{
		`deny contains "x" if input.callee.class == "local"`, `limit contains {"rule": "x", "max_seconds": 1e309}`,
		`require contains {"rule": "x", "any_of": {"pin"}}`, `route contains {"rule": "x", "dial": "1"}`, "a := 1", "deny := 1",
		`deny contains x if x := {"rule": "x", "cause": [1]}`, "f(x) := y if y := x", `deny contains {"rule": "x", "reason": $"{input}"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Load(fstest.MapFS{
			"rules/x.rego":    {Data: []byte("package dialwarden.outbound\n\n" + text)},
			"data/rules.yaml": {Data: []byte("x: {title: X}\n")},
		}, Options{})
		if err != nil {
			return
		}
		d := p.Judge(t.Context(), local())
		if d.Action == call.Allow && len(p.book.rules["x"].heads["allow"]) == 0 {
			t.Errorf("%q let a call go", text)
		}
	})
}
