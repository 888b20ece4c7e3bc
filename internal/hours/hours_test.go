package hours

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

const site = `
schedules:
  office:
    monday: ["08:00-12:00", "13:30-17:30"]
    friday: ["08:00-12:00"]
    saturday: []
    every_day: ["09:00-10:00"]
  night: {every_day: ["22:00-06:00"], holidays: ["00:00-24:00"]}
  guard: {every_day: ["00:00-24:00"], open_on_holidays: true}
holidays:
  - {name: National Day, dates: ["2026-10-01..2026-10-07"]}
  - {name: New Year, dates: ["01-01"]}
working_days:
  - {date: "2026-10-03", as: friday}
`

func table(t *testing.T, src string) *Table {
	t.Helper()
	tree, _ := yamlfile.Parse("data/hours.yaml", []byte(src))
	table, err := Read("data/hours.yaml", tree)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// open asks about a moment of a zone.
func open(t *testing.T, table *Table, zone, at string) (string, string) {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	moment, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	c := call.ClockAt(moment, loc)
	names, holiday := table.At(c.Date, c.Weekday, c.MinuteOfDay)
	if names == nil || !slices.IsSorted(names) {
		t.Errorf("%s: got %#v", at, names)
	}
	return strings.Join(names, " "), holiday
}

func TestSchedules(t *testing.T) {
	hours := table(t, site)
	for at, want := range map[string]string{
		"2026-11-23T07:59:59+08:00": "guard", // a Monday
		"2026-11-23T08:00:00+08:00": "guard office",
		"2026-11-23T11:59:59+08:00": "guard office",
		"2026-11-23T12:00:00+08:00": "guard",
		"2026-11-23T13:30:00+08:00": "guard office",
		"2026-11-23T22:00:00+08:00": "guard night",
		"2026-11-24T05:59:00+08:00": "guard night",
		"2026-11-24T06:00:00+08:00": "guard",
		"2026-11-24T09:30:00+08:00": "guard office", // a Tuesday, by every_day
		"2026-11-28T09:30:00+08:00": "guard",        // a Saturday, closed
		"2026-10-01T09:30:00+08:00": "guard night",  // a holiday, a Thursday
		"2026-10-03T11:00:00+08:00": "guard office", // a Saturday that is worked as a Friday, in the holidays
		"2026-10-08T03:00:00+08:00": "guard",        // the night that began on a holiday has the holiday's hours
		"2026-10-01T03:00:00+08:00": "guard night",
		"2027-01-01T09:30:00+08:00": "guard night",
	} {
		if got, _ := open(t, hours, "Asia/Shanghai", at); got != want {
			t.Errorf("%s: open is %q, want %q", at, got, want)
		}
	}
	for at, want := range map[string]string{
		"2026-10-07T23:59:59+08:00": "National Day", "2026-10-08T00:00:00+08:00": "", "2026-10-03T12:00:00+08:00": "",
		"2031-01-01T00:00:00+08:00": "New Year", "2030-12-31T23:00:00+08:00": "",
	} {
		if _, got := open(t, hours, "Asia/Shanghai", at); got != want {
			t.Errorf("%s: the holiday is %q, want %q", at, got, want)
		}
	}
}

// TestDaylightSaving asks around the changes of the clock: a schedule follows what the clock on the wall shows.
func TestDaylightSaving(t *testing.T) {
	hours := table(t, `schedules: {early: {every_day: ["01:30-03:30"]}, skipped: {every_day: ["02:00-03:00"]}, shop: {every_day: ["08:00-20:00"]}}`)
	for _, tt := range []struct{ zone, at, want string }{
		// Forward: New York 2026-03-08 at 02:00 (07:00 UTC), Berlin 2026-03-29 at 02:00 (01:00 UTC).
		{"America/New_York", "2026-03-08T06:29:59Z", ""},
		{"America/New_York", "2026-03-08T06:30:00Z", "early"},
		{"America/New_York", "2026-03-08T06:59:59Z", "early"},
		{"America/New_York", "2026-03-08T07:00:00Z", "early"}, // 03:00
		{"America/New_York", "2026-03-08T07:30:00Z", ""},
		{"America/New_York", "2026-03-07T12:59:59Z", ""},
		{"America/New_York", "2026-03-07T13:00:00Z", "shop"},
		{"America/New_York", "2026-03-08T12:00:00Z", "shop"},
		{"Europe/Berlin", "2026-03-29T00:59:59Z", "early"},
		{"Europe/Berlin", "2026-03-29T01:00:00Z", "early"}, // 03:00
		{"Europe/Berlin", "2026-03-29T01:30:00Z", ""},
		{"Europe/Berlin", "2026-03-28T07:00:00Z", "shop"},
		{"Europe/Berlin", "2026-03-29T06:00:00Z", "shop"},
		{"Europe/Berlin", "2026-03-29T18:00:00Z", ""},
		// Back: New York 2026-11-01 at 02:00 (06:00 UTC), Berlin 2026-10-25 at 03:00 (01:00 UTC).
		{"America/New_York", "2026-11-01T05:30:00Z", "early"}, // 01:30, the first time
		{"America/New_York", "2026-11-01T06:15:00Z", ""},      // 01:15, the second time
		{"America/New_York", "2026-11-01T06:30:00Z", "early"}, // 01:30, the second time
		{"America/New_York", "2026-11-01T13:00:00Z", "shop"},
		{"America/New_York", "2026-11-01T12:59:00Z", ""},
		{"Europe/Berlin", "2026-10-25T00:30:00Z", "early skipped"}, // 02:30, the first time
		{"Europe/Berlin", "2026-10-25T01:30:00Z", "early skipped"}, // 02:30, the second time
		{"Europe/Berlin", "2026-10-25T02:00:00Z", "early"},
		{"Europe/Berlin", "2026-10-25T07:00:00Z", "shop"},
	} {
		if got, _ := open(t, hours, tt.zone, tt.at); got != tt.want {
			t.Errorf("%s in %s: open is %q, want %q", tt.at, tt.zone, got, tt.want)
		}
	}
}

func TestNothing(t *testing.T) {
	for _, src := range []string{"", "schedules:\n", "schedules: {a: {}}\n"} {
		if got, holiday := open(t, table(t, src), "UTC", "2026-11-23T08:00:00Z"); got != "" || holiday != "" {
			t.Errorf("%q: got %q, %q", src, got, holiday)
		}
	}
	if got, _ := new(Table).At("2026-11-23", "monday", 480); got == nil || len(got) != 0 {
		t.Errorf("got %#v", got)
	}
	if got, _ := table(t, site).At("", "", 0); got == nil || len(got) != 0 {
		t.Errorf("got %#v", got)
	}
}
