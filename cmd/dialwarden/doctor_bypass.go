package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/dialpaths"
)

// consoleTimeout is how long one command of Asterisk's console may take.
const consoleTimeout = 30 * time.Second

// bypassSearch are the flags of doctor --bypass.
type bypassSearch struct {
	on           bool
	file         string
	console      string
	from, trunks []string
}

func (b *bypassSearch) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&b.on, "bypass", false, "only look for ways through the running dialplan to a trunk that do not pass through us")
	f.StringVar(&b.file, "dialplan", "", "with --bypass: read the output of \"dialplan show\" from `FILE` (- for the standard input)")
	f.StringVar(&b.console, "asterisk", "asterisk -rx", "with --bypass: the `COMMAND` that runs a command of Asterisk's console")
	f.StringSliceVar(&b.from, "from", nil, "with --bypass: begin in this `CONTEXT`, besides those of the endpoints")
	f.StringSliceVar(&b.trunks, "trunk", nil, "with --bypass: this `ENDPOINT` is a trunk, besides those of DIALWARDEN_TRUNK")
}

// check refuses flags that would do nothing.
func (b *bypassSearch) check(cmd *cobra.Command) error {
	if b.on {
		return nil
	}
	for _, name := range []string{"dialplan", "asterisk", "from", "trunk"} {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s is for --bypass only: say dialwarden doctor --bypass --%s …", name, name)
		}
	}
	return nil
}

// run looks for ways past us, and prints them.
func (b *bypassSearch) run(cmd *cobra.Command, asJSON bool) error {
	site, err := b.site(cmd)
	if err != nil {
		return err
	}
	site.From, site.Trunks = b.from, b.trunks
	if err := site.Check(); err != nil {
		return err
	}
	p := bypasses{w: cmd.OutOrStdout(), count: map[dialpaths.State]int{}}
	for _, f := range dialpaths.Find(site) {
		p.count[f.State]++
		if asJSON {
			err = printJSON(p.w, f)
		} else {
			err = p.print(f)
		}
		if err != nil {
			return err
		}
	}
	if !asJSON {
		if err := p.sum(site); err != nil {
			return err
		}
	}
	if p.count[dialpaths.Bypass] > 0 {
		return errNo
	}
	return nil
}

// site reads the dialplan from where the flags say.
func (b *bypassSearch) site(cmd *cobra.Command) (dialpaths.Site, error) {
	if b.file == "" {
		return dialpaths.Read(cmd.Context(), b.ask)
	}
	var text []byte
	var err error
	if b.file == "-" {
		text, err = io.ReadAll(cmd.InOrStdin())
	} else {
		text, err = os.ReadFile(b.file)
	}
	if err != nil {
		return dialpaths.Site{}, fmt.Errorf("the dialplan cannot be read: %w", err)
	}
	site, err := dialpaths.Saved(string(text))
	if err != nil {
		return dialpaths.Site{}, fmt.Errorf("%s: %w", b.file, err)
	}
	return site, nil
}

// ask runs one command of Asterisk's console.
func (b *bypassSearch) ask(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, consoleTimeout)
	defer cancel()
	words := strings.Fields(b.console)
	if len(words) == 0 {
		return "", errors.New(`--asterisk is empty: it must be the command of Asterisk's console, like "asterisk -rx"`)
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, words[0], append(words[1:], command)...) //nolint:gosec // the admin's own command
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = time.Second // a script's own child holds the output open when the script is killed
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("no answer in time (%v at most): %w", consoleTimeout, ctx.Err())
		}
		said := strings.TrimSpace(out.String() + errs.String())
		return "", fmt.Errorf("the dialplan cannot be asked for: %s %q: %w: %s; run it as root on Asterisk's machine, or save what it prints and name the file with --dialplan",
			b.console, command, err, tame(said))
	}
	return out.String(), nil
}

// bypasses prints findings for people.
type bypasses struct {
	w     io.Writer
	count map[dialpaths.State]int
}

var bypassMarks = map[dialpaths.State]string{dialpaths.Bypass: "BYPASS", dialpaths.Warning: "warning", dialpaths.Unknown: "unknown"}

func (p *bypasses) print(f dialpaths.Finding) error {
	const indent = "         "
	var b strings.Builder
	for i, s := range f.Steps {
		mark, arrow := indent, "→ "
		if i == 0 {
			mark, arrow = fmt.Sprintf("%-9s", bypassMarks[f.State]), ""
		}
		fmt.Fprintf(&b, "%s%s%s  %s(%s)  [%s]\n", mark, arrow, tame(s.String()), tame(s.App), tame(s.Data), tame(s.Place))
	}
	first := indent
	if len(f.Steps) == 0 {
		first = fmt.Sprintf("%-9s", bypassMarks[f.State])
	}
	fmt.Fprintf(&b, "%s%s\n", first, tame(f.Why))
	for _, from := range f.From {
		fmt.Fprintf(&b, "%sfrom [%s], where calls of these begin: %s\n", indent, tame(from.Context), some(from.By))
	}
	fmt.Fprintf(&b, "%s→ %s\n", indent, tame(f.Remedy))
	_, err := io.WriteString(p.w, b.String())
	return err
}

// some names a few of many.
func some(list string) string {
	const few = 8
	all := strings.Split(tame(list), ", ")
	if len(all) <= few {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:few], ", "), len(all)-few)
}

// sum says how many of each there are.
func (p *bypasses) sum(site dialpaths.Site) error {
	trunks := strings.Join(site.TrunkNames(), ", ")
	text := fmt.Sprintf("No way past Dialwarden to %s was found.", trunks)
	if n := p.count[dialpaths.Bypass]; n > 0 {
		text = fmt.Sprintf("Ways past Dialwarden to %s: %d.", trunks, n)
	}
	if n := p.count[dialpaths.Warning]; n > 0 {
		text += fmt.Sprintf(" Ways that a phone or a caller can make: %d.", n)
	}
	if n := p.count[dialpaths.Unknown]; n > 0 {
		text += fmt.Sprintf(" Places to be looked at by hand: %d.", n)
	}
	if len(p.count) > 0 {
		if _, err := fmt.Fprintln(p.w); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(p.w, tame(text))
	return err
}
