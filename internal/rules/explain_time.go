package rules

import (
	"fmt"
	"strings"
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
	last := timeKey(j.facts.Time, fields)
	for t := at.Truncate(time.Minute).Add(time.Minute); t.Sub(at) < ahead && j.ctx.Err() == nil; t = t.Add(time.Minute) {
		now := call.Facts{Time: call.ClockAt(t, zone)}
		now.Time.Schedules, now.Time.Holiday = j.tables.hours.At(now.Time.Date, now.Time.Weekday, now.Time.MinuteOfDay)
		key := timeKey(now.Time, fields)
		if key == last {
			continue
		}
		last = key
		d, ok := j.try(func(f *call.Facts) { f.Time, f.Attempt.At = now.Time, t })
		if ok && (d.Action == call.Allow) != (j.was.Action == call.Allow) {
			j.add(Change{What: "time", Values: []string{t.In(zone).Format(time.RFC3339)}}, d)
			return
		}
	}
}

// timeKey is what of a time the rules see, to compare two times by.
func timeKey(c call.Clock, fields map[string]bool) string {
	var b strings.Builder
	for _, x := range []struct {
		name  string
		value any
	}{
		{"at", c.At}, {"unix", c.Unix}, {"date", c.Date}, {"weekday", c.Weekday}, {"minute_of_day", c.MinuteOfDay},
		{"schedules", c.Schedules}, {"holiday", c.Holiday},
	} {
		if fields[`"`+x.name+`"`] {
			fmt.Fprintf(&b, "%v|", x.value)
		}
	}
	return b.String()
}
