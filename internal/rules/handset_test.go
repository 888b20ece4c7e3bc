package rules_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// usual is what is said at a handset where data says nothing.
func usual() call.Handset {
	return call.Handset{
		Tries:        call.Tries{Extension: 5, Site: 5, Within: 15 * time.Minute, Lock: 15 * time.Minute},
		Approvers:    call.Approvers{Department: map[string][]string{}, Ring: 20 * time.Second},
		Matters:      call.Matters{Codes: map[string]string{}},
		TokenReturns: true, ChangePIN: "*57", CloseGrant: "*58",
	}
}

// phones are a directory of four phones.
const phones = "extensions:\n  101: {department: board}\n  102: {department: sales, short_number: \"*57\"}\n  103: {department: sales}\n  104: {}\n"

// TestHandset reads the three files, whole, in part, and empty. What is shipped says what is said without them, but for
// the code of an example.
func TestHandset(t *testing.T) {
	as := func(change func(h *call.Handset)) call.Handset {
		h := usual()
		change(&h)
		return h
	}
	tests := map[string]struct {
		files map[string]string
		want  call.Handset
	}{
		"nothing": {nil, usual()},
		"empty":   {map[string]string{"data/handset.yaml": "", "data/approvers.yaml": "# nobody\n", "data/matters.yaml": "{}\n"}, usual()},
		"keys alone": {map[string]string{
			"data/handset.yaml":   "wrong_tries:\nopen_phone:\ntokens:\nservice_codes:\n",
			"data/approvers.yaml": "department:\neverybody:\n", "data/matters.yaml": "codes:\nfree:\n",
		}, as(func(h *call.Handset) { h.ChangePIN, h.CloseGrant = "", "" })},
		"handset": {map[string]string{"data/directory.yaml": phones, "data/handset.yaml": "wrong_tries: {per_phone: 3, all_phones: 0, within_minutes: 60, lock_minutes: 1440}\n" +
			"open_phone: {minutes: 10, classes: [national, mobile]}\ntokens: {unanswered_gives_back: false}\n" +
			"service_codes: {change_pin: \"*1234\", close_phone: \"*99\"}\noperator: \"101\"\n"}, as(func(h *call.Handset) {
			h.Tries = call.Tries{Extension: 3, Within: time.Hour, Lock: 24 * time.Hour}
			h.Grant = call.Grant{For: 10 * time.Minute, Classes: []call.Class{call.National, call.Mobile}}
			h.TokenReturns, h.ChangePIN, h.CloseGrant, h.Operator = false, "*1234", "*99", "101"
		})},
		"some of it": {map[string]string{"data/handset.yaml": "wrong_tries: {per_phone: 3}\nopen_phone: {minutes: 1}\n"}, as(func(h *call.Handset) {
			h.Tries.Extension, h.Grant.For = 3, time.Minute
		})},
		"one code":        {map[string]string{"data/handset.yaml": "service_codes: {close_phone: \"*57\"}\n"}, as(func(h *call.Handset) { h.ChangePIN, h.CloseGrant = "", "*57" })},
		"no codes":        {map[string]string{"data/handset.yaml": "service_codes: {change_pin: \"\", close_phone: \"\"}\n"}, as(func(h *call.Handset) { h.ChangePIN, h.CloseGrant = "", "" })},
		"a number's code": {map[string]string{"data/directory.yaml": phones}, as(func(h *call.Handset) { h.ChangePIN = "" })},
		"approvers": {map[string]string{
			"data/directory.yaml": phones,
			"data/approvers.yaml": "department: {sales: [\"102\", \"104\"], board: []}\neverybody: [\"101\"]\nring_seconds: 5\npin: true\npin_level: 2\n",
		}, as(func(h *call.Handset) {
			h.ChangePIN = ""
			h.Approvers = call.Approvers{
				Department: map[string][]string{"sales": {"102", "104"}, "board": nil}, Everybody: []string{"101"}, Ring: 5 * time.Second, PIN: true, Level: 2,
			}
		})},
		"matters": {map[string]string{"data/matters.yaml": "codes: {4711: Harbour, \"0815\": \"\"}\nfree: {to: 12}\n"}, as(func(h *call.Handset) {
			h.Matters = call.Matters{Codes: map[string]string{"4711": "Harbour", "0815": ""}, FreeTo: 12}
		})},
	}
	for name, x := range tests {
		if got := load(t, x.files).Handset(); !reflect.DeepEqual(got, x.want) {
			t.Errorf("%s: got\n%+v\nwant\n%+v", name, got, x.want)
		}
	}
	want := as(func(h *call.Handset) {
		h.Matters.Codes = map[string]string{"4711": "Harbour project"}
	})
	if got := shipped(t).Handset(); !reflect.DeepEqual(got, want) {
		t.Errorf("shipped: got\n%+v\nwant\n%+v", got, want)
	}
}

