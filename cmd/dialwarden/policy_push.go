package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/rules"
)

func newPolicyPush() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "push DIR",
		Short: "Put the policy of another directory in force, if it has no fault and its tests pass",
		Long: `Put the policy in DIR in force. The running daemon checks it whole, runs its tests, and places
the calls of its scenarios and of those beside policy.dir; if all is well it writes the files to
its policy directory (policy.dir) in place of those that are there, and decides new calls by
them. Otherwise nothing changes. Files that are no part of a policy (README, .git) are neither
sent nor touched.

With no daemon running the same is done here, and the policy is in force when one starts.

The exit status is 0 if the policy is in force, 1 if it has a fault or a test or scenario fails,
2 if it could not be done.`,
		Example:           "  dialwarden policy push policy.new",
		Args:              exactly("DIR"),
		ValidArgsFunction: completeDir,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := loadFor(cmd, args); err != nil {
				return err
			}
			files, err := rules.ReadFiles(os.DirFS(args[0]))
			if err != nil && !isUnreadable(err) {
				return refused(cmd.ErrOrStderr(), err)
			}
			if err != nil {
				return err
			}
			return changePolicy(cmd, asJSON, func(ctx context.Context, p control.Policies) (call.PolicyChange, error) {
				return p.Push(ctx, files)
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func newPolicyRollback() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rollback [REV]",
		Short: "Go back to the policy that was in force before, or to REV",
		Long: `Go back to the revision that was in force before the present one, or to REV of "policy history".
The running daemon takes its files from the ledger, checks them, writes them to its policy
directory, and decides new calls by them. Once more goes back one further. Nothing is lost: what
lay in the policy directory is in the ledger ("policy history", "policy show"). If tests or
scenarios of that revision fail, it is in force all the same, and a warning says so.

With no daemon running the same is done here, and the policy is in force when one starts.`,
		Example:           "  dialwarden policy rollback\n  dialwarden policy rollback 3f6c1a90",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeRevision,
		RunE: func(cmd *cobra.Command, args []string) error {
			return changePolicy(cmd, asJSON, func(ctx context.Context, p control.Policies) (call.PolicyChange, error) {
				return p.Rollback(ctx, strings.Join(args, ""))
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// changePolicy exchanges the policy through the running daemon, or where none is running in the policy directory and
// the ledger themselves, and prints what became of it.
func changePolicy(cmd *cobra.Command, asJSON bool, do func(context.Context, control.Policies) (call.PolicyChange, error)) error {
	out, err := throughDaemon(cmd, do)
	if fault := (*control.Refusal)(nil); errors.As(err, &fault) {
		return refused(cmd.ErrOrStderr(), fault)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(cmd.OutOrStdout(), out)
	}
	if err := printChange(cmd.OutOrStdout(), out); err != nil || out.Warning == "" {
		return err
	}
	_, err = fmt.Fprintln(cmd.ErrOrStderr(), "Warning: "+out.Warning)
	return err
}

// refused prints what is wrong with a policy; the answer is no.
func refused(stderr io.Writer, err error) error {
	if _, err := fmt.Fprintf(stderr, "%v\nNothing is changed.\n", err); err != nil {
		return err
	}
	return errNo
}

func throughDaemon(cmd *cobra.Command, do func(context.Context, control.Policies) (call.PolicyChange, error)) (call.PolicyChange, error) {
	cfg, err := load(cmd)
	if err != nil {
		return call.PolicyChange{}, err
	}
	if daemon, running := control.Dial(cmd.Context(), cfg.Control.Socket); running {
		return do(cmd.Context(), daemon)
	}
	l, err := app.OpenLedger(cfg, func(error) {})
	if errors.Is(err, ledger.ErrLocked) {
		return call.PolicyChange{}, fmt.Errorf("%w, but no daemon answers at %s: is control.socket the one that the daemon has?", err, cfg.Control.Socket)
	}
	if err != nil {
		return call.PolicyChange{}, err
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "No daemon answers at %s; writing to %s and %s itself.\n",
		cfg.Control.Socket, policyName(cfg), cfg.Ledger.Path)
	out, fault := do(cmd.Context(), app.NewKeeper(cfg, l, zerolog.Nop()))
	return out, errors.Join(err, fault, l.Close())
}

func printChange(w io.Writer, c call.PolicyChange) error {
	text := fmt.Sprintf("Policy %s is in force; before, it was %s.\n", c.Revision, c.Before)
	switch {
	case !c.Changed:
		text = fmt.Sprintf("Policy %s is in force already.\n", c.Revision)
	case c.Before == "":
		text = fmt.Sprintf("Policy %s is written; the daemon will start with it.\n", c.Revision)
	}
	if c.Replaced != "" {
		text += fmt.Sprintf("What lay in the policy directory was never in force; it is kept: dialwarden policy show %s\n", c.Replaced)
	}
	_, err := io.WriteString(w, text)
	return err
}
