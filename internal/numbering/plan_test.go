package numbering_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dialwarden/dialwarden/internal/numbering"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// small is a plan without a mistake; the tests below change one line of it.
const small = `name: Small
country_code: "86"
regions: ["CN"]
international_prefixes: ["00"]
trunk_prefix: "0"
area_prefix: "0"
emergency: ["110", "119"]
caller_id_codes: ["*31#"]
carrier_prefixes:
  - {prefix: "179XX", name: IP}
numbers:
  - {name: Lines, class: premium, prefixes: ["168"], any_length: true, forms: [bare, trunk, area, country]}
  - {name: Hotlines, class: service, prefixes: ["96"], lengths: [5, 6], forms: [bare, area]}
subscribers:
  bare: ["2-8"]
  behind_area: ["2-8"]
areas:
  - {code: "10", name: Beijing, lengths: [8]}
  - {code: "310", name: "Handan, Hebei", lengths: [7]}
abroad:
  - {name: Premium, class: premium, prefixes: ["1900"]}
`

func load(text string) (*numbering.Plan, error) {
	return numbering.Load(fstest.MapFS{"plans/small.yaml": {Data: []byte(text)}}, "small")
}

func TestSmallPlan(t *testing.T) {
	p, err := load(small)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Emergency(); !slices.Equal(got, []string{"110", "119"}) {
		t.Errorf("Emergency is %q", got)
	}
	p.Emergency()[0] = "999"
	if p.Emergency()[0] != "110" {
		t.Error("a caller of Emergency can change the plan")
	}
	c := at(t, p, beijing, nil)
	check(t, c, "62345678", "local")
	check(t, c, "96168", "service")
	check(t, c, "13800138000", "invalid")
}

// TestEmergencyIsNoSubscriber: the exchange connects 110 after three digits, whatever subscribers' numbers begin with.
func TestEmergencyIsNoSubscriber(t *testing.T) {
	p, err := load(strings.ReplaceAll(small, `["2-8"]`, `["1-8"]`))
	if err != nil {
		t.Fatal(err)
	}
	c := at(t, p, beijing, nil)
	for _, dialled := range []string{"11012345", "911012345", "01011012345", "+861011912345"} {
		check(t, c, dialled, "invalid")
	}
	check(t, c, "11112345", "local")
}

