package numbering_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/numbering"
)

var lineNumbers = regexp.MustCompile(`:\d+:\d+`)

// told writes steps as the command line does, without line numbers, which change with the plan.
func told(steps []numbering.Step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "%s%s", strings.Repeat("  ", s.Level), s.Text)
		if s.Entry != "" {
			fmt.Fprintf(&b, " [%s]", lineNumbers.ReplaceAllString(s.Entry, ""))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestExplain(t *testing.T) {
	cn, us := at(t, china(t), beijing, staff()), at(t, shipped(t, "us"), numbering.Home{Area: "212", OutsideLine: "9"}, nil)
	for _, tt := range []struct {
		c       *numbering.Classifier
		dialled string
		want    []string // lines, in this order
	}{
		{cn, "x&y", []string{"no dial string: wanted are up to 32", "result: invalid"}},
		{cn, "9110", []string{"a dial string: 4 signs", "exactly the emergency number 110, behind the outside line 9 [plans/cn.yaml]", "result: emergency, sent to the trunk as 110"}},
		{cn, "101", []string{"no emergency number: not exactly one of 110, 112,", "the extension 101 of the directory", "result: internal"}},
		{cn, "6101", []string{"a short number of the directory: extension 101", "result: internal"}},
		{cn, "9*31#1795102116812345", []string{
			"no extension and no short number",
			"as dialled: 9*31#1795102116812345", "so this reading is not possible",
			"outside line 9 stripped: *31#1795102116812345",
			"  caller-ID code *31# stripped: 1795102116812345 [plans/cn.yaml]",
			"but that has 11 digits, not 16",
			"    carrier prefix 179XX (IP telephony",
			"      trunk prefix 0 stripped: 2116812345",
			"        area code 21 (Shanghai); what follows it is looked up again: 16812345 [plans/cn.yaml]",
			`        form area: 16812345 begins with 168, "Information lines": premium [plans/cn.yaml]`,
			"      so this reading is possible: premium, at risk: premium_behind_area",
			"result: premium, at risk: premium_behind_area, premium_behind_carrier, caller_id_code, sent to the trunk as *31#",
		}},
		{cn, "010016812345", []string{"is no subscriber of area 10", "read again as if it stood alone, for a premium number stays one: 016812345", "result: premium"}},
		{cn, "962345678", []string{"62345678 is a subscriber of area 10 (Beijing): the home area, so local [plans/cn.yaml]", "result: local"}},
		{cn, "902612345678", []string{"no area of the plan is in front of 2612345678", "result: invalid"}},
		{cn, "90018765551234", []string{"international prefix 00 stripped: 18765551234", `abroad: 18765551234 begins with 1876, "Jamaica": international, at risk: caribbean [plans/cn.yaml]`}},
		{cn, "90085221234567", []string{"abroad: the plan lists nothing that 85221234567 begins with; the phonenumbers library: international"}},
		{cn, "+861062345678", []string{"own country code 86 stripped: 1062345678", "result: local, at risk: own_country_code"}},
		{us, "918895551234", []string{"no area of the plan is in front of 8895551234", "the phonenumbers library: +18895551234 is unknown", "result: unknown, sent to the trunk as 18895551234"}},
		{us, "914165551234", []string{`abroad: 14165551234 begins with 1416, "Canada": international [plans/us.yaml]`}},
		{us, "9005551234", []string{"as dialled: 9005551234", `begins with 900, "Pay-per-call services (900), ten digits": premium [plans/us.yaml]`, "result: premium"}},
	} {
		callee, steps := tt.c.Explain(tt.dialled)
		if plain := tt.c.Classify(tt.dialled); !reflect.DeepEqual(callee, plain) {
			t.Errorf("%q: explained %+v, classified %+v", tt.dialled, callee, plain)
		}
		rest := told(steps)
		for _, line := range tt.want {
			_, after, ok := strings.Cut(rest, line)
			if !ok {
				t.Errorf("%q: no %q, in this order, in\n%s", tt.dialled, line, told(steps))
				break
			}
			rest = after
		}
	}
}

// TestExplainWhole is the whole of one explanation, with its levels.
func TestExplainWhole(t *testing.T) {
	_, steps := at(t, china(t), beijing, staff()).Explain("9*6795588")
	want := `a dial string: 9 signs of 0-9, *, # and +
no emergency number: not exactly one of 110, 112, 119, 120, 122, and not one of them behind the outside line 9 [plans/cn.yaml]
no extension and no short number of the directory
as dialled: 9*6795588
so this reading is not possible
outside line 9 stripped: *6795588
  caller-ID code *67 stripped: 95588 [plans/cn.yaml]
    as dialled: 95588
      form bare: 95588 begins with 95, "Banks, insurers, airlines, parcels": service [plans/cn.yaml]
    so this reading is possible: service
    outside line 9 stripped: 5588
      form bare: the plan lists nothing that 5588 begins with
      5588 is no subscriber of area 10 (Beijing): wanted are 8 digits that do not begin like a short number [plans/cn.yaml]
    so this reading is not possible
  so this reading is possible: service, at risk: caller_id_code
so this reading is possible: service, at risk: caller_id_code
result: service, at risk: caller_id_code, sent to the trunk as *6795588
`
	if got := told(steps); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestExplainAmbiguous: both readings are shown, and which class counts.
func TestExplainAmbiguous(t *testing.T) {
	c := at(t, china(t), numbering.Home{Area: "010", OutsideLine: "0"}, nil)
	_, steps := c.Explain("0037161234567")
	want := "both readings are possible, international as dialled and national without the outside line: the costlier class counts, international"
	if got := told(steps); !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}

// TestExplainChangesNothing: what explains reads as what classifies, whatever is dialled, and comes back to its level.
func TestExplainChangesNothing(t *testing.T) {
	for _, s := range shippedSites {
		_, c, _ := s.classifiers(t)
		for _, number := range s.premium {
			for _, dialled := range []string{number, s.outside + s.codes[0] + s.carriers[0] + number, s.abroad[1] + s.area + number, s.area + s.area} {
				callee, steps := c.Explain(dialled)
				if plain := c.Classify(dialled); !reflect.DeepEqual(callee, plain) {
					t.Errorf("%q: explained %+v, classified %+v", dialled, callee, plain)
				}
				if last := steps[len(steps)-1]; last.Level != 0 || !strings.HasPrefix(last.Text, "result: "+string(callee.Class)) {
					t.Errorf("%q: ends with %+v", dialled, last)
				}
				for i, step := range steps {
					if i > 0 && step.Level > steps[i-1].Level+1 || step.Level < 0 {
						t.Errorf("%q: step %d jumps to level %d:\n%s", dialled, i, step.Level, told(steps))
					}
				}
			}
		}
	}
}

// Whatever is no number has a reason, also where nothing in the plan comes near it.
func TestWhyInvalid(t *testing.T) {
	cn := at(t, china(t), beijing, staff())
	for dialled, want := range map[string]string{
		"62345678": "", "9*57": "no telephone number has * or # in it", "13": "but that has 11 digits, not 2", "": "no dial string",
	} {
		if got := cn.WhyInvalid(dialled); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, wanted %q", dialled, got, want)
		}
	}
}
