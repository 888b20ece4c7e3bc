package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/policy"
)

// guarded is a policy of one rule of allow with a body, and a word of data.
func guarded(t *testing.T, body string) *source {
	t.Helper()
	bad := &faults{}
	s := read(fstest.MapFS{
		"rules/r.rego":    {Data: []byte("package dialwarden.outbound\n\nallow contains \"r\" if {\n\t" + strings.ReplaceAll(body, "; ", "\n\t") + "\n}\n\nhelper if data.d.most == 2\n\nfailing if not helps\n\nhelps if 1 / data.d.most > 0\n\ntwofold := 1 if data.d.most == 2\n\ntwofold := 2 if data.d.none == 1\n")},
		"data/rules.yaml": {Data: []byte("r: {title: R}\n")},
		"data/d.yaml":     {Data: []byte("word: local\nlist: [local, mobile]\nnumbers: [1]\nmost: 2\nnone: 0\nby: {local: 1, national: {deep: 2}}\n")},
	}, bad)
	if bad.any() {
		t.Fatal(bad.err())
	}
	return s
}

// TestGuards finds what rules cannot do without, and takes nothing for it that they can.
func TestGuards(t *testing.T) {
	for body, want := range map[string]string{
		`input.callee.class == "local"`:                                       "callee.class local indexed",
		`"local" == input.callee.class`:                                       "callee.class local indexed",
		`input.callee.class == data.d.word`:                                   "callee.class local",
		`input.callee.class in data.d.list`:                                   "callee.class local,mobile",
		`c := input.callee.class; c in data.d.list`:                           "callee.class local,mobile",
		`data.d.by[input.callee.class] == 1`:                                  "callee.class local,national",
		`is_number(data.d.by[input.callee.class])`:                            "callee.class local,national",
		`input.caller.known == true; input.callee.class == "local"`:           "callee.class local indexed; caller.known true indexed",
		`input.sanction.suspended`:                                            "sanction.suspended true indexed",
		`some l in input.callee.lists; l in data.d.list`:                      "callee.lists local,mobile",
		`input.usage.same_pin_calls >= data.d.most`:                           "usage.same_pin_calls true",
		`data.d.most < input.usage.same_pin_calls`:                            "usage.same_pin_calls true",
		`input.usage.same_pin_calls >= data.d.none`:                           "",
		`input.usage.same_pin_calls <= data.d.most`:                           "",
		`input.callee.class != "local"`:                                       "",
		`not input.callee.class == "local"`:                                   "",
		`not input.callee.class in data.d.list`:                               "",
		`not input.sanction.suspended`:                                        "",
		`input.callee.digits in data.d.list`:                                  "",
		`count([1 | input.callee.class == "local"]) == 0`:                     "",
		`every x in data.d.numbers { x == 2; input.callee.class == "local" }`: "",
		`count(data.d.by) > 0; startswith(input.callee.class, data.d.word)`:   "",
		`input.callee.class == sprintf("%s", [data.d.word])`:                  "",
		`some l in data.d.list; l != input.callee.class`:                      "",

		// What can fail is asked first.
		`1 / input.usage.concurrent_calls > 0; input.callee.class == "local"`:              "",
		`input.callee.class in data.d.list; 1 / input.usage.concurrent_calls > 0`:          "callee.class local,mobile",
		`input.caller.known; 1 % data.d.most == 1; input.callee.class == "local"`:          "caller.known true indexed",
		`not count(data.d.by[input.caller.grade]) == 1; input.callee.class in data.d.list`: "caller.grade local,national",
		`count(input.callee.lists) == 1; input.callee.class in data.d.list`:                "callee.class local,mobile",
		`startswith(input.callee.digits, "00"); input.callee.class in data.d.list`:         "callee.class local,mobile",
		`count({k: v | some k, v in data.d.by}) == 2; input.callee.class in data.d.list`:   "",
		`every x in data.d.list { to_number(x) > 0 }; input.callee.class in data.d.list`:   "",
		`helper; input.callee.class in data.d.list`:                                        "callee.class local,mobile",
		`failing; input.callee.class in data.d.list`:                                       "",
		`twofold == 1; input.callee.class in data.d.list`:                                  "",
		`input.caller.known with input.caller as {}; input.callee.class in data.d.list`:    "",
	} {
		t.Run(body, func(t *testing.T) {
			s := guarded(t, body)
			var got []string
			for _, g := range s.guards["rules/r.rego"][0] {
				text := fmt.Sprintf("%s %s", strings.TrimPrefix(g.field.ref.String(), "input."), strings.Join(g.values, ","))
				if g.indexed {
					text += " indexed"
				}
				got = append(got, text)
			}
			if strings.Join(got, "; ") != want {
				t.Errorf("got  %q\nwant %q", strings.Join(got, "; "), want)
			}
		})
	}
}

