package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

func newToken() *cobra.Command {
	cmd := group("token", "Issue tokens, list them, take them away", `Issue tokens, list them, take them away. A token is 8 digits on a slip of paper: a right to call
that a person gives, for a number, a prefix or a class, for some calls and some time. What changes,
changes at once: in the running daemon, or in the ledger itself where none is running. The ledger
keeps no digits, only a hash under the key file (ledger.key_file).`)
	cmd.AddCommand(newTokenIssue(), newTokenList(), newTokenRevoke())
	return cmd
}

// life is for how long a token is good, as it is given.
type life struct{ span, until string }

func newTokenIssue() *cobra.Command {
	var terms call.TokenTerms
	var class string
	var l life
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "issue --approver NAME (--number DIGITS | --prefix +DIGITS | --class CLASS) --reason TEXT",
		Short: "Issue a token, and print its digits this once",
		Long: `Issue a token, and print its 8 digits this once, in two groups of four: nobody can look them up
again. Each call that the token lets out takes a use.

--number is a number as it would be dialled, or with + and the country code; the site's number plan
says which one it is. --prefix begins with + and the country code. --until is RFC 3339, or a date of
the site, whose end is meant.`,
		Example: "  dialwarden token issue --approver 'Zhang Min' --number 02112345678 --reason 'tax office'\n" +
			"  dialwarden token issue --approver 'Zhang Min' --prefix +81 --from 103 --uses 5 --for 7d --cap 600 --reason 'fair in Osaka'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 { // what it is, is not repeated: it may be the digits of one
				return errors.New("token issue takes no arguments; its digits are made up")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			terms.Class = call.Class(class)
			if err := complement(cmd, &terms, l, cfg); err != nil {
				return err
			}
			return withWriter(cmd, func(ctx context.Context, w writer) error {
				id, digits, err := w.IssueToken(ctx, terms)
				if err != nil {
					return err
				}
				return printIssued(cmd, id, digits.Reveal(), terms, cfg.Site.Location(), asJSON)
			})
		},
	}
	termsFlags(cmd, &terms, &class, &l)
	jsonFlag(cmd, &asJSON)
	repeatNoDigits(cmd)
	return cmd
}

// termsFlags adds the flags that say what a token is good for.
func termsFlags(cmd *cobra.Command, terms *call.TokenTerms, class *string, l *life) {
	cmd.Flags().StringVar(&terms.Approver, "approver", "", "`NAME` of who gives the right")
	cmd.Flags().StringVar(&terms.Number, "number", "", "good for this number, as it would be `DIALLED`")
	cmd.Flags().StringVar(&terms.Prefix, "prefix", "", "good for numbers that begin with these `DIGITS`, like +8621")
	cmd.Flags().StringVar(class, "class", "", "good for numbers of this `CLASS`: national, international, …")
	cmd.Flags().StringVar(&terms.Extension, "from", "", "good from this `EXTENSION` only (default any)")
	cmd.Flags().IntVar(&terms.Uses, "uses", 1, "good for this `NUMBER` of calls")
	cmd.Flags().StringVar(&l.span, "for", "24h", "good for this `TIME` from now, like 8h or 30d")
	cmd.Flags().StringVar(&l.until, "until", "", "good until this `TIME`, instead of --for")
	cmd.Flags().IntVar(&terms.MaxSeconds, "cap", 0, "each call is cut after so many `SECONDS` (default as the policy says)")
	cmd.Flags().StringVar(&terms.Reason, "reason", "", "why, in a `TEXT` of your own")
	complete(cmd, "approver", completeEntry(func(e call.Extension) string { return e.Holder }))
	complete(cmd, "class", oneOf(call.Classes()...))
	complete(cmd, "from", completeExtension)
	for _, flag := range []string{"number", "prefix", "uses", "for", "until", "cap", "reason"} {
		complete(cmd, flag, cobra.NoFileCompletions)
	}
	cmd.MarkFlagsMutuallyExclusive("for", "until")
	cmd.MarkFlagsMutuallyExclusive("number", "prefix", "class")
	cmd.MarkFlagsOneRequired("number", "prefix", "class")
	for _, flag := range []string{"approver", "reason"} {
		if err := cmd.MarkFlagRequired(flag); err != nil {
			panic(err) // the flag is defined above
		}
	}
}

