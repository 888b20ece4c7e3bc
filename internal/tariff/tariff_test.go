package tariff

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/hours"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

const hoursFile = `schedules: {office: {every_day: ["08:00-18:00"]}}`

func read(t testing.TB, src string) (*Rates, error) {
	t.Helper()
	tree, bad := yamlfile.Parse("data/hours.yaml", []byte(hoursFile))
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	h, err := hours.Read("data/hours.yaml", tree)
	if err != nil {
		t.Fatal(err)
	}
	tree, bad = yamlfile.Parse("data/rates.yaml", []byte(src))
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	return Read("data/rates.yaml", tree, h)
}

const rates = `
currency: CNY
rounding: half_even
rates:
  - {prefix: "+86", increment: 60, price: 1}
  - {prefix: "+8621", increment: 60, price: 2}
  - {prefix: "+8621", increment: 60, price: 3, from: 2026-06-01}
  - {prefix: "+862199", increment: 60, price: 4, from: 2030-01-01}
  - {prefix: "95588", increment: 60, price: 5}
  - {list: partners, increment: 60, price: 6}
  - {classes: [mobile, satellite], increment: 6, price: 0.7, off_peak: 0.35, peak: office, connection_fee: "0.000001", minimum: 20}
  - {classes: [local], minimum: 180, minimum_price: 22, increment: 60, price: 11}
  - {classes: [international], increment: 1, price: 9, from: 2026-11-24}
`

var (
	shanghai = time.FixedZone("Asia/Shanghai", 8*3600)
	noon     = time.Date(2026, 11, 23, 12, 0, 30, 0, shanghai)
)

func number(e164 string, class call.Class) call.Number {
	return call.Number{E164: e164, Digits: strings.TrimPrefix(e164, "+"), Class: class}
}