// TestBadPlan changes a plan and wants the mistake by file, line and words.
func TestBadPlan(t *testing.T) {
	tests := map[string]struct {
		old, new string // in small
		line     int    // of the message; 0 where the whole file is meant
		want     string
	}{
		"unknown field":        {"trunk_prefix:", "trunk_prefx:", 5, `did you mean "trunk_prefix"?`},
		"unknown field inside": {"any_length: true", "any_lengh: true", 12, `did you mean "any_length"?`},
		"wrong type":           {`emergency: ["110", "119"]`, `emergency: yes`, 7, "wanted is a list"},
		"wrong type inside":    {"lengths: [5, 6]", "lengths: [five]", 13, "wanted is a whole number"},
		"key twice":            {"regions: [\"CN\"]", "name: Again", 3, "name"},
		"no quotes":            {`country_code: "86"`, `country_code: 86`, 2, "quotes"},
		"octal emergency":      {`["110", "119"]`, `["110", 0112]`, 7, "quotes"},
		"octal area":           {`code: "10"`, `code: 010`, 18, "quotes"},
		"no country code":      {`country_code: "86"`, ``, 0, "country_code is missing"},
		"no such country code": {`country_code: "86"`, `country_code: "999"`, 2, `no country code "999"`},
		"country code +":       {`country_code: "86"`, `country_code: "+86"`, 2, "digits"},
		"region of another":    {`regions: ["CN"]`, `regions: ["CN", "HK"]`, 3, `"HK" is no region of country code 86`},
		"no regions":           {`regions: ["CN"]`, ``, 0, "regions is missing"},
		"no international":     {`international_prefixes: ["00"]`, ``, 0, "international_prefixes is missing"},
		"empty international":  {`["00"]`, `["00", ""]`, 4, "international_prefixes is missing or empty"},
		"twice international":  {`["00"]`, `["00", "00"]`, 4, "twice"},
		"trunk like it":        {`trunk_prefix: "0"`, `trunk_prefix: "00"`, 5, "international prefix too"},
		"trunk no digits":      {`trunk_prefix: "0"`, `trunk_prefix: "*"`, 5, "digits"},
		"area prefix":          {`area_prefix: "0"`, `area_prefix: "1"`, 6, "trunk prefix"},
		"no emergency":         {`emergency: ["110", "119"]`, ``, 0, "emergency is missing"},
		"empty emergency":      {`["110", "119"]`, `[]`, 0, "emergency is missing"},
		"emergency no digits":  {`["110", "119"]`, `["110", "11#"]`, 7, `"11#"`},
		"emergency twice":      {`["110", "119"]`, `["110", "110"]`, 7, "twice"},
		"code with +":          {`["*31#"]`, `["+31"]`, 8, "0-9, * and #"},
		"code twice":           {`["*31#"]`, `["*31#", "*31#"]`, 8, "twice"},
		"carrier pattern":      {`"179XX"`, `"XX179"`, 10, "carrier prefix"},
		"carrier missing":      {`{prefix: "179XX", name: IP}`, `{name: IP}`, 10, "carrier prefix"},
		"class unknown word":   {"class: service", "class: hotline", 13, `class "hotline"`},
		"class emergency":      {"class: service", "class: emergency", 13, `class "emergency"`},
		"class missing":        {"class: service, ", "", 13, `class ""`},
		"no prefixes":          {`prefixes: ["96"]`, `prefixes: []`, 13, "prefixes is missing"},
		"prefix letters":       {`["96"]`, `["9a"]`, 13, `"9a" is no prefix`},
		"prefix empty":         {`["96"]`, `[""]`, 13, "empty"},
		"range backwards":      {`["96"]`, `["97-96"]`, 13, "is no range"},
		"range uneven":         {`["96"]`, `["96-100"]`, 13, "is no range"},
		"range too wide":       {`["96"]`, `["1000-9999"]`, 13, "more than 1000"},
		"pattern too wide":     {`["96"]`, `["9XXXX"]`, 13, "more than 1000"},
		"no lengths":           {"lengths: [5, 6], ", "", 13, "either lengths"},
		"both lengths":         {"any_length: true", "any_length: true, lengths: [8]", 12, "either lengths"},
		"any length, service":  {"lengths: [5, 6]", "any_length: true", 13, "for class premium only"},
		"length 0":             {"[5, 6]", "[0]", 13, "length 0"},
		"length 33":            {"[5, 6]", "[33]", 13, "length 33"},
		"length twice":         {"[5, 6]", "[5, 5]", 13, "twice"},
		"length of the prefix": {"[5, 6]", "[1]", 13, "longer than one of its lengths"},
		"no forms":             {"forms: [bare, area]", "forms: []", 13, "forms is missing"},
		"form word":            {"forms: [bare, area]", "forms: [bear]", 13, `form "bear"`},
		"form twice":           {"forms: [bare, area]", "forms: [bare, bare]", 13, "twice"},
		"form without trunk":   {"trunk_prefix: \"0\"\narea_prefix: \"0\"\n", "", 10, "no trunk_prefix"},
		"overlap": {"subscribers:", `  - {name: Again, class: mobile, prefixes: ["168"], lengths: [11], forms: [trunk]}
subscribers:`, 14, `"168" in the form trunk says again what line 12 says`},
		"overlap, lengths":   {`["96"]`, `["96", "95-97"]`, 13, `"96" in the form bare says again what line 13 says`},
		"hides an area":      {`prefixes: ["96"], lengths: [5, 6], forms: [bare, area]`, `prefixes: ["31"], lengths: [10], forms: [trunk]`, 13, `hides numbers of area "310", line 19`},
		"risk word":          {"lengths: [5, 6]", "risk: [Very Bad], lengths: [5, 6]", 13, "risk"},
		"no bare":            {`  bare: ["2-8"]`, ``, 0, "bare is missing"},
		"no behind_area":     {`  behind_area: ["2-8"]`, ``, 0, "behind_area is missing"},
		"bare letters":       {`bare: ["2-8"]`, `bare: ["a"]`, 15, `"a" is no prefix`},
		"area no digits":     {`code: "310"`, `code: "3x0"`, 19, "digits"},
		"area missing code":  {`code: "310", `, ``, 19, "code is missing"},
		"area with trunk":    {`code: "310"`, `code: "0310"`, 19, "write it without"},
		"area twice":         {`code: "310"`, `code: "10"`, 19, "twice"},
		"area in another":    {`code: "310"`, `code: "105"`, 19, `begins with area "10"`},
		"area no name":       {`name: "Handan, Hebei", `, ``, 19, "has no name"},
		"area no lengths":    {", lengths: [7]", "", 19, "has no lengths"},
		"area length 1":      {"[7]", "[1]", 19, "length 1"},
		"area place twice":   {`name: "Handan, Hebei"`, `name: Handan, places: [Beijing]`, 19, `place of area "10" already`},
		"area and areas":     {`code: "310"`, `code: "310", codes: ["311"]`, 19, "either code"},
		"areas range":        {`code: "310"`, `codes: ["315-310"]`, 19, "is no range"},
		"areas sign":         {`code: "310"`, `codes: ["31#"]`, 19, "digits"},
		"areas with places":  {`code: "310"`, `codes: ["310"], places: [Handan]`, 19, "one code"},
		"area region":        {`code: "310"`, `code: "310", region: "HK"`, 19, `region "HK": wanted is one of this plan's regions: CN`},
		"within nothing":     {`code: "310"`, `code: "310", within: "31"`, 19, `no area "31"`},
		"within another":     {`code: "310"`, `code: "310", within: "10"`, 19, `does not begin with "10"`},
		"within not said":    {`code: "310"`, `codes: ["310", "10-12"]`, 19, "twice"},
		"nested, a way out":  {`code: "310"`, `code: "105"`, 19, `unless the plan says within: "10"`},
		"number region":      {"lengths: [5, 6]", `lengths: [5, 6], region: "US"`, 13, `region "US"`},
		"abroad length":      {`["1900"]`, `["1900"], lengths: [40]`, 21, "length 40"},
		"abroad at home":     {`["1900"]`, `["8610"]`, 21, "this plan's country code"},
		"abroad no code":     {`["1900"]`, `["0019"]`, 21, "begins with no country code"},
		"abroad twice":       {`["1900"]`, `["1900", "1900"]`, 21, "says again"},
		"abroad class":       {"class: premium, prefixes: [\"1900\"]", "class: mobile, prefixes: [\"1900\"]", 21, `class "mobile"`},
		"abroad region":      {`["1900"]`, `["1900"], region: "us"`, 21, `region "us"`},
		"abroad no prefixes": {`prefixes: ["1900"]`, `risk: [irsf]`, 21, "prefixes is missing"},
		"syntax":             {`"119"]`, `"119"`, 7, "a comma is missing here, or the ] of a list"},
		"two documents":      {"name: Small", "name: Small\n---\nname: B", 3, "more than one"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(small, tt.old) {
				t.Fatalf("the plan has no %q", tt.old)
			}
			text := strings.Replace(small, tt.old, tt.new, 1)
			_, err := load(text)
			var ye *yamlfile.Error
			if !errors.As(err, &ye) {
				t.Fatalf("got %v, want a *yamlfile.Error", err)
			}
			t.Log(err)
			prefix := "plans/small.yaml: "
			if tt.line > 0 {
				prefix = fmt.Sprintf("plans/small.yaml:%d:", tt.line)
			}
			if !strings.HasPrefix(err.Error(), prefix) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want %s…%s", err, prefix, tt.want)
			}
		})
	}
}

