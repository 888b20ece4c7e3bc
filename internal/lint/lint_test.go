package lint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/lint"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// pkg begins every rule file.
const pkg = "package dialwarden.outbound\n\n"

// clean is a small policy in which there is nothing to find but classes that nobody may call.
func clean() map[string]string {
	return map[string]string{
		"rules/local.rego":    pkg + "allow contains \"local\" if input.callee.class in data.local.classes\n",
		"data/local.yaml":     "classes: [local, mobile]\n",
		"data/rules.yaml":     "local: {title: Local}\nx: {title: X}\ny: {title: Y}\nlong_distance: {title: Long distance}\n",
		"data/directory.yaml": "extensions:\n  \"101\": {holder: A, grade: staff}\n  \"102\": {holder: B, grade: director}\n",
	}
}

// found lints clean with files in the place of its own, and returns the findings of one check, as people read them.
func found(t *testing.T, files map[string]string, check string) []string {
	t.Helper()
	dir := t.TempDir()
	all := clean()
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := config.Default()
	cfg.Policy.Dir = dir
	findings, err := app.Lint(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, f := range findings {
		if f.What == "" || f.Why == "" || f.Do == "" || f.File == "" {
			t.Errorf("the finding %+v is not complete", f)
		}
		if f.Check == check {
			texts = append(texts, f.String())
		}
	}
	return texts
}

// ruled is a policy with the rule x.
func ruled(x string, more ...string) map[string]string {
	files := map[string]string{"rules/x.rego": pkg + x + "\n"}
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

const longDistance = pkg + "allow contains \"long_distance\" if is_number(data.long_distance.pin_level[input.callee.class])\n\n" +
	"require contains {\"rule\": \"long_distance\", \"any_of\": [\"pin\"]} if is_number(data.long_distance.pin_level[input.callee.class])\n"

// TestChecks finds each thing in a small policy, with its place, and nothing of the kind in its clean twin.
func TestChecks(t *testing.T) {
	tests := []struct {
		name, check string
		bad, twin   map[string]string
		want        string
	}{
		{
			"an allow in vain", "shadowed_allow",
			ruled("allow contains \"x\" if input.callee.class == \"national\"", "rules/y.rego", pkg+"deny contains \"y\" if input.callee.class == \"national\"\n"),
			ruled("allow contains \"x\" if input.callee.class == \"national\"", "rules/y.rego", pkg+"deny contains \"y\" if {\n\tinput.callee.class == \"national\"\n\tinput.caller.grade == \"staff\"\n}\n"),
			"rules/x.rego:3:1: warning: rule x allows nothing: every call that it allows is refused by y [shadowed_allow]",
		},
		{
			"a question that is never asked", "shadowed_require",
			ruled("require contains {\"rule\": \"x\", \"any_of\": [\"pin\"]} if input.callee.class == \"premium\""),
			ruled("require contains {\"rule\": \"x\", \"any_of\": [\"pin\"]} if input.callee.class == \"mobile\""),
			"rules/x.rego:3:1: warning: rule x asks nobody: every call that it would ask about is refused by no_rule_allows [shadowed_require]",
		},
		{
			"a route of which nothing remains", "shadowed_route",
			ruled("route contains {\"rule\": \"x\", \"trunk\": \"b\"} if input.callee.class == \"premium\""),
			ruled("route contains {\"rule\": \"x\", \"trunk\": \"b\"} if input.callee.class == \"mobile\""),
			"rules/x.rego:3:1: warning: rule x routes nothing: every call that it routes is refused by no_rule_allows [shadowed_route]",
		},
		{
			"a limit of refused calls", "shadowed_limit",
			ruled("limit contains {\"rule\": \"x\", \"max_seconds\": 60} if input.callee.class == \"premium\""),
			ruled("limit contains {\"rule\": \"x\", \"max_seconds\": 60} if input.callee.class in {\"premium\", \"local\"}"),
			"rules/x.rego:3:1: warning: rule x limits nothing: every call that it limits is refused by no_rule_allows [shadowed_limit]",
		},
		{
			"a limit that is never the smallest", "shadowed_limit",
			ruled("limit contains {\"rule\": \"x\", \"max_seconds\": 61} if input.callee.class == \"local\"", "rules/y.rego", pkg+"limit contains {\"rule\": \"y\", \"max_seconds\": 60}\n",
				"rules/bar.rego", pkg+"deny contains \"bar\" if input.caller.grade == \"staff\"\n", "data/rules.yaml", "local: {title: Local}\nx: {title: X}\ny: {title: Y}\nbar: {title: Bar}\n"),
			ruled("limit contains {\"rule\": \"x\", \"max_seconds\": 61, \"ring_seconds\": 20} if input.callee.class == \"local\"", "rules/y.rego", pkg+"limit contains {\"rule\": \"y\", \"max_seconds\": 60, \"ring_seconds\": 25}\n"),
			"rules/x.rego:3:1: warning: rule x limits nothing: for every call that it limits there is a smaller limit, of y [shadowed_limit]",
		},
		{
			"rules that contradict", "no_answer",
			ruled("route contains {\"rule\": \"x\", \"trunk\": \"b\"}", "rules/y.rego", pkg+"route contains {\"rule\": \"y\", \"trunk\": \"c\"} if input.callee.class == \"mobile\"\n"),
			ruled("route contains {\"rule\": \"x\", \"trunk\": \"b\"}", "rules/y.rego", pkg+"route contains {\"rule\": \"y\", \"trunk\": \"b\"} if input.callee.class == \"mobile\"\n"),
			"rules: warning: a call to a number of the class mobile ends as a policy error: The policy gave no usable answer: rules x and y route the call differently (rules/x.rego:3, rules/y.rego:3) [no_answer]",
		},
		{
			"a matter code, and there is none", "no_proof",
			ruled("require contains {\"rule\": \"x\", \"any_of\": [\"matter\"]}"),
			ruled("require contains {\"rule\": \"x\", \"any_of\": [\"matter\"]}", "data/matters.yaml", "free: {to: 4}\n"),
			"rules/x.rego:3:1: warning: rule x wants a matter code for calls to local, mobile, and there is none [no_proof]",
		},
		{
			"nobody who approves", "no_proof",
			ruled("require contains {\"rule\": \"x\", \"any_of\": [\"approval\"]} if input.callee.class == \"mobile\"",
				"data/directory.yaml", "extensions: {101: {department: a}, 102: {department: b}}\n", "data/approvers.yaml", "department: {a: [\"101\"]}\n"),
			ruled("require contains {\"rule\": \"x\", \"any_of\": [\"approval\"]} if input.callee.class == \"mobile\"",
				"data/directory.yaml", "extensions: {101: {department: a}, 102: {department: b}}\n", "data/approvers.yaml", "everybody: [\"101\"]\n"),
			"rules/x.rego:3:1: warning: rule x wants an approval for calls to mobile, and nobody approves those of phones of the department b [no_proof]",
		},
		{
			"approvers of a rule", "no_proof",
			ruled("require contains {\"rule\": \"x\", \"any_of\": [\"matter\", \"approval\"]} if input.callee.class == \"mobile\""),
			ruled("require contains {\"rule\": \"x\", \"any_of\": [\"matter\", \"approval\"], \"approvers\": [\"102\"]} if input.callee.class == \"mobile\""),
			"rules/x.rego:3:1: warning: rule x wants a matter code for calls to mobile, and there is none [no_proof]",
		},
		{
			"a class in vain", "shadowed_class",
			ruled("deny contains \"x\" if input.callee.class == \"mobile\""),
			ruled("deny contains \"x\" if {\n\tinput.callee.class == \"mobile\"\n\tinput.caller.grade == \"staff\"\n}"),
			"data/local.yaml:1:18: warning: rule local allows numbers of the class mobile, and every such call is refused by x [shadowed_class]",
		},
		{
			"a class free and asked about", "covered_twice",
			map[string]string{"rules/long_distance.rego": longDistance, "data/long_distance.yaml": "pin_level: {mobile: 1, national: 1}\n"},
			map[string]string{"rules/long_distance.rego": longDistance, "data/long_distance.yaml": "pin_level: {national: 1}\n"},
			"data/local.yaml:1:18: warning: rule local allows numbers of the class mobile, and so does long_distance, which asks for a proof: the proof is asked for [covered_twice]",
		},
		{
			"a class allowed twice", "covered_twice",
			ruled("allow contains \"x\" if {\n\tinput.callee.class == \"mobile\"\n\tinput.caller.grade == \"staff\"\n}"),
			ruled("allow contains \"x\" if {\n\tinput.callee.class == \"mobile\"\n\tinput.caller.grade == \"staff\"\n}", "rules/local.rego",
				pkg+"allow contains \"local\" if {\n\tinput.callee.class in data.local.classes\n\tinput.caller.grade == \"director\"\n}\n"),
			"rules/x.rego:3:1: hint: rule x allows numbers of the class mobile to nobody whom local does not allow them [covered_twice]",
		},
		{
			"free of what nobody is asked", "idle_entry",
			map[string]string{"rules/long_distance.rego": longDistance, "data/long_distance.yaml": "pin_level: {national: 1}\nfree: {grade: {director: [national, international]}}\n"},
			map[string]string{"rules/long_distance.rego": longDistance, "data/long_distance.yaml": "pin_level: {national: 1}\nfree: {grade: {director: [national]}}\n"},
			"data/long_distance.yaml:2:37: warning: grade director need not be asked about international, and nobody is: pin_level does not have the class [idle_entry]",
		},
		{
			"free and barred", "contradiction",
			map[string]string{"rules/long_distance.rego": longDistance, "data/long_distance.yaml": "pin_level: {national: 1}\nfree: {grade: {director: [national]}}\nbarred: {grade: {director: [national]}}\n"},
			map[string]string{"rules/long_distance.rego": longDistance, "data/long_distance.yaml": "pin_level: {national: 1}\nfree: {grade: {director: [national]}}\nbarred: {grade: {staff: [national]}}\n"},
			"data/long_distance.yaml:2:27: warning: for grade director, the class national is both free and barred: it is barred [contradiction]",
		},
		{
			"a class that nobody may call", "uncovered_class",
			nil, map[string]string{"data/local.yaml": "classes: [local, mobile, satellite]\n"},
			"rules: hint: no rule allows numbers of the class satellite; they are refused by no_rule_allows [uncovered_class]",
		},
		{
			"a class that an allowance cannot pay for", "unrated_class",
			map[string]string{
				"data/allowances.yaml": "allowances: {x: {scope: extension, amount_minor: 1}}\n",
				"data/rates.yaml":      "currency: CNY\nrates: [{classes: [local], increment: 1, price: 1}, {prefix: \"+86139\", increment: 1, price: 1}]\n",
			},
			map[string]string{
				"data/allowances.yaml": "allowances: {x: {scope: extension, amount_minor: 1}, y: {scope: extension, amount_minor: 1, overrun: charge}}\n",
				"data/rates.yaml":      "currency: CNY\nrates: [{increment: 1, price: 1}]\n",
			},
			"data/rates.yaml: hint: some numbers of the class mobile have no rate: an allowance that pays for them refuses them [unrated_class]",
		},
		{
			"a country of a class", "uncovered_numbers",
			ruled("allow contains \"x\" if {\n\tinput.callee.class == \"international\"\n\tnot input.callee.region == \"KP\"\n}"),
			ruled("allow contains \"x\" if input.callee.class == \"international\"\n\ndeny contains \"x\" if input.callee.region == \"KP\""),
			"rules: hint: no rule allows numbers of the class international of the country KP; they are refused by no_rule_allows [uncovered_numbers]",
		},
		{
			"a risk of a class", "uncovered_numbers",
			ruled("allow contains \"x\" if {\n\tinput.callee.class == \"international\"\n\tnot \"caribbean\" in input.callee.risk\n}"),
			ruled("allow contains \"x\" if {\n\tinput.callee.class == \"international\"\n\tnot \"atlantic\" in input.callee.risk\n}"),
			"rules: hint: no rule allows numbers of the class international with the risk caribbean; they are refused by no_rule_allows [uncovered_numbers]",
		},
		{
			"but for one country", "uncovered_class",
			ruled("allow contains \"x\" if {\n\tinput.callee.class == \"international\"\n\tsome list in input.callee.lists\n\tlist in {\"partners\"}\n}", "data/lists.yaml", "partners: {countries: [JP]}\n"),
			ruled("allow contains \"x\" if input.callee.class == \"international\""),
			"rules: hint: no rule allows numbers of the class international; they are refused by no_rule_allows, but for those of the country JP [uncovered_class]",
		},
		{
			"a number with the trunk 0 kept", "unmatched_entry",
			map[string]string{"data/lists.yaml": "a: {numbers: [\"+86021123456\"]}\n"},
			map[string]string{"data/lists.yaml": "a: {numbers: [\"+862112345678\", \"95588\"]}\n"},
			"data/lists.yaml:1:15: warning: \"+86021123456\" is no number of the plan [unmatched_entry]",
		},
		{
			"a number that the plan reads otherwise", "unmatched_entry",
			map[string]string{"data/lists.yaml": "a: {numbers: [\"+4402079460000\"]}\n"},
			map[string]string{"data/lists.yaml": "a: {numbers: [\"+442079460000\"]}\n"},
			"data/lists.yaml:1:15: warning: no number matches \"+4402079460000\": the plan reads it as +442079460000 [unmatched_entry]",
		},
		{
			"a prefix with the trunk 0 kept", "unmatched_entry",
			map[string]string{"data/lists.yaml": "a: {prefixes: [\"+86021\"]}\n"},
			map[string]string{"data/lists.yaml": "a: {prefixes: [\"+8621\", \"+88\", \"+4\", \"+1876\", \"+86138\", \"955\"]}\n"},
			"data/lists.yaml:1:16: warning: no number of the plan begins with \"+86021\" [unmatched_entry]",
		},
		{
			"a prefix longer than any number", "unmatched_entry",
			map[string]string{"data/lists.yaml": "a: {prefixes: [\"+86211234567890\"]}\n"},
			map[string]string{"data/lists.yaml": "a: {prefixes: [\"+862112345678\"]}\n"},
			"data/lists.yaml:1:16: warning: no number of the plan begins with \"+86211234567890\" [unmatched_entry]",
		},
		{
			"a short code that the plan does not have", "unmatched_entry",
			map[string]string{"data/lists.yaml": "a: {prefixes: [\"*99\"]}\n"},
			map[string]string{"data/lists.yaml": "a: {prefixes: [\"100\"]}\n"},
			"data/lists.yaml:1:16: hint: no number of the plan begins with \"*99\" [unmatched_entry]",
		},
		{
			"a country that does not exist", "unmatched_entry",
			map[string]string{"data/lists.yaml": "a: {countries: [UK]}\n"},
			map[string]string{"data/lists.yaml": "a: {countries: [GB, \"001\"]}\n"},
			"data/lists.yaml:1:17: warning: there is no country \"UK\" [unmatched_entry]",
		},
		{
			"a schedule that nobody names", "unused_schedule",
			map[string]string{"data/hours.yaml": "schedules: {office: {every_day: [\"08:00-18:00\"]}}\n"},
			map[string]string{"data/hours.yaml": "schedules: {office: {every_day: [\"08:00-18:00\"]}}\n", "data/things.yaml": "schedule: office\n"},
			"data/hours.yaml:1:13: hint: no data file and no rule names the schedule office [unused_schedule]",
		},
		{
			"an allowance of a grade that no phone has", "unknown_word",
			map[string]string{"data/allowances.yaml": "allowances:\n  a: {scope: grade, of: [staf], amount_minor: 1}\n"},
			map[string]string{"data/allowances.yaml": "allowances:\n  a: {scope: grade, of: [staff], amount_minor: 1}\n  b: {scope: holder, of: [B], amount_minor: 1}\n"},
			"data/allowances.yaml:2:26: hint: no phone of data/directory.yaml has the grade \"staf\" [unknown_word]",
		},
		{
			"an allowance of somebody who has no phone", "unknown_word",
			map[string]string{"data/allowances.yaml": "allowances:\n  a: {scope: holder, of: [C], amount_minor: 1}\n"},
			map[string]string{"data/allowances.yaml": "allowances:\n  a: {scope: holder, of: [B], amount_minor: 1}\n"},
			"data/allowances.yaml:2:27: hint: no phone of data/directory.yaml has the holder \"C\" [unknown_word]",
		},
		{
			"an entry without a rule", "unused_entry",
			map[string]string{"data/rules.yaml": "local: {title: Local}\nlokal: {mode: off}\n"},
			map[string]string{"data/rules.yaml": "local: {title: Local}\nemergency: {title: E}\nno_rule_allows: {title: N}\npolicy_error: {}\nunavailable: {}\ninvalid_number: {}\n"},
			"data/rules.yaml:2:1: warning: there is no rule lokal: no file rules/lokal.rego (did you mean local?) [unused_entry]",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			has := func(all []string) bool {
				for _, text := range all {
					if text == tt.want {
						return true
					}
				}
				return false
			}
			if got := found(t, tt.bad, tt.check); !has(got) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), tt.want)
			}
			got := found(t, tt.twin, tt.check)
			if len(got) > 0 && !strings.HasPrefix(tt.check, "uncovered_class") || has(got) {
				t.Errorf("the clean twin has\n%s", strings.Join(got, "\n"))
			}
		})
	}
}

// TestPastDays tells holidays of which no day is to come.
func TestPastDays(t *testing.T) {
	content := map[string][]byte{"data/hours.yaml": []byte("holidays:\n" +
		"  - {name: Spring Festival, dates: [\"2026-02-16..2026-02-20\"]}\n" +
		"  - {name: New Year, dates: [\"01-01\"]}\n" +
		"  - {name: National Day, dates: [\"2026-10-01..2026-10-07\", \"2027-10-01\"]}\n" +
		"working_days: [{date: \"2026-02-21\", as: friday}]\n")}
	for now, want := range map[string]int{"2026-02-20": 0, "2026-02-21": 1, "2026-02-22": 2, "2027-10-01": 2, "2027-10-02": 3} {
		at, err := time.Parse(time.DateOnly, now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range lint.Run([]rules.Dead{}, content, &lint.Answers{}, lint.Numbers{}, at) {
			if f.Check == "past_day" {
				got = append(got, f.String())
			}
		}
		if len(got) != want || want > 0 && got[0] != "data/hours.yaml:2:5: hint: the holiday Spring Festival is over: the last day was 2026-02-20 [past_day]" {
			t.Errorf("on %s: got %q, want %d", now, got, want)
		}
	}
}
