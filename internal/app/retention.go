package app

import (
	"context"
	"errors"
	"time"
)

// How often it is looked for what need not be kept any longer, and how soon after a change of the policy.
const (
	retainEvery = time.Hour
	retainLook  = 10 * time.Second
)

// retain erases from the ledger what the policy in force says need not be kept, at the start, when the policy has
// changed, and every hour, until ctx ends.
func (a *App) retain(ctx context.Context) {
	tick := time.NewTicker(retainLook)
	defer tick.Stop()
	var done *Edition
	var last time.Time
	for {
		if e := a.policy.Edition(); e != done || time.Since(last) >= retainEvery {
			n, err := a.ledger.Retain(ctx, e.Policy.Retention())
			if n > 0 {
				a.log.Info().Int("decisions", n).Msg("numbers were masked or records removed, as data/retention.yaml says")
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				a.log.Error().Err(err).Msg("what need not be kept any longer cannot be erased; it is tried again")
			}
			done, last = e, time.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
