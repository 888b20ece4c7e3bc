package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

func newAlert() *cobra.Command {
	cmd := group("alert", "See which alerts were raised, and try their receivers", `See which alerts were raised and whether their receivers have them, and send a test to all receivers.
They are configured in alerts.webhooks.`)
	cmd.AddCommand(newAlertList(), newAlertTest())
	return cmd
}

func newAlertList() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the newest alerts, and who has received them",
		Long: `List the newest alerts, the newest first, and for each receiver whether it has the alert, waits for it
(with the error of the last try), or will not get it any more. Alerts are kept for 30 days. Times are
those of the site (site.timezone); JSON has UTC. Who may not see whole numbers (privacy.unmasked) sees
the last four digits.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return fmt.Errorf("--limit %d: want 1 or more", limit)
			}
			r, cfg, err := openReader(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			alerts, err := r.Alerts(cmd.Context(), limit)
			if err != nil {
				return err
			}
			hidden, zone := maySee(cfg) != nil, cfg.Site.Location()
			rows := [][]string{{"TIME", "KIND", "RULE", "FROM", "NUMBER", "DECISION", "RECEIVERS", "TEXT"}}
			for _, a := range alerts {
				if hidden {
					a.Number, a.Text = ledger.Mask(a.Number), ledger.MaskText(a.Text)
				}
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), a); err != nil {
						return err
					}
				}
				rows = append(rows, []string{
					moment(ledger.Time{Time: a.At}, zone), string(a.Kind), orDash(a.Rule), textOf(a.Extension),
					textOf(a.Number), orDash(number(a.DecisionID)), receivers(a.Deliveries), textOf(a.Text),
				})
			}
			if asJSON {
				return nil
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "list so many alerts")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// textOf returns s as it can be shown, or a dash for nothing.
func textOf(s string) string {
	if s == "" {
		return "-"
	}
	return shown(s)
}

// receivers tells who has an alert and who has not.
func receivers(all []call.Delivery) string {
	var words []string
	for _, d := range all {
		state := "waits"
		switch {
		case d.Delivered:
			state = "delivered"
		case d.GivenUp:
			state = "given up"
		}
		if !d.Delivered && d.Error != "" {
			state += " (" + d.Error + "; tries: " + strconv.Itoa(d.Tries) + ")"
		}
		words = append(words, d.Receiver+" "+state)
	}
	return cmp.Or(strings.Join(words, ", "), "-")
}

func newAlertTest() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "test",
		Short: "Send a test to all receivers of alerts, and tell what they answer",
		Long: `Send a signed test to every receiver in alerts.webhooks, whatever kinds of alerts it wants, and tell
what came back. It needs no running daemon. The exit status is 1 if a receiver did not take it.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			if len(cfg.Alerts.Webhooks) == 0 {
				return fmt.Errorf("there is no receiver: alerts.webhooks is empty")
			}
			results, err := app.TestAlerts(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			failed := false
			for _, d := range results {
				failed = failed || !d.Delivered
				if asJSON {
					err = printJSON(cmd.OutOrStdout(), d)
				} else {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", d.Receiver, cmp.Or(d.Error, "delivered, it answers "+strconv.Itoa(d.Status)))
				}
				if err != nil {
					return err
				}
			}
			if failed {
				return errNo
			}
			return nil
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}
