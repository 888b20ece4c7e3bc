package ledger

import (
	"context"
	"fmt"
	"time"
)

// LastWritten is when the ledger was last written, as far as its rows tell: a daemon was there then. Zero for a new one.
func (l *Ledger) LastWritten(ctx context.Context) (time.Time, error) {
	var at Time
	err := l.reads.QueryRowContext(ctx, `SELECT max(at) FROM (
		SELECT at FROM checkpoints WHERE rowid = (SELECT max(rowid) FROM checkpoints)
		UNION ALL SELECT recorded_at FROM decisions WHERE id = (SELECT max(id) FROM decisions)
		UNION ALL SELECT ended_at FROM calls WHERE seq = (SELECT max(seq) FROM chain WHERE kind = 'end'))`).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("ledger: when it was last written: %w", err)
	}
	return at.Time, nil
}

// Channels are the callers' channels of the calls that were attempted since then and decided by that rule; empty: by any.
func (l *Ledger) Channels(ctx context.Context, rule string, since time.Time) (map[string]bool, error) {
	names, err := list(ctx, l.reads, "SELECT channel FROM decisions WHERE at >= ? AND ? IN (rule, '')", []any{Time{since}, rule},
		func(scan func(...any) error) (name string, err error) {
			err = scan(&name)
			return name, err
		})
	if err != nil {
		return nil, fmt.Errorf("ledger: channels: %w", err)
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	return known, nil
}
