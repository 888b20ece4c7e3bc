package rules_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/policy"
)

var update = flag.Bool("update", false, "write the transcripts of testdata/explain anew")

// explained is a call of a transcript.
type explained struct {
	name  string
	files map[string]string // in place of those of the shipped policy
	lang  string
	from  string
	class call.Class
	facts func(f *call.Facts)
}

var explanations = []explained{
	{name: "local", from: "101", class: call.Local},
	{name: "national", from: "103", class: call.National},
	{name: "national_zh", lang: "zh", from: "103", class: call.National},
	{name: "pin_too_low", from: "103", class: call.International, facts: func(f *call.Facts) { f.Credentials = pinOf(1) }},
	{name: "pin_met", from: "103", class: call.National, facts: func(f *call.Facts) { f.Credentials = pinOf(1) }},
	{name: "premium", from: "103", class: call.Premium},
	{name: "satellite", from: "103", class: call.Satellite},
	{name: "unlisted", from: "999", class: call.Local},
	{name: "suspended", from: "299", class: call.National},
	{name: "emergency", from: "299", class: call.Emergency},
	{name: "invalid", from: "103", class: call.Invalid, facts: func(f *call.Facts) { f.Attempt.Dialled = "62&\x1b[31m" }},
	{name: "shadow", from: "103", class: call.International, facts: func(f *call.Facts) {
		f.Credentials = pinOf(2)
		f.Time = call.ClockAt(time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC), time.UTC)
	}},
	{name: "velocity", from: "103", class: call.International, facts: func(f *call.Facts) {
		f.Credentials = pinOf(2)
		f.Usage = call.Usage{ClassAttemptsLastMinute: 1000, AttemptsLastHour: 1000}
	}},
	{name: "allowance", from: "101", class: call.Local, facts: func(f *call.Facts) {
		f.Callee.Rate.Known = true
		f.Usage = call.Usage{Limited: true, AffordableSeconds: 12}
	}},
	{name: "allowance_zh", lang: "zh", from: "101", class: call.Local, facts: func(f *call.Facts) {
		f.Usage = call.Usage{Limited: true}
	}},
	{name: "allowance_cap", from: "101", class: call.Local, facts: func(f *call.Facts) {
		f.Callee.Rate.Known = true
		f.Usage = call.Usage{Limited: true, AffordableSeconds: 45}
	}},
	{name: "office_hours", from: "103", class: call.Local, files: map[string]string{
		"data/office_hours.yaml": "everybody: [{schedule: office, classes: [local]}]\nclass_of_service: {}\nline: {}\n",
	}, facts: func(f *call.Facts) { // a Friday evening
		f.Time = call.ClockAt(time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC), time.UTC)
	}},
	{name: "open_still", from: "103", class: call.Local, files: map[string]string{
		"data/office_hours.yaml": "everybody: [{schedule: office, classes: [local]}]\nclass_of_service: {}\nline: {}\n",
	}},
	{name: "two_proofs", from: "103", class: call.National, files: map[string]string{
		"data/rules.yaml": "two: {title: Two, text: {en: Two proofs are needed.}}\n",
		"rules/two.rego": "package dialwarden.outbound\n\n# METADATA\n# title: Two proofs\nallow contains \"two\"\n\n" +
			"require contains {\"rule\": \"two\", \"any_of\": [\"pin\"]}\n\nrequire contains {\"rule\": \"two\", \"any_of\": [\"matter\"]}\n\n" +
			"deny contains \"two\" if {\n\tinput.credentials.pin.valid == true\n\tlevel := input.credentials.pin.level\n\tlow(level, 3)\n}\n\n" +
			"low(level, wanted) if level < wanted\n",
	}},
	{name: "matter", from: "103", class: call.National, files: registered, facts: func(f *call.Facts) { f.Credentials = pinOf(1) }},
	{name: "matter_zh", lang: "zh", from: "103", class: call.National, files: registered, facts: func(f *call.Facts) { f.Credentials = pinOf(1) }},
	{name: "approvers", from: "103", class: call.National, files: approved},
	{name: "approvers_zh", lang: "zh", from: "103", class: call.National, files: approved},
	{name: "broken", from: "103", class: call.National, files: map[string]string{
		"data/rules.yaml": "two: {title: Two}\n",
		"rules/two.rego":  "package dialwarden.outbound\n\nallow contains \"two\" if 1 / input.usage.concurrent_calls > 0\n",
	}},
}

// registered is a site where national calls need a matter code.
var registered = map[string]string{"data/register.yaml": "classes: [national]\n"}

// approved is a site where a rule names who approves.
var approved = map[string]string{
	"data/rules.yaml": "secret: {title: Secret, text: {en: The section head decides.}}\n",
	"rules/secret.rego": "package dialwarden.outbound\n\nallow contains \"secret\"\n\n" +
		"require contains {\"rule\": \"secret\", \"any_of\": [\"approval\"], \"approvers\": [\"104\", \"101\"]} if input.callee.class == \"national\"\n",
}

// TestExplain holds explanations to transcripts, testdata/explain/*.txt, which -update writes.
func TestExplain(t *testing.T) {
	for _, x := range explanations {
		t.Run(x.name, func(t *testing.T) {
			p := variant(t, x.files, x.lang)
			f := factsOf(p, x.from, x.class)
			if x.facts != nil {
				x.facts(&f)
				p.Lookup(&f)
			}
			e := p.Explain(t.Context(), f)
			var b strings.Builder
			fmt.Fprintf(&b, "%s by rule %s\n", e.Action, e.Rule)
			for _, l := range e.Lines() {
				fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", l.Indent), l.Text)
			}
			golden(t, filepath.Join("testdata", "explain", x.name+".txt"), b.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// variant is the shipped policy with other data, or a policy of the given rules.
func variant(t *testing.T, files map[string]string, language string) *rules.Policy {
	t.Helper()
	key := fmt.Sprint(language, files)
	if p := variants[key]; p != nil {
		return p
	}
	content := map[string][]byte{}
	if err := fs.WalkDir(policy.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(name, "_test.rego") && path.Ext(name) != ".go" {
			content[name], err = fs.ReadFile(policy.FS, name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for name := range files {
		if strings.HasPrefix(name, "rules/") {
			for have := range content {
				if strings.HasPrefix(have, "rules/") {
					delete(content, have)
				}
			}
		}
	}
	for name, src := range files {
		content[name] = []byte(src)
	}
	p, err := rules.Load(rules.FS(content), rules.Options{Deadline: time.Minute, Language: language})
	if err != nil {
		t.Fatal(err)
	}
	variants[key] = p
	return p
}

// variants are the policies that were loaded already.
var variants = map[string]*rules.Policy{}
