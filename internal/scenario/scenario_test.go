package scenario_test

import (
	"context"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/scenario"
	"github.com/dialwarden/dialwarden/internal/schema"
	"github.com/dialwarden/dialwarden/policy"
)

// TestReadSaysWhatIsWrong holds every mistake to its place.
func TestReadSaysWhatIsWrong(t *testing.T) {
	for in, want := range map[string]string{
		"scenarios: []\n": `s.yaml:1:1: there are no scenarios; write: scenarios: [`,
		"":                `s.yaml: there are no scenarios`,
		"scenarios:\n  - {from: \"101\", to: \"1\", expcet: {}}\n":                                             `s.yaml:2:28: unknown field "expcet"; did you mean "expect"?`,
		"scenarios:\n  - from: \"101\"\n    to: 010\n    expect: {action: deny}\n":                             `s.yaml:3:9: scenarios[0].to: YAML reads 010 as the number 8`,
		"scenarios:\n  - from: \"101\"\n    expect: {action: deny}\n":                                          `s.yaml:2:5: to is missing; wanted is the number as dialled`,
		"scenarios:\n  - to: \"101\"\n    expect: {action: deny}\n":                                            `s.yaml:2:5: from is missing; wanted is`,
		"scenarios:\n  - from: \"1\"\n    to: \"101\"\n":                                                       `s.yaml:2:5: expect.action is missing; wanted is allow, challenge or deny`,
		"scenarios:\n  - from: \"1\"\n    to: \"101\"\n    expect: {action: refuse}\n":                         `s.yaml:4:22: expect.action: there is no action "refuse"; there are`,
		"scenarios:\n  - from: \"1\"\n    to: \"101\"\n    expect: {action: deny, class: premum}\n":            `s.yaml:4:35: expect.class: there is no class "premum"; there are emergency, `,
		"scenarios:\n  - from: \"1\"\n    to: \"1\"\n    expect: {action: deny, requires: [pni]}\n":            `s.yaml:4:39: expect.requires: there is no "pni"; there are pin`,
		"scenarios:\n  - from: \"1\"\n    to: \"1\"\n    expect: {action: deny, max_seconds: two}\n":           `s.yaml:4:41: scenarios[0].expect.max_seconds: this is a text; wanted is a whole number`,
		"scenarios:\n  - from: \"1\"\n    to: \"1\"\n    at: noon\n    expect: {action: deny}\n":               `s.yaml:4:9: at: "noon" is no time; write 2026-11-23 08:15 for the`,
		"scenarios:\n  - from: \"1\"\n    to: \"1\"\n    pin_level: -1\n    expect: {action: deny}\n":          `s.yaml:4:16: pin_level: -1: a level is 0 or more`,
		"scenarios:\n  - {from: \"1\", to: \"1\", usage: {attempts: 1}, expect: {action: deny}}\n":             `s.yaml:2:34: unknown field "attempts"`,
		"scenarios:\n  - {from: \"1\", to: \"1\", usage: {pending_calls: -3}, expect: {action: deny}}\n":       `s.yaml:2:49: usage.pending_calls: -3: wanted is 0 or more`,
		"scenarios:\n  - {from: \"1\", to: \"1\", expect: {action: deny, ring_seconds: -1}}\n":                 `expect.ring_seconds: -1: wanted is 0 or more`,
		"scenarios:\n  - {from: \"1\", to: \"1\", credentials: [\"pin:x\"], expect: {action: deny}}\n":         `credentials: "pin:x": a level is a number after pin, like pin:2`,
		"scenarios:\n  - {from: \"1\", to: \"1\", credentials: [key], expect: {action: deny}}\n":               `credentials: "key": must be pin, pin:LEVEL, token, approval or matter`,
		"scenarios:\n  - {from: \"1\", to: \"1\", pin_level: 1, credentials: [pin], expect: {action: deny}}\n": `pin_level: the credentials name a PIN, too; say it once`,
	} {
		_, err := scenario.Read("s.yaml", []byte(in), time.UTC)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", in, err, want)
		}
	}
}

// book remembers what it is asked, and answers one decision.
type book struct {
	facts    call.Facts
	decision call.Decision
}

func (b *book) Facts(a call.Attempt, u call.Usage, c call.Credentials) call.Facts {
	b.facts = call.Facts{Attempt: a, Usage: u, Credentials: c}
	b.facts.Callee.Class, b.facts.Callee.Region = call.National, "CN"
	return b.facts
}

func (b *book) Judge(context.Context, call.Facts) call.Decision { return b.decision }

