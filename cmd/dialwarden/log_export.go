package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/export"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

func newLogExport() *cobra.Command {
	var format, output string
	var after int64
	var force, mask bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write decisions as CSV, JSON Lines or a workbook (XLSX), the oldest first",
		Long: `Write decisions, the oldest first, as CSV, JSON Lines or a workbook (XLSX): the columns of
decision_log and call_log together, times in UTC. docs/ledger.md has them.

--after ID goes on behind that decision: an export that was interrupted says which, and how. CSV and
JSON Lines go on in the same file. A workbook is written as a whole, or not at all.

In CSV, an apostrophe stands before a text that a spreadsheet would take for a formula; a sign with
digits only, like +8610…, is none. In a workbook such texts are texts.`,
		Example:           "  dialwarden log export --output november.xlsx --since 2026-11-01 --until 2026-12-01\n  dialwarden log export --output all.csv --after 81234",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	filter := filterFlags(cmd)
	cmd.Flags().StringVar(&format, "format", "", "csv, jsonl or xlsx (default by the ending of --output, else csv)")
	cmd.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write, mode 0600 (default standard output)")
	cmd.Flags().Int64Var(&after, "after", 0, "only decisions behind the one with this `ID`; goes on in FILE where it exists")
	cmd.Flags().BoolVar(&force, "force", false, "take the place of FILE where it exists")
	maskFlag(cmd, &mask)
	complete(cmd, "format", oneOf(export.CSV, export.JSONL, export.XLSX))
	complete(cmd, "after", cobra.NoFileCompletions)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, err := formatOf(format, output)
		if err == nil && after < 0 {
			err = fmt.Errorf("--after %d: must be an ID, 0 or more", after)
		}
		if err != nil {
			return err
		}
		cfg, err := load(cmd)
		if err != nil {
			return err
		}
		selected, err := filter(cfg.Site.Location())
		if err != nil {
			return err
		}
		selected.AfterID = after
		if err := notOurs(output, cfg.Ledger); err != nil {
			return err
		}
		r, hidden, err := openLog(cmd, args, cfg, mask)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		x := exported{format: f, path: output, out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), last: after}
		x.masked = hidden
		if output == "" {
			return x.toStdout(cmd.Context(), r, selected)
		}
		return x.toFile(cmd.Context(), r, selected, force)
	}
	return cmd
}

// formatOf is the format that was asked for, or that the file's name ends with.
func formatOf(word, output string) (export.Format, error) {
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(output), "."))
	formats := []export.Format{export.CSV, export.JSONL, export.XLSX}
	if word != "" {
		return oneWord("--format", word, formats)
	}
	for _, f := range formats {
		if ending == string(f) {
			return f, nil
		}
	}
	return export.CSV, nil
}

// notOurs refuses a name of what the running system needs.
func notOurs(output string, l config.Ledger) error {
	for _, kept := range []string{l.Path, l.KeyFile, l.CheckpointFile} {
		if sameFile(output, kept) {
			return fmt.Errorf("--output %s: that is %s of the running system: give another name", output, filepath.Base(kept))
		}
	}
	return nil
}

// sameFile reports whether two names are of one file that exists.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// exported is one run of an export.
type exported struct {
	format   export.Format
	path     string // of the file; empty: standard output
	out, err io.Writer
	last     int64 // the id of the last decision that was written
	rows     int
	masked   bool // numbers are
}

func (x *exported) toStdout(ctx context.Context, r *ledger.Reader, selected ledger.Filter) error {
	if f, ok := x.out.(*os.File); ok && !x.format.Appendable() && term.IsTerminal(int(f.Fd())) {
		return errors.New("a workbook is nothing for a terminal: give --output FILE")
	}
	err := x.write(ctx, r, selected, x.out, selected.AfterID > 0)
	if err != nil && x.format.Appendable() && x.last > 0 {
		return fmt.Errorf("%w; the last decision written is %d, go on with --after %d", interrupted(err, "not all was written"), x.last, x.last)
	}
	return interrupted(err, "nothing was written")
}