// TestHandsetWithoutItsSchema: a schema of the policy directory that gives no defaults takes none away.
func TestHandsetWithoutItsSchema(t *testing.T) {
	got := load(t, map[string]string{"schema/handset.json": "{}", "data/handset.yaml": "wrong_tries: {per_phone: 4}\n"}).Handset()
	want := usual()
	want.Tries.Extension = 4
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestManyMatters reads tens of thousands of codes, and finds the one that is wrong.
func TestManyMatters(t *testing.T) {
	var b strings.Builder
	b.WriteString("codes:\n")
	for n := range 30_000 {
		fmt.Fprintf(&b, "  \"%06d\": Case %d\n", n, n)
	}
	m := load(t, map[string]string{"data/matters.yaml": b.String()}).Handset().Matters
	if text, ok := m.Has("029999"); len(m.Codes) != 30_000 || !ok || text != "Case 29999" {
		t.Errorf("got %d codes, %q, %v", len(m.Codes), text, ok)
	}
	b.WriteString("  \"03x000\": Case 30000\n")
	_, err := rules.Load(policyOf(map[string]string{"data/matters.yaml": b.String()}), rules.Options{})
	if want := `data/matters.yaml:30002:3: "03x000" will not do. A code is 1 to 12 digits.`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestApproversOfARule are given out with what is required, from data, too; without a directory they can be anybody.
func TestApproversOfARule(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"written": {"rules/x.rego": "package dialwarden.outbound\n\nallow contains \"x\"\n\nrequire contains {\"rule\": \"x\", \"any_of\": [\"approval\"], \"approvers\": [\"7\", \"8\"]}\n"},
		"data": {
			"rules/x.rego":    "package dialwarden.outbound\n\nallow contains \"x\"\n\nrequire contains {\"rule\": \"x\", \"any_of\": [\"approval\"], \"approvers\": data.who[input.callee.class]}\n",
			"data/who.yaml":   "national: [\"7\", \"8\"]\n",
			"data/rules.yaml": "base: {}\nx: {}\n",
		},
	} {
		p := load(t, files)
		d := p.Judge(t.Context(), factsOf(p, "101", call.National))
		if d.Action != call.Challenge || len(d.Requires) != 1 || !slices.Equal(d.Requires[0].Approvers, []string{"7", "8"}) {
			t.Errorf("%s: got %+v", name, d)
		}
	}
}

// TestOwnTexts: what Dialwarden decides by at the handset has words where rules.yaml has none.
func TestOwnTexts(t *testing.T) {
	for language, want := range map[string]string{"en": "The caller asked for the operator instead.", "zh": "主叫改为接通总机。"} {
		p, err := rules.Load(policyOf(nil), rules.Options{Language: language})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Text("operator"); got != want {
			t.Errorf("%s: got %q", language, got)
		}
		for _, rule := range []string{"token", "service_code"} {
			if text := p.Text(rule); text == "" || text == rule {
				t.Errorf("%s: %s says %q", language, rule, text)
			}
		}
	}
	if got := load(t, map[string]string{"data/rules.yaml": "base: {}\noperator: {text: {en: Reception}}\n"}).Text("operator"); got != "Reception" {
		t.Errorf("got %q", got)
	}
}
