package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

func newSanction() *cobra.Command {
	cmd := group("sanction", "See which phones and PINs are suspended, and lift a suspension", `See what breaking rules has cost: which phones and PINs are suspended until when, and which fines
were imposed. Rules impose sanctions by themselves; people lift them.`)
	cmd.AddCommand(newSanctionList(), newSanctionLift())
	return cmd
}

func newSanctionList() *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the suspensions that are running; --all lists all sanctions",
		Long: `List the suspensions that are running, each once with its newest sanction; --all lists every sanction,
also those that are over or lifted, and fines. Times are those of the site (site.timezone); JSON has UTC, and
money in minor units (cents, fen).`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, cfg, err := openReader(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			sanctions, err := r.Sanctions(cmd.Context(), time.Now())
			if err != nil {
				return err
			}
			zone := cfg.Site.Location()
			rows := [][]string{{"ID", "STATE", "SINCE", "UNTIL", "FROM", "PIN", "HOLDER", "RULE", "FINE", "DECISION", "LIFTED BY", "REASON"}}
			for _, s := range sanctions {
				if !all && (s.State != ledger.SanctionSuspended || !newest(s, sanctions)) {
					continue
				}
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), s); err != nil {
						return err
					}
				}
				reason := s.Reason
				if s.LiftReason != "" {
					reason = s.LiftReason
				}
				rows = append(rows, []string{
					number(s.ID), string(s.State), moment(s.At, zone), moment(s.Until, zone), textOf(s.Extension), orDash(number(s.PINID)),
					orDash(s.Holder), s.Rule, fine(s.Total, cfg.Site), number(s.DecisionID), orDash(s.LiftedBy), orDash(reason),
				})
			}
			if asJSON {
				return nil
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "list those that are over or lifted, and fines, too")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// newest reports whether no later sanction has extended the suspension of s.
func newest(s ledger.Sanction, among []ledger.Sanction) bool {
	for _, other := range among {
		if other.ID > s.ID && !other.Until.IsZero() && other.First() == s.First() {
			return false
		}
	}
	return true
}

func newSanctionLift() *cobra.Command {
	var reason string
	var waive bool
	cmd := &cobra.Command{
		Use:   "lift ID",
		Short: "End a suspension before its time; its ID is in \"sanction list\"",
		Long: `End a suspension before its time, at once. Its ID is in "dialwarden sanction list"; what has extended it
ends with it. The fines stay, unless --fine waives all of them. Who lifts it, when and why is recorded for ever.`,
		Args:              exactlyID("sanction"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := idOf(args[0], "sanction", "sanction list")
			if err != nil {
				return err
			}
			if reason == "" {
				return fmt.Errorf("--reason is missing: it is recorded why a sanction is lifted")
			}
			return withWriter(cmd, func(ctx context.Context, w writer) error {
				if err := w.LiftSanction(ctx, id, account(), reason, waive); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "Sanction %d is lifted.\n", id)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, in a `TEXT` of your own")
	cmd.Flags().BoolVar(&waive, "fine", false, "waive the fines, too")
	return cmd
}

// fine is what a sanction costs by now; - for nothing.
func fine(minor int64, site config.Site) string {
	if minor == 0 {
		return "-"
	}
	return money(minor, site)
}
