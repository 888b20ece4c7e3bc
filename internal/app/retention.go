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
	var doubt time.Duration
	for {
		if e := a.policy.Edition(); e != done || time.Since(last) >= retainEvery {
			n, err := a.ledger.Retain(ctx, e.Policy.Retention())
			if n > 0 {
				a.log.Info().Int("decisions", n).Msg("numbers were masked or records removed, as data/retention.yaml says")
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				a.log.Error().Err(err).Msg("what need not be kept any longer cannot be erased; it is tried again")
			}
			doubt = a.doubtClock(ctx, doubt)
			done, last = e, time.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// doubtClock tells the log when retention begins to doubt the clock, and when that ends. It takes and returns how far.
func (a *App) doubtClock(ctx context.Context, before time.Duration) time.Duration {
	unseen, err := a.ledger.Unseen(ctx)
	if err != nil {
		return before // Retain says why
	}
	switch ahead := unseen.Round(time.Hour).String(); {
	case unseen > before+retainEvery:
		a.log.Warn().Str("by", ahead).Msg("the clock is ahead of what the ledger has seen, because no daemon ran or the clock was set: retention does not count this time before the clock has stood for a week, as what is erased does not come back; if the clock is wrong, set it right")
	case unseen == 0 && before > 0:
		a.log.Info().Msg("retention goes by the clock again")
	}
	return unseen
}
