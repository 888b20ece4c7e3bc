package ledger

import (
	"context"
	"iter"

	"github.com/dialwarden/dialwarden/internal/call"
)

// selectDecided reads what a replay needs. A decision without its evaluation is there, too.
const selectDecided = `SELECT d.id, d.at, d.source, d.extension, d.department, coalesce(d.dialled_raw, d.dialled), d.dialled,
	e.input, e.decision, coalesce(x.seconds, c.seconds, 0), coalesce(x.cost_minor, c.cost_minor)
	FROM decisions d LEFT JOIN evaluations e ON e.decision_id = d.id ` + withCalls

// Decided lists the decided calls that f selects with all that a replay needs, in the order of their ids; else it is
// like Decisions.
func (r *Reader) Decided(ctx context.Context, f Filter) iter.Seq2[call.Decided, error] {
	return pages(ctx, r, f, selectDecided, scanDecided)
}

func scanDecided(scan func(...any) error) (c call.Decided, err error) {
	var at Time
	err = scan(&c.ID, &at, &c.Source, &c.Extension, &c.Department, &c.Dialled, &c.Shown, &c.Input, &c.Answer,
		&c.Seconds, &c.CostMinor)
	c.At = at.Time
	return c, err
}

// Count returns how many decisions f selects; Limit and Reverse do not matter.
func (r *Reader) Count(ctx context.Context, f Filter) (int, error) {
	s, err := r.search(ctx, f)
	n := 0
	for err == nil && !s.done() {
		var rows []int
		if rows, err = readPage(ctx, r, s, "SELECT 1 FROM decisions d", countPage, func(scan func(...any) error) (one int, err error) {
			err = scan(&one)
			return one, err
		}); err == nil {
			n += len(rows)
		}
	}
	if err != nil {
		return 0, r.fail("counting decisions", err)
	}
	return n, nil
}

// countPage is how many rows are counted at once.
const countPage = 10_000
