package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/replay"
)

// maskFlag adds the flag that hides numbers.
func maskFlag(cmd *cobra.Command, v *bool) {
	cmd.Flags().BoolVar(v, "mask", false, "hide all but the last four digits of numbers, and record no look")
}

// masked decides whether numbers are hidden, and says why on stderr where nobody asked for it. It comes before the ledger
// is opened for reading, or a writer that records the look could not tidy up behind it. To see whole numbers one
// must be allowed to (privacy.unmasked), and that one has seen them is recorded first: who, when, and what was asked for.
func masked(cmd *cobra.Command, args []string, cfg config.Config, wanted bool) bool {
	if wanted || !readable(cfg) {
		return true
	}
	err := maySee(cfg)
	if err == nil {
		err = recordLook(cmd.Context(), cfg, cmd.Name(), askedFor(cmd, args))
	}
	if err != nil {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "Numbers are masked: %v.\n", err)
	}
	return err != nil
}

// readable reports whether there is a ledger at all; if not, the verb will say why.
func readable(cfg config.Config) bool {
	r, err := ledger.OpenReader(cfg.Ledger.Path)
	return err == nil && r.Close() == nil
}

// openLog opens the ledger for reading, and decides whether numbers are hidden.
func openLog(cmd *cobra.Command, args []string, cfg config.Config, mask bool) (r *ledger.Reader, hidden bool, err error) {
	hidden = masked(cmd, args, cfg, mask)
	r, err = ledger.OpenReader(cfg.Ledger.Path)
	return r, hidden, err
}

// askedFor tells the flags and the arguments that were given, as JSON.
func askedFor(cmd *cobra.Command, args []string) string {
	asked := map[string]string{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "config" && f.Name != "json" {
			asked[f.Name] = f.Value.String()
		}
	})
	if len(args) > 0 {
		asked["id"] = strings.Join(args, " ")
	}
	text, err := json.Marshal(asked)
	if err != nil {
		panic(err) // texts only
	}
	return string(text)
}

// maySee returns nil if this account may see whole numbers: one that privacy.unmasked names, or, where it names none,
// root and the owner of the ledger.
func maySee(cfg config.Config) error {
	who := account()
	if len(cfg.Privacy.Unmasked) > 0 {
		if slices.Contains(cfg.Privacy.Unmasked, who) {
			return nil
		}
		return fmt.Errorf("%s is not one of privacy.unmasked", who)
	}
	if os.Geteuid() == 0 || owns(cfg.Ledger.Path) {
		return nil
	}
	return fmt.Errorf("%s is not the ledger's owner, and privacy.unmasked names nobody", who)
}

