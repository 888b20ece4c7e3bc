package lists

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

const site = `
blocked: {numbers: ["+862112345678", "95588"], prefixes: ["+8610", "+861012"], countries: [JP]}
china: {countries: [CN], prefixes: ["+86"]}
short: {prefixes: ["955", "*"]}
empty: {}
nothing:
`

func table(t testing.TB, src string) *Table {
	t.Helper()
	tree, _ := yamlfile.Parse("data/lists.yaml", []byte(src))
	table, err := Read("data/lists.yaml", tree)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestOf(t *testing.T) {
	lists := table(t, site)
	for _, tt := range []struct{ e164, digits, region, want string }{
		{"+862112345678", "1790902112345678", "CN", "blocked china"},
		{"+8621123456789", "", "CN", "china"},
		{"+86101234567", "", "CN", "blocked china"},
		{"+81312345678", "0081312345678", "JP", "blocked"},
		{"", "95588", "", "blocked short"},
		{"", "9558", "", "short"},
		{"", "955881", "", "short"},
		{"+49955", "95588", "DE", ""}, // what has an E.164 form is never a short code
		{"", "*31", "", "short"},
		{"", "", "", ""},
	} {
		got := lists.Of(call.Number{E164: tt.e164, Digits: tt.digits, Region: tt.region})
		if got == nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s %s: got %#v, want %q", tt.e164, tt.digits, got, tt.want)
		}
	}
	if got := new(Table).Of(call.Number{E164: "+862112345678", Region: "CN"}); got == nil || len(got) != 0 {
		t.Errorf("got %#v", got)
	}
	if got := strings.Join(lists.Names(), " "); got != "blocked china empty nothing short" {
		t.Errorf("the names are %s", got)
	}
}

// BenchmarkOf shows that a look-up does not grow with the lists.
func BenchmarkOf(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		var src strings.Builder
		src.WriteString("blocked:\n  prefixes:\n")
		for i := range n {
			fmt.Fprintf(&src, "    - \"+44%d\"\n", 1000+i)
		}
		lists := table(b, src.String())
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				lists.Of(call.Number{E164: "+442012345678", Region: "GB"})
			}
		})
	}
}
