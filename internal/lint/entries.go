package lint

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// dataFile is a data file, read.
type dataFile struct {
	name  string
	value map[string]any
	tree  yamlfile.Tree
}

// files reads the data files; they have been checked before.
func files(content map[string][]byte) map[string]dataFile {
	all := map[string]dataFile{}
	for name, src := range content {
		if path.Dir(name) != "data" {
			continue
		}
		if f, ok := read(name, src); ok {
			all[strings.TrimSuffix(path.Base(name), ".yaml")] = f
		}
	}
	return all
}

// read reads a file that is a mapping.
func read(name string, src []byte) (dataFile, bool) {
	f := dataFile{name: name, value: map[string]any{}}
	f.tree, _ = yamlfile.Parse(name, src)
	return f, f.tree.Decode(&f.value) == nil
}

func (f dataFile) finding(level Level, check string, keys []string, what, why, do string) Finding {
	at := f.tree.Place(keys...)
	return Finding{Level: level, Check: check, File: f.name, Line: at.Line, Column: at.Column, What: what, Why: why, Do: do}
}

// entries tells what in data matches nothing.
func entries(content map[string][]byte, numbers Numbers, now time.Time) []Finding {
	all := files(content)
	phones := phonesOf(all["directory"])
	var found []Finding
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if key != "directory" && key != "lists" && key != "rules" {
			walk(all[key].value, nil, func(keys []string, name string) {
				found = append(found, phones.unmatched(all[key], keys, name)...)
			})
		}
	}
	used := usedWords(all, content)
	found = append(found, ruleless(all["rules"], content)...)
	found = append(found, idle(all["long_distance"])...)
	found = append(found, calendar(all["hours"], used, now)...)
	found = append(found, numbers.unmatched(all["lists"])...)
	return append(found, lists(all["lists"], used)...)
}

// ruleless tells entries of data/rules.yaml without a rule.
func ruleless(f dataFile, content map[string][]byte) []Finding {
	var found []Finding
	unused := rules.UnusedEntries(content)
	for _, id := range slices.Sorted(maps.Keys(unused)) {
		what := fmt.Sprintf("there is no rule %s: no file rules/%s.rego", id, id)
		if near := unused[id]; near != "" {
			what += fmt.Sprintf(" (did you mean %s?)", near)
		}
		found = append(found, f.finding(Warning, "unused_entry", []string{id}, what,
			"whatever stands in it, a mode or a rank, changes no rule", "give it the name of the rule that it is about, or remove it"))
	}
	return found
}

// idle tells classes of data/long_distance.yaml that need no PIN and so need not be free of it, and those that are both
// free and barred.
func idle(f dataFile) []Finding {
	levels, _ := f.value["pin_level"].(map[string]any)
	var found []Finding
	free, _ := f.value["free"].(map[string]any)
	barred, _ := f.value["barred"].(map[string]any)
	for _, kind := range []string{"class_of_service", "grade"} {
		named, _ := free[kind].(map[string]any)
		not, _ := barred[kind].(map[string]any)
		for _, who := range slices.Sorted(maps.Keys(named)) {
			for i, class := range texts(named[who]) {
				keys := []string{"free", kind, who, strconv.Itoa(i)}
				if levels[class] == nil {
					found = append(found, f.finding(Warning, "idle_entry", keys,
						fmt.Sprintf("%s %s need not be asked about %s, and nobody is: pin_level does not have the class", kind, who, class),
						"the entry does nothing, and does not allow the class either", "add the class to pin_level, or remove the entry"))
				}
				if slices.Contains(texts(not[who]), class) {
					found = append(found, f.finding(Warning, "contradiction", keys,
						fmt.Sprintf("for %s %s, the class %s is both free and barred: it is barred", kind, who, class),
						"one of the two does nothing", "remove one of the two"))
				}
			}
		}
	}
	return found
}

// walk visits the keys of mappings and the texts of lists, with the keys that lead to them.
func walk(v any, keys []string, visit func(keys []string, name string)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			at := append(slices.Clip(keys), k)
			visit(at, k)
			walk(v[k], at, visit)
		}
	case []any:
		for i, x := range v {
			at := append(slices.Clip(keys), strconv.Itoa(i))
			if s, ok := x.(string); ok {
				visit(at, s)
			}
			walk(x, at, visit)
		}
	}
}

// phones are the words of the directory, by kind.
type phones map[string]map[string]bool

func phonesOf(f dataFile) phones {
	p := phones{"extension": {}, "class_of_service": {}, "department": {}, "grade": {}, "holder": {}}
	extensions, _ := f.value["extensions"].(map[string]any)
	for ext, v := range extensions {
		p["extension"][ext] = true
		fields, _ := v.(map[string]any)
		for _, kind := range []string{"class_of_service", "department", "grade", "holder"} {
			if word, ok := fields[kind].(string); ok {
				p[kind][word] = true
			}
		}
	}
	return p
}