func owns(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// recordLook makes the look durable, through the running daemon or in the ledger itself.
func recordLook(ctx context.Context, cfg config.Config, what, filter string) error {
	if daemon, running := control.Dial(ctx, cfg.Control.Socket); running {
		return daemon.RecordLook(ctx, account(), what, filter)
	}
	var l *ledger.Ledger
	_, err := ledger.LoadKey(cfg.Ledger.KeyFile) // one that is missing is not to be made here
	if err == nil {
		l, err = app.OpenLedger(cfg, func(error) {})
	}
	if err != nil {
		return fmt.Errorf("the look cannot be recorded: %w", err)
	}
	return errors.Join(l.RecordLook(ctx, account(), what, filter), l.Close())
}

// account names who gives a command; behind sudo, who called it.
func account() string {
	u, err := user.Current()
	if err != nil {
		return strconv.Itoa(os.Geteuid())
	}
	if by := os.Getenv("SUDO_USER"); by != "" && u.Uid == "0" {
		return u.Username + " (" + by + ")"
	}
	return u.Username
}

// hide masks the numbers of a decision.
func hide(d ledger.Decision) ledger.Decision {
	d.Dialled, d.Number, d.Reason = ledger.Mask(d.Dialled), ledger.Mask(d.Number), ledger.MaskText(d.Reason)
	d.Matter = ledger.Mask(d.Matter)
	d.Shadow = slices.Clone(d.Shadow)
	for i := range d.Shadow {
		d.Shadow[i].Reason = ledger.MaskText(d.Shadow[i].Reason)
	}
	return d
}

// hideExamples masks the numbers of examples.
func hideExamples(all []replay.Example) {
	for i := range all {
		e := &all[i]
		e.Dialled = ledger.Mask(e.Dialled)
		for _, o := range []*replay.Outcome{&e.Before, &e.After} {
			o.Reason, o.To, o.Shadow = ledger.MaskText(o.Reason), ledger.Mask(o.To), slices.Clone(o.Shadow)
			for i := range o.Shadow {
				o.Shadow[i].Reason = ledger.MaskText(o.Shadow[i].Reason)
			}
		}
	}
}

// digits are numbers in a text that are long enough to be masked.
var digits = regexp.MustCompile(`[0-9]{5,}`)

// hider masks the numbers of one decision wherever they stand in a text, be it JSON: as they are, and as a part of them,
// or with another prefix, as a route may dial them.
func hider(d ledger.Detail) func(text string) string {
	var facts struct {
		Callee struct {
			Dialled, Digits string
			E164            string `json:"e164"`
		} `json:"callee"`
	}
	_ = json.Unmarshal(d.Input, &facts) // it may be gone
	numbers := []string{d.Number, d.Dialled, facts.Callee.E164, facts.Callee.Dialled, facts.Callee.Digits, d.Matter}
	slices.SortFunc(numbers, func(a, b string) int { return len(b) - len(a) })
	var pairs, runs []string
	for _, n := range numbers {
		if m := ledger.Mask(n); m != n {
			pairs = append(pairs, n, m, inJSON(n), inJSON(m))
		}
		runs = append(runs, digits.FindAllString(n, -1)...)
	}
	whole := strings.NewReplacer(pairs...)
	return func(text string) string {
		return digits.ReplaceAllStringFunc(whole.Replace(text), func(found string) string {
			if slices.ContainsFunc(runs, func(n string) bool { return sameNumber(n, found) }) {
				return ledger.Mask(found)
			}
			return found
		})
	}
}

// sameNumber reports whether two numbers of five digits or more end alike in five of them, or one is in the other.
func sameNumber(a, b string) bool {
	return a[len(a)-5:] == b[len(b)-5:] || strings.Contains(a, b) || strings.Contains(b, a)
}

// inJSON is a text as it stands between quotation marks.
func inJSON(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a text can be written
	}
	return string(quoted[1 : len(quoted)-1])
}

func newLogLooks() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:               "looks",
		Short:             "List who has seen or exported whole numbers",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return fmt.Errorf("--limit %d: must be 0 (for all) or more", limit)
			}
			r, cfg, err := openReader(cmd)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			looks, err := r.Looks(cmd.Context(), limit)
			if err != nil {
				return err
			}
			rows := [][]string{{"TIME", "WHO", "WHAT", "FILTER"}}
			for _, k := range slices.Backward(looks) {
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), k); err != nil {
						return err
					}
				}
				rows = append(rows, []string{moment(k.At, cfg.Site.Location()), k.Who, k.What, k.Filter})
			}
			if asJSON {
				return nil
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", 50, "at most so many, the newest `NUMBER`; 0 for all")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func newLogForget() *cobra.Command {
	var holder, reason string
	cmd := &cobra.Command{
		Use:   "forget --holder NAME --reason TEXT",
		Short: "Take a person out of the log",
		Long: `Take a person out of the log: the name, the extension, the department and the numbers of every
decision that names the person as the holder of the phone; the name alone of decisions about other
people's calls that the person approved, with what the policy had looked at; and the name at PINs,
which are disabled, and at tokens, which are revoked. What was decided stays, and "log verify" still
proves it. It cannot be undone.

The name also stands where the directory was when it was in force: in the revisions of the
policy that the ledger keeps. They stay.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withWriter(cmd, func(ctx context.Context, w writer) error {
				n, err := w.Forget(ctx, holder, account(), reason)
				if err == nil {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is forgotten: %d decisions.\n", holder, n)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&holder, "holder", "", "`NAME` of the person, as in the log")
	cmd.Flags().StringVar(&reason, "reason", "", "why, in a `TEXT` of your own; do not name the person in it")
	for _, name := range []string{"holder", "reason"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return cmd
}
