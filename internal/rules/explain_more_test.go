package rules_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// changesOf are the changes of an explanation by what they change.
func changesOf(e rules.Explanation) map[string]rules.Change {
	out := map[string]rules.Change{}
	for _, c := range e.Changes {
		out[c.What+" "+strings.Join(c.Values, "+")] = c
	}
	return out
}

// TestExplainChangesAreTrue makes each change that can be made, and holds the answer to what the explanation said.
func TestExplainChangesAreTrue(t *testing.T) {
	p := variant(t, map[string]string{
		"data/long_distance.yaml": "pin_level: {national: 3, international: 5}\nfree: {class_of_service: {executive: [national]}, grade: {manager: [national]}, lists: []}\n" +
			"barred: {class_of_service: {}, grade: {}}\n",
		"data/office_hours.yaml": "everybody: []\nclass_of_service: {}\nline: {phone: [{schedule: duty, classes: [local]}]}\n",
	}, "")
	f := factsOf(p, "103", call.National)
	got := changesOf(p.Explain(t.Context(), f))
	for key, change := range map[string]func(f *call.Facts){
		"proof pin":                  func(f *call.Facts) { f.Credentials = pinOf(3) },
		"proof token":                func(f *call.Facts) { f.Credentials.Set(call.Token, call.Credential{Valid: true}) },
		"proof approval":             func(f *call.Facts) { f.Credentials.Set(call.Approval, call.Credential{Valid: true}) },
		"class_of_service executive": func(f *call.Facts) { f.Caller.ClassOfService = "executive" },
		"grade manager":              func(f *call.Facts) { f.Caller.Grade = "manager" },
	} {
		changed := f
		change(&changed)
		d := p.Judge(t.Context(), changed)
		c, ok := got[key]
		if !ok || c.Action != d.Action || c.Rule != d.Rule || d.Action != call.Allow {
			t.Errorf("%s: said %+v, is %s by %s", key, c, d.Action, d.Rule)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Errorf("and more: %+v", got)
	}
	f.Credentials = pinOf(2)
	if c := changesOf(p.Explain(t.Context(), f))["proof pin"]; c.Level != 3 || c.Action != call.Allow {
		t.Errorf("with a PIN of level 2: %+v", c)
	}
	at := time.Date(2026, 11, 23, 11, 31, 30, 0, time.UTC) // the duty room opens at 13:00 again
	f = factsOf(p, "103", call.Local)
	f.Time = call.ClockAt(at, time.UTC)
	p.Lookup(&f)
	got = changesOf(p.Explain(t.Context(), f))
	if c := got["time 2026-11-23T13:00:00Z"]; c.Action != call.Allow || c.Rule != "local" {
		t.Errorf("at noon: %+v", got)
	}
	if c := got["line alarm+duty+conference"]; len(got) != 2 && c.Action != call.Allow {
		t.Errorf("at noon: %+v", got)
	}
}

// TestExplainLooksAtTheClock finds the minute for a rule that looks at the minute, in a zone whose clock is put back.
func TestExplainLooksAtTheClock(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p := load(t, map[string]string{"rules/base.rego": "package dialwarden.outbound\n\nallow contains \"base\" if at(input.time)\n\n" +
		"at(clock) if {\n\tclock.weekday == \"sunday\"\n\tclock.minute_of_day == 197\n}\n"})
	f := factsOf(p, "101", call.Local)
	f.Time = call.ClockAt(time.Date(2026, 10, 24, 22, 0, 0, 0, zone), zone)
	if _, ok := changesOf(p.Explain(t.Context(), f))["time 2026-10-25T03:17:00+01:00"]; !ok {
		t.Errorf("got %+v", p.Explain(t.Context(), f).Changes)
	}
}

// TestExplainFollowsHelpers tells the values that a function got, and the place in data that is missing.
func TestExplainFollowsHelpers(t *testing.T) {
	p := load(t, map[string]string{
		"data/fees.yaml": "of: {local: {cents: 3}}\nlong: [" + strings.Repeat("abcdefghij, ", 500) + "x]\n",
		"rules/base.rego": "package dialwarden.outbound\n\nallow contains \"base\" if {\n\tcheap(input.callee.class, 2)\n\tnot \"y\" in data.fees.long\n}\n\n" +
			"allow contains \"base\" if {\n\tnot \"y\" in data.fees.long\n\tevery n in [1, 2] {\n\t\tabove(n, input.usage.concurrent_calls)\n\t}\n}\n\n" +
			"allow contains {\"rule\": \"base\", \"reason\": data.fees.of[input.callee.class].text}\n\n" +
			"above(n, _) if n == data.fees.of.local.cents\n\n" +
			"cheap(class, most) if data.fees.of[class].cents <= most\n\nelse if free(class)\n\nfree(class) if class == data.fees.of[class].free\n",
	})
	e := p.Explain(t.Context(), factsOf(p, "101", call.Local))
	if len(e.Silent) != 3 || len(e.Silent[0].Conditions) != 1 || len(e.Silent[1].Conditions) != 1 {
		t.Fatalf("got %+v", e)
	}
	raw, err := json.Marshal(e.Silent[0].Conditions[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"expression":"cheap(input.callee.class, 2)","line":4,"holds":false,"facts":[` +
		`{"name":"input.callee.class","value":"local"},` +
		`{"name":"data.fees.of.local.cents","value":3,"file":"data/fees.yaml","line":1},` +
		`{"name":"data.fees.of.local.free","missing":true,"there":["cents"],"file":"data/fees.yaml","line":1}]}`
	if string(raw) != want {
		t.Errorf("got\n%s\nwant\n%s", raw, want)
	}
	if c := e.Silent[1].Conditions[0]; !strings.HasPrefix(c.Expression, "every n in [1, 2]") || c.Line != 10 || len(c.Facts) != 1 ||
		c.Facts[0].Name != "input.usage.concurrent_calls" {
		t.Errorf("got %+v", c)
	}
	if c := e.Silent[2].Conditions[0]; c.Expression != "" || c.Line != 15 || !c.Facts[1].Missing {
		t.Errorf("got %+v", c)
	}
}

// TestExplainIsBounded comes back from rules that never end, and says that it is not complete. Judging leaves the shadow
// rule behind at the deadline of the policy, and so do the changes.
func TestExplainIsBounded(t *testing.T) {
	p := load(t, map[string]string{
		"data/rules.yaml": "base: {title: Base}\nslow: {title: Slow, mode: shadow}\n",
		"rules/slow.rego": "package dialwarden.outbound\n\ndeny contains \"slow\" if count([n | some n in numbers.range(1, 100000000)]) > 3\n",
	})
	e := p.Explain(t.Context(), factsOf(p, "101", call.National))
	if e.Rule != call.RuleNoAllow || !slices.ContainsFunc(e.Notes, func(n string) bool { return strings.Contains(n, "too long") }) {
		t.Errorf("got %+v", e)
	}
}

// TestExplainAllClasses explains every class of number, with and without proofs, as Judge decides it, two at once.
func TestExplainAllClasses(t *testing.T) {
	p := variant(t, nil, "")
	for _, class := range call.Classes() {
		var both sync.WaitGroup
		for _, have := range []call.Credentials{{}, pinOf(1)} {
			both.Go(func() {
				f := factsOf(p, "105", class)
				f.Credentials = have
				before := fmt.Sprint(f)
				d, e := p.Judge(t.Context(), f), p.Explain(t.Context(), f)
				if e.Action != d.Action || e.Rule != d.Rule || fmt.Sprint(f) != before {
					t.Errorf("%s: explained %s by %s, judged %s by %s", class, e.Action, e.Rule, d.Action, d.Rule)
				}
				if len(e.Notes) > 1 || e.Hopeless == (len(e.Changes) > 0 || d.Action == call.Allow) {
					t.Errorf("%s: %q %+v", class, e.Notes, e.Changes)
				}
				for _, b := range e.Fired {
					if b.Mode != "enforce" || b.Title == "" || b.Line == 0 || len(b.Members) == 0 {
						t.Errorf("%s: %+v", class, b)
					}
				}
			})
		}
		both.Wait()
	}
}

// TestExplainRecorded says when more was recorded than the policy's answer.
func TestExplainRecorded(t *testing.T) {
	p := variant(t, nil, "")
	e := p.Explain(t.Context(), factsOf(p, "103", call.National))
	e.Recorded(call.Challenge, "long_distance", "")
	if len(e.Notes) != 0 {
		t.Errorf("got %q", e.Notes)
	}
	e.Recorded(call.Deny, "long_distance", "three wrong PINs")
	want := "The policy's answer is challenge by rule long_distance; the decision that was recorded is deny by rule long_distance: three wrong PINs"
	if len(e.Notes) != 1 || e.Notes[0] != want {
		t.Errorf("got %q", e.Notes)
	}
}

// TestExplainDataCannotPaint shows control characters of data as escapes.
func TestExplainDataCannotPaint(t *testing.T) {
	p := load(t, map[string]string{
		"data/word.yaml":  "text: \"a\\x1b[31mb\"\n",
		"rules/base.rego": "package dialwarden.outbound\n\nallow contains {\"rule\": \"base\", \"reason\": data.word.text}\n",
	})
	e := p.Explain(t.Context(), factsOf(p, "101", call.Local))
	found := false
	for _, l := range e.Lines() {
		found = found || strings.Contains(l.Text, `a\x1b[31mb`)
		if strings.Contains(l.Text, "\x1b") {
			t.Errorf("got %q", l.Text)
		}
	}
	if !found {
		t.Errorf("got %+v", e.Lines())
	}
}

// TestExplainLooksAtTheRightMode explains a rule that looks at a set as it was decided: a rule in force sees nothing of
// those in shadow or off, and one in shadow sees those in force and in shadow.
func TestExplainLooksAtTheRightMode(t *testing.T) {
	const looks = "package dialwarden.outbound\n\ndeny contains \"x\" if \"local\" in allow\n"
	const local = "package dialwarden.outbound\n\nallow contains \"local\" if input.callee.class == \"local\"\n"
	for looker, modes := range map[string]map[string]bool{"enforce": {"enforce": true}, "shadow": {"enforce": true, "shadow": true}} {
		for _, mode := range []string{"enforce", "shadow", "off"} {
			p, err := rules.Load(fstest.MapFS{
				"rules/base.rego":  {Data: []byte("package dialwarden.outbound\n\nallow contains \"base\"\n")},
				"rules/x.rego":     {Data: []byte(looks)},
				"rules/local.rego": {Data: []byte(local)},
				"data/rules.yaml":  {Data: []byte("base: {}\nx: {mode: " + looker + "}\nlocal: {mode: " + mode + "}\n")},
			}, rules.Options{})
			if err != nil {
				t.Fatal(err)
			}
			f := factsOf(p, "101", call.Local)
			d := p.Judge(t.Context(), f)
			e := p.Explain(t.Context(), f)
			fires := func(b rules.Body) bool { return b.Rule == "x" }
			decided := d.Rule == "x" || slices.ContainsFunc(d.Shadow, func(s call.Shadowed) bool { return s.Rule == "x" })
			if told := slices.ContainsFunc(e.Fired, fires); told != decided || decided != modes[mode] {
				t.Errorf("x in %s, local in %s: decided %t, explained %t; %v", looker, mode, decided, told, e.Notes)
			}
		}
	}
}
