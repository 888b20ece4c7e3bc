// Package lists finds out which of a site's lists a called number is in: by the number itself, by how it begins, or by
// its country. A look-up takes the same time with a hundred entries and with a hundred thousand.
//
// An entry with a + is compared with the number's E.164 form, which is the same however the number was dialled: with an
// area code, a carrier prefix, or 00 in front. An entry without a + is a short code, such as 95588, and is compared
// with what is sent to the trunk; only numbers that have no E.164 form can be in it.
package lists

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// list is one list of data/lists.yaml, as an admin writes it.
type list struct {
	Text      string   `yaml:"text"` // what it is for
	Numbers   []string `yaml:"numbers"`
	Prefixes  []string `yaml:"prefixes"`
	Countries []string `yaml:"countries"` // ISO 3166-1
}

// Table is all lists of a site. The zero value has none. It never changes.
type Table struct {
	names     []string // sorted
	numbers   map[string][]int32
	prefixes  map[string][]int32
	lengths   []int // of prefixes, each once
	countries map[string][]int32
}

var (
	whole   = regexp.MustCompile(`^(\+[1-9][0-9]{3,14}|[1-9*#][0-9*#]{1,5})$`)
	begins  = regexp.MustCompile(`^(\+[1-9][0-9]{0,14}|[1-9*#][0-9*#]{0,5})$`)
	country = regexp.MustCompile(`^([A-Z]{2}|001)$`)
)

// How an entry is to be written.
const (
	wantNumber  = "write a number with + and its country code, or a short code of up to 6 digits as it is dialled"
	wantCountry = "write a country with two capital letters, as in ISO 3166-1, or 001 for global networks"
)

// Read reads data/lists.yaml, which has been parsed; the name stands in errors. The error joins all faults, each a
// *yamlfile.Error with its place.
func Read(name string, tree yamlfile.Tree) (*Table, error) {
	var file map[string]list
	if err := tree.Decode(&file); err != nil {
		return nil, err
	}
	t := &Table{names: slices.Sorted(maps.Keys(file)), countries: map[string][]int32{}}
	t.numbers, t.prefixes = map[string][]int32{}, map[string][]int32{}
	r := &reader{name: name, tree: tree}
	for at, id := range t.names {
		l := file[id]
		r.add(id, "numbers", at, l.Numbers, t.numbers, whole, wantNumber)
		r.add(id, "prefixes", at, l.Prefixes, t.prefixes, begins, wantNumber)
		r.add(id, "countries", at, l.Countries, t.countries, country, wantCountry)
	}
	for p := range t.prefixes {
		if !slices.Contains(t.lengths, len(p)) {
			t.lengths = append(t.lengths, len(p))
		}
	}
	if len(r.faults) > 0 {
		return nil, errors.Join(r.faults...)
	}
	return t, nil
}

// reader fills the maps of a table and notes every fault.
type reader struct {
	name   string
	tree   yamlfile.Tree
	faults []error
}

// add enters the entries under one key of the list id, which is the at-th, in a map.
func (r *reader) add(id, key string, at int, entries []string, to map[string][]int32, form *regexp.Regexp, want string) {
	for i, e := range entries {
		if !form.MatchString(e) {
			r.fault([]string{id, key, strconv.Itoa(i)}, "%q: %s", e, want)
			continue
		}
		if in := to[e]; len(in) == 0 || in[len(in)-1] != int32(at) {
			to[e] = append(in, int32(at))
		}
	}
}

func (r *reader) fault(keys []string, format string, args ...any) {
	at := r.tree.Place(keys...)
	r.faults = append(r.faults, &yamlfile.Error{
		File: r.name, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...),
	})
}

// Names lists the lists, sorted.
func (t *Table) Names() []string { return t.names }

var none = []string{}

// Of returns the lists that the number is in, sorted and never nil.
func (t *Table) Of(n call.Number) []string {
	var in [8]int32
	found := append(in[:0], t.countries[n.Region]...)
	key := n.Key()
	found = append(found, t.numbers[key]...)
	for _, l := range t.lengths {
		if l <= len(key) {
			found = append(found, t.prefixes[key[:l]]...)
		}
	}
	if len(found) == 0 {
		return none
	}
	slices.Sort(found)
	found = slices.Compact(found)
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = t.names[f]
	}
	return names
}
