package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
)

func newLogCorrect() *cobra.Command {
	var c call.Correction
	var seconds, cost int64
	cmd := &cobra.Command{
		Use:   "correct ID --reason TEXT",
		Short: "Put a decision or its call right, without changing what was recorded",
		Long: `Put a decision or its call right. What was recorded stays: the correction is a record of its own,
with who made it and why, that lists and reports go by from then on. The newest counts.`,
		Example:           "  dialwarden log correct 17 --seconds 0 --reason 'the line was dead'",
		Args:              exactly("ID"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&c.Reason, "reason", "", "why, in a `TEXT` of your own")
	cmd.Flags().Int64Var(&seconds, "seconds", 0, "the call's `SECONDS` from answer to end")
	cmd.Flags().Int64Var(&cost, "cost-minor", 0, "what it cost, in `CENTS`")
	if err := cmd.MarkFlagRequired("reason"); err != nil {
		panic(err) // the flag is defined above
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := decisionID(args[0])
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("seconds") {
			c.Seconds = &seconds
		}
		if cmd.Flags().Changed("cost-minor") {
			c.CostMinor = &cost
		}
		c.Who = account()
		return withWriter(cmd, func(ctx context.Context, w writer) error {
			if _, err := w.Correct(ctx, id, c); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "Decision %d is corrected.\n", id)
			return err
		})
	}
	return cmd
}
