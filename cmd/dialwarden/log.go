package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/rules"
)

func newLog() *cobra.Command {
	cmd := group("log", "Read the decision log", `Read the decision log, beside the running daemon or without it. It is the ledger of the
configuration (ledger.path), an SQLite file that nothing here changes.`)
	cmd.AddCommand(newLogList(), newLogShow(), newLogTail(), newLogSummary(), newLogVerify(), newLogKey(), newLogCorrect(), newLogForget(), newLogLooks(), newLogExport())
	return cmd
}

// filterFlags adds the flags that select decisions; the returned function reads them. Dates are those of the zone.
func filterFlags(cmd *cobra.Command) func(zone *time.Location) (ledger.Filter, error) {
	var f ledger.Filter
	var since, until, action, class string
	cmd.Flags().StringVar(&since, "since", "", "attempted at `TIME` or later: RFC 3339, a date, or an age like 24h or 30d")
	cmd.Flags().StringVar(&until, "until", "", "attempted before `TIME`, of the same forms")
	cmd.Flags().StringVar(&action, "action", "", "allow, deny or challenge")
	cmd.Flags().StringVar(&f.Rule, "rule", "", "settled by this `RULE`")
	cmd.Flags().StringVar(&f.Extension, "from", "", "attempted by this `EXTENSION`")
	cmd.Flags().StringVar(&f.Holder, "holder", "", "attempted by a phone of this `NAME`, as the directory had it")
	cmd.Flags().StringVar(&f.Department, "department", "", "attempted by a phone of this `DEPARTMENT`, as the directory had it")
	cmd.Flags().StringVar(&class, "class", "", "`CLASS` of the number: local, premium, …")
	cmd.Flags().StringVar(&f.NumberPrefix, "number", "", "the number begins with these `DIGITS`, like +8621")
	complete(cmd, "since", cobra.NoFileCompletions)
	complete(cmd, "until", cobra.NoFileCompletions)
	complete(cmd, "action", oneOf(call.Allow, call.Deny, call.Challenge))
	complete(cmd, "rule", completeRule)
	complete(cmd, "from", completeExtension)
	complete(cmd, "holder", completeEntry(func(e call.Extension) string { return e.Holder }))
	complete(cmd, "department", completeEntry(func(e call.Extension) string { return e.Department }))
	complete(cmd, "class", oneOf(call.Classes()...))
	complete(cmd, "number", cobra.NoFileCompletions)
	return func(zone *time.Location) (ledger.Filter, error) {
		var errs [4]error
		f.Action, errs[0] = oneWord("--action", action, []call.Action{call.Allow, call.Deny, call.Challenge})
		f.Class, errs[1] = oneWord("--class", class, call.Classes())
		f.Since, errs[2] = parseSince("--since", since, zone)
		f.Until, errs[3] = parseSince("--until", until, zone)
		return f, errors.Join(errs[:]...)
	}
}

// oneWord refuses a word that no decision can have; none restricts nothing.
func oneWord[T ~string](flag, word string, words []T) (T, error) {
	if word == "" || slices.Contains(words, T(word)) {
		return T(word), nil
	}
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = string(w)
	}
	return "", fmt.Errorf("%s %q: must be one of %s", flag, word, strings.Join(names, ", "))
}

// parseSince reads a moment: RFC 3339, a date in the zone, or an age.
func parseSince(flag, s string, zone *time.Location) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return call.Midnight(day.Year(), day.Month(), day.Day(), zone), nil
	}
	if age, err := time.ParseDuration(s); err == nil && age >= 0 {
		return time.Now().Add(-age), nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Now().In(zone).AddDate(0, 0, -int(n)), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s %q: must be a time like 2026-11-23T14:30:00+08:00, a date like 2026-11-23, or an age like 24h or 30d", flag, s)
}

func newLogList() *cobra.Command {
	var asJSON, mask bool
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List decisions, the newest last",
		Long: `List decisions, the newest last. Times and dates are those of the site (site.timezone); JSON
has UTC. Where what lies in the policy directory was refused, and so is not what decides, a last
line on stderr says so; with --json it does not.`,
		Example:           "  dialwarden log list --action deny --since 24h\n  dialwarden log list --from 101 --since 2026-11-01 --until 2026-12-01 --json",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	filter := filterFlags(cmd)
	cmd.Flags().IntVarP(&limit, "limit", "n", 50, "at most so many, the newest `NUMBER`; 0 for all")
	jsonFlag(cmd, &asJSON)
	maskFlag(cmd, &mask)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load(cmd)
		if err != nil {
			return err
		}
		zone := cfg.Site.Location()
		f, err := filter(zone)
		if err != nil {
			return err
		}
		if limit < 0 {
			return fmt.Errorf("--limit %d: must be 0 (for all) or more", limit)
		}
		f.Limit = limit
		r, hidden, err := openLog(cmd, args, cfg, mask)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		out := newLister(cmd.OutOrStdout(), asJSON, zone)
		out.masked = hidden
		if limit == 0 {
			err = printAll(cmd, r, f, out)
		} else {
			_, err = printNewest(cmd, r, f, out)
		}
		if err == nil && !out.started {
			_, err = fmt.Fprintln(cmd.ErrOrStderr(), noMatch(f))
		}
		if err != nil || asJSON {
			return err
		}
		return tellRefused(cmd, r, cfg)
	}
	return cmd
}

