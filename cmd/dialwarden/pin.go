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

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// generatedDigits is the length of a PIN that nobody chose.
const generatedDigits = 6

// mayHoldPIN matches a text with as many digits as a PIN has.
var mayHoldPIN = regexp.MustCompile(fmt.Sprintf("[0-9]{%d}", ledger.MinPIN))

func newPIN() *cobra.Command {
	cmd := group("pin", "Give PINs to people, list them, take them away", `Give PINs to people, list them, take them away. What changes, changes at once: in the running
daemon, or in the ledger itself where none is running. The ledger keeps no digits, only a hash
under the key file (ledger.key_file).`)
	cmd.AddCommand(newPINAdd(), newPINList(), newPINDisable())
	return cmd
}

func newPINAdd() *cobra.Command {
	var (
		owner     call.PINOwner
		fromStdin bool
		asJSON    bool
	)
	cmd := &cobra.Command{
		Use:   "add --holder NAME",
		Short: "Give somebody a PIN",
		Long: `Give somebody a PIN. Without --stdin a PIN is made up and printed once: write it down,
nobody can look it up again. With --stdin the PIN (4 to 12 digits) is read from the first
line of standard input; it is never taken from the command line, where others could see it.`,
		Example: "  dialwarden pin add --holder \"Li Wei\" --department Sales --level 2\n  dialwarden pin add --holder \"Li Wei\" --stdin < pin.txt",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 { // what it is, is not repeated: it may be a PIN
				return errors.New("pin add takes no arguments; a PIN is never taken from the command line, but with --stdin")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withWriter(cmd, func(ctx context.Context, pins writer) error {
				add := addGenerated
				if fromStdin {
					add = addFrom(cmd.InOrStdin())
				}
				id, shown, err := add(ctx, pins, owner)
				if err != nil {
					return err
				}
				if asJSON {
					out := map[string]any{"id": id, "holder": owner.Holder}
					if shown != "" {
						out["pin"] = shown
					}
					return printJSON(cmd.OutOrStdout(), out)
				}
				if shown != "" {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "PIN %d for %s: %s\nIt is shown this once and stored nowhere.\n", id, owner.Holder, shown)
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "PIN %d for %s is in force.\n", id, owner.Holder)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&owner.Holder, "holder", "", "`NAME` of the person")
	cmd.Flags().StringVar(&owner.Department, "department", "", "`NAME` of the department")
	cmd.Flags().IntVar(&owner.Level, "level", 1, "what the PIN is good for: the policy compares this `NUMBER` (long_distance.yaml says how)")
	cmd.Flags().BoolVar(&fromStdin, "stdin", false, "read the PIN from standard input")
	jsonFlag(cmd, &asJSON)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if mayHoldPIN.MatchString(err.Error()) {
			return errors.New("a flag is wrong (it is not repeated here, it might hold a PIN): see \"dialwarden pin add --help\"")
		}
		return err
	})
	if err := cmd.MarkFlagRequired("holder"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

// addFrom adds the PIN in the first line of in.
func addFrom(in io.Reader) func(context.Context, control.PINs, call.PINOwner) (int64, string, error) {
	return func(ctx context.Context, pins control.PINs, owner call.PINOwner) (int64, string, error) {
		lines := bufio.NewScanner(in)
		if !lines.Scan() {
			return 0, "", errors.New("--stdin: standard input holds no PIN")
		}
		id, err := pins.AddPIN(ctx, call.NewSecret(lines.Text()), owner)
		return id, "", err
	}
}

// addGenerated adds a PIN that nobody else has, and returns its digits.
func addGenerated(ctx context.Context, pins control.PINs, owner call.PINOwner) (int64, string, error) {
	var err error
	for range 20 { // a PIN that is trivial or taken is refused; another one is tried
		var n *big.Int
		if n, err = rand.Int(rand.Reader, big.NewInt(1_000_000)); err != nil {
			return 0, "", err
		}
		pin := call.NewSecret(fmt.Sprintf("%0*d", generatedDigits, n))
		if err = ledger.CheckPIN(pin, owner.Extension); err != nil {
			continue
		}
		var id int64
		if id, err = pins.AddPIN(ctx, pin, owner); err == nil {
			return id, pin.Reveal(), nil
		}
		if !strings.HasSuffix(err.Error(), ledger.ErrPINTaken.Error()) { // the daemon's errors are texts
			break
		}
	}
	return 0, "", err
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
			rows := [][]string{{"ID", "HOLDER", "DEPARTMENT", "LEVEL", "CREATED", "DISABLED"}}
			for _, p := range pins {
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), p); err != nil {
						return err
					}
				}
				rows = append(rows, []string{
					strconv.FormatInt(p.ID, 10), p.Holder, orDash(p.Department), strconv.Itoa(p.Level),
					moment(p.CreatedAt, cfg.Site.Location()), moment(p.DisabledAt, cfg.Site.Location()),
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
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return fmt.Errorf("%q is no PIN's ID: it is a number of \"dialwarden pin list\"", args[0])
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

// withWriter changes the ledger through the running daemon, or by itself where none is running.
func withWriter(cmd *cobra.Command, do func(context.Context, writer) error) error {
	cfg, err := load(cmd)
	if err != nil {
		return err
	}
	if daemon, running := control.Dial(cmd.Context(), cfg.Control.Socket); running {
		return do(cmd.Context(), daemon)
	}
	l, err := app.OpenLedger(cfg, func(error) {})
	if errors.Is(err, ledger.ErrLocked) {
		return fmt.Errorf("%w, but no daemon answers at %s: is control.socket the one that the daemon has?", err, cfg.Control.Socket)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "No daemon answers at %s; writing to %s itself.\n", cfg.Control.Socket, cfg.Ledger.Path)
	return errors.Join(err, do(cmd.Context(), l), l.Close())
}

// openReader opens the ledger of the configuration for reading, and returns the configuration with it.
func openReader(cmd *cobra.Command) (*ledger.Reader, config.Config, error) {
	cfg, err := load(cmd)
	if err != nil {
		return nil, cfg, err
	}
	r, err := ledger.OpenReader(cfg.Ledger.Path)
	return r, cfg, err
}
