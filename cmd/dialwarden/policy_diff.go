package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// storedRevision is the policy of a side that the ledger keeps.
const storedRevision = "revision"

func newPolicyDiff() *cobra.Command {
	c := &comparison{}
	cmd := &cobra.Command{
		Use:   "diff REVISION [REVISION]",
		Short: "Decide past calls by two policies, and say where they differ",
		Long: `Decide the past calls of the ledger by two policies, and say which decisions differ, with minutes
and cost, by rule, department and extension, as "dialwarden policy replay" does. Each is a
revision that the ledger keeps, of which the first digits are enough, or a policy directory;
write ./NAME for a directory whose name could be a revision. Without a second, it is the policy
directory of the configuration.

The exit status is 0 if no decision differs, 1 if one does, 2 if it could not be done.`,
		Example: "  dialwarden policy diff 3f2a --since 7d\n  dialwarden policy diff 3f2a 91bc --json\n  dialwarden policy diff 3f2a policy.new",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 2 {
				return fmt.Errorf("%s takes one REVISION or two, not %d; %q tells more", cmd.CommandPath(), len(args), cmd.CommandPath()+" --help")
			}
			return atLeast("REVISION")(cmd, args)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return completeDir(nil, args[min(1, len(args)):], "")
		},
	}
	c.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load(cmd)
		if err != nil {
			return err
		}
		return c.run(cmd, cfg, func(r *ledger.Reader) (before, after side, err error) {
			if before, err = namedSide(cmd, cfg, r, args[0]); err != nil {
				return before, after, err
			}
			if len(args) > 1 {
				after, err = namedSide(cmd, cfg, r, args[1])
			} else {
				after, err = directorySide(cfg)
			}
			return before, after, err
		})
	}
	return cmd
}

// revisionDigits is what a revision can begin with.
var revisionDigits = regexp.MustCompile(`^[0-9a-f]{1,16}$`)

// namedSide loads the revision or the directory that an argument names.
func namedSide(cmd *cobra.Command, cfg config.Config, r *ledger.Reader, name string) (s side, err error) {
	kept := ""
	if revisionDigits.MatchString(name) {
		kept, err = r.FindRevision(cmd.Context(), name)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return s, err
		}
	}
	if kept == "" {
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			return s, fmt.Errorf("%q is neither a policy directory nor the beginning of a policy revision that ledger %s keeps", name, cfg.Ledger.Path)
		}
		cfg.Policy.Dir = name
		return directorySide(cfg)
	}
	files, err := r.Revision(cmd.Context(), kept)
	if err != nil {
		return s, err
	}
	e, err := app.LoadRevision(cfg, kept, files)
	if err != nil {
		return s, err
	}
	return sideOf(storedRevision, e), nil
}

// directorySide loads the policy directory of the configuration.
func directorySide(cfg config.Config) (side, error) {
	e, err := app.LoadEdition(cfg)
	if err != nil {
		return side{}, err
	}
	return sideOf(policyName(cfg), e), nil
}
