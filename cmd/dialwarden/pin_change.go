package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
)

func newPINChange() *cobra.Command {
	var fromStdin, asJSON bool
	cmd := &cobra.Command{
		Use:   "change ID",
		Short: "Give a PIN other digits; its ID is in \"pin list\"",
		Long: `Give a PIN other digits, at once. Without --stdin they are made up and printed once; with
--stdin they are read from the first line of standard input. Nobody gets the old digits again, the
holder neither. Its ID is in "dialwarden pin list".`,
		Example:           "  dialwarden pin change 3\n  dialwarden pin change 3 --stdin < pin.txt",
		Args:              exactlyID("PIN"),
		ValidArgsFunction: completePIN,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := idOf(args[0], "PIN", "pin list")
			if err != nil {
				return err
			}
			return withWriter(cmd, func(ctx context.Context, w writer) error {
				give := func(pin call.Secret) error { return w.ChangePIN(ctx, id, pin) }
				shown := ""
				if fromStdin {
					var pin call.Secret
					if pin, err = readPIN(cmd.InOrStdin()); err == nil {
						err = give(pin)
					}
				} else {
					shown, err = generated("", give)
				}
				if err != nil {
					return err
				}
				if asJSON {
					out := map[string]any{"id": id}
					if shown != "" {
						out["pin"] = shown
					}
					return printJSON(cmd.OutOrStdout(), out)
				}
				if shown != "" {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "PIN %d is now: %s\nIt is shown this once and stored nowhere.\n", id, shown)
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "PIN %d is changed.\n", id)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "stdin", false, "read the PIN from standard input")
	jsonFlag(cmd, &asJSON)
	repeatNoDigits(cmd)
	return cmd
}

func newPINUnlock() *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use:   "unlock EXTENSION | --all",
		Short: "Let a phone try PINs and tokens again that wrong tries have locked",
		Long: `Let a phone try PINs and tokens again that wrong tries have locked, or all phones: their wrong
tries are forgotten. Who did it is recorded.`,
		Example: "  dialwarden pin unlock 103",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case all && len(args) > 0:
				return errors.New("pin unlock: give an EXTENSION or --all, not both")
			case all:
				return nil
			}
			return exactly("EXTENSION")(cmd, args)
		},
		ValidArgsFunction: completeExtension,
		RunE: func(cmd *cobra.Command, args []string) error {
			extension, which := "", "all phones"
			if !all {
				if extension = args[0]; !call.IsDialString(extension) {
					return errors.New("that is no EXTENSION: want the digits of a phone")
				}
				which = "phone " + extension
			}
			return withWriter(cmd, func(ctx context.Context, w writer) error {
				n, err := w.Unlock(ctx, extension, account())
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), map[string]any{"extension": extension, "tries": n})
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d wrong tries of %s are forgotten.\n", n, which)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all phones")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// mostIDDigits is how long an ID can be; what is longer is the digits of a credential.
const mostIDDigits = 7

// idOf reads the ID of a credential. What might be its digits is not repeated.
func idOf(arg, what, verb string) (int64, error) {
	id, err := strconv.ParseInt(arg, 10, 64)
	switch {
	case len(arg) > mostIDDigits || err != nil && mayHoldPIN.MatchString(arg):
		return 0, fmt.Errorf("that is no %s's ID (it is not repeated here, it might be its digits): IDs are in \"dialwarden %s\"", what, verb)
	case err != nil:
		return 0, fmt.Errorf("%q is no %s's ID: it is a number of \"dialwarden %s\"", arg, what, verb)
	}
	return id, nil
}

// exactlyID wants one ID; others are not repeated.
func exactlyID(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return fmt.Errorf("%s takes the ID of one %s, and no digits: those are read with --stdin where it has that flag", cmd.CommandPath(), what)
		}
		return atLeast("ID")(cmd, args)
	}
}

// joined writes words with commas between them.
func joined[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, ",")
}
