package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/demo"
)

func newDemo() *cobra.Command {
	var o demo.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole thing: real calls through a real Asterisk, decided before your eyes",
		Long: `Show the whole thing on this machine in half a minute. A real Asterisk is started with the
Dialwarden dialplan, and this program as its daemon; then phones place real SIP calls:

  a local call goes through
  a premium-rate number is refused by a spoken prompt
  a long-distance call is asked for a PIN, and goes through with the right one
  another one is refused after three wrong PINs
  the emergency number goes through, whatever the daemon thinks
  a call is cut by its cap

Each decision is printed when it is in the ledger, with what the phone saw below it. All is
checked: the exit status is 0 if every call went as told, 1 if one did not, 2 if the demo could
not be carried out.

Everything runs on the loopback interface, on ports of its own: an Asterisk that runs on this
machine already is not touched, and nothing is left running. The configuration, the policy and
the ledger stay in --dir to be looked at; the next run writes them anew and keeps those of the
run before in its directory "earlier".

The Asterisk is the one that "make asterisk" puts into the cache, which needs root; or another
one of version 18 or newer: ASTERISK_ROOT=/ for the one that is installed on this machine.`,
		Example: "  dialwarden demo\n  dialwarden demo --stay\n  ASTERISK_ROOT=/ dialwarden demo --dir /tmp/demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("config") {
				return errors.New("the demo has a configuration of its own; leave --config out")
			}
			var err error
			if o.Program, err = os.Executable(); err != nil {
				return err
			}
			o.Command, o.Out = os.Args[0], cmd.OutOrStdout()
			// A closed terminal or a closed pipe must not keep us from stopping what we have started.
			signals := []os.Signal{syscall.SIGPIPE}
			if !signal.Ignored(syscall.SIGHUP) { // nohup
				signals = append(signals, syscall.SIGHUP)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), signals...)
			defer stop()
			switch err := demo.Run(ctx, o); {
			case ctx.Err() != nil && err != nil:
				return fmt.Errorf("interrupted; nothing is left running (%w)", err)
			case errors.Is(err, demo.ErrNotAsTold):
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "dialwarden: %v\n", err)
				return errNo
			default:
				return err
			}
		},
	}
	cmd.Flags().StringVar(&o.Dir, "dir", "", "keep the configuration, the policy and the ledger in `DIR` (default dialwarden/demo in the user's cache)")
	cmd.Flags().BoolVar(&o.Stay, "stay", false, "keep everything running after the calls, until Ctrl-C, to dial with a softphone")
	return cmd
}
