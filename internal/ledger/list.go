package ledger

import (
	"context"
	"iter"
	"math"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Filter selects decisions. What is left zero does not restrict.
type Filter struct {
	Since, Until time.Time // attempted at Since or later, and before Until
	Action       call.Action
	Rule         string
	Extension    string
	Class        call.Class
	NumberPrefix string // what the number begins with: "+86138"

	AfterID, BeforeID int64 // only ids above AfterID and below BeforeID: continue a page after its last id
	Limit             int   // at most so many
	Reverse           bool  // the newest first, else the oldest first
}

// page is how many rows are read at once. Between pages nothing is held open, so that a slow reader of a long list
// does not keep SQLite from clearing its log.
const page = 500

// Decisions lists the decisions that f selects, in the order of their ids, which is the order in which they became
// durable. The list ends with what was there when it began; decisions that come later are not in it. After an error
// the sequence ends.
func (r *Reader) Decisions(ctx context.Context, f Filter) iter.Seq2[Decision, error] {
	return pages(ctx, r, f, selectDecision, func(scan func(...any) error) (d Decision, err error) {
		err = scanDecision(scan, &d)
		return d, err
	}, func(d Decision) int64 { return d.ID })
}

// selectDecision reads what a list shows.
const selectDecision = "SELECT " + columns + " FROM decisions d " + withCalls

// pages walks over the decisions that f selects. Each is read by selected and made by one; id is its id.
func pages[T any](ctx context.Context, r *Reader, f Filter, selected string,
	one func(scan func(...any) error) (T, error), id func(T) int64,
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		ids, err := r.bounds(ctx, f)
		left := f.Limit
		if left <= 0 {
			left = math.MaxInt
		}
		for err == nil && ids.first <= ids.last && left > 0 {
			var rows []T
			size := min(left, page)
			text, args := f.sql(selected, ids, size)
			if rows, err = list(ctx, r.db, text, args, one); err != nil {
				break
			}
			for _, v := range rows {
				if !yield(v, nil) {
					return
				}
			}
			if len(rows) < size {
				return
			}
			left -= len(rows)
			ids.skip(id(rows[len(rows)-1]), f.Reverse)
		}
		if err != nil {
			var none T
			yield(none, r.fail("decisions", err))
		}
	}
}

// idRange are the ids that can still be in a list, both ends included.
type idRange struct{ first, last int64 }

// skip leaves out everything up to id, in the direction of the list.
func (r *idRange) skip(id int64, reverse bool) {
	if reverse {
		r.last = id - 1
	} else {
		r.first = id + 1
	}
}

// bounds finds the ids between which all of f lies. A list goes by id while a filter by time goes by another column,
// which is nearly, but not surely, in the same order. So the index on at tells the first and the last id in question,
// and the list then looks at nothing outside.
func (r *Reader) bounds(ctx context.Context, f Filter) (idRange, error) {
	var ids idRange
	text, args := f.boundsSQL()
	if err := r.db.QueryRowContext(ctx, text, args...).Scan(&ids.first, &ids.last); err != nil {
		return ids, err
	}
	ids.first = max(ids.first, f.AfterID+1)
	if f.BeforeID > 0 {
		ids.last = min(ids.last, f.BeforeID-1)
	}
	return ids, nil
}

func (f Filter) boundsSQL() (string, []any) {
	if f.Since.IsZero() && f.Until.IsZero() {
		return "SELECT 1, coalesce(max(id), 0) FROM decisions", nil
	}
	since, until := f.times()
	return "SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM decisions WHERE at >= ? AND at < ?", []any{since, until}
}

// times returns the ends of the time filter as stored: at >= first AND at < second. Until is rounded up, so that a
// moment within the last millisecond is not lost.
func (f Filter) times() (since, until string) {
	since, until = "", "~" // below and above every moment
	if !f.Since.IsZero() {
		since = Time{f.Since}.String()
	}
	if !f.Until.IsZero() {
		until = Time{f.Until.Add(time.Millisecond - 1)}.String()
	}
	return since, until
}

// wholeNumber is the length from which a number prefix names so few numbers that it pays to look them up and sort
// them by id. A shorter one matches so many that going by id meets them soon.
const wholeNumber = 8

// sql returns the query of one page of what is selected.
func (f Filter) sql(selected string, ids idRange, size int) (string, []any) {
	where, args := f.where(ids)
	order := "ASC"
	if f.Reverse {
		order = "DESC"
	}
	return selected + " WHERE " + where + " ORDER BY d.id " + order + " LIMIT ?", append(args, size)
}

// where returns the condition of a query of decisions d. It names the index by putting a + before every other one:
// SQLite would guess, and without statistics guesses badly.
func (f Filter) where(ids idRange) (string, []any) {
	indexed := len(f.NumberPrefix) >= wholeNumber
	conditions, args := "d.id BETWEEN ? AND ?", []any{ids.first, ids.last}
	if indexed {
		conditions = "+" + conditions
	}
	add := func(use bool, column, comparison string, value any) {
		if !use {
			column = "+" + column
		}
		conditions += " AND " + column + comparison
		args = append(args, value)
	}
	if p := f.NumberPrefix; p != "" {
		add(indexed, "d.number", " >= ?", p)
		add(indexed, "d.number", " < ?", p+"\xff") // no text has a byte as high
	}
	for _, c := range []struct{ column, value string }{ // those that select the fewest first
		{"d.extension", f.Extension}, {"d.rule", f.Rule}, {"d.class", string(f.Class)}, {"d.action", string(f.Action)},
	} {
		if c.value != "" {
			add(!indexed, c.column, " = ?", c.value)
			indexed = true
		}
	}
	if !f.Since.IsZero() || !f.Until.IsZero() {
		since, until := f.times()
		add(false, "d.at", " >= ?", since)
		add(false, "d.at", " < ?", until)
	}
	return conditions, args
}
