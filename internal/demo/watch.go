package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// lookEvery is how often the ledger is looked at.
const lookEvery = 20 * time.Millisecond

// watcher reads the ledger while the daemon writes it.
type watcher struct {
	reader *ledger.Reader
	last   int64 // the newest decision that was returned
}

// next waits for a decision that is not known yet and returns the oldest such.
func (w *watcher) next(ctx context.Context) (ledger.Decision, error) {
	var found ledger.Decision
	err := w.until(ctx, func() (bool, error) {
		for d, err := range w.reader.Decisions(ctx, ledger.Filter{AfterID: w.last, Limit: 1}) {
			found = d
			return err == nil, err
		}
		return false, nil
	})
	if err != nil {
		return found, err
	}
	w.last = found.ID
	return found, nil
}

// ended waits until the ledger knows the end of the decision's call.
func (w *watcher) ended(ctx context.Context, id int64) (ledger.Detail, error) {
	var d ledger.Detail
	err := w.until(ctx, func() (bool, error) {
		var err error
		d, err = w.reader.Decision(ctx, id)
		return !d.Call.EndedAt.IsZero(), err
	})
	if err != nil {
		return d, fmt.Errorf("the ledger does not know the end of call %d: %w", id, err)
	}
	return d, nil
}

// until looks again and again until is reports true or fails.
func (w *watcher) until(ctx context.Context, is func() (bool, error)) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		done, err := is()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
