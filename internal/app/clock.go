package app

import (
	"context"
	"time"
)

// How often the clock is looked at, and how far it must have been set to be told: nothing else moves it so much in that time.
const (
	clockLook = time.Second
	clockStep = 500 * time.Millisecond
)

// watchClock tells the log when the clock was set while the daemon runs, and by how much, until ctx ends. Nothing has to be
// done then: what waits or counts goes by the monotonic clock.
func (a *App) watchClock(ctx context.Context) {
	tick := time.NewTicker(clockLook)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		by := clockSet(now.Round(0).Sub(last.Round(0)), now.Sub(last))
		last = now
		entry := a.log.Warn().Str("by", by.Abs().String())
		switch {
		case by < 0:
			entry.Msg("the clock was set back: from now on records say what it says; ids, time-outs and caps go on as before")
		case by > 0:
			entry.Msg("the clock went ahead, because it was set or the machine slept: from now on records say what it says; ids, time-outs and caps go on as before")
		default:
			entry.Discard()
		}
	}
}

// clockSet returns how far the clock was set, to the tenth of a second, while it went on by wall and so much time passed; 0
// if it was not.
func clockSet(wall, passed time.Duration) time.Duration {
	if by := wall - passed; by.Abs() >= clockStep {
		return by.Round(100 * time.Millisecond)
	}
	return 0
}