// complement makes terms of what was given: the number as the number plan knows it, and the moment at which it ends.
func complement(cmd *cobra.Command, terms *call.TokenTerms, l life, cfg config.Config) (err error) {
	if cmd.Flags().Changed("number") {
		if terms.Number, err = planned(cmd, terms.Number); err != nil {
			return err
		}
	}
	if cmd.Flags().Changed("prefix") && !strings.HasPrefix(terms.Prefix, "+") {
		return fmt.Errorf("--prefix %q: must begin with + and the country code, like +8621", terms.Prefix)
	}
	if l.until != "" {
		terms.Expires, err = parseMoment("--until", l.until, cfg.Site.Location(), true)
		return err
	}
	span, err := parseSpan("--for", l.span)
	terms.Expires = time.Now().Add(span)
	return err
}

// planned is the number that is called when somebody dials so, by the site's number plan.
func planned(cmd *cobra.Command, dialled string) (string, error) {
	e, err := edition(cmd)
	if err != nil {
		return "", err
	}
	n := e.Numbers.Classify(dialled).Number
	switch n.Class {
	case call.Invalid:
		return "", fmt.Errorf("--number %s: no number that can be called: %s", shown(dialled), e.Numbers.WhyInvalid(dialled))
	case call.Emergency:
		return "", fmt.Errorf("--number %s: nobody needs a token for an emergency call", shown(dialled))
	}
	return n.Key(), nil
}

func printIssued(cmd *cobra.Command, id int64, digits string, t call.TokenTerms, zone *time.Location, asJSON bool) error {
	if asJSON {
		return printJSON(cmd.OutOrStdout(), map[string]any{
			"id": id, "token": digits, "number": t.Number, "prefix": t.Prefix, "class": t.Class, "expires": ledger.Time{Time: t.Expires},
		})
	}
	times := "once"
	if t.Uses > 1 {
		times = strconv.Itoa(t.Uses) + " times"
	}
	from := "from any phone"
	if t.Extension != "" {
		from = "from " + t.Extension
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "Token %d by %s: %s %s\nGood %s for %s %s until %s.\nIt is shown this once and stored nowhere.\n",
		id, t.Approver, digits[:len(digits)/2], digits[len(digits)/2:], times, target(t.Number, t.Prefix, t.Class), from,
		moment(ledger.Time{Time: t.Expires}, zone))
	return err
}

// target tells what may be called with a token.
func target(number, prefix string, class call.Class) string {
	switch {
	case number != "":
		return number
	case prefix != "":
		return prefix + "…"
	}
	return "class " + string(class)
}

func newTokenList() *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the tokens that are good; --all lists the others, too",
		Long: `List the tokens that are good; --all lists those that are used up, expired or revoked, too. Times
are those of the site (site.timezone); JSON has UTC. Who may not see whole numbers (privacy.unmasked)
sees the last four digits.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, cfg, err := openReader(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			tokens, err := r.Tokens(cmd.Context(), time.Now())
			if err != nil {
				return err
			}
			hidden, zone := maySee(cfg) != nil, cfg.Site.Location()
			rows := [][]string{{"ID", "STATE", "APPROVER", "FROM", "FOR", "USED", "EXPIRES", "CAP", "REVOKED BY", "REASON"}}
			for _, t := range tokens {
				if !all && t.State != ledger.TokenValid {
					continue
				}
				if hidden {
					t.Number, t.Prefix, t.Reason = ledger.Mask(t.Number), ledger.Mask(t.Prefix), ledger.MaskText(t.Reason)
				}
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), t); err != nil {
						return err
					}
				}
				rows = append(rows, []string{
					number(t.ID), string(t.State), orDash(t.Approver), orDash(t.Extension), target(t.Number, t.Prefix, t.Class),
					fmt.Sprintf("%d of %d", t.Used, t.Uses), moment(t.ExpiresAt, zone), seconds(t.MaxSeconds), orDash(t.RevokedBy),
					orDash(t.Reason),
				})
			}
			if asJSON {
				return nil
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "list those that are used up, expired or revoked, too")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func newTokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use:               "revoke ID",
		Short:             "Take a token away; its ID is in \"token list\"",
		Long:              `Take a token away, at once and for good. Its ID is in "dialwarden token list".`,
		Args:              exactlyID("token"),
		ValidArgsFunction: completeToken,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := idOf(args[0], "token", "token list")
			if err != nil {
				return err
			}
			return withWriter(cmd, func(ctx context.Context, w writer) error {
				if err := w.RevokeToken(ctx, id, account()); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "Token %d is revoked.\n", id)
				return err
			})
		},
	}
}
