package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// writer is what changes the ledger: the running daemon, or the ledger itself.
type writer interface {
	control.PINs
	control.Tokens
	control.Locks
	control.Log
	control.Sanctions
}

// alone is the ledger itself, where no daemon is running.
type alone struct {
	*ledger.Ledger
	app.Locks
}

// withWriter changes the ledger through the running daemon, or by itself where none is running.
func withWriter(cmd *cobra.Command, do func(context.Context, writer) error) error {
	cfg, err := load(cmd)
	if err != nil {
		return err
	}
	if daemon, running := control.Dial(cmd.Context(), cfg.Control.Socket); running {
		return do(cmd.Context(), daemon)
	}
	l, err := app.OpenLedger(cfg, func(error) {})
	if errors.Is(err, ledger.ErrLocked) {
		return fmt.Errorf("%w, but no daemon answers at %s: is control.socket the one that the daemon has?", err, cfg.Control.Socket)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "No daemon answers at %s; writing to %s itself.\n", cfg.Control.Socket, cfg.Ledger.Path)
	return errors.Join(err, do(cmd.Context(), alone{l, app.Locks{Ledger: l}}), l.Close())
}

// openReader opens the ledger of the configuration for reading, and returns the configuration with it.
func openReader(cmd *cobra.Command) (*ledger.Reader, config.Config, error) {
	cfg, err := load(cmd)
	if err != nil {
		return nil, cfg, err
	}
	r, err := ledger.OpenReader(cfg.Ledger.Path)
	return r, cfg, err
}
