package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// parseMoment reads a moment: RFC 3339, or a date in the zone, of which the beginning is meant, or the end.
func parseMoment(flag, s string, zone *time.Location, end bool) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %q: must be a time like 2026-11-23T14:30:00+08:00, or a date like 2026-11-23", flag, s)
	}
	if end {
		day = day.AddDate(0, 0, 1)
	}
	return call.Midnight(day.Year(), day.Month(), day.Day(), zone), nil
}

// parseSpan reads a length of time, which may be in days.
func parseSpan(flag, s string) (time.Duration, error) {
	if span, err := time.ParseDuration(s); err == nil && span > 0 {
		return span, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil && n > 0 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	return 0, fmt.Errorf("%s %q: must be a length of time like 8h or 30d", flag, s)
}
