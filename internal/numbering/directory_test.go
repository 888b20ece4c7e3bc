package numbering_test

import (
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/numbering"
)

func staff() call.Directory {
	return call.Directory{
		"101":  {Holder: "Li Wei", Department: "Sales", Mobile: "13800138000", ShortNumber: "6101"},
		"102":  {Holder: "Wang Fang", Department: "Stores", Mobile: "+8613912345678"},
		"103":  {Holder: "Wang Fang", Department: "Stores", Mobile: "013912345678", ShortNumber: "6102"},
		"104":  {Holder: "Wang Fang", ShortNumber: "6102"},
		"114":  {Holder: "Operator", ShortNumber: "114"},
		"*55":  {Holder: "Doorman", Mobile: "0085291234567"},
		"1001": {},
	}
}

func TestColleagues(t *testing.T) {
	c := at(t, china(t), beijing, staff())
	for _, tt := range []struct{ dialled, want, extension, holder, department string }{
		{"101", "internal 101 - - - - -", "101", "Li Wei", "Sales"},
		{"6101", "internal 101 - - - - -", "101", "Li Wei", "Sales"},
		{"6102", "internal 103", "103", "Wang Fang", "Stores"}, // the lower of two extensions of one holder
		{"*55", "internal *55", "*55", "Doorman", ""},
		{"1001", "internal 1001", "1001", "", ""},
		{"114", "internal 114", "114", "Operator", ""},
		{"9114", "service 114", "", "", ""},
		{"9101", "invalid 9101", "", "", ""},
		{"96101", "service 96101", "", "", ""}, // not the short number behind the outside line
		{"1010", "invalid", "", "", ""},
		{"10", "invalid", "", "", ""},
		{"13800138000", "mobile 13800138000 +8613800138000 CN 010 - -", "101", "Li Wei", "Sales"},
		{"913800138000", "mobile 13800138000", "101", "Li Wei", "Sales"},
		{"9013800138000", "mobile 013800138000", "101", "Li Wei", "Sales"},
		{"17951013800138000", "mobile 17951013800138000", "101", "Li Wei", "Sales"},
		{"*31#13800138000", "mobile *31#13800138000", "101", "Li Wei", "Sales"},
		{"+8613800138000", "mobile +8613800138000", "101", "Li Wei", "Sales"},
		{"008613800138000", "mobile 008613800138000", "101", "Li Wei", "Sales"},
		{"13912345678", "mobile", "102", "Wang Fang", "Stores"},
		{"+85291234567", "international +85291234567", "*55", "Doorman", ""},
		{"13800138001", "mobile", "", "", ""},
		{"110", "emergency", "", "", ""},
	} {
		check(t, c, tt.dialled, tt.want)
		n := c.Classify(tt.dialled)
		if n.Extension != tt.extension || n.Holder != tt.holder || n.Department != tt.department {
			t.Errorf("%s: colleague is %q %q %q, want %q %q %q", tt.dialled,
				n.Extension, n.Holder, n.Department, tt.extension, tt.holder, tt.department)
		}
	}
}

func TestBadSite(t *testing.T) {
	p := china(t)
	tests := map[string]struct {
		home numbering.Home
		dir  call.Directory
		want []string
	}{
		"no such area":          {numbering.Home{Area: "099"}, nil, []string{`"099"`, `such as "010"`}},
		"area given up":         {numbering.Home{Area: "0852"}, nil, []string{`"0852"`}},
		"no area":               {numbering.Home{}, nil, []string{`area ""`}},
		"area with a dash":      {numbering.Home{Area: "010-"}, nil, []string{`"010-"`}},
		"outside line letters":  {numbering.Home{Area: "010", OutsideLine: "9w"}, nil, []string{`outside line "9w"`}},
		"outside line plus":     {numbering.Home{Area: "010", OutsideLine: "+"}, nil, []string{"outside line"}},
		"extension emergency":   {beijing, call.Directory{"110": {}}, []string{`extension "110"`, "emergency number 110"}},
		"extension 122":         {beijing, call.Directory{"122": {}}, []string{`extension "122"`}},
		"extension 9110":        {beijing, call.Directory{"9110": {}}, []string{`extension "9110"`, "emergency number 110"}},
		"short emergency":       {beijing, call.Directory{"101": {ShortNumber: "119"}}, []string{`extension "101"`, `"119"`, "emergency"}},
		"short 9119":            {beijing, call.Directory{"101": {ShortNumber: "9119"}}, []string{`"9119"`, "emergency number 119"}},
		"extension letters":     {beijing, call.Directory{"10a": {}}, []string{`extension "10a"`, "0-9"}},
		"extension empty":       {beijing, call.Directory{"": {}}, []string{`extension ""`}},
		"extension plus":        {beijing, call.Directory{"+101": {}}, []string{`extension "+101"`}},
		"short letters":         {beijing, call.Directory{"101": {ShortNumber: "6&1"}}, []string{`"6&1"`}},
		"short of two":          {beijing, call.Directory{"101": {Holder: "A", ShortNumber: "61"}, "102": {Holder: "B", ShortNumber: "61"}}, []string{`"101" (A)`, `"102"`, `"61"`}},
		"short of two nameless": {beijing, call.Directory{"101": {ShortNumber: "61"}, "102": {ShortNumber: "61"}}, []string{`"61"`}},
		"short is extension":    {beijing, call.Directory{"101": {ShortNumber: "102"}, "102": {}}, []string{`"102" is an extension`}},
		"mobile impossible":     {beijing, call.Directory{"101": {Mobile: "1380013800"}}, []string{`extension "101"`, `mobile "1380013800"`, `plan "cn"`}},
		"mobile letters":        {beijing, call.Directory{"101": {Mobile: "138 0013 8000"}}, []string{"mobile"}},
		"mobile internal":       {beijing, call.Directory{"101": {Mobile: "102"}, "102": {}}, []string{"class internal"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := p.Classifier(tt.home, tt.dir)
			if err == nil {
				t.Fatal("accepted")
			}
			t.Log(err)
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %s in it", err, want)
				}
			}
		})
	}
	// The same extension is allowed where nothing is dialled in front.
	if _, err := p.Classifier(numbering.Home{Area: "010"}, call.Directory{"9110": {}}); err != nil {
		t.Error(err)
	}
}

// TestRiskIsACopy: what a caller does with the risks of one number does not reach the plan.
func TestRiskIsACopy(t *testing.T) {
	c := at(t, china(t), beijing, nil)
	n := c.Classify("0018765551234")
	n.Risk[0] = "changed"
	check(t, c, "0018765551234", "international 0018765551234 +18765551234 JM - - caribbean")
}
