package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/control"
)

func newLine() *cobra.Command {
	cmd := group("line", "See guarded lines, trunks and bookings", `See how the lines stand that policy/data/lines.yaml guards, how many channels of each trunk are in use, and what
is booked now.`)
	cmd.AddCommand(newLineList())
	return cmd
}

func newLineList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List guarded lines, trunks and the bookings that are on",
		Long: `List the guarded lines and since when each is busy; the trunks, how many of their channels are in use, how many are
kept free from ordinary calls (the reserve, and what is booked and not in use) and how many are left; and the bookings
that are on now. The running daemon is asked, which sees the channels while it is connected to Asterisk over ARI.
Times are those of the site (site.timezone); JSON has UTC, and is one object.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			daemon, running := control.Dial(cmd.Context(), cfg.Control.Socket)
			if !running {
				return fmt.Errorf("no daemon answers at %s: without one nobody sees the channels", cfg.Control.Socket)
			}
			s, err := daemon.LinesStatus(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), s)
			}
			return printLines(cmd, s, cfg.Site.Location())
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// printLines prints a table for each kind of thing of which there is any.
func printLines(cmd *cobra.Command, s call.LinesStatus, zone *time.Location) error {
	if !s.Connected {
		cmd.PrintErrln("The daemon is not connected to Asterisk: what is in use may have changed since.")
	}
	lines := [][]string{{"LINE", "KIND", "HOLDER", "LIMIT", "RING", "BUSY SINCE", "ALERT"}}
	for _, l := range s.Lines {
		since, limit, alert := "-", "-", "-"
		if l.Busy {
			since = l.Since.In(zone).Format(time.DateTime)
		}
		if l.OffHook > 0 {
			limit = strconv.Itoa(l.OffHook) + " s"
		}
		if l.Alerted {
			alert = "busy for too long"
		}
		lines = append(lines, []string{l.Extension, l.Kind, orDash(l.Holder), limit, orDash(l.Ring), since, alert})
	}
	trunks := [][]string{{"TRUNK", "ENDPOINT", "CHANNELS", "IN USE", "KEPT FREE", "LEFT"}}
	for _, t := range s.Trunks {
		trunks = append(trunks, []string{
			t.Name, t.Endpoint, strconv.Itoa(t.Channels), strconv.Itoa(t.InUse), strconv.Itoa(t.Reserved), strconv.Itoa(t.Free),
		})
	}
	bookings := [][]string{{"BOOKING", "TRUNK", "CHANNELS", "IN USE"}}
	for _, b := range s.Bookings {
		bookings = append(bookings, []string{b.Title, b.Trunk, strconv.Itoa(b.Channels), strconv.Itoa(b.InUse)})
	}
	printed := false
	for _, rows := range [][][]string{lines, trunks, bookings} {
		if len(rows) == 1 {
			continue
		}
		if printed {
			cmd.Println()
		}
		if err := table(cmd.OutOrStdout(), rows); err != nil {
			return err
		}
		printed = true
	}
	return nil
}
