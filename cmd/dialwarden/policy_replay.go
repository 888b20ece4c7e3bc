package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/replay"
)

func newPolicyReplay() *cobra.Command {
	c := &comparison{}
	cmd := &cobra.Command{
		Use:   "replay CANDIDATE_DIR",
		Short: "Decide past calls by another policy, and say what would change",
		Long: `Decide the past calls of the ledger by the policy in CANDIDATE_DIR, and compare with what was
decided: calls that would newly be refused, released or asked for a proof, that would be cut
sooner or later or go another way, with minutes and cost, by rule, department and extension.
The ledger is only read, also beside a busy daemon; nothing is put in force.

The caller's entry in the directory, the class of the number, lists, schedules and holidays are
those of the candidate. The clock, what usage counted, and the PINs that were given stay as
they were. A call that was refused at the prompt counts as asked. What rules in mode shadow would
newly do is counted beside the decisions, which it does not change.

To leave out what other changes have brought since, compare with the policy in force:
"dialwarden policy diff REVISION CANDIDATE_DIR".

Of numbers, examples show the last four digits; "dialwarden log show ID" shows the rest to who may
see it.

The exit status is 0 if no decision changes, 1 if one does, 2 if it could not be done.`,
		Example:           "  dialwarden policy replay policy.new --since 30d\n  dialwarden policy replay policy.new --since 2026-11-01 --until 2026-12-01 --json",
		Args:              exactly("CANDIDATE_DIR"),
		ValidArgsFunction: completeDir,
	}
	c.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := loadFor(cmd, args)
		if err != nil {
			return err
		}
		candidate, err := directorySide(cfg)
		if err != nil {
			return err
		}
		return c.run(cmd, cfg, func(*ledger.Reader) (before, after side, err error) {
			return side{Policy: "recorded"}, candidate, nil
		})
	}
	return cmd
}

// side is one of two policies that are compared.
type side struct {
	Policy   string `json:"policy"`             // a directory, "revision", or "recorded": what was decided then
	Revision string `json:"revision,omitempty"` // of what is loaded

	book replay.Book // nil for what is recorded
}

func sideOf(policy string, e *app.Edition) side {
	return side{Policy: policy, Revision: e.Policy.Revision(), book: e.Book}
}

// String names the side for people.
func (s side) String() string {
	switch {
	case s.Revision == "":
		return "the decisions as recorded"
	case s.Policy == storedRevision:
		return "revision " + s.Revision
	}
	return s.Policy + " (revision " + s.Revision + ")"
}

// comparison is what replay and diff have in common.
type comparison struct {
	asJSON   bool
	examples int
	filter   func(cfg config.Config) (ledger.Filter, error)
}

func (c *comparison) flags(cmd *cobra.Command) {
	filter := filterFlags(cmd)
	c.filter = func(cfg config.Config) (ledger.Filter, error) { return filter(cfg.Site.Location()) }
	cmd.Flags().IntVar(&c.examples, "examples", 3, "show at most `NUMBER` calls of each kind of change, the newest")
	complete(cmd, "examples", cobra.NoFileCompletions)
	jsonFlag(cmd, &c.asJSON)
}

// run compares the two sides over the calls that the flags select, and prints what it found.
func (c *comparison) run(cmd *cobra.Command, cfg config.Config, sides func(*ledger.Reader) (before, after side, err error)) error {
	f, err := c.filter(cfg)
	if err != nil {
		return err
	}
	if c.examples < 0 {
		return fmt.Errorf("--examples %d: must be 0 (for none) or more", c.examples)
	}
	r, err := ledger.OpenReader(cfg.Ledger.Path)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	out := replayed{}
	if out.Before, out.After, err = sides(r); err != nil {
		return err
	}
	if out.Report, err = c.replay(cmd, cfg, r, f, &out); err != nil {
		return err
	}
	hideExamples(out.Examples)
	if out.Calls == 0 {
		if err := tellNothing(cmd, cfg, r, f); err != nil {
			return err
		}
	}
	switch {
	case c.asJSON:
		err = printJSON(cmd.OutOrStdout(), out)
	case out.Calls > 0:
		err = out.print(cmd.OutOrStdout(), cfg.Site)
	}
	if err == nil && out.Changed > 0 {
		return errNo
	}
	return err
}

// tellNothing says why there is no call to decide.
func tellNothing(cmd *cobra.Command, cfg config.Config, r *ledger.Reader, f ledger.Filter) error {
	why := "ledger " + cfg.Ledger.Path + " holds no decision yet"
	for newest, err := range r.Decisions(cmd.Context(), ledger.Filter{Reverse: true, Limit: 1}) {
		if err != nil {
			return err
		}
		why = noMatch(f)
		if f.Since.After(newest.At.Time) && (f.Until.IsZero() || f.Until.After(f.Since)) {
			why += fmt.Sprintf(": the newest of ledger %s is of %s, before --since", cfg.Ledger.Path,
				newest.At.In(cfg.Site.Location()).Format("2006-01-02 15:04:05"))
		}
	}
	_, err := fmt.Fprintln(cmd.ErrOrStderr(), why)
	return err
}

func (c *comparison) replay(cmd *cobra.Command, cfg config.Config, r *ledger.Reader, f ledger.Filter, out *replayed) (*replay.Report, error) {
	total, err := r.Count(cmd.Context(), f)
	if cmd.Context().Err() != nil {
		err = fmt.Errorf("the replay was broken off: %w, before the first call", context.Cause(cmd.Context()))
	}
	if err != nil {
		return nil, err
	}
	bar := newProgress(cmd.ErrOrStderr(), "calls", total)
	defer bar.end()
	// Little is kept and much is thrown away: collecting less often costs some tens of megabytes and saves a fifth of
	// the time.
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	report, err := replay.Run(cmd.Context(), r.Decided(cmd.Context(), f), replay.Options{
		Before: out.Before.book, After: out.After.book, Zone: cfg.Site.Location(), Examples: c.examples, Progress: bar.add,
	})
	if err != nil && cmd.Context().Err() != nil {
		err = fmt.Errorf("%w, after %d of %d calls; nothing was changed", err, bar.done.Load(), total)
	}
	return report, err
}