// kindOf says what words stand under a key of a data file: those of the directory are told by the key's name.
func kindOf(key string) string {
	switch {
	case key == "extension", key == "extensions", strings.HasSuffix(key, "_extensions"):
		return "extension"
	case key == "class_of_service", strings.HasSuffix(key, "classes_of_service"):
		return "class_of_service"
	case key == "department", key == "departments", strings.HasSuffix(key, "_departments"):
		return "department"
	case key == "grade", key == "grades", strings.HasSuffix(key, "_grades"):
		return "grade"
	}
	return ""
}

// scope is the scope of the allowance under the keys: it says what words stand under "of".
func (f dataFile) scope(keys []string) string {
	at := f.value
	for _, key := range keys {
		at, _ = at[key].(map[string]any)
	}
	scope, _ := at["scope"].(string)
	return scope
}

// unmatched tells a word that no phone of the directory has.
func (p phones) unmatched(f dataFile, keys []string, word string) []Finding {
	if len(keys) < 2 {
		return nil
	}
	kind := kindOf(keys[len(keys)-2])
	if keys[len(keys)-2] == "of" {
		if kind = f.scope(keys[:len(keys)-2]); kind != "holder" {
			kind = kindOf(kind)
		}
	}
	if kind == "" || p[kind][word] {
		return nil
	}
	if kind == "extension" {
		return []Finding{f.finding(Warning, "unknown_extension", keys, fmt.Sprintf("extension %q is not in data/directory.yaml", word),
			"the entry concerns nobody; perhaps it is misspelt, or the phone was given another number", "correct the extension, or remove the entry")}
	}
	why := "the entry concerns nobody yet"
	if kind == "holder" {
		why += ", unless a PIN's holder is called so"
	}
	return []Finding{f.finding(Hint, "unknown_word", keys, fmt.Sprintf("no phone of data/directory.yaml has the %s %q", kind, word),
		why, "give it to a phone, correct it, or leave it for later")}
}

var quoted = regexp.MustCompile(`"[a-z][a-z0-9_]*"`)

// usedWords are all words that data files and rules name.
func usedWords(all map[string]dataFile, content map[string][]byte) map[string]bool {
	used := map[string]bool{}
	for key, other := range all {
		if key != "lists" && key != "directory" && key != "rules" && key != "hours" {
			walk(other.value, nil, func(_ []string, name string) { used[name] = true })
			textsIn(other.value, used)
		}
	}
	for name, src := range content {
		if strings.HasPrefix(name, "rules/") && !strings.HasSuffix(name, "_test.rego") {
			for _, word := range quoted.FindAllString(string(src), -1) {
				used[strings.Trim(word, `"`)] = true
			}
		}
	}
	return used
}

// textsIn adds the texts that stand as values of mappings: schedule: office.
func textsIn(v any, to map[string]bool) {
	switch v := v.(type) {
	case string:
		to[v] = true
	case map[string]any:
		for _, x := range v {
			textsIn(x, to)
		}
	case []any:
		for _, x := range v {
			textsIn(x, to)
		}
	}
}

// lists tells lists that nobody uses, and entries that another entry of the same list covers.
func lists(f dataFile, used map[string]bool) []Finding {
	var found []Finding
	for _, id := range slices.Sorted(maps.Keys(f.value)) {
		if !used[id] {
			found = append(found, f.finding(Warning, "unused_list", []string{id}, fmt.Sprintf("no data file and no rule names the list %s", id),
				"whatever stands in it changes no call", "name it where it is to count (deny_list.yaml, allow_list.yaml, …), or remove it"))
		}
		fields, _ := f.value[id].(map[string]any)
		found = append(found, covered(f, id, fields)...)
	}
	return found
}

// covered tells entries of a list that a prefix of the same list covers, and those that are there twice.
func covered(f dataFile, id string, fields map[string]any) []Finding {
	prefixes := map[string]bool{}
	for _, p := range texts(fields["prefixes"]) {
		prefixes[p] = true
	}
	var found []Finding
	for _, key := range []string{"prefixes", "numbers", "countries"} {
		seen := map[string]bool{}
		for i, entry := range texts(fields[key]) {
			by := ""
			switch {
			case seen[entry]:
				by = "the same entry above"
			case key != "countries":
				for n := 1; n <= len(entry) && by == ""; n++ {
					if prefixes[entry[:n]] && (n < len(entry) || key == "numbers") {
						by = fmt.Sprintf("the prefix %q", entry[:n])
					}
				}
			}
			seen[entry] = true
			if by != "" {
				found = append(found, f.finding(Warning, "covered_entry", []string{id, key, strconv.Itoa(i)},
					fmt.Sprintf("%q is covered by %s of the list %s", entry, by, id),
					"it changes nothing; removing it alone would change nothing either", "remove it, or the entry that covers it"))
			}
		}
	}
	return found
}

// texts are the texts of a list.
func texts(v any) []string {
	items, _ := v.([]any)
	var all []string
	for _, x := range items {
		s, _ := x.(string)
		all = append(all, s)
	}
	return all
}
