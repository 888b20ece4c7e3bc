package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// What a shell offers when somebody presses the tab key. Where something cannot be read, it offers nothing.

func completeVerbs(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	at := cmd.Root()
	for _, arg := range args {
		if at = child(at, arg); at == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
	var verbs []cobra.Completion
	for _, c := range at.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, cobra.CompletionWithDesc(c.Name(), c.Short))
		}
	}
	return verbs, cobra.ShellCompDirectiveNoFileComp
}

func completeDir(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func completeFiles(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{"rego"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeExtension offers the phones of the directory.
func completeExtension(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	e, err := edition(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var phones []cobra.Completion
	dir := e.Policy.Directory()
	for _, ext := range slices.Sorted(maps.Keys(dir)) {
		phones = append(phones, cobra.CompletionWithDesc(ext, dir[ext].Holder))
	}
	return phones, cobra.ShellCompDirectiveNoFileComp
}

// completeEntry offers what is said of the phones of the directory, each once.
func completeEntry(of func(call.Extension) string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		e, err := edition(cmd)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		said := map[string]bool{}
		for _, entry := range e.Policy.Directory() {
			said[of(entry)] = true
		}
		delete(said, "")
		return slices.Sorted(maps.Keys(said)), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeRule offers the rules of the policy, and those that Dialwarden itself decides by.
func completeRule(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	own := []cobra.Completion{
		call.RuleEmergency, call.RuleInvalidNumber, call.RulePolicyError, call.RuleNoAllow, call.RuleUnavailable,
		call.RuleBypass, "operator", "service_code",
	}
	e, err := edition(cmd)
	if err != nil {
		return own, cobra.ShellCompDirectiveNoFileComp
	}
	return append(e.Policy.Rules(), own...), cobra.ShellCompDirectiveNoFileComp
}

// completePIN offers the PINs that are in force, with their holders.
func completePIN(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	r, _, err := openReader(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer func() { _ = r.Close() }()
	all, _ := r.PINs(cmd.Context())
	var pins []cobra.Completion
	for _, p := range all {
		if p.DisabledAt.IsZero() {
			pins = append(pins, cobra.CompletionWithDesc(fmt.Sprint(p.ID), p.Holder))
		}
	}
	return pins, cobra.ShellCompDirectiveNoFileComp
}

// completeToken offers the tokens that are good, with who gave them.
func completeToken(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	r, _, err := openReader(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer func() { _ = r.Close() }()
	all, _ := r.Tokens(cmd.Context(), time.Now())
	var tokens []cobra.Completion
	for _, t := range all {
		if t.State == ledger.TokenValid {
			tokens = append(tokens, cobra.CompletionWithDesc(fmt.Sprint(t.ID), t.Approver))
		}
	}
	return tokens, cobra.ShellCompDirectiveNoFileComp
}

// complete sets what is offered for a flag.
func complete(cmd *cobra.Command, flag string, offer cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, offer); err != nil {
		panic(err) // the flag is defined where this is called
	}
}

// oneOf offers fixed words.
func oneOf[T ~string](words ...T) cobra.CompletionFunc {
	offered := make([]cobra.Completion, len(words))
	for i, w := range words {
		offered[i] = string(w)
	}
	return cobra.FixedCompletions(offered, cobra.ShellCompDirectiveNoFileComp)
}

// edition reads what calls are decided by, as the configuration says.
func edition(cmd *cobra.Command) (*app.Edition, error) {
	cfg, err := load(cmd)
	if err != nil {
		return nil, err
	}
	return app.LoadEdition(cfg)
}
