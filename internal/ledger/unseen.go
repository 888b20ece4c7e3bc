package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A clock that got ahead by more than a day at once, with no checkpoint in between, is believed when it has stood for a week.
const (
	unseenStep = 24 * time.Hour
	unseenHold = 7 * 24 * time.Hour
)

// Unseen returns how far the clock got ahead within the last week while nobody saw the time pass: stretches of more than a
// day without a checkpoint. A daemon writes one every hour, so none ran, or the clock was set. 0 where there is no such
// stretch, or no checkpoint at all.
func (l *Ledger) Unseen(ctx context.Context) (unseen time.Duration, err error) {
	now := l.now().Truncate(time.Millisecond)
	rows, err := l.reads.QueryContext(ctx, "SELECT at FROM checkpoints ORDER BY rowid DESC")
	if err != nil {
		return 0, fmt.Errorf("ledger: checkpoints: %w", err)
	}
	for later := now; !later.Before(now.Add(-unseenHold)) && rows.Next(); {
		var at Time
		if err := rows.Scan(&at); err != nil {
			return 0, fmt.Errorf("ledger: checkpoints: %w", errors.Join(err, rows.Close()))
		}
		if at.After(later) { // by a clock that was set back since
			continue
		}
		if gap := later.Sub(at.Time); gap > unseenStep {
			unseen += gap
		}
		later = at.Time
	}
	return unseen, errors.Join(rows.Err(), rows.Close())
}
