package tariff

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/hours"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// ahead is how long after the decision a call may be answered for the price to be that of the answer.
const ahead = time.Hour

// rate is an entry of data/rates.yaml, ready to be looked up.
type rate struct {
	from    string // a date, or empty: from ever
	price   call.Price
	offPeak call.Price
	peak    string // the schedule that is peak time; empty: price always counts
}

// at is the price at a moment.
func (r *rate) at(t time.Time, h *hours.Table) call.Price {
	if r.peak == "" {
		return r.price
	}
	open, _ := h.At(t.Format(time.DateOnly), strings.ToLower(t.Weekday().String()), t.Hour()*60+t.Minute())
	if slices.Contains(open, r.peak) {
		return r.price
	}
	return r.offPeak
}

// Rates is what calls cost. The zero value has no rate. It never changes.
type Rates struct {
	Currency string            // ISO 4217; empty where there is no file
	At       yamlfile.Position // of the currency in the file

	rounding call.Rounding
	prefixes map[string][]*rate // the newest first
	lengths  []int              // of prefixes, the longest first
	lists    map[string][]*rate
	classes  map[call.Class][]*rate
	rest     []*rate
	days     []string // on which rates begin, rising
	hours    *hours.Table
}

// Empty reports whether there is no rate at all.
func (r *Rates) Empty() bool {
	return len(r.prefixes)+len(r.lists)+len(r.classes)+len(r.rest) == 0
}

// Knows reports whether every number of a class has a rate on a day, whatever its digits and lists are, or at least some
// have: by a prefix or a list.
func (r *Rates) Knows(c call.Class, day string) (all, some bool) {
	all = isFree(c) || begun(r.classes[c], day) != nil || begun(r.rest, day) != nil
	for _, other := range slices.Concat(slices.Collect(maps.Values(r.prefixes)), slices.Collect(maps.Values(r.lists))) {
		some = some || begun(other, day) != nil
	}
	return all, all || some
}

// Terms says what a call to a number costs that is decided at a moment, given in the site's zone; false if that is not
// known. lists are those that the number is in, sorted.
func (r *Rates) Terms(n call.Number, lists []string, at time.Time) (call.Terms, bool) {
	t := call.Terms{Rounding: r.rounding, Steps: []call.Step{}}
	if n.Class == call.Internal || n.Class == call.Emergency {
		return t, true
	}
	candidates := r.candidates(n, lists)
	for moment := at; !moment.After(at.Add(ahead)); {
		day := moment.Format(time.DateOnly)
		found := firstBegun(candidates, day)
		if found == nil {
			if len(t.Steps) == 0 && !isFree(n.Class) {
				return t, false
			}
			return t, true
		}
		if price := found.at(moment, r.hours); len(t.Steps) == 0 || t.Steps[len(t.Steps)-1].Price != price {
			t.Steps = append(t.Steps, call.Step{From: moment.Unix(), Price: price})
		}
		next, ok := r.next(moment, found)
		if !ok {
			break
		}
		moment = next
	}
	return t, true
}

// next is the next moment at which the price can be another: a minute, or a day on which a rate begins.
func (r *Rates) next(t time.Time, now *rate) (time.Time, bool) {
	if now.peak != "" {
		return t.Truncate(time.Minute).Add(time.Minute), true
	}
	day := t.Format(time.DateOnly)
	i, _ := slices.BinarySearch(r.days, day+"~") // behind the day
	if i == len(r.days) {
		return t, false
	}
	tomorrow := call.Midnight(t.Year(), t.Month(), t.Day()+1, t.Location())
	return tomorrow, r.days[i] == tomorrow.Format(time.DateOnly)
}

// candidates are the entries that fit a number, the best fit first.
func (r *Rates) candidates(n call.Number, lists []string) [][]*rate {
	var out [][]*rate
	key := n.Key()
	for _, length := range r.lengths {
		if length <= len(key) {
			if found := r.prefixes[key[:length]]; found != nil {
				out = append(out, found)
			}
		}
	}
	for _, l := range lists {
		if found := r.lists[l]; found != nil {
			out = append(out, found)
		}
	}
	return append(out, r.classes[n.Class], r.rest)
}

func firstBegun(candidates [][]*rate, day string) *rate {
	for _, c := range candidates {
		if found := begun(c, day); found != nil {
			return found
		}
	}
	return nil
}

// begun is the newest rate that has begun on a day.
func begun(newestFirst []*rate, day string) *rate {
	for _, r := range newestFirst {
		if r.from <= day {
			return r
		}
	}
	return nil
}

// isFree reports whether calls to a class cost nothing where no rate says otherwise.
func isFree(c call.Class) bool {
	return c == call.Internal || c == call.Emergency || c == call.TollFree
}
