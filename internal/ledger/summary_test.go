package ledger

import (
	"context"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// tallied is what a summary says of one value.
func tallied(tallies []Tally, value string) Tally {
	for _, t := range tallies {
		if t.Value == value {
			return t
		}
	}
	return Tally{}
}

// A summary counts what the log holds, with ends and corrections, on days that begin at a quarter to an hour.
func TestSummary(t *testing.T) {
	ctx := context.Background()
	l := newLedger(t)
	r := readerOf(t, l)
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.FixedZone("+05:45", 5*3600+45*60))
	attempted := func(at time.Time, action call.Action, department string) int64 {
		rec := sample(0)
		rec.Attempt.At, rec.Decision.Action, rec.Facts.Caller.Department = at, action, department
		return record(t, l, rec)
	}
	ended := func(id int64, seconds int) {
		t.Helper()
		if err := l.Ended(ctx, id, call.End{AnsweredAt: day, EndedAt: day.Add(time.Duration(seconds) * time.Second)}); err != nil {
			t.Fatal(err)
		}
	}
	correct := func(id int64, seconds int64) {
		t.Helper()
		if _, err := l.Correct(ctx, id, call.Correction{Who: "op", Reason: "r", Seconds: &seconds}); err != nil {
			t.Fatal(err)
		}
	}
	attempted(day.Add(-time.Millisecond), call.Allow, "Finance")
	first := attempted(day, call.Allow, "Finance")
	second := attempted(day.Add(12*time.Hour), call.Allow, "Finance")
	attempted(day.Add(13*time.Hour), call.Deny, "")
	attempted(day.Add(24*time.Hour-time.Millisecond), call.Challenge, "Sales")
	attempted(day.Add(24*time.Hour), call.Allow, "Finance")
	ended(first, 61)
	correct(first, 200)
	correct(first, 30)
	ended(second, 500)
	correct(second, 10)
	s, err := r.Summary(ctx, day, day.AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	want := Tally{Value: "Finance", Decisions: 2, Allowed: 2, Answered: 2, Seconds: 40, Minutes: 2}
	if got := tallied(s.Departments, "Finance"); got != want {
		t.Errorf("Finance has %+v, want %+v", got, want)
	}
	if got := tallied(s.Actions, "challenge"); got.Challenged != 1 || s.Decisions != 4 || len(s.Departments) != 3 {
		t.Errorf("the day is %+v", s)
	}
	for _, same := range [][]Tally{s.Classes, s.Rules} {
		if len(same) != 1 || same[0].Decisions != 4 || same[0].Seconds != 40 || same[0].Denied != 1 {
			t.Errorf("of one class or rule: %+v", same)
		}
	}
	// The tallies are what the migration makes of the same rows.
	all, err := migrations(embedded)
	if err != nil {
		t.Fatal(err)
	}
	db := shell(t, l.path)
	const content = "SELECT group_concat(printf('%d %s %s %d %d %d %d %d %d', quarter, facet, value, allowed, denied, challenged, answered, seconds, minutes), x'0a') FROM tallies"
	kept := textOf(t, db, content)
	if _, err := db.Exec("DELETE FROM tallies;" + statement(t, all[5].script, "INSERT INTO tallies\n", ";")); err != nil {
		t.Fatal(err)
	}
	if got := textOf(t, db, content); got != kept {
		t.Errorf("made again, the tallies are\n%s\nkept were\n%s", got, kept)
	}
	for _, line := range plan(t, r, selectTallies, []any{1, 2}) {
		if line == "SCAN tallies" {
			t.Error("a summary reads all tallies")
		}
	}
}