// TestFailingIsAsked refuses a call about which the policy fails, though what comes after the failure does not hold.
func TestFailingIsAsked(t *testing.T) {
	for _, after := range []string{"input.callee.class in data.d.mobile", "data.d.off"} {
		p, err := Load(fstest.MapFS{
			"rules/base.rego": {Data: []byte("package dialwarden.outbound\n\nallow contains \"base\"\n")},
			"rules/x.rego":    {Data: []byte("package dialwarden.outbound\n\ndeny contains \"x\" if {\n\t1 / input.usage.concurrent_calls > 0\n\t" + after + "\n}\n")},
			"data/rules.yaml": {Data: []byte("base: {}\nx: {}\n")},
			"data/d.yaml":     {Data: []byte("mobile: [mobile]\noff: false\n")},
		}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		f := local()
		f.Caller.Known = true
		if d := p.Judge(t.Context(), f); d.Rule != call.RulePolicyError {
			t.Errorf("%s: %s by %s", after, d.Action, d.Rule)
		}
		f.Usage.ConcurrentCalls = 1
		if d := p.Judge(t.Context(), f); d.Action != call.Allow {
			t.Errorf("%s: with calls: %s by %s %v", after, d.Action, d.Rule, d.Reasons)
		}
	}
}

// TestPartsRead finds the objects of the input that rules look at.
func TestPartsRead(t *testing.T) {
	for body, want := range map[string]parts{
		`input.callee.class == "local"`:                                   0, // settled
		`input.callee.digits != "0"`:                                      calleePart,
		`input.caller.known; input.attempt.source == "ari"`:               callerPart | attemptPart,
		`x := input.usage; x.concurrent_calls > 0`:                        usagePart,
		`x := input; x.callee.class == "local"`:                           allParts,
		`some part in ["callee"]; input[part]["class"] == "local"`:        allParts,
		`count(input) == 8`:                                               allParts,
		`[1 | not input.time.holiday == "x"; input.line.kind == "phone"]`: timePart | linePart,
	} {
		s := guarded(t, body)
		bad := &faults{}
		p := s.program(enforce, bad)
		if bad.any() {
			t.Fatalf("%s: %v", body, bad.err())
		}
		if p.reads != want {
			t.Errorf("%s reads %08b, want %08b", body, p.reads, want)
		}
	}
}

// TestQuestions asks the shipped policy for no head that no rule can add to.
func TestQuestions(t *testing.T) {
	p, err := Load(policy.FS, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for class, want := range map[call.Class][]string{
		call.Local: nil, call.Internal: nil, call.Unknown: nil, call.National: nil, call.Premium: nil,
		call.International: {"deny"},
	} {
		var f call.Facts
		f.Caller, f.Callee.Class = p.Directory().Caller("101"), class
		var got []string
		for _, h := range p.enforced.asked {
			if h.about.to(&f) {
				got = append(got, h.name)
			}
		}
		if slices.Compare(got, want) != 0 {
			t.Errorf("%s: asked for %v, want %v", class, got, want)
		}
	}
}
