package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// checked is the answer of check: the decision, and what the dialled digits mean.
type checked struct {
	call.Decision
	Callee call.Callee `json:"callee"`
	// Allowances are those that pay for the call; Limited and AffordableSeconds are as in input.usage.
	Allowances        []call.AllowanceFact `json:"allowances"`
	Limited           bool                 `json:"limited"`
	AffordableSeconds int                  `json:"affordable_seconds"`
	Sanction          call.Sanction        `json:"sanction"` // of the extension, as in input.sanction
	// With --explain:
	Input       *call.Facts        `json:"input,omitempty"`
	Explanation *rules.Explanation `json:"explanation,omitempty"`

	site      config.Site
	caller    call.Caller
	approvers call.Approvers
	directory call.Directory
}

type checkFlags struct {
	from, to, at    string
	credentials     []string
	asJSON, explain bool
}

// asked says who is asked to approve.
func (c checked) asked(r call.Requirement) string {
	who, from := r.Approvers, "rule "+r.Rule
	if len(who) == 0 {
		who, from = c.approvers.For(c.caller), "data/approvers.yaml"
	}
	who = slices.DeleteFunc(slices.Clone(who), func(extension string) bool { return extension == c.caller.Extension })
	if len(who) == 0 {
		return fmt.Sprintf("nobody could approve it (%s)", from)
	}
	names := make([]string, len(who))
	for i, extension := range who {
		names[i] = strings.TrimSpace(extension + " " + c.directory[extension].Holder)
	}
	return fmt.Sprintf("an approval is asked of %s (%s)", strings.Join(names, ", then "), from)
}

func newCheck() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check --from EXTENSION --to DIGITS",
		Short: "Say what the policy would decide about a call, without making it",
		Long: `Say what the policy would decide about a call, without Asterisk. What is left of allowances, and whether
the phone is suspended, is looked up in the ledger, if there is one; all else is as if nobody had called
before, and no PIN is suspended.

allow: the call would go out; challenge: the caller would be asked for one of the things that
are named; deny: it would be refused. The exit status is 0 for allow and challenge, 1 for deny,
2 if the policy could not be asked.`,
		Example: `  dialwarden check --from 101 --to 902112345678
  dialwarden check --from 101 --to 902112345678 --credential pin --explain
  dialwarden check --from 101 --to 962345678 --at 2026-12-24T22:00:00+08:00 --json`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return check(cmd, f) },
	}
	cmd.Flags().StringVar(&f.from, "from", "", "the caller's `EXTENSION`")
	cmd.Flags().StringVar(&f.to, "to", "", "the `DIGITS` as dialled")
	cmd.Flags().StringVar(&f.at, "at", "", "the `TIME` of the call, RFC 3339 (default now)")
	cmd.Flags().StringArrayVar(&f.credentials, "credential", nil,
		"`KIND` of proof the caller has given: pin, token, approval or matter; pin:2 is a PIN of level 2 (default 9)")
	cmd.Flags().BoolVar(&f.explain, "explain", false, "tell why: the rules that fired, what they looked at, what would change the answer")
	jsonFlag(cmd, &f.asJSON)
	for _, name := range []string{"from", "to"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	complete(cmd, "from", completeExtension)
	complete(cmd, "to", cobra.NoFileCompletions)
	complete(cmd, "at", cobra.NoFileCompletions)
	complete(cmd, "credential", oneOf(call.PIN, call.Token, call.Approval, call.Matter))
	return cmd
}

func check(cmd *cobra.Command, f checkFlags) error {
	at, err := parseAt(f.at)
	if err != nil {
		return err
	}
	proved, err := parseCredentials(f.credentials)
	if err != nil {
		return err
	}
	cfg, err := load(cmd)
	if err == nil {
		err = tellBuiltIn(cmd, cfg)
	}
	if err != nil {
		return err
	}
	edition, err := app.LoadEdition(cfg)
	if err != nil {
		return err
	}
	facts := edition.Book.Facts(
		call.Attempt{Source: call.SourceARI, Extension: f.from, Dialled: f.to, At: at}, call.Usage{}, proved)
	spending, err := app.Spending(cmd.Context(), cfg, at)
	if err != nil && !edition.Policy.Allowances().Empty() {
		_, err := fmt.Fprintf(cmd.ErrOrStderr(), "What is left of the allowances is not known, and they are taken as unused: %v\n", err)
		if err != nil {
			return err
		}
	}
	edition.Book.Spent(&facts, spending)
	if err := app.Suspend(cmd.Context(), cfg, &facts); err != nil {
		if _, err := fmt.Fprintf(cmd.ErrOrStderr(), "Whether a sanction suspends the phone is not known, and it is taken as not suspended: %v\n", err); err != nil {
			return err
		}
	}
	decision, facts := edition.Book.Decide(cmd.Context(), facts)
	out := checked{
		Allowances: facts.Usage.Allowances, Limited: facts.Usage.Limited, AffordableSeconds: facts.Usage.AffordableSeconds, site: cfg.Site,
		Decision: decision, Callee: facts.Callee, Sanction: facts.Sanction,
		caller: facts.Caller, approvers: edition.Policy.Handset().Approvers, directory: edition.Policy.Directory(),
	}
	if f.explain {
		why := edition.Policy.Explain(cmd.Context(), facts)
		out.Input, out.Explanation = &facts, &why
	}
	if f.asJSON {
		err = printJSON(cmd.OutOrStdout(), out)
	} else {
		err = printChecked(cmd.OutOrStdout(), out)
	}
	if err == nil && out.Action == call.Deny {
		return errNo
	}
	return err
}

