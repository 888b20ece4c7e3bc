package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/config"
)

func newPolicy() *cobra.Command {
	cmd := group("policy", "Check, test, try, change and take back the rules", `Check, test and format the rules and the data that they look at; try them against past calls;
put them in force, see what was in force when, and go back.

Where no DIR is named, it is the policy directory of the configuration, else the shipped
policy that is built in.`)
	cmd.AddCommand(newPolicyCheck(), newPolicyTest(), newPolicyFmt(), newPolicyLint(), newPolicyReplay(), newPolicyDiff())
	cmd.AddCommand(newPolicyPush(), newPolicyRollback(), newPolicyHistory(), newPolicyShow())
	return cmd
}

// loadFor reads the configuration, with the policy directory of the arguments where one is named.
func loadFor(cmd *cobra.Command, args []string) (config.Config, error) {
	cfg, err := load(cmd)
	if err != nil {
		return cfg, err
	}
	if len(args) > 0 {
		cfg.Policy.Dir = args[0]
	} else if err := tellBuiltIn(cmd, cfg); err != nil {
		return cfg, err
	}
	if cfg.Policy.Dir == "" {
		return cfg, nil
	}
	info, err := os.Stat(cfg.Policy.Dir)
	switch {
	case err != nil:
		return cfg, fmt.Errorf("the policy cannot be read: %w", err)
	case !info.IsDir():
		return cfg, fmt.Errorf("the policy cannot be read: %s is a file; wanted is the directory that holds rules/ and data/", cfg.Policy.Dir)
	}
	return cfg, nil
}

// tellBuiltIn says on stderr that no configuration was found and which policy is asked instead: one that runs without a
// configuration by mistake would take the sample for its site.
func tellBuiltIn(cmd *cobra.Command, cfg config.Config) error {
	if cfg.File != "" {
		return nil
	}
	_, err := fmt.Fprintf(cmd.ErrOrStderr(), "There is no %s, and --config names no other: this is about %s and the built-in settings.\n",
		config.DefaultPath, policyName(cfg))
	return err
}

// policyName tells people which policy is meant.
func policyName(cfg config.Config) string {
	if cfg.Policy.Dir == "" {
		return "the shipped policy"
	}
	return cfg.Policy.Dir
}

// isUnreadable reports whether an error is about reading files, and not about what they say.
func isUnreadable(err error) bool {
	var path *os.PathError
	return errors.As(err, &path)
}
