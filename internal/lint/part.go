package lint

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// part is what sets some numbers of a class apart from the others: a list, a country or a risk; the zero value is
// nothing.
type part struct{ list, region, risk string }

// name tells the part to people; lists have checks of their own, and one name.
func (x part) name() string {
	switch {
	case x.region != "":
		return "of the country " + x.region
	case x.risk != "":
		return "with the risk " + x.risk
	case x.list != "":
		return listed
	}
	return ""
}

// listed is the name of all parts that are lists.
const listed = "list"

// narrow makes the number one of the part; it reports false where there are none in its class.
func (x part) narrow(p Policy, f *call.Facts) bool {
	switch {
	case x.region != "":
		f.Callee.Region = x.region
		p.Lookup(f)
		return f.Callee.Class == call.International
	case x.risk != "":
		f.Callee.Risk = []string{x.risk}
		return f.Callee.Class != call.Internal
	case x.list != "":
		f.Callee.Lists = []string{x.list}
	}
	return true
}

var (
	word       = regexp.MustCompile(`"([A-Za-z0-9_]+)"`)
	regionWord = regexp.MustCompile(`^([A-Z]{2}|001)$`)
)

// partsOf are the lists, and the countries and risks that rules or data name.
func partsOf(content map[string][]byte, lists []string) []part {
	named := map[string]bool{}
	for name, src := range content {
		if path.Dir(name) == "rules" && !strings.HasSuffix(name, "_test.rego") {
			for _, m := range word.FindAllSubmatch(src, -1) {
				named[string(m[1])] = true
			}
		}
	}
	for key, f := range files(content) {
		if key != "directory" && key != "rules" {
			walk(f.value, nil, func(_ []string, word string) { named[word] = true })
		}
	}
	risks := risksOf(content)
	var all []part
	for _, list := range lists {
		all = append(all, part{list: list})
	}
	for _, w := range slices.Sorted(maps.Keys(named)) {
		if regionWord.MatchString(w) {
			all = append(all, part{region: w})
		}
		if risks[w] {
			all = append(all, part{risk: w})
		}
	}
	return all
}

// riskList is a list of risks in a number plan, in brackets or in lines.
var riskList = regexp.MustCompile(`\brisk:\s*(\[[^\]]*\]|(?:\s*-\s*["\w]+)+)`)

// risksOf are the risks that the number plans know. To decode the plans would take longer than all else.
func risksOf(content map[string][]byte) map[string]bool {
	risks := map[string]bool{}
	for name, src := range content {
		if path.Dir(name) != "plans" {
			continue
		}
		for _, m := range riskList.FindAllSubmatch(src, -1) {
			for _, risk := range strings.FieldsFunc(string(m[1]), func(r rune) bool { return strings.ContainsRune("[]-,\" \t\r\n", r) }) {
				risks[risk] = true
			}
		}
	}
	return risks
}
