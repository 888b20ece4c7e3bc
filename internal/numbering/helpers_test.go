package numbering_test

import (
	"os"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/numbering"
)

// beijing is the home of most tests.
var beijing = numbering.Home{Area: "010", OutsideLine: "9"}

// china loads the plan that is shipped.
func china(t testing.TB) *numbering.Plan {
	t.Helper()
	p, err := numbering.Load(os.DirFS("../../policy"), "cn")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// at returns a classifier for a site.
func at(t testing.TB, p *numbering.Plan, home numbering.Home, dir call.Directory) *numbering.Classifier {
	t.Helper()
	c, err := p.Classifier(home, dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// show writes a number as one line: class, digits, E.164, region, area, carrier prefix, risks; - for what is empty.
func show(n call.Number) string {
	fields := []string{string(n.Class), n.Digits, n.E164, n.Region, n.Area, n.CarrierPrefix, strings.Join(n.Risk, ",")}
	for i, f := range fields {
		if f == "" {
			fields[i] = "-"
		}
	}
	return strings.Join(fields, " ")
}

// check classifies what is dialled and compares it with want, as show writes it; want may be shorter.
func check(t *testing.T, c *numbering.Classifier, dialled, want string) {
	t.Helper()
	n := c.Classify(dialled).Number
	got := show(n)
	if got != want && !strings.HasPrefix(got, want+" ") {
		t.Errorf("%-24s got %s, want %s", dialled, got, want)
	}
	if n.Dialled != dialled {
		t.Errorf("%q: Dialled is %q", dialled, n.Dialled)
	}
	if n.Risk == nil {
		t.Errorf("%q: Risk is nil", dialled)
	}
}
