package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/control"
)

func newApproval() *cobra.Command {
	cmd := group("approval", "See which calls wait for approval, and answer", `See which calls wait for somebody's approval in the running daemon, and answer in the place of
those whose phones are rung. Whoever answers first has answered; the phone that rings stops.
Who answered is recorded with the decision: the account that gives the command.`)
	cmd.AddCommand(newApprovalList(), newApprovalAnswer(true), newApprovalAnswer(false))
	return cmd
}

func newApprovalList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the calls that wait for approval",
		Long: `List the calls that wait for approval, the oldest first, with whole numbers: who answers must know
whom the call is for. Times are those of the site (site.timezone); JSON has UTC.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			daemon, zone, err := approvals(cmd)
			if err != nil {
				return err
			}
			pending, err := daemon.PendingApprovals(cmd.Context())
			if err != nil {
				return err
			}
			rows := [][]string{{"ID", "SINCE", "FROM", "HOLDER", "NUMBER", "CLASS", "RULE", "ASKING"}}
			for _, p := range pending {
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), p); err != nil {
						return err
					}
				}
				rows = append(rows, []string{
					p.ID, p.Since.In(zone).Format(time.TimeOnly), shown(p.Extension), orDash(p.Holder), shown(p.Number),
					string(p.Class), p.Rule, orDash(p.Asking),
				})
			}
			if asJSON || len(pending) == 0 {
				return nil
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// newApprovalAnswer is the verb allow, or refuse.
func newApprovalAnswer(allow bool) *cobra.Command {
	name, does, done := "refuse", "Refuse", "refused"
	if allow {
		name, does, done = "allow", "Allow", "allowed"
	}
	var reason string
	cmd := &cobra.Command{
		Use:   name + " ID",
		Short: does + " a call that waits for approval",
		Long: does + ` a call that waits for approval. Its ID is in "dialwarden approval list". It is an error if somebody has
answered already, if the caller has hung up, or if the call is your own.`,
		Args:              exactly("ID"),
		ValidArgsFunction: completeApproval,
		RunE: func(cmd *cobra.Command, args []string) error {
			daemon, _, err := approvals(cmd)
			if err != nil {
				return err
			}
			reply := call.ApprovalReply{Allow: allow, Who: account(), Reason: reason}
			if err := daemon.AnswerApproval(cmd.Context(), strings.ToLower(args[0]), reply); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "The call is %s.\n", done)
			return err
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, in a `TEXT` of your own")
	return cmd
}

// approvals reaches the running daemon: without one no caller waits.
func approvals(cmd *cobra.Command) (*control.Client, *time.Location, error) {
	cfg, err := load(cmd)
	if err != nil {
		return nil, nil, err
	}
	daemon, running := control.Dial(cmd.Context(), cfg.Control.Socket)
	if !running {
		return nil, nil, fmt.Errorf("no daemon answers at %s: without one nobody waits for approval", cfg.Control.Socket)
	}
	return daemon, cfg.Site.Location(), nil
}

// completeApproval offers the calls that wait.
func completeApproval(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	daemon, _, err := approvals(cmd)
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	pending, err := daemon.PendingApprovals(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var ids []cobra.Completion
	for _, p := range pending {
		ids = append(ids, cobra.CompletionWithDesc(p.ID, p.Extension+" to "+p.Number))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
