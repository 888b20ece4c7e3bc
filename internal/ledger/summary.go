package ledger

import (
	"context"
	"time"
)

// Summary is what was decided of the calls that were attempted in a span of time, counted by one property at a time. What
// was removed from the log since is still counted.
type Summary struct {
	Since       Time    `json:"since"`
	Until       Time    `json:"until"` // not included
	Decisions   int64   `json:"decisions"`
	Actions     []Tally `json:"actions"`
	Classes     []Tally `json:"classes"`
	Rules       []Tally `json:"rules"`
	Departments []Tally `json:"departments"`
}

// Tally counts the decisions with one value of a property. Seconds and minutes are those of calls that have ended, by
// their newest correction.
type Tally struct {
	Value      string `json:"value"` // empty: of a caller without a department
	Decisions  int64  `json:"decisions"`
	Allowed    int64  `json:"allowed"`
	Denied     int64  `json:"denied"`
	Challenged int64  `json:"challenged"` // hung up while being asked
	Answered   int64  `json:"answered"`   // calls that have ended and were answered
	Seconds    int64  `json:"seconds"`
	Minutes    int64  `json:"minutes"` // the begun ones of each call
}

const selectTallies = `SELECT facet, value, sum(allowed + denied + challenged) AS decisions, sum(allowed), sum(denied),
	sum(challenged), sum(answered), sum(seconds), sum(minutes)
	FROM tallies WHERE quarter >= ? AND quarter < ? GROUP BY facet, value ORDER BY decisions DESC, value`

// Summary counts what was attempted at since or later, and before until. Both are taken back to the quarter of an hour,
// in which the days of every zone in use begin. The most frequent values come first.
func (r *Reader) Summary(ctx context.Context, since, until time.Time) (Summary, error) {
	s := Summary{
		Since: Time{since.UTC()}, Until: Time{until.UTC()},
		Actions: []Tally{}, Classes: []Tally{}, Rules: []Tally{}, Departments: []Tally{},
	}
	of := map[string]*[]Tally{"action": &s.Actions, "class": &s.Classes, "rule": &s.Rules, "department": &s.Departments}
	type row struct {
		facet string
		Tally
	}
	rows, err := list(ctx, r.db, selectTallies, []any{quarterOf(since.Unix()), quarterOf(until.Unix())},
		func(scan func(...any) error) (t row, err error) {
			err = scan(&t.facet, &t.Value, &t.Decisions, &t.Allowed, &t.Denied, &t.Challenged, &t.Answered, &t.Seconds, &t.Minutes)
			return t, err
		})
	if err != nil {
		return Summary{}, r.fail("summary", err)
	}
	for _, t := range rows {
		if tallies := of[t.facet]; tallies != nil {
			*tallies = append(*tallies, t.Tally)
		}
	}
	for _, t := range s.Actions {
		s.Decisions += t.Decisions
	}
	return s, nil
}
