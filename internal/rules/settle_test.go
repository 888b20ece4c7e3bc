package rules

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestSettle settles what is no more than comparisons with constants, and nothing else.
func TestSettle(t *testing.T) {
	const unknown, never = "Rego", "never"
	for body, want := range map[string]string{
		`true`:                          "",
		`input.callee.class == "local"`: "callee.class local",
		`"local" == input.callee.class; input.caller.known == false`:        "callee.class local; caller.known false",
		`input.callee.class == data.d.word`:                                 "callee.class local",
		`input.callee.class in data.d.list`:                                 "callee.class local,mobile",
		`input.sanction.suspended`:                                          "sanction.suspended true",
		`count(data.d.list) == 2; input.caller.grade == "a"`:                "caller.grade a",
		`w := data.d.word; input.caller.grade == w`:                         "caller.grade local",
		`x := count(data.d.list); x > 1`:                                    "",
		`data.d.most > 1; data.d.by.national.deep == 2`:                     "",
		`data.d.by.national.deep == 1`:                                      never,
		`data.d.by[data.d.list[1]] == 1`:                                    never,
		`not max(data.d.list[7])`:                                           unknown, // OPA looks data.d.list[7] up before the not
		`data.d.list[7] == "local"`:                                         never,
		`count(data.d.list) == 3`:                                           never,
		`1 / data.d.none > 0`:                                               unknown, // an error is for the call to meet
		`input.callee.digits == "1"`:                                        unknown,
		`input.callee.class != "local"`:                                     unknown,
		`not input.callee.class == "local"`:                                 "not callee.class local",
		`not input.callee.class in data.d.list; input.caller.known == true`: "not callee.class local,mobile; caller.known true",
		`not data.d.word in input.time.schedules`:                           "not time.schedules local",
		`"a" in input.callee.lists`:                                         "callee.lists a",
		`not count(data.d.list) == 2`:                                       never,
		`not count(data.d.list) == 3`:                                       "",
		`not input.callee.digits == "1"`:                                    unknown,
		`not startswith(input.callee.class, "l")`:                           unknown,
		`not data.d.word in input.caller.grade`:                             unknown,
		`input.callee.lists[0] == "a"`:                                      unknown,
		`not input.sanction.suspended`:                                      "not sanction.suspended true",
		`some l in input.callee.lists; l in data.d.list`:                    unknown,
		`some l in data.d.list; input.callee.class == l`:                    unknown,
		`input.usage.same_pin_calls >= 1`:                                   unknown,
		`input.caller.grade == input.caller.department`:                     unknown,
		`startswith(input.callee.class, "loc")`:                             unknown,
		`regex.match("l.*", data.d.word)`:                                   unknown, // no quick function
		`count([x | some x in data.d.list]) == 2`:                           unknown,
		`every x in data.d.list { x != "" }`:                                unknown,
		`data.d.list[_] == "local"`:                                         unknown,
		`helper; input.callee.class == "local"`:                             unknown,
	} {
		t.Run(body, func(t *testing.T) {
			s := guarded(t, body)
			var x settledRule
			var err error
			for _, r := range s.modules["rules/r.rego"].Rules {
				if isHead(nameOf(r)) {
					x, err = newSettler(&pruner{data: s.data}, s.data).settle(r)
				}
			}
			var got []string
			for _, c := range x.conditions {
				var values []string
				for _, v := range []string{"local", "mobile", "a", "true", "false"} {
					if c.values[v] {
						values = append(values, v)
					}
				}
				not := map[bool]string{true: "not "}[c.negated]
				got = append(got, fmt.Sprintf("%s%s %s", not, strings.TrimPrefix(c.field.ref.String(), "input."), strings.Join(values, ",")))
			}
			text := strings.Join(got, "; ")
			switch {
			case errors.Is(err, errUnknown):
				text = unknown
			case errors.Is(err, errNever), errors.Is(err, errUndefined):
				text = never
			case x.member.rule != "r":
				t.Errorf("the member is %+v", x.member)
			}
			if text != want {
				t.Errorf("got %q, want %q", text, want)
			}
		})
	}
}

// TestSettledMembersOnce gives a member that two bodies of a rule give once, as a set does.
func TestSettledMembersOnce(t *testing.T) {
	s := &settledRules{}
	is := func(field int, v string) condition {
		return guard{field: subjects[field], values: []string{v}}.condition()
	}
	class, known := 0, len(subjects)-1
	value := member{head: "notify", rule: "x"}
	for _, c := range [][]condition{nil, {is(class, "local")}, {is(class, "local"), is(known, "true")}, {is(known, "true")}, {is(class, "mobile")}} {
		s.add(settledRule{head: "notify", value: ast.String("x"), member: value, conditions: c})
	}
	s.add(settledRule{head: "notify", value: ast.String("y"), member: value, conditions: []condition{is(class, "mobile")}})
	for class, want := range map[call.Class]int{call.Local: 1, call.Mobile: 2, call.Premium: 1} {
		f := call.Facts{Caller: call.Caller{Known: true}}
		f.Callee.Class = class
		if got := s.members(&f); len(got) != want {
			t.Errorf("%s: %d members, want %d", class, len(got), want)
		}
	}
}
