package rules

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// lineKinds are the words for what a line is for; none means phone.
var lineKinds = []string{"phone", "alarm", "duty", "conference"}

// readDirectory reads data/directory.yaml strictly and replaces what rules see of it by what was read, so that Go and
// Rego cannot disagree.
func readDirectory(files map[string]*dataFile, bad *faults) call.Directory {
	f := files["directory"]
	if f == nil || f.broken {
		return call.Directory{}
	}
	var typed struct {
		Extensions call.Directory `yaml:"extensions"`
	}
	if err := f.tree.Decode(&typed); err != nil {
		bad.add(err)
		return nil
	}
	dir := typed.Extensions
	if dir == nil {
		dir = call.Directory{}
	}
	entries := make(map[string]any, len(dir))
	for _, ext := range slices.Sorted(maps.Keys(dir)) {
		checkExtension(f, dir, ext, bad)
		entries[ext] = extensionData(dir[ext])
	}
	checkShortNumbers(f, dir, bad)
	f.value, f.tree = map[string]any{"extensions": entries}, yamlfile.Tree{} // which is large, and has been read
	return dir
}

// extensionData is an entry as rules see it; every field is there.
func extensionData(e call.Extension) map[string]any {
	return map[string]any{
		"holder": e.Holder, "department": e.Department, "grade": e.Grade, "class_of_service": e.ClassOfService, "place": e.Place,
		"line": e.Line, "suspended": e.Suspended, "mobile": e.Mobile, "short_number": e.ShortNumber,
	}
}

func checkExtension(f *dataFile, dir call.Directory, ext string, bad *faults) {
	e := dir[ext]
	if !call.IsDialString(ext) {
		f.fault(bad, []string{"extensions", ext}, "%q is no extension: it holds nothing but 0-9, * and #", ext)
	}
	for field, digits := range map[string]string{"mobile": e.Mobile, "short_number": e.ShortNumber} {
		if digits != "" && !call.IsDialString(digits) {
			f.fault(bad, []string{"extensions", ext, field}, "%q is no number: write 0-9, *, # and a + in front only", digits)
		}
	}
	if e.Line != "" && !slices.Contains(lineKinds, e.Line) {
		f.fault(bad, []string{"extensions", ext, "line"}, "there is no line of kind %q; there are %s",
			e.Line, strings.Join(lineKinds, ", "))
	}
	texts := map[string]string{
		"holder": e.Holder, "department": e.Department, "grade": e.Grade, "class_of_service": e.ClassOfService,
		"place": e.Place,
	}
	for field, text := range texts {
		if len(text) > maxText || strings.ContainsFunc(text, unicode.IsControl) {
			f.fault(bad, []string{"extensions", ext, field}, "a text is one line of at most %d bytes", maxText)
		}
	}
}

// checkShortNumbers refuses a short number that could mean two things.
func checkShortNumbers(f *dataFile, dir call.Directory, bad *faults) {
	mobiles := map[string]string{}
	for _, ext := range slices.Sorted(maps.Keys(dir)) {
		e := dir[ext]
		if e.ShortNumber == "" {
			continue
		}
		where := []string{"extensions", ext, "short_number"}
		if _, taken := dir[e.ShortNumber]; taken {
			f.fault(bad, where, "short number %s is an extension, too", e.ShortNumber)
		}
		if have, taken := mobiles[e.ShortNumber]; taken && have != e.Mobile {
			f.fault(bad, where, "short number %s stands for two mobiles", e.ShortNumber)
		}
		mobiles[e.ShortNumber] = e.Mobile
	}
}
