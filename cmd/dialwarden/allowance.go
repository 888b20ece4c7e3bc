package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
)

func newAllowance() *cobra.Command {
	cmd := group("allowance", "Show the allowances and what is left of them", `Show what phones, people and departments may spend this month (policy/data/allowances.yaml), and what
they have spent by the rates of policy/data/rates.yaml.`)
	cmd.AddCommand(newAllowanceList())
	return cmd
}

func newAllowanceList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what each has, has used, and has left this month",
		Long: `List every allowance of this month: what was given, what earlier months have left (carry_over), what
calls have cost, what is put aside for calls that go on, and what is left. JSON has minor units.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			all, err := app.Accounts(cmd.Context(), cfg, time.Now())
			if err != nil {
				return err
			}
			rows := [][]string{{"ALLOWANCE", "OF", "MONTH", "AMOUNT", "CARRIED", "USED", "", "PUT ASIDE", "LEFT", "OVERRUN"}}
			for _, a := range all {
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), a); err != nil {
						return err
					}
				}
				rows = append(rows, []string{
					a.ID, a.Scope.Owner(shown(a.Name)), a.Month, money(a.AmountMinor, cfg.Site), money(a.CarriedMinor, cfg.Site),
					money(a.UsedMinor, cfg.Site), fmt.Sprintf("%d %%", a.SharePercent), money(a.ReservedMinor, cfg.Site),
					money(a.RestMinor, cfg.Site), string(a.Overrun),
				})
			}
			if asJSON {
				return nil
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}
