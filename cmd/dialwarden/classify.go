package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
)

// classified is a number and, where it is none, why.
type classified struct {
	call.Number
	Reason string `json:"reason,omitempty"`
}

func newClassify() *cobra.Command {
	var asJSON, explain bool
	cmd := &cobra.Command{
		Use:   "classify DIGITS...",
		Short: "Say what dialled digits mean: class, number, area, carrier prefix",
		Long: `Say what dialled digits mean at this site, by the number plan and the directory.

The classes are: emergency internal toll_free local service shared_cost mobile national
international satellite premium unknown invalid. Beneath the table stands why a number is
invalid. Put * and # into quotes, for the shell's sake.`,
		Example:           "  dialwarden classify 962345678 16812345 0085221234567\n  dialwarden classify --json 110",
		Args:              atLeast("DIGITS"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			edition, err := edition(cmd)
			if err != nil {
				return err
			}
			if explain {
				return explainNumbers(cmd.OutOrStdout(), edition.Numbers, args, asJSON)
			}
			var reasons []string
			rows := [][]string{{"DIALLED", "CLASS", "NUMBER", "SENT TO THE TRUNK", "REGION", "AREA", "CARRIER", "RISK"}}
			for _, dialled := range args {
				n := classified{edition.Numbers.Classify(dialled).Number, edition.Numbers.WhyInvalid(dialled)}
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), n); err != nil {
						return err
					}
					continue
				}
				if n.Reason != "" {
					reasons = append(reasons, shown(n.Dialled)+": "+n.Reason)
				}
				rows = append(rows, []string{
					shown(n.Dialled), string(n.Class), orDash(n.E164), orDash(n.Digits), orDash(n.Region), orDash(n.Area),
					orDash(n.CarrierPrefix), orDash(strings.Join(n.Risk, ", ")),
				})
			}
			if asJSON {
				return nil
			}
			err = table(cmd.OutOrStdout(), rows)
			for _, r := range reasons {
				_, fault := fmt.Fprintln(cmd.OutOrStdout(), r)
				err = errors.Join(err, fault)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&explain, "explain", false, "tell each step: what was tested and stripped, and which entry of the plan decided")
	jsonFlag(cmd, &asJSON)
	return cmd
}
