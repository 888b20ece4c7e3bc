package app

import (
	"context"
	"time"
)

// probePause is how long a ledger that cannot be written is left alone before it is tried again.
const probePause = time.Second

// followLedger tells the log when the ledger can no longer be written, and why, and when it can be again. While it
// cannot, it is tried every second, so that its recovery does not have to be found out by a caller.
func (a *App) followLedger(ctx context.Context) {
	var since time.Time
	var again <-chan time.Time // nil while all is well
	for {
		select {
		case <-ctx.Done():
			return
		case err := <-a.ledgerNotices:
			if err != nil {
				if since.IsZero() {
					since = time.Now()
				}
				again = time.After(probePause)
				a.log.Error().Err(err).Msg("the ledger cannot be written: all calls but emergency calls are refused")
				continue
			}
			again = nil
			a.log.Warn().Dur("after_ms", time.Since(since)).Msg("the ledger can be written again: calls are decided")
			since = time.Time{}
		case <-again:
			_ = a.ledger.Probe(ctx) // what it finds comes as a notice, if it is new
			again = time.After(probePause)
		}
	}
}

// noticeLedger passes on what the ledger tells, from the goroutine that writes it.
func (a *App) noticeLedger(err error) {
	select {
	case a.ledgerNotices <- err:
	default: // there are many already; the log has stopped
	}
}