// noMatch says that a filter selects nothing, and why where that is plain.
func noMatch(f ledger.Filter) string {
	if !f.Until.IsZero() && !f.Until.After(f.Since) {
		return "no decision matches: --until is not after --since"
	}
	return "no decision matches"
}

// printAll prints the decisions that f selects, the oldest first.
func printAll(cmd *cobra.Command, r *ledger.Reader, f ledger.Filter, out *lister) error {
	for d, err := range r.Decisions(cmd.Context(), f) {
		if err != nil {
			return err
		}
		if err := out.print(d); err != nil {
			return err
		}
	}
	return nil
}

// printNewest prints the newest decisions that f selects, at most f.Limit, the newest last; it returns its id.
func printNewest(cmd *cobra.Command, r *ledger.Reader, f ledger.Filter, out *lister) (id int64, err error) {
	f.Reverse = true
	var newest []ledger.Decision
	for d, err := range r.Decisions(cmd.Context(), f) {
		if err != nil {
			return 0, err
		}
		newest = append(newest, d)
	}
	for _, d := range slices.Backward(newest) {
		if err := out.print(d); err != nil {
			return 0, err
		}
		id = d.ID
	}
	return id, nil
}

func newLogShow() *cobra.Command {
	var asJSON, mask bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show everything that is known of one decision, and why it was made",
		Long: `Show everything that is known of one decision, and why it was made: the rules that fired,
what they looked at, and what would have changed the answer. That is computed again from what
was recorded: the facts, and the revision of the policy that was in force.`,
		Args:              exactly("ID"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := decisionID(args[0])
			if err != nil {
				return err
			}
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			r, hidden, err := openLog(cmd, args, cfg, mask)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			d, err := r.Decision(cmd.Context(), id)
			if err != nil {
				return err
			}
			out := shownDecision{Detail: d}
			out.Explanation, out.Unexplained = explainLogged(cmd.Context(), r, d, cfg)
			hide := func(text string) string { return text }
			if hidden {
				hide, out.DialledRaw = hider(d), nil
			}
			var text bytes.Buffer
			if asJSON {
				err = printJSON(&text, out)
			} else {
				err = printDetail(&text, out, cfg.Site)
			}
			if err == nil {
				_, err = io.WriteString(cmd.OutOrStdout(), hide(text.String()))
			}
			return err
		},
	}
	jsonFlag(cmd, &asJSON)
	maskFlag(cmd, &mask)
	return cmd
}

// shownDecision is a decision with its explanation, or with why there is none.
type shownDecision struct {
	ledger.Detail
	Explanation *rules.Explanation `json:"explanation"`
	Unexplained string             `json:"unexplained,omitempty"`
}

// printDetail tells everything that is known of a decision; times are those of the zone.
func printDetail(w io.Writer, d shownDecision, site config.Site) error {
	zone := site.Location()
	rows := [][]string{
		{"decision", strconv.FormatInt(d.ID, 10)},
		{"at", d.At.In(zone).Format("2006-01-02 15:04:05.000 -07:00")},
		{"caller", d.Extension + " " + d.Holder + " " + d.Department},
		{"dialled", d.Dialled},
		{"number", d.Number + " (" + string(d.Class) + ")"},
		{"decided", string(d.Action) + " by rule " + d.Rule},
	}
	for _, r := range d.Reasons {
		rows = append(rows, []string{"reason", r.Rule + ": " + r.Text})
	}
	if d.Action != call.Deny { // it caps no call
		rows = append(rows, []string{"cap", seconds(d.MaxSeconds)})
	}
	rows = append(rows, [][]string{
		{"call", outcome(d.Decision)},
		{"cost", costOf(d.Decision, site)},
		{"PIN", orDash(number(d.PINID))},
		{"token", orDash(number(d.TokenID))},
		{"approver", orDash(d.Approver)},
		{"matter", orDash(d.Matter)},
		{"entry", strconv.FormatInt(d.Entry, 10) + " of the chain (log verify)"},
		{"source", string(d.Source) + ", channel " + d.Channel},
		{"policy", "revision " + d.PolicyRevision + ", evaluated in " + strconv.FormatInt(d.EvaluationUS, 10) + " µs"},
	}...)
	for _, i := range d.Interventions {
		rows = append(rows, []string{"changed", intervened(i, zone)})
	}
	for _, c := range d.Corrections {
		rows = append(rows, []string{"corrected", corrected(c, zone)})
	}
	if err := table(w, rows); err != nil {
		return err
	}
	var err error
	if d.Explanation != nil {
		err = printExplanation(w, d.Explanation)
	} else {
		_, err = fmt.Fprintln(w, "no explanation: "+d.Unexplained)
	}
	return errors.Join(err, printFacts(w, d.Input))
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

// corrected tells what a correction says.
func corrected(c ledger.Correction, zone *time.Location) string {
	text := moment(c.At, zone) + " by " + c.Who + ": " + c.Reason
	if c.Seconds != nil {
		text += "; talked " + (time.Duration(*c.Seconds) * time.Second).String()
	}
	if c.CostMinor != nil {
		text += "; cost " + strconv.FormatInt(*c.CostMinor, 10)
	}
	return text
}

// costOf tells what a call cost; a dash where that is not known, or not yet.
func costOf(d ledger.Decision, site config.Site) string {
	if d.Call.CostMinor == nil {
		return "-"
	}
	return money(*d.Call.CostMinor, site)
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
