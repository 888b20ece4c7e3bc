package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dialwarden/dialwarden/internal/app"
)

func newServe() *cobra.Command {
	var format, level string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the daemon: decide calls until it is told to stop",
		Long: `Run the daemon. It attaches to Asterisk (and waits for it where it is not there yet),
decides calls, and writes every decision to the ledger.

A changed file of the policy directory, or SIGHUP, has the policy read again; a policy with a
fault, or that fails its tests, is not used. SIGTERM stops: calls in
progress go on, and from then on Asterisk lets out emergency calls only.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLogger(cmd.ErrOrStderr(), format, level)
			if err != nil {
				return err
			}
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			started := takeTime(log)
			a, err := app.Open(cmd.Context(), cfg, log)
			started()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), a, log)
		},
	}
	cmd.Flags().StringVar(&format, "log-format", "", "console for people, json for machines (default: console on a terminal, else json)")
	cmd.Flags().StringVar(&level, "log-level", "info", "debug, info, warn or error")
	return cmd
}

// serve runs the daemon, reloads it on SIGHUP and keeps systemd informed.
func serve(ctx context.Context, a *app.App, log zerolog.Logger) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	signal.Ignore(syscall.SIGXFSZ) // a file that may not grow is the ledger's to tell of, and nothing to die of
	stopped := make(chan error, 1)
	go func() { stopped <- a.Run(ctx) }()
	notify(log, daemon.SdNotifyReady)
	stopping := ctx.Done()
	for {
		select {
		case <-hangup:
			notify(log, daemon.SdNotifyReloading)
			_ = a.Reload(ctx) // it has logged what is wrong, and the old policy stays in force
			notify(log, daemon.SdNotifyReady)
		case <-stopping:
			notify(log, daemon.SdNotifyStopping)
			stopping = nil
		case err := <-stopped:
			return err
		}
	}
}

// How often, and for how long, systemd is asked for more time.
const (
	askEvery = 15 * time.Second
	moreTime = "EXTEND_TIMEOUT_USEC=60000000"
)

// takeTime asks systemd for more time until the start is over: a large ledger of an earlier version is brought up to date
// then, and must not be killed over and over again in the middle of it.
func takeTime(log zerolog.Logger) (started func()) {
	over := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		tick := time.NewTicker(askEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				notify(log, moreTime)
			case <-over:
				return
			}
		}
	})
	return func() {
		close(over)
		asking.Wait()
	}
}

// notify tells systemd of a state; outside systemd it does nothing.
func notify(log zerolog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn().Err(err).Msg("systemd could not be told")
	}
}

// newLogger makes the logger that the flags ask for.
func newLogger(w io.Writer, format, level string) (zerolog.Logger, error) {
	l, err := zerolog.ParseLevel(level)
	if err != nil || level == "" {
		return zerolog.Nop(), fmt.Errorf("--log-level %q: must be debug, info, warn or error", level)
	}
	f, isFile := w.(*os.File)
	terminal := isFile && term.IsTerminal(int(f.Fd()))
	if format == "" {
		format = "json"
		if terminal {
			format = "console"
		}
	}
	switch format {
	case "json":
	case "console":
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: "15:04:05.000", NoColor: !terminal}
	default:
		return zerolog.Nop(), fmt.Errorf("--log-format %q: must be console or json", format)
	}
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	return zerolog.New(w).Level(l).With().Timestamp().Logger(), nil
}