func TestWhichRateCounts(t *testing.T) {
	r, err := read(t, rates)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		number call.Number
		lists  []string
		at     time.Time
		want   string // price@offset from the decision …, or unknown
	}{
		"a short prefix":                   {number("+861012345678", call.Mobile), []string{"partners"}, noon, "1@0"},
		"the longest prefix, the newest":   {number("+862112345678", call.National), nil, noon, "3@0"},
		"before the newest has begun":      {number("+862112345678", call.National), nil, time.Date(2026, 5, 31, 22, 0, 0, 0, shanghai), "2@0"},
		"it begins within the hour":        {number("+862112345678", call.National), nil, time.Date(2026, 5, 31, 23, 30, 0, 0, shanghai), "2@0 3@1800"},
		"a longer prefix has not begun":    {number("+862199345678", call.National), nil, noon, "3@0"},
		"a short code":                     {call.Number{Digits: "95588", Class: call.Service}, nil, noon, "5@0"},
		"a list, not the class":            {number("+85212345678", call.Mobile), []string{"others", "partners"}, noon, "6@0"},
		"a class, at peak":                 {number("+85212345678", call.Mobile), nil, noon, "0.7@0"},
		"a class, off peak":                {number("+85212345678", call.Satellite), nil, noon.Add(7 * time.Hour), "0.35@0"},
		"peak ends within the hour":        {number("+85212345678", call.Mobile), nil, noon.Add(5*time.Hour + 30*time.Minute), "0.7@0 0.35@1770"},
		"not known":                        {number("+85212345678", call.International), nil, noon, "unknown"},
		"known from tomorrow, just before": {number("+85212345678", call.International), nil, time.Date(2026, 11, 23, 23, 59, 59, 0, shanghai), "unknown"},
		"known from today":                 {number("+85212345678", call.International), nil, noon.AddDate(0, 0, 1), "9@0"},
		"no rate is needed":                {number("+8008101234", call.TollFree), nil, noon, ""},
		"inside":                           {call.Number{Digits: "955881", Class: call.Internal}, nil, noon, ""},
	} {
		terms, known := r.Terms(test.number, test.lists, test.at)
		var parts []string
		for _, s := range terms.Steps {
			parts = append(parts, fmt.Sprintf("%s@%d", s.Price.Each, s.From-test.at.Unix()))
		}
		got := strings.Join(parts, " ")
		if !known {
			got = "unknown"
		}
		if got != test.want || terms.Rounding != call.RoundHalfEven {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestPricesOfAnEntry(t *testing.T) {
	r, err := read(t, rates)
	if err != nil {
		t.Fatal(err)
	}
	mobile, _ := r.Terms(number("+85212345678", call.Mobile), nil, noon)
	if got, want := mobile.Steps[0].Price, (call.Price{Fee: 1, First: 20, Initial: 4 * 700_000, Increment: 6, Each: 700_000}); got != want {
		t.Errorf("mobile is %+v, want %+v", got, want)
	}
	local, _ := r.Terms(number("+85212345678", call.Local), nil, noon)
	for seconds, want := range map[int64]int64{1: 22, 180: 22, 181: 33, 240: 33, 241: 44} {
		if got := local.Cost(noon, seconds); got != want {
			t.Errorf("%d s cost %d, want %d", seconds, got, want)
		}
	}
	if r.Currency != "CNY" || r.At.Line != 2 || r.Empty() {
		t.Errorf("the currency is %s of line %d", r.Currency, r.At.Line)
	}
	if all, some := r.Knows(call.International, "2026-11-23"); all || !some {
		t.Error("international is known too early, or nothing of it")
	}
	if all, _ := r.Knows(call.Mobile, "2026-11-23"); !all {
		t.Error("mobile is not known")
	}
}

// TestDaylightSaving: peak time is by the clock on the wall, also where that is set back during the hour.
func TestDaylightSaving(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	tree, _ := yamlfile.Parse("h", []byte(`schedules: {night: {every_day: ["01:30-02:00"]}}`))
	h, err := hours.Read("h", tree)
	if err != nil {
		t.Fatal(err)
	}
	tree, _ = yamlfile.Parse("r", []byte(`{currency: GBP, rates: [{increment: 60, price: 2, off_peak: 1, peak: night}]}`))
	r, err := Read("r", tree, h)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 10, 25, 0, 45, 0, 0, time.UTC).In(london) // 01:45, and at 01:00 UTC it is 01:00 again
	terms, _ := r.Terms(number("+442071234567", call.National), nil, at)
	var got []string
	for _, s := range terms.Steps {
		got = append(got, fmt.Sprintf("%s %s", time.Unix(s.From, 0).In(london).Format("15:04"), s.Price.Each))
	}
	if want := "01:45 2,01:00 1,01:30 2"; strings.Join(got, ",") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestNoMidnight: a rate begins at 01:00 where the clock is set ahead at midnight.
func TestNoMidnight(t *testing.T) {
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	r, err := read(t, "{currency: CLP, rates: [{increment: 60, price: 1}, {increment: 60, price: 2, from: 2026-09-06}]}")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 9, 5, 23, 30, 0, 0, santiago)
	terms, _ := r.Terms(number("+56221234567", call.National), nil, at)
	if len(terms.Steps) != 2 || terms.Steps[1].From != at.Unix()+1800 || terms.Cost(at.Add(time.Hour), 60) != 2 {
		t.Errorf("got %+v", terms)
	}
}

func TestFaultsOfRates(t *testing.T) {
	for src, want := range map[string]string{
		`{price: 1.1234567, increment: 60}`:                                                                  `2:4: "1.1234567": want minor units`,
		`{price: -1, increment: 60}`:                                                                         `2:4: "-1": want minor units`,
		`{price: 1e3, increment: 60}`:                                                                        `2:4: "1e3": want minor units`,
		`{price: "01", increment: 60}`:                                                                       `"01": want minor units`,
		`{price: 10000000000, increment: 60}`:                                                                `want minor units`,
		`{price: , increment: 60}`:                                                                           `2:4: "": want minor units`,
		`{price: 1, increment: 60, connection_fee: ""}`:                                                      `"": want minor units`,
		`{price: 1, increment: 60, off_peak: null, peak: office}`:                                            `2:29: "": want minor units`,
		`{price: 1, increment: 60, prefix: "8621x"}`:                                                         `the beginning of a short code`,
		`{price: 1, increment: 60, prefix: "+86", classes: [mobile]}`:                                        `a rate has one of them`,
		`{price: 1, increment: 60, off_peak: 1}`:                                                             `off_peak and peak belong together`,
		`{price: 1, increment: 60, peak: office}`:                                                            `off_peak and peak belong together`,
		`{price: 1, increment: 60, minimum_price: 1}`:                                                        `say in minimum`,
		`{price: 1, increment: 60, from: 2026-02-30}`:                                                        `"2026-02-30" is no day`,
		"{price: 1, increment: 60}\n- {price: 1, increment: 60}":                                             `3:3: the rate for all other numbers is given twice with the same beginning: entry 1`,
		"{price: 1, increment: 60, classes: [local]}\n- {price: 1, increment: 60, classes: [mobile, local]}": `the rate for the class local is given twice`,
	} {
		_, err := read(t, "rates:\n- "+src+"\ncurrency: CNY\n")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", src, err, want)
		}
	}
}

