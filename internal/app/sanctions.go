package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
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

// Suspend adds to the facts about a call what suspends its extension by the ledger of a configuration; nothing where there is no
// ledger yet, or where it cannot be read, which the error says.
func Suspend(ctx context.Context, cfg config.Config, f *call.Facts) (err error) {
	if _, err := os.Stat(cfg.Ledger.Path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	r, err := ledger.OpenReader(cfg.Ledger.Path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	all, err := r.Sanctions(ctx, f.Attempt.At)
	var last time.Time
	for _, s := range all {
		if s.State == ledger.SanctionSuspended && s.PINID == 0 && s.Extension == f.Attempt.Extension && !s.At.After(f.Attempt.At) && s.Until.After(last) {
			last = s.Until.Time
			f.Sanction.Suspended, f.Sanction.Until, f.Sanction.Rule = true, last.In(cfg.Site.Location()).Format(time.RFC3339), s.Rule
		}
	}
	return err
}
