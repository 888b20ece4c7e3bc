package hours

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// reader turns the file into a table and notes every fault.
type reader struct {
	name   string
	tree   yamlfile.Tree
	table  *Table
	faults []error
}

func (r *reader) fault(keys []string, format string, args ...any) {
	at := r.tree.Place(keys...)
	r.faults = append(r.faults, &yamlfile.Error{
		File: r.name, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...),
	})
}

// schedule adds one schedule.
func (r *reader) schedule(id string, w week) {
	s := schedule{name: id, always: w.Always}
	if w.Always && len(w.Holidays) > 0 {
		r.fault([]string{"schedules", id, "holidays"}, "a schedule that is open on holidays as on other days has no hours of their own for them")
	}
	days := [kinds][]string{w.Sunday, w.Monday, w.Tuesday, w.Wednesday, w.Thursday, w.Friday, w.Saturday, w.Holidays}
	for kind, texts := range days {
		key := "holidays"
		if kind != onHoliday {
			key = weekdays[kind]
			if texts == nil {
				key, texts = "every_day", w.EveryDay
			}
		}
		for i, text := range texts {
			x, err := readSpan(text)
			if err != nil {
				r.fault([]string{"schedules", id, key, strconv.Itoa(i)}, "%q %v", text, err)
				continue
			}
			s.late = s.late || x.to > day
			s.spans[kind] = append(s.spans[kind], x)
		}
	}
	r.table.schedules = append(r.table.schedules, s)
	r.table.late = r.table.late || s.late
}

// readSpan reads 08:00-12:00.
func readSpan(text string) (span, error) {
	a, b, ok := strings.Cut(text, "-")
	from, err1 := readMinute(a)
	to, err2 := readMinute(b)
	switch {
	case !ok || err1 != nil || err2 != nil || from == day:
		return span{}, fmt.Errorf("is no span of time; write it like 08:00-12:00, the end at most 24:00")
	case from == to:
		return span{}, fmt.Errorf("begins and ends at the same time; the whole day is 00:00-24:00")
	case to < from:
		to += day
	}
	return span{from, to}, nil
}

func readMinute(text string) (int, error) {
	if text == "24:00" {
		return day, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, fmt.Errorf("%q is no time of day", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// days adds holidays and working days.
func (r *reader) days(f file) {
	for i, h := range f.Holidays {
		for k, text := range h.Dates {
			dates, err := readDates(text)
			if err != nil {
				r.fault([]string{"holidays", strconv.Itoa(i), "dates", strconv.Itoa(k)}, "%q %v", text, err)
			}
			for _, d := range dates {
				if _, taken := r.table.dates[d]; !taken {
					r.table.dates[d] = h.Name
				}
			}
		}
	}
	for i, w := range f.WorkingDays {
		at := []string{"working_days", strconv.Itoa(i), "date"}
		_, err := time.Parse(time.DateOnly, w.Date)
		_, twice := r.table.lieu[w.Date]
		switch {
		case err != nil:
			r.fault(at, "%q is no day; write it like 2026-10-10", w.Date)
		case twice:
			r.fault(at, "%s is in the list twice", w.Date)
		}
		wd := slices.Index(weekdays, w.As)
		if wd < 0 {
			r.fault(at, "%q is no day of the week", w.As)
		}
		r.table.lieu[w.Date] = time.Weekday(wd)
	}
}

// maxDays is the longest range of days.
const maxDays = 400

// readDates reads 2026-10-01, 2026-10-01..2026-10-07, or 10-01 for every year.
func readDates(text string) ([]string, error) {
	if len(text) == len("10-01") {
		if _, err := time.Parse(time.DateOnly, "2024-"+text); err == nil { // a leap year: 02-29 is a day
			return []string{text}, nil
		}
	}
	a, b, ranged := strings.Cut(text, "..")
	from, err := time.Parse(time.DateOnly, a)
	to := from
	if err == nil && ranged {
		to, err = time.Parse(time.DateOnly, b)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("is no day; write 2026-10-01, 2026-10-01..2026-10-07, or 10-01 for every year")
	case to.Before(from):
		return nil, fmt.Errorf("ends before it begins")
	case to.Sub(from) > maxDays*24*time.Hour:
		return nil, fmt.Errorf("is longer than %d days", maxDays)
	}
	var dates []string
	for d := from; !d.After(to); d = d.AddDate(0, 0, 1) {
		dates = append(dates, d.Format(time.DateOnly))
	}
	return dates, nil
}
