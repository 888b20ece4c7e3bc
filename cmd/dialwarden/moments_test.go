package main

import (
	"testing"
	"time"
)

// TestNoMidnight: where the clock is set ahead at midnight, a day begins at 01:00, and the one before ends there.
func TestNoMidnight(t *testing.T) {
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 9, 6, 1, 0, 0, 0, santiago)
	for day, want := range map[string][2]time.Time{
		"2026-09-05": {begin.Add(-24 * time.Hour), begin}, "2026-09-06": {begin, begin.Add(23 * time.Hour)},
	} {
		since, until, err := span(day, "", begin)
		if err != nil || !since.Equal(want[0]) || !until.Equal(want[1]) {
			t.Errorf("summary of %s: %v to %v, %v", day, since, until, err)
		}
		since, err = parseMoment("--from", day, santiago, false)
		if err != nil || !since.Equal(want[0]) {
			t.Errorf("%s begins at %v, %v", day, since, err)
		}
		if until, err = parseMoment("--to", day, santiago, true); err != nil || !until.Equal(want[1]) {
			t.Errorf("%s ends at %v, %v", day, until, err)
		}
		if since, err = parseSince("--since", day, santiago); err != nil || !since.Equal(want[0]) {
			t.Errorf("since %s is %v, %v", day, since, err)
		}
	}
	if since, until, err := span("", "2026-12", begin); err != nil || since.Month() != 12 || until.Month() != 1 || until.Year() != 2027 {
		t.Errorf("December: %v to %v, %v", since, until, err)
	}
}
