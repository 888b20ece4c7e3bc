package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

func newLogSummary() *cobra.Command {
	var asJSON bool
	var day, month string
	cmd := &cobra.Command{
		Use:   "summary",
		Short: "Count what was decided on a day or in a month",
		Long: `Count what was decided on a day or in a month, today if nothing is said: by action, class, rule
and department, with the calls that were answered and their begun minutes (by the newest
correction of each). Days are those of the site (site.timezone). A call counts when it was
attempted, its minutes once it has ended.`,
		Example:           "  dialwarden log summary\n  dialwarden log summary --day 2026-11-23\n  dialwarden log summary --month 2026-11 --json",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, cfg, err := openReader(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			zone := cfg.Site.Location()
			since, until, err := span(day, month, time.Now().In(zone))
			if err != nil {
				return err
			}
			s, err := r.Summary(cmd.Context(), since, until)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), s)
			}
			return printSummary(cmd.OutOrStdout(), s, zone)
		},
	}
	cmd.Flags().StringVar(&day, "day", "", "the `DATE`, like 2026-11-23")
	cmd.Flags().StringVar(&month, "month", "", "the `MONTH`, like 2026-11")
	cmd.MarkFlagsMutuallyExclusive("day", "month")
	complete(cmd, "day", cobra.NoFileCompletions)
	complete(cmd, "month", cobra.NoFileCompletions)
	jsonFlag(cmd, &asJSON)
	return cmd
}

// span returns the beginning and the end of a day or a month, of the day of now if neither is given. All are of its zone.
func span(day, month string, now time.Time) (since, until time.Time, err error) {
	first, months, days, zone := now, 0, 1, now.Location()
	switch {
	case month != "":
		if first, err = time.Parse("2006-01", month); err != nil {
			return since, until, fmt.Errorf("--month %q: must be a month like 2026-11", month)
		}
		months, days = 1, 0
	case day != "":
		if first, err = time.Parse(time.DateOnly, day); err != nil {
			return since, until, fmt.Errorf("--day %q: must be a date like 2026-11-23", day)
		}
	}
	y, m, d := first.Date()
	return call.Midnight(y, m, d, zone), call.Midnight(y, m+time.Month(months), d+days, zone), nil
}

// printSummary tells a summary; times are those of the zone.
func printSummary(w io.Writer, s ledger.Summary, zone *time.Location) error {
	const form = "2006-01-02 15:04"
	_, err := fmt.Fprintf(w, "%s to %s (%s): %d decisions\n", s.Since.In(zone).Format(form), s.Until.In(zone).Format(form), zone, s.Decisions)
	if err != nil || s.Decisions == 0 {
		return err
	}
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	rows := [][]string{}
	for _, by := range []struct {
		name    string
		tallies []ledger.Tally
	}{{"ACTION", s.Actions}, {"CLASS", s.Classes}, {"RULE", s.Rules}, {"DEPARTMENT", s.Departments}} {
		rows = append(rows, []string{}, []string{by.name, "DECISIONS", "ALLOW", "DENY", "CHALLENGE", "ANSWERED", "MINUTES"})
		for _, t := range by.tallies {
			rows = append(rows, []string{
				orDash(t.Value), count(t.Decisions), count(t.Allowed), count(t.Denied), count(t.Challenged), count(t.Answered), count(t.Minutes),
			})
		}
	}
	return table(w, rows)
}
