package rules

import (
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// ahead is how far another time is looked for.
const ahead = 14 * 24 * time.Hour

// times finds the next minute at which the answer is another: one that lets the call out, or, if it was let out, one
// that does not. A minute is asked about only if something that the rules look at is different from the minute before.
func (j *judging) times() {
	fields := j.timeFields()
	at, err := time.Parse(time.RFC3339Nano, j.facts.Time.At)
	if len(fields) == 0 || err != nil {
		return
	}
	zone, err := time.LoadLocation(j.facts.Time.Timezone)
	if err != nil {
		zone = at.Location()
	}
	last := j.facts.Time
	for t := at.Truncate(time.Minute).Add(time.Minute); t.Sub(at) < ahead && j.ctx.Err() == nil; t = t.Add(time.Minute) {
		now := call.ClockAt(t, zone)
		now.Schedules, now.Holiday = j.tables.hours.At(now.Date, now.Weekday, now.MinuteOfDay)
		if sameTime(&now, &last, fields) {
			continue
		}
		last = now
		d, ok := j.try(func(f *call.Facts) { f.Time, f.Attempt.At = now, t })
		if ok && (d.Action == call.Allow) != (j.was.Action == call.Allow) {
			j.add(Change{What: "time", Values: []string{t.In(zone).Format(time.RFC3339)}}, d)
			return
		}
	}
}

// sameTime reports whether two times are the same to rules that look at these fields.
func sameTime(a, b *call.Clock, fields map[string]bool) bool {
	same := func(name string, equal bool) bool { return equal || !fields[name] }
	return same("at", a.At == b.At) && same("unix", a.Unix == b.Unix) && same("date", a.Date == b.Date) &&
		same("weekday", a.Weekday == b.Weekday) && same("minute_of_day", a.MinuteOfDay == b.MinuteOfDay) &&
		same("schedules", slices.Equal(a.Schedules, b.Schedules)) && same("holiday", a.Holiday == b.Holiday)
}
