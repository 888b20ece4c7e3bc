package numbering_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/numbering"
)

// beijing is the home of most tests.
var beijing = numbering.Home{Area: "010", OutsideLine: "9"}

// shipped loads a plan that is shipped.
func shipped(t testing.TB, name string) *numbering.Plan {
	t.Helper()
	p, err := numbering.Load(os.DirFS("../../policy"), name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func china(t testing.TB) *numbering.Plan {
	t.Helper()
	return shipped(t, "cn")
}

// site is numbers dialled at a place, and what they are there, as show writes it.
type site struct {
	area, outside string
	rows          [][2]string
}

// checkSites classifies the rows of each site by a shipped plan.
func checkSites(t *testing.T, plan string, sites []site) {
	t.Helper()
	p := shipped(t, plan)
	for _, s := range sites {
		t.Run(s.area+" "+s.outside, func(t *testing.T) {
			c := at(t, p, numbering.Home{Area: s.area, OutsideLine: s.outside}, nil)
			for _, row := range s.rows {
				check(t, c, row[0], row[1])
			}
		})
	}
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

// shippedPlans returns the names of the plans that are shipped, sorted.
func shippedPlans(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../policy/plans/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	for i, name := range files {
		files[i] = strings.TrimSuffix(filepath.Base(name), ".yaml")
	}
	return files
}
