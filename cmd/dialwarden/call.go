package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

func newCall() *cobra.Command {
	cmd := group("call", "See the calls in progress; extend or end one", `See the calls that go on at this moment, as the running daemon knows them; let one last longer than
its cap, or end it. Who did it, and why, is recorded before it is done: the account that gives the
command.`)
	cmd.AddCommand(newCallList(), newCallExtend(), newCallEnd())
	return cmd
}

func newCallList() *cobra.Command {
	var asJSON, mask bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the calls in progress",
		Long: `List the calls in progress, the oldest decision first. LASTED is the time since the answer; - while
the phone rings. LEFT is what the cap leaves. A call whose phone is "(left)" was transferred away:
it is still paid for by that phone.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			daemon, cfg, err := inProgress(cmd)
			if err != nil {
				return err
			}
			calls, err := daemon.InProgress(cmd.Context())
			if err != nil {
				return err
			}
			hidden := masked(cmd, args, cfg, mask)
			rows := [][]string{{"DECISION", "FROM", "NUMBER", "CLASS", "LASTED", "LEFT"}}
			for _, c := range calls {
				if hidden {
					c.Number = ledger.Mask(c.Number)
				}
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), c); err != nil {
						return err
					}
				}
				rows = append(rows, progressRow(c))
			}
			if asJSON || len(calls) == 0 {
				return nil
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	jsonFlag(cmd, &asJSON)
	maskFlag(cmd, &mask)
	return cmd
}

func progressRow(c call.InProgress) []string {
	from, lasted, left := shown(c.Extension), "-", "-"
	if c.Left {
		from += " (left)"
	}
	if !c.AnsweredAt.IsZero() {
		lasted = seconds(max(c.Seconds, 1))
	}
	if c.MaxSeconds > 0 {
		left = (time.Duration(max(c.MaxSeconds-c.Seconds, 0)) * time.Second).String()
	}
	return []string{strconv.FormatInt(c.DecisionID, 10), from, shown(c.Number), string(c.Class), lasted, left}
}

func newCallExtend() *cobra.Command {
	var reason string
	var more int
	cmd := &cobra.Command{
		Use:   "extend DECISION --seconds SECONDS --reason TEXT",
		Short: "Let a call in progress last longer than its cap",
		Long: `Let the call of a decision last so many seconds longer than its cap. The caller is warned before the
new end. The warning before the old end may still be heard: Asterisk cannot take it back. An allowance
is charged with what the call costs in the end, also where it no longer pays for that.`,
		Example: "  dialwarden call extend 4711 --seconds 600 --reason 'the hospital in Osaka asked for time'",
		Args:    exactly("DECISION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			daemon, id, err := decided(cmd, args[0])
			if err != nil {
				return err
			}
			limit, err := daemon.Extend(cmd.Context(), id, more, account(), reason)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "The call may last %s now, counted from the answer.\n", seconds(limit))
			return err
		},
	}
	cmd.Flags().IntVar(&more, "seconds", 0, "so many `SECONDS` longer than its cap")
	complete(cmd, "seconds", cobra.NoFileCompletions)
	if err := cmd.MarkFlagRequired("seconds"); err != nil {
		panic(err) // the flag is defined above
	}
	reasonFlag(cmd, &reason)
	return cmd
}

func newCallEnd() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "end DECISION --reason TEXT",
		Short: "End a call in progress",
		Long:  `End the call of a decision now, wherever it was transferred to.`,
		Args:  exactly("DECISION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			daemon, id, err := decided(cmd, args[0])
			if err != nil {
				return err
			}
			if err := daemon.Terminate(cmd.Context(), id, account(), reason); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "The call is ended.")
			return err
		},
	}
	reasonFlag(cmd, &reason)
	return cmd
}

// decided reaches the running daemon about the call of a decision.
func decided(cmd *cobra.Command, decision string) (*control.Client, int64, error) {
	id, err := decisionID(decision)
	if err != nil {
		return nil, 0, err
	}
	daemon, _, err := inProgress(cmd)
	return daemon, id, err
}

// decisionID reads the id of a decision.
func decisionID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, fmt.Errorf("%q is no decision's ID: it is a number of \"dialwarden log list\"", text)
	}
	return id, nil
}

// reasonFlag adds the flag that says why; it must be given.
func reasonFlag(cmd *cobra.Command, reason *string) {
	cmd.Flags().StringVar(reason, "reason", "", "why, in a `TEXT` of your own")
	complete(cmd, "reason", cobra.NoFileCompletions)
	if err := cmd.MarkFlagRequired("reason"); err != nil {
		panic(err) // the flag is defined above
	}
}

// inProgress reaches the running daemon: without one nobody knows which calls go on.
func inProgress(cmd *cobra.Command) (*control.Client, config.Config, error) {
	cfg, err := load(cmd)
	if err != nil {
		return nil, cfg, err
	}
	daemon, running := control.Dial(cmd.Context(), cfg.Control.Socket)
	if !running {
		return nil, cfg, fmt.Errorf("no daemon answers at %s: without one nobody knows which calls are in progress", cfg.Control.Socket)
	}
	return daemon, cfg, nil
}

// intervened tells what an operator did to a call.
func intervened(i ledger.Intervention, zone *time.Location) string {
	did := "ended"
	if i.What == call.Extend {
		did = "cap " + seconds(i.MaxSeconds)
	}
	return moment(i.At, zone) + " by " + i.Who + ": " + did + "; " + i.Reason
}
