package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/lint"
)

// linted is the answer of policy lint.
type linted struct {
	OK       bool           `json:"ok"` // no warning
	Policy   string         `json:"policy"`
	Findings []lint.Finding `json:"findings"`
	Faults   []fault        `json:"faults"` // why it could not be looked at
}

func newPolicyLint() *cobra.Command {
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Find rules and data that are of no use, and numbers that nobody may call",
		Long: `Find what in a policy is of no use or does not do what it looks like: rules that can never fire,
or of which nothing comes because others win, classes that two rules cover, entries of data that
match nothing, numbers that no rule is about. Each finding tells its place, why it matters and what to do. Some is found
by asking the policy about representative calls; nothing is put in force.

The exit status is 0 if there is no warning (hints are none), 1 if there is one or the policy has
a fault, 2 if the policy could not be read.`,
		Example:           "  dialwarden policy lint\n  dialwarden policy lint /etc/dialwarden/policy --warnings",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeDir,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := loadFor(cmd, args)
			if err != nil {
				return err
			}
			found, err := app.Lint(cmd.Context(), cfg)
			if isUnreadable(err) || cmd.Context().Err() != nil {
				return err
			}
			out := linted{OK: err == nil, Policy: cfg.Policy.Dir, Findings: []lint.Finding{}, Faults: []fault{}}
			for _, f := range faultsOf(err) {
				out.Faults = append(out.Faults, placed(cfg, f))
			}
			for _, f := range found {
				f.File = filepath.Join(cfg.Policy.Dir, f.File)
				out.OK = out.OK && f.Level != lint.Warning
				if f.Level == lint.Warning || !quiet {
					out.Findings = append(out.Findings, f)
				}
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), out)
			} else {
				err = out.print(cmd.OutOrStdout(), cmd.ErrOrStderr(), policyName(cfg))
			}
			if err == nil && !out.OK {
				return errNo
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&quiet, "warnings", false, "leave the hints out")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (l linted) print(stdout, stderr io.Writer, name string) error {
	for _, f := range l.Faults {
		if _, err := fmt.Fprintln(stderr, f); err != nil {
			return err
		}
	}
	if len(l.Faults) > 0 {
		return nil
	}
	warnings := 0
	for _, f := range l.Findings {
		if f.Level == lint.Warning {
			warnings++
		}
		if _, err := fmt.Fprintf(stdout, "%s\n    why: %s\n    do:  %s\n", f, f.Why, f.Do); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(stdout, "%s: %d warnings, %d hints\n", name, warnings, len(l.Findings)-warnings)
	return err
}
