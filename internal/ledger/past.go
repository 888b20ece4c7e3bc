package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// maxPast bounds what Past reads, and so how long the daemon takes to start after a flood of calls.
const maxPast = 100_000

// Past returns the calls that were attempted since then, at most the newest 100,000, the oldest first; and every
// country that a call was ever let out to.
func (l *Ledger) Past(ctx context.Context, since time.Time) (call.Past, error) {
	calls, err := list(ctx, l.reads, `SELECT * FROM (
		SELECT d.at, d.extension, coalesce(nullif(h.holder, ''), d.holder), coalesce(nullif(h.department, ''), d.department), d.number, d.class, c.answered_at IS NOT NULL, coalesce(c.seconds, 0), c.ended_at
		FROM decisions d JOIN calls c ON c.decision_id = d.id LEFT JOIN charges h ON h.decision_id = d.id WHERE d.at >= ? ORDER BY d.at DESC, d.id DESC LIMIT ?
		) ORDER BY at`, []any{Time{since}, maxPast},
		func(scan func(...any) error) (p call.PastCall, err error) {
			var at, ended Time
			err = scan(&at, &p.Extension, &p.Holder, &p.Department, &p.Number, &p.Class, &p.Answered, &p.Seconds, &ended)
			p.At, p.EndedAt = at.Time, ended.Time
			return p, err
		})
	if err != nil {
		return call.Past{}, fmt.Errorf("ledger: past calls: %w", err)
	}
	regions, err := list(ctx, l.reads, "SELECT region FROM regions ORDER BY region", nil,
		func(scan func(...any) error) (r string, err error) { err = scan(&r); return r, err })
	if err != nil {
		return call.Past{}, fmt.Errorf("ledger: countries called: %w", err)
	}
	return call.Past{Calls: calls, Regions: regions}, nil
}
