package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// generatedDigits is the length of a PIN that nobody chose.
const generatedDigits = 6

// mayHoldPIN matches a text with as many digits as a PIN has.
var mayHoldPIN = regexp.MustCompile(fmt.Sprintf("[0-9]{%d}", ledger.MinPIN))

func newPIN() *cobra.Command {
	cmd := group("pin", "Give PINs to people, change them, list them, take them away", `Give PINs to people, change them, list them, take them away. What changes, changes at once: in the running
daemon, or in the ledger itself where none is running. The ledger keeps no digits, only a hash
under the key file (ledger.key_file).`)
	cmd.AddCommand(newPINAdd(), newPINChange(), newPINList(), newPINDisable(), newPINUnlock())
	return cmd
}

func newPINAdd() *cobra.Command {
	var (
		owner     call.PINOwner
		read      func(*cobra.Command) error
		fromStdin bool
		asJSON    bool
	)
	cmd := &cobra.Command{
		Use:   "add --holder NAME",
		Short: "Give somebody a PIN",
		Long: `Give somebody a PIN. Without --stdin a PIN is made up and printed once: write it down,
nobody can look it up again. With --stdin the PIN (4 to 12 digits) is read from the first
line of standard input; it is never taken from the command line, where others could see it.

A PIN that is easy to guess is refused: runs, repetitions, lines on the keypad, years, dates, the
holder's extension. So is one that somebody else has, or had.

Times are RFC 3339, or dates of the site: --valid-from a day begins with it, --valid-to a day ends
with it.`,
		Example: "  dialwarden pin add --holder \"Li Wei\" --department Sales --level 2\n  dialwarden pin add --holder \"Li Wei\" --stdin < pin.txt",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 { // what it is, is not repeated: it may be a PIN
				return errors.New("pin add takes no arguments; a PIN is never taken from the command line, but with --stdin")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := read(cmd); err != nil {
				return err
			}
			return withWriter(cmd, func(ctx context.Context, pins writer) error {
				add := addGenerated
				if fromStdin {
					add = addFrom(cmd.InOrStdin())
				}
				id, shown, err := add(ctx, pins, owner)
				if err != nil {
					return err
				}
				return printAdded(cmd.OutOrStdout(), id, owner.Holder, shown, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&owner.Holder, "holder", "", "`NAME` of the person")
	cmd.Flags().StringVar(&owner.Department, "department", "", "`NAME` of the department")
	cmd.Flags().IntVar(&owner.Level, "level", 1, "what the PIN is good for: the policy compares this `NUMBER` (long_distance.yaml says how)")
	read = ownerFlags(cmd, &owner)
	cmd.Flags().BoolVar(&fromStdin, "stdin", false, "read the PIN from standard input")
	jsonFlag(cmd, &asJSON)
	repeatNoDigits(cmd)
	if err := cmd.MarkFlagRequired("holder"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

// printAdded tells that a PIN is in force; shown are its digits if nobody chose them.
func printAdded(w io.Writer, id int64, holder, shown string, asJSON bool) error {
	if asJSON {
		out := map[string]any{"id": id, "holder": holder}
		if shown != "" {
			out["pin"] = shown
		}
		return printJSON(w, out)
	}
	if shown != "" {
		_, err := fmt.Fprintf(w, "PIN %d for %s: %s\nIt is shown this once and stored nowhere.\n", id, holder, shown)
		return err
	}
	_, err := fmt.Fprintf(w, "PIN %d for %s is in force.\n", id, holder)
	return err
}

// ownerFlags adds the flags that say for how long and for what a PIN is good; the returned function reads them.
func ownerFlags(cmd *cobra.Command, owner *call.PINOwner) func(*cobra.Command) error {
	var from, to string
	var classes []string
	cmd.Flags().StringVar(&owner.Extension, "extension", "", "the holder's own `EXTENSION`, which must not be the PIN")
	cmd.Flags().StringVar(&from, "valid-from", "", "good from this `TIME` on (default at once)")
	cmd.Flags().StringVar(&to, "valid-to", "", "good until this `TIME` (default until it is disabled)")
	cmd.Flags().StringArrayVar(&classes, "class", nil, "good for numbers of this `CLASS` only; may be given again (default whatever the policy lets a PIN do)")
	complete(cmd, "extension", completeExtension)
	complete(cmd, "class", oneOf(call.Classes()...))
	for _, flag := range []string{"valid-from", "valid-to"} {
		complete(cmd, flag, cobra.NoFileCompletions)
	}
	return func(cmd *cobra.Command) error {
		cfg, err := load(cmd)
		if err != nil {
			return err
		}
		zone := cfg.Site.Location()
		for _, c := range classes {
			owner.Classes = append(owner.Classes, call.Class(c))
		}
		if owner.ValidFrom, err = parseMoment("--valid-from", from, zone, false); err != nil {
			return err
		}
		owner.ValidTo, err = parseMoment("--valid-to", to, zone, true)
		return err
	}
}

// repeatNoDigits keeps what may be a PIN out of what is said of a wrong flag.
func repeatNoDigits(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if mayHoldPIN.MatchString(err.Error()) {
			return fmt.Errorf("a flag is wrong (it is not repeated here, it might hold a PIN): see %q", cmd.CommandPath()+" --help")
		}
		return err
	})
}

// addFrom adds the PIN in the first line of in.
func addFrom(in io.Reader) func(context.Context, control.PINs, call.PINOwner) (int64, string, error) {
	return func(ctx context.Context, pins control.PINs, owner call.PINOwner) (int64, string, error) {
		pin, err := readPIN(in)
		if err != nil {
			return 0, "", err
		}
		id, err := pins.AddPIN(ctx, pin, owner)
		return id, "", err
	}
}

// readPIN reads the first line of in.
func readPIN(in io.Reader) (call.Secret, error) {
	lines := bufio.NewScanner(in)
	if !lines.Scan() {
		return call.Secret{}, errors.New("--stdin: standard input holds no PIN")
	}
	return call.NewSecret(lines.Text()), nil
}

// addGenerated adds a PIN that nobody else has, and returns its digits.
func addGenerated(ctx context.Context, pins control.PINs, owner call.PINOwner) (id int64, shown string, err error) {
	shown, err = generated(owner.Extension, func(pin call.Secret) (err error) {
		id, err = pins.AddPIN(ctx, pin, owner)
		return err
	})
	return id, shown, err
}

// generated makes PINs up until give takes one, and returns its digits.
func generated(extension string, give func(call.Secret) error) (string, error) {
	var err error
	for range 50 { // a PIN that is trivial or taken is refused; another one is tried
		var n *big.Int
		if n, err = rand.Int(rand.Reader, big.NewInt(1_000_000)); err != nil {
			return "", err
		}
		pin := call.NewSecret(fmt.Sprintf("%0*d", generatedDigits, n))
		if err = ledger.CheckPIN(pin, extension); err != nil {
			continue
		}
		if err = give(pin); err == nil {
			return pin.Reveal(), nil
		}
		said := err.Error() // the daemon's errors are texts
		if !strings.HasSuffix(said, ledger.ErrPINTaken.Error()) && !strings.HasSuffix(said, ledger.ErrPINTrivial.Error()) {
			break
		}
	}
	return "", err
}

func newPINList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List who has a PIN",
		Long:  "List who has a PIN. Times are those of the site (site.timezone); JSON has UTC.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, cfg, err := openReader(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			pins, err := r.PINs(cmd.Context())
			if err != nil {
				return err
			}
			rows := [][]string{{"ID", "HOLDER", "DEPARTMENT", "LEVEL", "EXTENSION", "CLASSES", "FROM", "TO", "CREATED", "CHANGED", "DISABLED"}}
			zone := cfg.Site.Location()
			for _, p := range pins {
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), p); err != nil {
						return err
					}
				}
				rows = append(rows, []string{
					strconv.FormatInt(p.ID, 10), p.Holder, orDash(p.Department), strconv.Itoa(p.Level),
					orDash(p.Extension), orDash(joined(p.Classes)), moment(p.ValidFrom, zone), moment(p.ValidTo, zone),
					moment(p.CreatedAt, zone), moment(p.ChangedAt, zone), moment(p.DisabledAt, zone),
				})
			}
			if asJSON {
				return nil
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func newPINDisable() *cobra.Command {
	return &cobra.Command{
		Use:   "disable ID",
		Short: "Take a PIN away; its ID is in \"pin list\"",
		Long: `Take a PIN away, at once and for good; nobody can get its digits again. Its ID is in
"dialwarden pin list".`,
		Args:              exactly("ID"),
		ValidArgsFunction: completePIN,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := idOf(args[0], "PIN", "pin list")
			if err != nil {
				return err
			}
			return withWriter(cmd, func(ctx context.Context, pins writer) error {
				if err := pins.DisablePIN(ctx, id); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "PIN %d is disabled.\n", id)
				return err
			})
		},
	}
}
