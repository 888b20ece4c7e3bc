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
	return pages(ctx, r, f, selectDecided, scanDecided, func(c call.Decided) int64 { return c.ID })
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
	ids, err := r.bounds(ctx, f)
	if err != nil {
		return 0, r.fail("counting decisions", err)
	}
	n := 0
	where, args := f.where(ids)
	if err := r.db.QueryRowContext(ctx, "SELECT count(*) FROM decisions d WHERE "+where, args...).Scan(&n); err != nil {
		return 0, r.fail("counting decisions", err)
	}
	return n, nil
}