// flushEvery is after how many rows a file has what was written.
const flushEvery = 1000

// write writes all that is selected to w.
func (x *exported) write(ctx context.Context, r *ledger.Reader, selected ledger.Filter, w io.Writer, appended bool) (err error) {
	newest, err := r.LastID(ctx)
	if err != nil {
		return err
	}
	bar := newProgress(x.err, "decisions", int(newest-selected.AfterID))
	defer bar.end()
	to, err := export.New(w, x.format, appended)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	for d, err := range r.Decisions(ctx, selected) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if x.masked {
			d = hide(d)
		}
		if err == nil {
			err = to.Write(d)
		}
		if x.rows++; err == nil && x.rows%flushEvery == 0 {
			err = to.Flush()
		}
		if err != nil {
			return err
		}
		x.last = d.ID
		bar.set(int(d.ID - selected.AfterID))
	}
	return nil
}

// toFile writes to a file of mode 0600: CSV and JSON Lines to the file itself, so that an interrupted export can go on; a
// workbook beside it, to take its name when it is whole.
func (x *exported) toFile(ctx context.Context, r *ledger.Reader, selected ledger.Filter, force bool) error {
	_, missing := os.Lstat(x.path)
	exists := !errors.Is(missing, fs.ErrNotExist)
	goesOn := exists && selected.AfterID > 0 && x.format.Appendable() && !force
	if exists && !force && !goesOn {
		return fmt.Errorf("--output %s: there is such a file already: give another name, or --force to take its place%s", x.path,
			map[bool]string{true: ", or --after ID to go on in it"}[x.format.Appendable()])
	}
	if !x.format.Appendable() {
		return x.workbook(ctx, r, selected)
	}
	f, appended, err := x.open(selected.AfterID, goesOn)
	if err != nil {
		return fmt.Errorf("--output %s: %w", x.path, err)
	}
	err = x.write(ctx, r, selected, f, appended)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		last, _, broken := export.LastID(f, x.format)
		err = interrupted(err, "not all was written")
		if broken == nil && last > 0 {
			err = fmt.Errorf("%w; the last decision in %s is %d, go on with --after %d and the same --output", err, x.path, last, last)
		}
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Close(), x.tell(selected))
}

// open opens the file, and holds it to what was said of it.
func (x *exported) open(after int64, goesOn bool) (f *os.File, appended bool, err error) {
	flags := os.O_RDWR | os.O_CREATE
	if !goesOn {
		flags |= os.O_TRUNC
	}
	if f, err = os.OpenFile(x.path, flags, 0o600); err != nil || !goesOn {
		return f, false, err
	}
	last, length, err := export.LastID(f, x.format)
	if err == nil && last != after {
		err = fmt.Errorf("its last decision is %d: go on with --after %d, or give another name", last, last)
	}
	if err == nil {
		err = f.Truncate(length) // what is behind it is half a row
	}
	if err == nil {
		_, err = f.Seek(length, io.SeekStart)
	}
	if err != nil {
		return nil, false, errors.Join(err, f.Close())
	}
	return f, length > 0, nil
}

// workbook writes beside the file and gives it the name at the end.
func (x *exported) workbook(ctx context.Context, r *ledger.Reader, selected ledger.Filter) (err error) {
	f, err := os.CreateTemp(filepath.Dir(x.path), "."+filepath.Base(x.path)+".*.part") // mode 0600
	if err != nil {
		return fmt.Errorf("--output %s: %w", x.path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	err = x.write(ctx, r, selected, f, false)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return interrupted(err, "nothing was written")
	}
	if err = os.Rename(f.Name(), x.path); err != nil {
		return fmt.Errorf("--output %s: %w", x.path, err)
	}
	return x.tell(selected)
}

// tell says what was written.
func (x *exported) tell(selected ledger.Filter) error {
	text := noMatch(selected)
	if x.rows > 0 {
		text = fmt.Sprintf("%d decisions written to %s, the last is %d", x.rows, x.path, x.last)
	}
	_, err := fmt.Fprintln(x.err, text)
	return err
}
