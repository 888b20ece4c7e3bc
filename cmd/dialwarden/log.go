package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// tailEvery is how often tail looks for new decisions.
const tailEvery = 200 * time.Millisecond

func newLog() *cobra.Command {
	cmd := &cobra.Command{Use: "log", Short: "Read the decision log"}
	cmd.AddCommand(newLogList(), newLogShow(), newLogTail())
	return cmd
}

// filterFlags adds the flags that select decisions; the returned function reads them.
func filterFlags(cmd *cobra.Command) func() (ledger.Filter, error) {
	var f ledger.Filter
	var since, until, action, class string
	cmd.Flags().StringVar(&since, "since", "", "attempted at `TIME` or later: RFC 3339, a date, or an age like 24h")
	cmd.Flags().StringVar(&until, "until", "", "attempted before `TIME`")
	cmd.Flags().StringVar(&action, "action", "", "allow, deny or challenge")
	cmd.Flags().StringVar(&f.Rule, "rule", "", "settled by this `RULE`")
	cmd.Flags().StringVar(&f.Extension, "from", "", "made by this `EXTENSION`")
	cmd.Flags().StringVar(&class, "class", "", "`CLASS` of the number: local, premium, …")
	cmd.Flags().StringVar(&f.NumberPrefix, "number", "", "the number begins with these `DIGITS`, like +8621")
	return func() (ledger.Filter, error) {
		f.Action, f.Class = call.Action(action), call.Class(class)
		var err, err2 error
		f.Since, err = parseSince(since)
		f.Until, err2 = parseSince(until)
		return f, errors.Join(err, err2)
	}
}

// parseSince reads a moment: RFC 3339, a local date, or an age.
func parseSince(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	if at, err := time.ParseInLocation(time.DateOnly, s, time.Local); err == nil {
		return at, nil
	}
	if age, err := time.ParseDuration(s); err == nil {
		return time.Now().Add(-age), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-11-23T14:30:00+08:00, 2026-11-23, or an age like 24h", s)
}

func newLogList() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List decisions, the newest last",
		Example: "  dialwarden log list --action deny --since 24h\n  dialwarden log list --from 101 --json",
		Args:    cobra.NoArgs,
	}
	filter := filterFlags(cmd)
	cmd.Flags().IntVarP(&limit, "limit", "n", 50, "at most so many, the newest; 0 for all")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f, err := filter()
		if err != nil {
			return err
		}
		r, err := openReader(cmd)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		out := newLister(cmd.OutOrStdout(), asJSON)
		if limit <= 0 {
			for d, err := range r.Decisions(cmd.Context(), f) {
				if err := errors.Join(err, out.print(d)); err != nil {
					return err
				}
			}
			return nil
		}
		f.Limit, f.Reverse = limit, true
		var newest []ledger.Decision
		for d, err := range r.Decisions(cmd.Context(), f) {
			if err != nil {
				return err
			}
			newest = append(newest, d)
		}
		for i := len(newest) - 1; i >= 0; i-- {
			if err := out.print(newest[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

func newLogTail() *cobra.Command {
	var asJSON bool
	var lines int
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show decisions as they are made, until Ctrl-C",
		Args:  cobra.NoArgs,
	}
	filter := filterFlags(cmd)
	cmd.Flags().IntVarP(&lines, "lines", "n", 10, "begin with so many that were made before")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f, err := filter()
		if err != nil {
			return err
		}
		r, err := openReader(cmd)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		return tail(cmd, r, f, lines, newLister(cmd.OutOrStdout(), asJSON))
	}
	return cmd
}

// tail prints the last lines decisions, then every new one until the command is interrupted.
func tail(cmd *cobra.Command, r *ledger.Reader, f ledger.Filter, lines int, out *lister) error {
	last, err := r.LastID(cmd.Context())
	if err != nil {
		return err
	}
	f.AfterID = last
	if lines > 0 {
		before := f
		before.AfterID, before.Limit, before.Reverse = 0, lines, true
		var newest []ledger.Decision
		for d, err := range r.Decisions(cmd.Context(), before) {
			if err != nil {
				return err
			}
			newest = append(newest, d)
		}
		for i := len(newest) - 1; i >= 0; i-- {
			if err := out.print(newest[i]); err != nil {
				return err
			}
			f.AfterID = max(f.AfterID, newest[i].ID)
		}
	}
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-cmd.Context().Done():
			return nil
		}
		for d, err := range r.Decisions(cmd.Context(), f) {
			if cmd.Context().Err() != nil {
				return nil
			}
			if err := errors.Join(err, out.print(d)); err != nil {
				return err
			}
			f.AfterID = d.ID
		}
	}
}

func newLogShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show everything that is known of one decision",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return fmt.Errorf("%q is no decision's ID: it is a number of \"dialwarden log list\"", args[0])
			}
			r, err := openReader(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			d, err := r.Decision(cmd.Context(), id)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), d)
			}
			return printDetail(cmd.OutOrStdout(), d)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func printDetail(w io.Writer, d ledger.Detail) error {
	rows := [][]string{
		{"decision", strconv.FormatInt(d.ID, 10)},
		{"at", d.At.String()},
		{"caller", d.Extension + " " + d.Holder + " " + d.Department},
		{"dialled", d.Dialled},
		{"number", d.Number + " (" + string(d.Class) + ")"},
		{"decided", string(d.Action) + " by rule " + d.Rule},
	}
	for _, r := range d.Reasons {
		rows = append(rows, []string{"reason", r.Rule + ": " + r.Text})
	}
	rows = append(rows, [][]string{
		{"cap", seconds(d.MaxSeconds)},
		{"call", outcome(d.Decision)},
		{"PIN", orDash(number(d.PINID))},
		{"source", string(d.Source) + ", channel " + d.Channel},
		{"policy", "revision " + d.PolicyRevision + ", evaluated in " + strconv.FormatInt(d.EvaluationUS, 10) + " µs"},
	}...)
	if err := table(w, rows); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w, "the policy saw:"); err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(d.Input)
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func seconds(n int) string {
	if n == 0 {
		return "-"
	}
	return (time.Duration(n) * time.Second).String()
}

// outcome tells in a few words what became of a call.
func outcome(d ledger.Decision) string {
	switch c := d.Call; {
	case !c.EndedAt.IsZero() && !c.AnsweredAt.IsZero():
		return "talked " + seconds(c.Seconds)
	case !c.EndedAt.IsZero() && d.Action == call.Allow:
		return "not answered, cause " + strconv.Itoa(c.Cause)
	case !c.EndedAt.IsZero():
		return "ended, cause " + strconv.Itoa(c.Cause)
	case !c.AnsweredAt.IsZero():
		return "talking"
	default:
		return "in progress"
	}
}
