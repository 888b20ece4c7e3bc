package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// group returns a verb that has verbs of its own. Alone it prints its help; an unknown verb behind it is an error.
func group(name, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: name + " VERB", Short: short, Long: long,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownVerb(cmd, args[0])
		},
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SuggestionsMinimumDistance: 2,
	}
}

// unknownVerb says that there is no such verb, which one may have been meant, and which there are.
func unknownVerb(cmd *cobra.Command, verb string) error {
	if near := cmd.SuggestionsFor(verb); len(near) > 0 {
		return fmt.Errorf("%s has no verb %q; did you mean %q?", cmd.CommandPath(), verb, near[0])
	}
	var verbs []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, c.Name())
		}
	}
	if strings.ContainsAny(verb, "0123456789") { // it is not repeated: it might be a PIN
		return fmt.Errorf("%s has no such verb; it has %s", cmd.CommandPath(), strings.Join(verbs, ", "))
	}
	return fmt.Errorf("%s has no verb %q; it has %s", cmd.CommandPath(), verb, strings.Join(verbs, ", "))
}

// exactly wants one argument, which is called name.
func exactly(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return fmt.Errorf("%s takes one %s, not %d; %q tells more", cmd.CommandPath(), name, len(args), cmd.CommandPath()+" --help")
		}
		return atLeast(name)(cmd, args)
	}
}

// atLeast wants one argument or more, which are called name.
func atLeast(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%s: %s is missing; %q tells more", cmd.CommandPath(), name, cmd.CommandPath()+" --help")
		}
		return nil
	}
}

// newHelp replaces cobra's help verb, which calls it a success when there is no such verb.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:               "help [VERB]...",
		Short:             "Tell more about a verb",
		ValidArgsFunction: completeVerbs,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd := root
			for _, arg := range args {
				next := child(cmd, arg)
				if next == nil {
					return unknownVerb(cmd, arg)
				}
				cmd = next
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// child returns the verb of that name, or nil.
func child(cmd *cobra.Command, name string) *cobra.Command {
	for _, c := range cmd.Commands() {
		if c.Name() == name || c.HasAlias(name) {
			return c
		}
	}
	return nil
}
