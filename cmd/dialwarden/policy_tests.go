package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/scenario"
)

// tested is the answer of policy test.
type tested struct {
	OK bool `json:"ok"`
	*rules.TestReport
	Scenarios []scenario.Result `json:"scenarios,omitempty"`
	Faults    []fault           `json:"faults"` // why the tests could not be run

	dir         string
	minCoverage float64
}

func newPolicyTest() *cobra.Command {
	var asJSON, verbose bool
	var minCoverage float64
	cmd := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests of the rules and the scenarios, and say which lines the tests do not reach",
		Long: `Run the tests of the rules (rules/*_test.rego, rules whose names begin with test_), and say how
much of each rule they go through. Rules are tested whatever their mode is.

Then place the calls of the scenario files, which need no Rego: scenarios.yaml and
scenarios/*.yaml in DIR, and scenarios.yaml beside it. They are decided as at this site, with
the modes of rules.yaml.

The exit status is 0 if all tests pass, 1 if one fails, if there is none, or if the policy has
a fault, 2 if the policy could not be read.`,
		Example:           "  dialwarden policy test\n  dialwarden policy test examples/minimal/policy --min-coverage 100",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeDir,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := loadFor(cmd, args)
			if err != nil {
				return err
			}
			if minCoverage < 0 || minCoverage > 100 {
				return fmt.Errorf("--min-coverage %v: must be a percentage, 0 to 100", minCoverage)
			}
			out := tested{TestReport: &rules.TestReport{}, Faults: []fault{}, dir: cfg.Policy.Dir, minCoverage: minCoverage}
			report, err := rules.Test(cmd.Context(), app.PolicyFiles(cfg))
			if err == nil {
				out.Scenarios, err = app.RunScenarios(cmd.Context(), cfg)
			}
			if isUnreadable(err) || cmd.Context().Err() != nil {
				return err
			}
			out.take(cfg, report, err)
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), out)
			} else {
				err = out.print(cmd.OutOrStdout(), cmd.ErrOrStderr(), verbose)
			}
			if err == nil && !out.OK {
				return errNo
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "list the tests that pass, too")
	cmd.Flags().Float64Var(&minCoverage, "min-coverage", 0, "fail if the tests go through less of a rule than `PERCENT`")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// take judges a report, or what kept the tests from being run.
func (t *tested) take(cfg config.Config, report *rules.TestReport, err error) {
	for _, f := range faultsOf(err) {
		t.Faults = append(t.Faults, placed(cfg, f))
	}
	if report == nil {
		t.Results, t.Coverage = []rules.TestResult{}, []rules.FileCoverage{}
		return
	}
	t.TestReport = report
	t.OK = len(t.Faults) == 0 && len(t.Results)+len(t.Scenarios) > 0 && report.Passed()
	for _, s := range t.Scenarios {
		t.OK = t.OK && s.Passed
	}
	for _, c := range t.Coverage {
		t.OK = t.OK && c.Percent >= t.minCoverage
	}
}

func (t *tested) print(stdout, stderr io.Writer, verbose bool) error {
	for _, f := range t.Faults {
		if _, err := fmt.Fprintln(stderr, f); err != nil {
			return err
		}
	}
	if len(t.Faults) > 0 {
		return nil
	}
	failed := 0
	for _, r := range t.Results {
		var err error
		at := fmt.Sprintf("%s:%d: %s", filepath.Join(t.dir, r.File), r.Line, r.Name)
		switch {
		case !r.Passed:
			failed++
			_, err = fmt.Fprintf(stderr, "%s failed: %s\n%s", at, r.Why, indented(r.Output))
		case verbose:
			_, err = fmt.Fprintf(stdout, "%s passed\n%s", at, indented(r.Output))
		}
		if err != nil {
			return err
		}
	}
	if len(t.Results)+len(t.Scenarios) == 0 {
		_, err := fmt.Fprintf(stderr, "%s: there are no tests; those of rules/local.rego are rules test_… in rules/local_test.rego\n",
			filepath.Join(t.dir, "rules"))
		return err
	}
	rows := [][]string{{"RULE", "TESTED", "LINES NOT REACHED"}}
	for _, c := range t.Coverage {
		percent := fmt.Sprintf("%.1f %%", c.Percent)
		if c.Percent < t.minCoverage {
			percent += " (too little)"
		}
		rows = append(rows, []string{filepath.Join(t.dir, c.File), percent, orDash(lineRanges(c.NotCovered))})
	}
	if err := table(stdout, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "%d tests: %d passed, %d failed\n", len(t.Results), len(t.Results)-failed, failed)
	return errors.Join(err, t.printScenarios(stdout, stderr, verbose))
}

// printScenarios tells which scenarios failed, and why.
func (t *tested) printScenarios(stdout, stderr io.Writer, verbose bool) error {
	if len(t.Scenarios) == 0 {
		return nil
	}
	failed := 0
	for _, s := range t.Scenarios {
		s.File = filepath.Join(t.dir, s.File)
		var err error
		switch {
		case !s.Passed:
			failed++
			_, err = fmt.Fprintln(stderr, s)
		case verbose:
			_, err = fmt.Fprintf(stdout, "%s:%d: from %s to %s: %s\n", s.File, s.Line, s.From, s.To, s.Got)
		}
		if err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(stdout, "%d scenarios: %d passed, %d failed\n", len(t.Scenarios), len(t.Scenarios)-failed, failed)
	return err
}

// indented puts what a test printed beneath its line.
func indented(output string) string {
	var b strings.Builder
	for line := range strings.Lines(output) {
		b.WriteString("    " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}

// lineRanges writes sorted lines like 3, 7-9.
func lineRanges(lines []int) string {
	var parts []string
	for i := 0; i < len(lines); {
		first := i
		for i++; i < len(lines) && lines[i] == lines[i-1]+1; i++ {
		}
		part := fmt.Sprint(lines[first])
		if i-1 > first {
			part += fmt.Sprintf("-%d", lines[i-1])
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}
