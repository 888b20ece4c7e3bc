package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/dialwarden/dialwarden/internal/call"
)

// plainly asks OPA alone for the members of deny and notify, as text, with the rules as they are written.
func plainly(t *testing.T, s *source, f *call.Facts) string {
	t.Helper()
	options := []func(*rego.Rego){
		rego.Query("x := [m | some m in data.dialwarden.outbound.deny]; y := [m | some m in data.dialwarden.outbound.notify]"),
		rego.Store(inmem.NewFromASTObject(s.data)), rego.ParsedInput(vocabulary(nil).input(f, allParts).Value),
	}
	for name, src := range s.content {
		if strings.HasPrefix(name, "rules/") {
			options = append(options, rego.Module(name, string(src)))
		}
	}
	answers, err := rego.New(options...).Eval(t.Context())
	if err != nil || len(answers) != 1 {
		t.Fatal(len(answers), err)
	}
	var all []string
	for _, m := range answers[0].Bindings["x"].([]any) {
		all = append(all, fmt.Sprint("deny ", m))
	}
	for _, m := range answers[0].Bindings["y"].([]any) {
		all = append(all, fmt.Sprint("notify ", m.(map[string]any)["to"]))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// quickly asks the program for the same.
func quickly(t *testing.T, p *program, s *source, f *call.Facts) string {
	t.Helper()
	found, err := p.find(t.Context(), f, s.vocabulary(), DefaultDeadline*100)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range found {
		switch m.head {
		case "deny":
			all = append(all, "deny "+m.rule)
		case "notify":
			all = append(all, "notify "+m.to)
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// unusual are policies that do what the shortcuts of loading do not expect: rules/x.rego, beside an ordinary rule.
var unusual = map[string]string{
	"a helper hides a function":      "count(x) := 7 if is_array(x)\n\ndeny contains \"x\" if count(data.d.list) == 7",
	"a helper hides an operator":     "equal(a, b) if a != b\n\ndeny contains \"x\" if input.callee.class == \"local\"",
	"an import hides a function":     "import data.dialwarden.outbound.most as max\n\nmost(x) := 7 if is_array(x)\n\ndeny contains \"x\" if max(data.d.list) == 7",
	"an import hides a helper":       "import data.d.flag as forbidden\n\ndeny contains \"x\" if {\n\tinput.callee.class in data.d.list\n\tnot forbidden\n}",
	"an import is used once":         "import data.d.list\n\ndeny contains \"x\" if input.callee.class in list",
	"an import only shadow needs":    "import input.callee\n\nnotify contains {\"rule\": \"x\", \"to\": \"a\"} if callee.class in data.d.empty",
	"with another class":             "deny contains \"x\" if {\n\tinput.callee.class in data.d.list\n\tdata.d.by[input.callee.class] > 1 with input.callee.class as \"national\"\n}",
	"with another class, deep":       "deny contains \"x\" if {\n\tinput.callee.class in data.d.list\n\t1 in [1 | data.d.by[input.callee.class] == 2 with input.callee.class as \"national\"]\n}",
	"with other data":                "b if input.callee.class in data.d.empty\n\nc if not b\n\na if c with data.d.empty as [\"local\", \"mobile\"]\n\nnotify contains {\"rule\": \"x\", \"to\": \"yes\"} if {\n\tinput.caller.grade != \"z\"\n\ta\n}\n\nnotify contains {\"rule\": \"x\", \"to\": \"no\"} if {\n\tinput.caller.grade != \"z\"\n\tnot a\n}",
	"a set that is looked at":        "deny contains \"x\" if \"ordinary\" in allow",
	"a member that is looked at":     "deny contains \"x\" if allow.ordinary",
	"a set that is counted":          "many if count(allow) > 0\n\ndeny contains \"x\" if many",
	"the whole input":                "whole := input\n\ndeny contains \"x\" if object.get(whole, [\"callee\", \"class\"], \"\") == \"local\"",
	"a part by a name":               "deny contains \"x\" if {\n\tsome part in [\"callee\", \"line\"]\n\tinput[part].class == \"local\"\n}",
	"an empty set that is looked at": "deny contains \"x\" if count(route) == 0\n\nroute contains {\"rule\": \"x\", \"trunk\": \"a\"} if input.callee.class in data.d.empty",
}

// odd is a policy of an unusual rule x in a mode, and an ordinary one.
func odd(body, mode string) fstest.MapFS {
	return fstest.MapFS{
		"rules/x.rego":        {Data: []byte("package dialwarden.outbound\n\n" + body + "\n")},
		"rules/ordinary.rego": {Data: []byte("package dialwarden.outbound\n\nallow contains \"ordinary\" if input.callee.class in data.d.list\n\nforbidden if input.callee.class in data.d.empty\n\ndeny contains \"ordinary\" if forbidden\n")},
		"rules/trial.rego":    {Data: []byte("package dialwarden.outbound\n\nlimit contains {\"rule\": \"trial\", \"max_seconds\": 9} if input.callee.class == \"local\"\n")},
		"data/rules.yaml":     {Data: []byte("x: {mode: " + mode + "}\nordinary: {}\ntrial: {mode: shadow}\n")},
		"data/d.yaml":         {Data: []byte("list: [local, mobile]\nempty: []\nflag: true\nby: {local: 1, national: 2}\n")},
	}
}

// TestUnusualRules gives what OPA gives, whatever a policy does with names, sets and with.
func TestUnusualRules(t *testing.T) {
	for what, body := range unusual {
		t.Run(what, func(t *testing.T) {
			bad := &faults{}
			s := read(odd(body, "enforce"), bad)
			var p *program
			if !bad.any() {
				p = s.program(enforce, bad)
				s.program(shadow, bad)
			}
			if bad.any() {
				t.Fatal(bad.err())
			}
			for _, class := range []call.Class{call.Local, call.National, call.Premium} {
				f := local()
				f.Callee.Class = class
				if got, want := quickly(t, p, s, &f), plainly(t, s, &f); got != want {
					t.Errorf("%s: got %q, OPA says %q", class, got, want)
				}
			}
		})
	}
}

// TestUnusualRulesInOtherModes loads the same in shadow and off, and says in shadow what would be if it were enforced.
func TestUnusualRulesInOtherModes(t *testing.T) {
	for what, body := range unusual {
		t.Run(what, func(t *testing.T) {
			p, err := Load(odd(body, "enforce"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := "" // what x does about a local call when it is enforced
			if d := p.Judge(t.Context(), local()); d.Rule == "x" {
				want = "deny"
			} else if len(d.Notify) > 0 {
				want = "notify"
			}
			if p, err = Load(odd(body, "shadow"), Options{}); err != nil {
				t.Fatal(err)
			}
			got := ""
			d := p.Judge(t.Context(), local())
			for _, s := range d.Shadow {
				if s.Rule == "x" {
					got = s.Head
				} else if s.Rule != "trial" {
					t.Errorf("in shadow: %+v", s)
				}
			}
			if got != want || what != "a helper hides an operator" && d.Action != call.Allow {
				t.Errorf("in shadow it would %q, enforced it does %q; %s %s %v", got, want, d.Action, d.Rule, d.Reasons)
			}
			if _, err = Load(odd(body, "off"), Options{}); err != nil {
				t.Error(err)
			}
		})
	}
}
