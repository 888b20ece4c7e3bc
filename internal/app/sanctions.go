package app

import (
	"context"
	"fmt"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/sanction"
)

// openSanctions takes the suspensions up that the ledger knows.
func (a *App) openSanctions(ctx context.Context) error {
	var err error
	if a.sanctions, err = sanction.Open(ctx, a.ledger); err != nil {
		return fmt.Errorf("the suspensions of earlier: %w", err)
	}
	return nil
}

// sanctioned is told by the ledger what was imposed and lifted: the next call knows it.
func (a *App) sanctioned(c call.SanctionChange) {
	a.sanctions.Change(c)
	if c.Alert != nil {
		a.alerts.Raise(*c.Alert)
	}
	if len(c.Lifted) > 0 {
		a.log.Info().Ints64("sanctions", c.Lifted).Msg("sanctions were lifted")
	}
}
