package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/numbering"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// fault is one thing that is wrong with a policy.
type fault struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// policyChecked is the answer of policy check.
type policyChecked struct {
	OK       bool    `json:"ok"`
	Policy   string  `json:"policy"` // the directory; empty for the shipped policy
	Revision string  `json:"revision,omitempty"`
	Rules    int     `json:"rules"`
	Phones   int     `json:"phones"`
	Plan     string  `json:"plan"`
	Faults   []fault `json:"faults"`

	edition *app.Edition // nil with faults
}

func newPolicyCheck() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Say what is wrong with a policy, with file, line and column",
		Long: `Say what is wrong with a policy: rules, data, directory and number plans, as the
daemon would see it at this site. Nothing is put in force.

The exit status is 0 if nothing is wrong, 1 if something is, 2 if the policy could not be read.`,
		Example:           "  dialwarden policy check\n  dialwarden policy check /etc/dialwarden/policy.new --json",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeDir,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := loadFor(cmd, args)
			if err != nil {
				return err
			}
			out, err := checkPolicy(cfg)
			if err != nil {
				return err
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
	jsonFlag(cmd, &asJSON)
	return cmd
}

// checkPolicy loads the policy and all of its number plans. An error says that it could not be read.
func checkPolicy(cfg config.Config) (policyChecked, error) {
	out := policyChecked{Policy: cfg.Policy.Dir, Plan: cfg.Numbering.Plan, Faults: []fault{}}
	edition, err := app.LoadEdition(cfg)
	err = errors.Join(err, checkPlans(app.PolicyFiles(cfg)))
	if isUnreadable(err) {
		return out, err
	}
	for _, f := range faultsOf(err) {
		if f = placed(cfg, f); !slices.Contains(out.Faults, f) {
			out.Faults = append(out.Faults, f)
		}
	}
	if len(out.Faults) == 0 {
		out.OK, out.Revision, out.edition = true, edition.Policy.Revision(), edition
		out.Rules, out.Phones = len(edition.Policy.Rules()), len(edition.Policy.Directory())
	}
	return out, nil
}

// placed names a file of the policy as one sees it from here.
func placed(cfg config.Config, f fault) fault {
	if f.File != cfg.File && f.File != config.BuiltIn && f.File != "" {
		f.File = filepath.Join(cfg.Policy.Dir, f.File)
	}
	return f
}

// checkPlans reads all number plans, also those that the site does not use.
func checkPlans(files fs.FS) error {
	names, err := fs.Glob(files, "plans/*.yaml")
	for _, name := range names {
		_, fault := numbering.Load(files, strings.TrimSuffix(path.Base(name), ".yaml"))
		err = errors.Join(err, fault)
	}
	return err
}

// faultsOf takes an error of LoadEdition apart; files of the policy are named relative to its directory.
func faultsOf(err error) []fault {
	var many interface{ Unwrap() []error }
	var rego *rules.Error
	var yaml *yamlfile.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &many):
		var all []fault
		for _, one := range many.Unwrap() {
			all = append(all, faultsOf(one)...)
		}
		return all
	case errors.As(err, &rego):
		return []fault{{rego.File, rego.Line, rego.Column, rego.Message}}
	case errors.As(err, &yaml):
		return []fault{{yaml.File, yaml.Line, yaml.Column, yaml.Message}}
	}
	return []fault{{Message: err.Error()}}
}

func (p policyChecked) print(stdout, stderr io.Writer, name string) error {
	if p.OK {
		_, err := fmt.Fprintf(stdout, "ok: %s, %d rules, %d phones, number plan %s, revision %s\n", name, p.Rules, p.Phones, p.Plan, p.Revision)
		return err
	}
	for _, f := range p.Faults {
		if _, err := fmt.Fprintln(stderr, f); err != nil {
			return err
		}
	}
	return nil
}

// String tells the fault in the form file:line:column: message.
func (f fault) String() string {
	switch {
	case f.File == "":
		return f.Message
	case f.Line == 0:
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
}