func TestLoadNoSuchPlan(t *testing.T) {
	for _, name := range []string{"xx", "", "../plans/small", "/etc/passwd"} {
		_, err := numbering.Load(fstest.MapFS{"plans/small.yaml": {Data: []byte(small)}}, name)
		if err == nil || !strings.Contains(err.Error(), "plans here: small") {
			t.Errorf("%q: got %v", name, err)
		}
	}
	if _, err := numbering.Load(fstest.MapFS{}, "cn"); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("got %v", err)
	}
	if _, err := load(""); err == nil {
		t.Error("an empty plan was accepted")
	}
}

// TestNestedAreas: both codes are in use; the longer one counts.
func TestNestedAreas(t *testing.T) {
	p, err := load(strings.Replace(small, "areas:\n", "areas:\n  - {codes: [\"105-106\"], name: Nested, lengths: [7], within: \"10\"}\n", 1))
	if err != nil {
		t.Fatal(err)
	}
	c := at(t, p, beijing, nil)
	check(t, c, "01062345678", "national 01062345678 +861062345678 CN 0106")
	check(t, c, "0106234567", "invalid")
	check(t, c, "01072345678", "local 01072345678 +861072345678 CN 010")
}

// TestColumns: a mistake is shown at the field, not at the entry that it stands in.
func TestColumns(t *testing.T) {
	for old, column := range map[string]string{"class: service": ":29: class", "forms: [bare, area]": ":81: form", "lengths: [5, 6]": ":66: length"} {
		wrong := map[string]string{"class: service": "class: hotline", "forms: [bare, area]": "forms: [bear]", "lengths: [5, 6]": "lengths: [0]"}[old]
		_, err := load(strings.Replace(small, old, wrong, 1))
		if err == nil || !strings.Contains(err.Error(), "plans/small.yaml:13"+column) {
			t.Errorf("%s: got %v, want it at 13%s", wrong, err, column)
		}
	}
}

