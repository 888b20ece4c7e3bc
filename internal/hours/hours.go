// Package hours tells which of a site's schedules are open: office hours, duty hours, with holidays, and the days that
// are worked in their place. A schedule is spans of wall-clock time by weekday, so that it follows daylight saving by
// itself: 08:00 is what the clock on the wall calls 08:00. An hour that the clock skips does not happen, and one that
// it shows twice is open twice.
package hours

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// file is data/hours.yaml, as an admin writes it.
type file struct {
	Schedules   map[string]week `yaml:"schedules"`
	Holidays    []holiday       `yaml:"holidays"`
	WorkingDays []workingDay    `yaml:"working_days"`
}

// week is a schedule. A span is "08:00-12:00"; "22:00-06:00" ends on the next day.
type week struct {
	EveryDay  []string `yaml:"every_day"` // of the days that are not named
	Monday    []string `yaml:"monday"`
	Tuesday   []string `yaml:"tuesday"`
	Wednesday []string `yaml:"wednesday"`
	Thursday  []string `yaml:"thursday"`
	Friday    []string `yaml:"friday"`
	Saturday  []string `yaml:"saturday"`
	Sunday    []string `yaml:"sunday"`
	Holidays  []string `yaml:"holidays"`         // on holidays; none: closed
	Always    bool     `yaml:"open_on_holidays"` // as if there were no holidays
}

// holiday is one or more days: "2026-10-01", "2026-10-01..2026-10-07", or "05-01" for every year.
type holiday struct {
	Name  string   `yaml:"name"`
	Dates []string `yaml:"dates"`
}

// workingDay is a day that is worked like another weekday, even if it is a holiday or a Sunday.
type workingDay struct {
	Date string `yaml:"date"`
	As   string `yaml:"as"`
}

// The kinds of days: weekdays as package time counts them, and holidays.
const (
	onHoliday = 7
	kinds     = 8
)

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// span is minutes since midnight; the end may lie on the next day.
type span struct{ from, to int }

const day = 24 * 60 // minutes

// schedule is one that is ready to be asked.
type schedule struct {
	name   string
	spans  [kinds][]span
	always bool // does not know holidays
	late   bool // some span ends on the next day
}

// Table is all schedules of a site. The zero value has none. It never changes.
type Table struct {
	schedules []schedule
	late      bool
	dates     map[string]string       // holidays, by 2026-10-01 or 10-01
	lieu      map[string]time.Weekday // working days, by date
}

// Read reads data/hours.yaml, which has been parsed; the name stands in errors. The error joins all faults, each a
// *yamlfile.Error with its place.
func Read(name string, tree yamlfile.Tree) (*Table, error) {
	var f file
	if err := tree.Decode(&f); err != nil {
		return nil, err
	}
	r := &reader{name: name, tree: tree, table: &Table{dates: map[string]string{}, lieu: map[string]time.Weekday{}}}
	for _, id := range slices.Sorted(maps.Keys(f.Schedules)) {
		r.schedule(id, f.Schedules[id])
	}
	r.days(f)
	if len(r.faults) > 0 {
		return nil, errors.Join(r.faults...)
	}
	return r.table, nil
}

// Names lists the schedules, sorted.
func (t *Table) Names() []string {
	names := make([]string, 0, len(t.schedules))
	for _, s := range t.schedules {
		names = append(names, s.name)
	}
	return names
}

var none = []string{}

// At returns the schedules that are open at a minute of a day, sorted and never nil, and the name of the holiday that
// the day is, or "". The date is 2026-10-01, the weekday monday to sunday, the minute since midnight, all by the clock on
// the wall. A day that does not exist has no open schedule.
func (t *Table) At(date, weekday string, minute int) (open []string, holiday string) {
	wd := time.Weekday(slices.Index(weekdays, weekday))
	if wd < 0 {
		return none, ""
	}
	today, holiday := t.kind(date, wd)
	var yesterday dayKind
	if t.late {
		yesterday = t.yesterday(date, wd)
	}
	open = none
	for i := range t.schedules {
		s := &t.schedules[i]
		if s.open(today, minute) || s.late && s.open(yesterday, minute+day) {
			open = append(open, s.name)
		}
	}
	return open, holiday
}

// dayKind is what a day counts as: by its weekday, or as a holiday.
type dayKind struct {
	weekday time.Weekday
	holiday bool
}

func (t *Table) kind(date string, wd time.Weekday) (dayKind, string) {
	if as, ok := t.lieu[date]; ok {
		return dayKind{weekday: as}, ""
	}
	name, ok := t.dates[date]
	if !ok && len(date) == len(time.DateOnly) {
		name, ok = t.dates[date[len("2026-"):]]
	}
	return dayKind{wd, ok}, name
}

func (t *Table) yesterday(date string, wd time.Weekday) dayKind {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return dayKind{weekday: (wd + 6) % 7}
	}
	kind, _ := t.kind(d.AddDate(0, 0, -1).Format(time.DateOnly), (wd+6)%7)
	return kind
}

// open reports whether the schedule is open at a minute of such a day; beyond 1439 it means the day after.
func (s *schedule) open(d dayKind, minute int) bool {
	spans := s.spans[d.weekday]
	if d.holiday && !s.always {
		spans = s.spans[onHoliday]
	}
	return slices.ContainsFunc(spans, func(x span) bool { return x.from <= minute && minute < x.to })
}
