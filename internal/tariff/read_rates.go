package tariff

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/hours"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// ratesFile is data/rates.yaml, as an admin writes it.
type ratesFile struct {
	Currency yamlfile.Located[string] `yaml:"currency"`
	Rounding string                   `yaml:"rounding"`
	Rates    []entry                  `yaml:"rates"`
}

type entry struct {
	Text         string          `yaml:"text"`
	Prefix       string          `yaml:"prefix"`
	List         string          `yaml:"list"`
	Classes      []string        `yaml:"classes"`
	From         yamlfile.Digits `yaml:"from"`
	Fee          yamlfile.Digits `yaml:"connection_fee"`
	Minimum      int             `yaml:"minimum"`
	MinimumPrice yamlfile.Digits `yaml:"minimum_price"`
	Increment    int             `yaml:"increment"`
	Price        yamlfile.Digits `yaml:"price"`
	OffPeak      yamlfile.Digits `yaml:"off_peak"`
	Peak         string          `yaml:"peak"`
}

var (
	decimal = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$`)
	prefix  = regexp.MustCompile(`^(\+[1-9][0-9]{0,14}|[0-9*#]{1,15})$`)
)

// ParsePrice reads an amount in minor units, exactly: 12, 0.6, 1.234567.
func ParsePrice(text string) (call.Micro, error) {
	if !decimal.MatchString(text) {
		return 0, errors.New("want minor units (cents, fen), at most 999999999, with at most 6 decimals behind a point: 12, or 0.6")
	}
	whole, part, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole+(part + "000000")[:6], 10, 64)
	return call.Micro(n), err
}

// fault is a mistake in a file that has been parsed.
type faults struct {
	name  string
	tree  yamlfile.Tree
	found []error
}

func (f *faults) at(keys []string, format string, args ...any) {
	p := f.tree.Place(keys...)
	f.found = append(f.found, &yamlfile.Error{File: f.name, Line: p.Line, Column: p.Column, Message: fmt.Sprintf(format, args...)})
}

// Read reads data/rates.yaml, which has been parsed and holds to its schema; the name stands in errors. Schedules are those of
// h. The error joins all faults, each a *yamlfile.Error with its place.
func Read(name string, tree yamlfile.Tree, h *hours.Table) (*Rates, error) {
	file := ratesFile{Rounding: string(call.RoundUp)}
	if err := tree.Decode(&file); err != nil {
		return nil, err
	}
	r := &Rates{
		Currency: file.Currency.Value, At: file.Currency.At, rounding: call.Rounding(file.Rounding), hours: h,
		prefixes: map[string][]*rate{}, lists: map[string][]*rate{}, classes: map[call.Class][]*rate{},
	}
	bad := &faults{name: name, tree: tree}
	seen := map[string]int{}
	for i, e := range file.Rates {
		r.add(e, i, seen, bad)
	}
	r.sort()
	return r, errors.Join(bad.found...)
}

// add enters one entry of the list.
func (r *Rates) add(e entry, i int, seen map[string]int, bad *faults) {
	keys := []string{"rates", strconv.Itoa(i)}
	made := e.read(keys, bad)
	once := func(fit string) {
		if first, twice := seen[fit+" "+made.from]; twice {
			bad.at(keys, "the rate for %s is given twice with the same beginning: entry %d says it, too", fit, first+1)
		}
		seen[fit+" "+made.from] = i
	}
	named := 0
	for _, is := range []bool{e.Prefix != "", e.List != "", len(e.Classes) > 0} {
		if is {
			named++
		}
	}
	switch {
	case named > 1:
		bad.at(keys, "prefix, list, classes: a rate has one of them, or none, for all numbers that no other rate fits")
	case e.Prefix != "" && !prefix.MatchString(e.Prefix):
		bad.at(append(keys, "prefix"), "%q: want + and the country code, like \"+8621\", or the beginning of a short code as it is dialled", e.Prefix)
	case e.Prefix != "":
		once("the prefix " + e.Prefix)
		r.prefixes[e.Prefix] = append(r.prefixes[e.Prefix], made)
	case e.List != "":
		once("the list " + e.List)
		r.lists[e.List] = append(r.lists[e.List], made)
	case named == 0:
		once("all other numbers")
		r.rest = append(r.rest, made)
	}
	for _, c := range e.Classes {
		once("the class " + c)
		r.classes[call.Class(c)] = append(r.classes[call.Class(c)], made)
	}
}

// read makes the prices of an entry.
func (e entry) read(keys []string, bad *faults) *rate {
	amount := func(field string, d yamlfile.Digits) call.Micro {
		if d.Value == "" && d.At.Line == 0 { // left out
			return 0
		}
		m, err := ParsePrice(d.Value)
		if err != nil {
			bad.at(append(slices.Clone(keys), field), "%q: %v", d.Value, err)
		}
		return m
	}
	made := &rate{from: e.From.Value, peak: e.Peak}
	if _, err := time.Parse(time.DateOnly, made.from); err != nil && made.from != "" {
		bad.at(append(slices.Clone(keys), "from"), "%q is no day; write it like 2026-10-10", made.from)
	}
	p := call.Price{
		Fee: amount("connection_fee", e.Fee), First: e.Minimum, Increment: max(1, e.Increment), Each: amount("price", e.Price),
	}
	off := p
	off.Each = amount("off_peak", e.OffPeak)
	if initial := amount("minimum_price", e.MinimumPrice); e.MinimumPrice.Value != "" {
		p.Initial, off.Initial = initial, initial
	} else {
		begun := call.Micro((p.First + p.Increment - 1) / p.Increment)
		p.Initial, off.Initial = min(call.MaxPrice, p.Each)*begun, min(call.MaxPrice, off.Each)*begun
	}
	made.price, made.offPeak = p, off
	switch {
	case (e.OffPeak.Value == "") != (e.Peak == ""):
		bad.at(keys, "off_peak and peak belong together: the price outside peak time, and the schedule of hours.yaml that is peak time")
	case e.MinimumPrice.Value != "" && e.Minimum == 0:
		bad.at(append(slices.Clone(keys), "minimum_price"), "it is the price of the first seconds: say in minimum how many these are")
	}
	return made
}

// sort puts the newest rates first, and the longest prefixes.
func (r *Rates) sort() {
	days := map[string]bool{}
	newest := func(all []*rate) {
		for _, x := range all {
			if x.from != "" {
				days[x.from] = true
			}
		}
		slices.SortStableFunc(all, func(a, b *rate) int { return strings.Compare(b.from, a.from) })
	}
	lengths := map[int]bool{}
	for p, all := range r.prefixes {
		lengths[len(p)] = true
		newest(all)
	}
	for _, all := range r.lists {
		newest(all)
	}
	for _, all := range r.classes {
		newest(all)
	}
	newest(r.rest)
	r.days = slices.Sorted(maps.Keys(days))
	r.lengths = slices.Sorted(maps.Keys(lengths))
	slices.Reverse(r.lengths)
}
