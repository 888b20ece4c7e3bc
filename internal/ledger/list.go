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
	Holder       string // the whole name, as the directory had it
	Department   string // the same
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
	})
}

// selectDecision reads what a list shows.
const selectDecision = "SELECT " + columns + " FROM decisions d " + withCalls

// pages walks over the decisions that f selects. Each is read by selected and made by one.
func pages[T any](ctx context.Context, r *Reader, f Filter, selected string,
	one func(scan func(...any) error) (T, error),
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		s, err := r.search(ctx, f)
		left := f.Limit
		if left <= 0 {
			left = math.MaxInt
		}
		for err == nil && !s.done() && left > 0 {
			var rows []T
			if rows, err = readPage(ctx, r, s, selected, min(left, page), one); err != nil {
				break
			}
			for _, v := range rows {
				if !yield(v, nil) {
					return
				}
			}
			left -= len(rows)
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

// order is the direction of a list, in SQL.
func (f Filter) order() string {
	if f.Reverse {
		return "DESC"
	}
	return "ASC"
}

// conditions returns what f wants of decisions d, to be added to a condition on their ids. The + before each column keeps
// SQLite from going by an index on it: it would guess, and without statistics guesses badly.
func (f Filter) conditions() (text string, args []any) {
	add := func(column, comparison string, value any) {
		text += " AND +d." + column + comparison
		args = append(args, value)
	}
	if p := f.NumberPrefix; p != "" {
		add("number", " >= ?", p)
		add("number", " < ?", p+"\xff") // no text has a byte as high
	}
	for _, c := range []struct{ column, value string }{
		{"extension", f.Extension}, {"holder", f.Holder}, {"department", f.Department},
		{"rule", f.Rule}, {"class", string(f.Class)}, {"action", string(f.Action)},
	} {
		if c.value != "" {
			add(c.column, " = ?", c.value)
		}
	}
	if !f.Since.IsZero() || !f.Until.IsZero() {
		since, until := f.times()
		add("at", " >= ?", since)
		add("at", " < ?", until)
	}
	return text, args
}