// TestRun asks about the call as it is written, and tells what is not as it was wanted.
func TestRun(t *testing.T) {
	const call1 = "scenarios:\n  - from: \"103\"\n    to: \"902\"\n    at: 2026-07-01 08:15\n    pin_level: 2\n    credentials: [matter]\n" +
		"    usage: {attempts_last_hour: 3, first_to_region: true}\n    expect: "
	b := &book{decision: call.Decision{
		Action: call.Allow, Rule: "local", MaxSeconds: 180, WarnSeconds: 30, RingSeconds: 25, Prompt: "hello", Cause: 21,
		Route: call.Route{Dial: "17909", Trunk: "t", Redirect: "102"}, Shadow: []call.Shadowed{{Rule: "x"}, {Rule: "a"}, {Rule: "a"}},
		Notify: []call.Notice{{To: "gate"}}, Reasons: []call.Reason{{Text: "Because."}},
		Requires: []call.Requirement{{AnyOf: []call.CredentialKind{call.Token, call.PIN}}},
	}}
	for expect, want := range map[string]string{
		"{action: allow}": "",
		"{action: allow, rule: local, class: national, region: CN, max_seconds: 180, warn_seconds: 30, ring_seconds: 25, prompt: hello, " +
			"cause: 21, dial: \"17909\", trunk: t, redirect: \"102\", shadow: [a, x], notify: [gate], requires: [pin, token]}": "",
		"{action: deny}":                                  "wanted deny, got allow by local: Because.",
		"{action: allow, rule: visitor}":                  "wanted allow by visitor, got allow by local: Because.",
		"{action: allow, rule: local, max_seconds: 0}":    "wanted allow by local, max_seconds 0, got allow by local, max_seconds 180: Because.",
		"{action: allow, class: local, region: \"\"}":     "wanted allow, class local, region none, got allow by local, class national, region CN: Because.",
		"{action: allow, warn_seconds: 1, cause: 16}":     "wanted allow, warn_seconds 1, cause 16, got allow by local, warn_seconds 30, cause 21: Because.",
		"{action: allow, ring_seconds: 1, prompt: x}":     "wanted allow, ring_seconds 1, prompt x, got allow by local, ring_seconds 25, prompt hello: Because.",
		"{action: allow, dial: x, trunk: y, redirect: z}": "wanted allow, dial x, trunk y, redirect z, got allow by local, dial 17909, trunk t, redirect 102: Because.",
		"{action: allow, shadow: [], notify: [a]}":        "wanted allow, shadow [], notify [a], got allow by local, shadow [a x], notify [gate]: Because.",
		"{action: allow, requires: [pin]}":                "wanted allow, requires [pin], got allow by local, requires [pin token]: Because.",
	} {
		zone := time.FixedZone("here", 3600)
		all, err := scenario.Read("s.yaml", []byte(call1+expect+"\n"), zone)
		if err != nil {
			t.Fatal(err)
		}
		r := scenario.Run(t.Context(), all, b)[0]
		if want != "" {
			want = "s.yaml:2: from 103 to 902: " + want
		}
		if r.Passed != (want == "") || want != "" && r.String() != want {
			t.Errorf("%s: got %v %s\nwant %s", expect, r.Passed, r, want)
		}
		f := b.facts
		if f.Attempt.Extension != "103" || f.Attempt.Dialled != "902" || !f.Attempt.At.Equal(time.Date(2026, 7, 1, 7, 15, 0, 0, time.UTC)) ||
			f.Credentials.PIN.Level != 2 || !f.Credentials.Has(call.Matter) || f.Credentials.Has(call.Token) ||
			!reflect.DeepEqual(f.Usage, call.Usage{AttemptsLastHour: 3, FirstToRegion: true}) {
			t.Errorf("asked about %+v", f)
		}
	}
}

// TestIs tells scenario files from the other files of a policy.
func TestIs(t *testing.T) {
	for name, want := range map[string]bool{
		"scenarios.yaml": true, "scenarios/calls.yaml": true, "scenarios/README.md": false, "data/scenarios.yaml": false,
		"schema/scenarios.json": false, "scenarios/a/b.yaml": false,
	} {
		if scenario.Is(name) != want {
			t.Errorf("%s: want %v", name, want)
		}
	}
}

// TestSchema holds what editors are told to what is read.
func TestSchema(t *testing.T) {
	src, err := fs.ReadFile(policy.FS, "schema/scenarios.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	one := s.Properties.ByName["scenarios"].Items.Properties
	for of, pair := range map[string]struct {
		properties schema.Properties
		read       any
	}{
		"a scenario": {one, scenario.Scenario{}}, "expect": {one.ByName["expect"].Properties, scenario.Expect{}},
		"usage": {one.ByName["usage"].Properties, call.Usage{}},
	} {
		var fields []string
		for f := range reflect.TypeOf(pair.read).Fields() {
			if name := f.Tag.Get("yaml"); name != "" && name != "-" {
				fields = append(fields, name)
			}
		}
		slices.Sort(fields)
		if names := slices.Sorted(slices.Values(pair.properties.Names)); !slices.Equal(names, fields) {
			t.Errorf("%s: the schema has %v, and %v is read", of, names, fields)
		}
	}
	var classes []string
	for _, c := range call.Classes() {
		classes = append(classes, string(c))
	}
	if got := one.ByName["expect"].Properties.ByName["class"].Enum; !slices.Equal(got, classes) {
		t.Errorf("the schema has the classes %v", got)
	}
}