func parseAt(s string) (time.Time, error) {
	if s == "" {
		return time.Now(), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, fmt.Errorf("--at %q: must be a time like 2026-11-23T14:30:00+08:00", s)
	}
	return at, nil
}

// parseCredentials reads pin, pin:LEVEL, token, approval and matter.
func parseCredentials(kinds []string) (call.Credentials, error) {
	c, err := call.ParseProofs(kinds)
	if err != nil {
		return c, fmt.Errorf("--credential %w", err)
	}
	return c, nil
}

// penalty says what a sanction is: the phone is suspended for 30 days, a fine of 50.00.
func (c checked) penalty(p call.Penalty) string {
	var all []string
	if p.SuspendDays > 0 {
		who := "the phone (or the PIN that was entered)"
		switch p.Suspend {
		case call.SuspendExtension:
			who = "the phone"
		case call.SuspendPIN:
			who = "the PIN"
		}
		all = append(all, fmt.Sprintf("%s is suspended for %d days", who, p.SuspendDays))
	}
	if p.FineMinor > 0 {
		all = append(all, "a fine of "+money(p.FineMinor, c.site))
	}
	if p.CostMultiple > 0 {
		all = append(all, fmt.Sprintf("the cost of the call %d times", p.CostMultiple))
	}
	return strings.Join(all, ", ")
}

// printChecked tells a decision in words.
func printChecked(w io.Writer, c checked) error {
	var errs []error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		errs = append(errs, err)
	}
	say("%s by rule %s", c.Action, c.Rule)
	for _, r := range c.Reasons {
		say("  %s: %s", r.Rule, r.Text)
	}
	for _, r := range c.Requires {
		kinds := make([]string, len(r.AnyOf))
		for i, k := range r.AnyOf {
			kinds[i] = string(k)
		}
		say("  %s wants: %s", r.Rule, strings.Join(kinds, " or "))
		if slices.Contains(r.AnyOf, call.Approval) {
			say("    %s", c.asked(r))
		}
	}
	if c.MaxSeconds > 0 {
		say("  cut after %v", time.Duration(c.MaxSeconds)*time.Second)
	}
	if c.Action == call.Deny {
		say("  the caller hears %q, hangup cause %d", c.Prompt, c.Cause)
	}
	for _, p := range c.Sanctions {
		say("  %s imposes: %s", p.Rule, c.penalty(p))
	}
	for _, s := range c.Shadow {
		say("  in shadow: rule %s would %s. %s", s.Rule, s.Head, s.Reason)
	}
	n := c.Callee
	say("number: %s, %s, sent to the trunk as %s", n.Class, orDash(n.E164), orDash(n.Digits))
	if n.Rate.Known {
		say("cost: at most %s for a minute, %s for ten minutes", money(n.Rate.MinuteMinor, c.site), money(n.Rate.TenMinutesMinor, c.site))
	}
	if s := c.Sanction; s.Until != "" {
		say("suspended: phone %s until %s, by rule %s", shown(c.caller.Extension), s.Until, s.Rule)
	}
	for _, a := range c.Allowances {
		say("allowance %s of %s: %s of %s left", a.ID, a.Scope.Owner(shown(a.Name)), money(a.RestMinor, c.site), money(a.AmountMinor+a.CarriedMinor, c.site))
	}
	if c.Limited {
		say("the allowances pay for %v", time.Duration(c.AffordableSeconds)*time.Second)
	}
	say("policy revision: %s", c.PolicyRevision)
	if c.Explanation != nil {
		errs = append(errs, printExplanation(w, c.Explanation))
		input, err := json.Marshal(c.Input)
		errs = append(errs, err, printFacts(w, input))
	}
	return errors.Join(errs...)
}