// TestWildcards: a prefix with fewer X counts before one with more, whichever stands first.
func TestWildcards(t *testing.T) {
	for _, prefixes := range []string{`["1XXX976"]}
  - {name: B, class: international, prefixes: ["1416976"], risk: [exact]}`, `["1416976"], risk: [exact]}
  - {name: B, class: premium, prefixes: ["1XXX976"]}`} {
		text := strings.Replace(small, `class: premium, prefixes: ["1900"]}`, "class: premium, prefixes: "+prefixes, 1)
		if strings.HasPrefix(prefixes, `["1416976"]`) {
			text = strings.Replace(text, "name: Premium, class: premium", "name: Premium, class: international", 1)
		}
		p, err := load(text)
		if err != nil {
			t.Fatal(err)
		}
		c := at(t, p, beijing, nil)
		check(t, c, "0014169761234", "international 0014169761234 +14169761234 CA - - exact")
		check(t, c, "0012129761234", "premium")
	}
}

// TestLeastPlan: four fields make a plan; the library does the rest.
func TestLeastPlan(t *testing.T) {
	p, err := load(`{country_code: "33", regions: ["FR"], international_prefixes: ["00"], trunk_prefix: "0", area_prefix: "0", emergency: ["15", "17", "18", "112"]}`)
	if err != nil {
		t.Fatal(err)
	}
	c := at(t, p, numbering.Home{OutsideLine: "0"}, nil)
	check(t, c, "015", "emergency 15")
	check(t, c, "00142685300", "national 0142685300 +33142685300 FR")
	check(t, c, "00612345678", "mobile 0612345678")
	check(t, c, "00899123456", "premium 0899123456")
	check(t, c, "0000442079460958", "international")
}
