package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// tailEvery is how often tail looks for new decisions.
const tailEvery = 200 * time.Millisecond

func newLogTail() *cobra.Command {
	var asJSON, mask bool
	var lines int
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show decisions as they are made, until Ctrl-C",
		Long: `Show decisions as they are made, until Ctrl-C. Between them stands what becomes of the policy,
whatever the filters are: each that comes in force, or is refused. With --json there are
decisions only.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	filter := filterFlags(cmd)
	cmd.Flags().IntVarP(&lines, "lines", "n", 10, "begin with the last `NUMBER` that were made before")
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
		if lines < 0 {
			return fmt.Errorf("--lines %d: must be 0 (for none) or more", lines)
		}
		r, hidden, err := openLog(cmd, args, cfg, mask)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		if !asJSON {
			if err := tellRefused(cmd, r, cfg); err != nil {
				return err
			}
		}
		out := newLister(cmd.OutOrStdout(), asJSON, zone)
		out.masked = hidden
		return tail(cmd, r, f, lines, out)
	}
	return cmd
}

// tail prints the last lines decisions, then every new one and what becomes of the policy, until the command is
// interrupted.
func tail(cmd *cobra.Command, r *ledger.Reader, f ledger.Filter, lines int, out *lister) error {
	change, err := lastChange(cmd.Context(), r)
	if err != nil {
		return err
	}
	last, err := r.LastID(cmd.Context())
	if err != nil {
		return err
	}
	f.AfterID = last
	if lines > 0 {
		before := f
		before.AfterID, before.Limit = 0, lines
		newest, err := printNewest(cmd, r, before, out)
		if err != nil {
			return err
		}
		f.AfterID = max(f.AfterID, newest)
	}
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-cmd.Context().Done():
			return nil
		}
		if change.ID, err = printChanges(cmd.Context(), r, change.ID, out); err == nil {
			f.AfterID, err = printNew(cmd.Context(), r, f, out)
		}
		if cmd.Context().Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// printNew prints the decisions behind f.AfterID, and returns the id of the last one.
func printNew(ctx context.Context, r *ledger.Reader, f ledger.Filter, out *lister) (int64, error) {
	last := f.AfterID
	for d, err := range r.Decisions(ctx, f) {
		if err == nil {
			err = out.print(d)
		}
		if err != nil {
			return last, err
		}
		last = d.ID
	}
	return last, nil
}

// printChanges prints what became of the policy behind the entry after of its history, and returns the id of the last
// entry.
func printChanges(ctx context.Context, r *ledger.Reader, after int64, out *lister) (int64, error) {
	all, err := r.PolicyChanges(ctx, after, 0)
	for _, e := range all {
		if err == nil {
			err = out.printChange(e)
		}
		after = e.ID
	}
	return after, err
}

// lastChange is the newest entry of the policy's history; none has no id.
func lastChange(ctx context.Context, r *ledger.Reader) (ledger.PolicyEntry, error) {
	newest, err := r.PolicyChanges(ctx, 0, 1)
	if err != nil || len(newest) == 0 {
		return ledger.PolicyEntry{}, err
	}
	return newest[0], nil
}

// tellRefused says on stderr if what lies in the policy directory is not in force because it was refused. A push that was
// refused has left the directory as it was; and what was refused may have been taken back since.
func tellRefused(cmd *cobra.Command, r *ledger.Reader, cfg config.Config) error {
	if cfg.Policy.Dir == "" {
		return nil
	}
	all, err := r.PolicyChanges(cmd.Context(), 0, 0)
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(all) {
		if e.Error != "" && (e.Trigger == call.ByPush || e.Trigger == call.ByRollback) {
			continue
		}
		if e.Error == "" || inForce(all) == revisionIn(cfg) {
			return nil
		}
		_, err := fmt.Fprintf(cmd.ErrOrStderr(), "The policy in %s is not in force: it was refused at %s: %s. \"dialwarden policy history\" tells more.\n",
			cfg.Policy.Dir, moment(e.Since, cfg.Site.Location()), firstLine(e.Error))
		return err
	}
	return nil
}

// inForce is the revision that came in force last; empty if none did.
func inForce(all []ledger.PolicyEntry) string {
	for _, e := range slices.Backward(all) {
		if e.Error == "" {
			return e.Revision
		}
	}
	return ""
}

// revisionIn is the revision of what lies in the policy directory; a dash if it cannot be read.
func revisionIn(cfg config.Config) string {
	files, err := rules.ReadFiles(app.PolicyFiles(cfg))
	if err != nil {
		return "-"
	}
	return rules.RevisionOf(files)
}

// firstLine is what a fault begins with: its first line, and where that only leads to the next one, that too.
func firstLine(fault string) string {
	line, rest, _ := strings.Cut(fault, "\n")
	if strings.HasSuffix(line, ":") {
		next, _, _ := strings.Cut(rest, "\n")
		line += " " + next
	}
	return shown(strings.TrimRight(line, " ."))
}
