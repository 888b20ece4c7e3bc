package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/doctor"
)

func newDoctor() *cobra.Command {
	var asJSON bool
	var bypass bypassSearch
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong between us and Asterisk, and what to do about it",
		Long: `Look at the configuration, the policy, the ledger, the daemon and Asterisk, and say what is wrong
and what to do about it: which file, which line, which command. Run it as root on the machine
where the daemon runs, after every change of Asterisk and before you ask anybody for help.

It changes nothing. To see that the dialplan is loaded, it sends a channel inside Asterisk into
[dialwarden-doctor]; no phone rings.

The exit status is 0 if nothing is wrong (there may be warnings), 1 if something is, 2 if it
could not look everywhere.

With --bypass it looks at the running dialplan only, and names every way from a phone to a trunk
that does not pass through us: the exit status is 0 if there is none, 1 if there is, 2 if the
dialplan cannot be read.`,
		Example: "  sudo dialwarden doctor\n  dialwarden doctor --json | jq 'select(.state == \"wrong\")'\n" +
			"  sudo dialwarden doctor --bypass\n  dialwarden doctor --bypass --dialplan saved.txt --from phones --trunk carrier",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := bypass.check(cmd); err != nil {
				return err
			}
			if bypass.on {
				return bypass.run(cmd, asJSON)
			}
			r := rounds{w: cmd.OutOrStdout(), asJSON: asJSON, count: map[doctor.State]int{}}
			cfg, err := load(cmd)
			if isUnreadable(err) {
				return err
			}
			if err != nil {
				err = r.tellFaults(err)
			} else {
				err = examine(cmd, cfg, r.tell)
			}
			if err != nil {
				return err
			}
			return r.end()
		},
	}
	jsonFlag(cmd, &asJSON)
	bypass.flags(cmd)
	return cmd
}

// examine looks at the site of a configuration.
func examine(cmd *cobra.Command, cfg config.Config, tell func(doctor.Finding) error) error {
	checked, err := checkPolicy(cfg)
	p := doctor.Policy{Unread: err, Revision: checked.Revision, Rules: checked.Rules}
	for _, f := range checked.Faults {
		p.Faults = append(p.Faults, f.String())
	}
	if checked.edition != nil {
		p.Directory, p.Emergency = checked.edition.Policy.Directory(), checked.edition.Plan.Emergency()
	}
	return doctor.Examine(cmd.Context(), doctor.Site{Config: cfg, Policy: p}, tell)
}

// rounds prints findings and counts them.
type rounds struct {
	w      io.Writer
	asJSON bool
	count  map[doctor.State]int
}

// marks stand before findings, for people.
var marks = map[doctor.State]string{
	doctor.OK: "ok", doctor.Note: "note", doctor.Warning: "warning", doctor.Unknown: "unknown", doctor.Wrong: "WRONG",
}

// findingFormat has the columns of a finding; what to do stands under it.
const findingFormat = "%-8s %-17s %s\n"

func (r *rounds) tell(f doctor.Finding) error {
	r.count[f.State]++
	if r.asJSON {
		return printJSON(r.w, f)
	}
	lines := strings.Split(strings.TrimSpace(f.Finding), "\n")
	for i := range lines {
		lines[i] = tame(lines[i])
	}
	_, err := fmt.Fprintf(r.w, findingFormat, marks[f.State], f.Check, strings.Join(lines, "\n"+strings.Repeat(" ", 27)))
	for _, step := range f.Remedy {
		if err == nil {
			_, err = fmt.Fprintf(r.w, findingFormat, "", "", "→ "+tame(step))
		}
	}
	return err
}

// tame keeps what a terminal would obey out of a text: some of it comes from Asterisk.
func tame(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 {
			return '?'
		}
		return c
	}, s)
}

// tellFaults tells what is wrong with a configuration that cannot be used; nothing else can be looked at then.
func (r *rounds) tellFaults(err error) error {
	for _, f := range faultsOf(err) {
		if err := r.tell(doctor.Finding{Check: "configuration", State: doctor.Wrong, Finding: f.String(),
			Remedy: []string{"Mend that line, then run doctor again (docs/configuration.md)"}}); err != nil {
			return err
		}
	}
	return nil
}

// end sums up, and makes the exit status.
func (r *rounds) end() error {
	wrong, warnings, unknown := r.count[doctor.Wrong], r.count[doctor.Warning], r.count[doctor.Unknown]
	if !r.asJSON {
		sum := "Nothing is wrong."
		if wrong > 0 {
			sum = fmt.Sprintf("Wrong: %d. Begin with the first; the others may go away with it.", wrong)
		}
		if warnings > 0 {
			sum += fmt.Sprintf(" Warnings: %d.", warnings)
		}
		if _, err := fmt.Fprintln(r.w, "\n"+sum); err != nil {
			return err
		}
	}
	switch {
	case wrong > 0:
		return errNo
	case unknown > 0:
		return fmt.Errorf("%d checks could not be made; see \"unknown\" above", unknown)
	}
	return nil
}