func allowancesOf(t *testing.T, src string) (*Allowances, error) {
	t.Helper()
	tree, bad := yamlfile.Parse("data/allowances.yaml", []byte(src))
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	return ReadAllowances("data/allowances.yaml", tree)
}

func TestWhichAllowancesPay(t *testing.T) {
	all, err := allowancesOf(t, `
alert_at: [100, 80]
allowances:
  a_phone: {scope: extension, amount_minor: 1}
  b_sales: {scope: department, of: [sales, works], amount_minor: 2, carry_over: year, since: "2026-03"}
  c_person: {scope: holder, amount_minor: 3, overrun: charge}
  d_grade: {scope: grade, of: [supervisor], amount_minor: 4, classes: [mobile]}
  e_later: {scope: extension, amount_minor: 5, since: "2026-12"}
  f_year: {scope: extension, of: ["102"], amount_minor: 6, carry_over: year, since: 2025-07}
`)
	if err != nil {
		t.Fatal(err)
	}
	li := call.Payer{Extension: "101", Holder: "Li", Department: "sales", Grade: "supervisor"}
	for name, test := range map[string]struct {
		payer call.Payer
		class call.Class
		day   string
		want  string
	}{
		"all":                {li, call.Mobile, "2026-11-23", "a_phone 101 2026-11 refuse, b_sales sales 2026-03 refuse, c_person Li 2026-11 charge, d_grade 101 2026-11 refuse"},
		"another class":      {li, call.National, "2026-11-23", "a_phone 101 2026-11 refuse, b_sales sales 2026-03 refuse, c_person Li 2026-11 charge"},
		"nobody":             {call.Payer{Extension: "102"}, call.Mobile, "2026-11-23", "a_phone 102 2026-11 refuse, f_year 102 2026-01 refuse"},
		"before it begins":   {li, call.National, "2026-02-28", "a_phone 101 2026-02 refuse, c_person Li 2026-02 charge"},
		"a new year":         {li, call.National, "2027-01-01", "a_phone 101 2027-01 refuse, b_sales sales 2027-01 refuse, c_person Li 2027-01 charge, e_later 101 2027-01 refuse"},
		"the year it begins": {call.Payer{Extension: "102"}, call.Mobile, "2025-08-01", "a_phone 102 2025-08 refuse, f_year 102 2025-07 refuse"},
		"an emergency":       {li, call.Emergency, "2026-11-23", ""},
		"inside":             {li, call.Internal, "2026-11-23", ""},
		"no day":             {li, call.Mobile, "", ""},
	} {
		var got []string
		for _, a := range all.Paying(test.payer, test.class, test.day) {
			got = append(got, fmt.Sprintf("%s %s %s %s", a.ID, a.Name, a.Since, a.Overrun))
			if fmt.Sprint(a.AlertAt) != "[80 100]" {
				t.Errorf("alerts at %v", a.AlertAt)
			}
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	for src, want := range map[string]string{"": "[80 100]", "alert_at: []\n": "[]"} {
		other, err := allowancesOf(t, src+"allowances: {x: {scope: extension, amount_minor: 1}}")
		if err != nil || fmt.Sprint(other.Paying(li, call.Mobile, "2026-11-23")[0].AlertAt) != want {
			t.Errorf("%q: alerts at %v, %v", src, other.Paying(li, call.Mobile, "2026-11-23"), err)
		}
	}
	if !all.Refuses(call.National) || all.Refuses(call.Internal) {
		t.Error("what refuses is not known")
	}
}

func TestFaultsOfAllowances(t *testing.T) {
	for src, want := range map[string]string{
		`{scope: holder, amount_minor: 1, carry_over: year}`:                     `carry_over: year needs since`,
		`{scope: holder, amount_minor: 1, since: "2026-13"}`:                     `"2026-13" is no month`,
		"{scope: holder, amount_minor: 1}\nmin_seconds: 61\nlongest_seconds: 60": `61 is more than longest_seconds, 60`,
	} {
		_, err := allowancesOf(t, "allowances:\n  x: "+src)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", src, err, want)
		}
	}
}
