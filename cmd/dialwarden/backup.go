package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

func newBackup() *cobra.Command {
	var asJSON, force bool
	var public string
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the ledger while the daemon runs, and verify it",
		Long: `Write a copy of the ledger to FILE (mode 0600) while the daemon goes on, read the copy again from
beginning to end, and hold its chain against the checkpoints. Only then does FILE get its name.

The exit status is 1 if what was written does not verify. Where the ledger itself is at fault, the
copy is kept as FILE.unverified. The key file is not in it, on purpose: keep a copy of it elsewhere.
docs/backup.md tells how to go back, and how to copy continuously.`,
		Example:           "  dialwarden backup /mnt/backup/dialwarden-$(date +%F).db\n  dialwarden backup --force --json /mnt/backup/dialwarden.db",
		Args:              exactly("FILE"),
		ValidArgsFunction: files,
	}
	cmd.Flags().BoolVar(&force, "force", false, "take the place of FILE where it is an earlier backup, once the copy is verified")
	cmd.Flags().StringVar(&public, "public-key", "", "hold checkpoints against this `KEY` of \"log key\", not that of ledger.key_file")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, cfg, err := openReader(cmd)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		o := ledger.BackupOptions{Over: force, Kept: []string{cfg.Ledger.KeyFile, cfg.Ledger.CheckpointFile}}
		if path, _ := cmd.Flags().GetString("config"); path != "" {
			o.Kept = append(o.Kept, path)
		}
		o.Checkpoints = cfg.Ledger.CheckpointFile
		if o.Public, err = publicKey(cfg, public); err != nil {
			return err
		}
		b, err := backUp(cmd.Context(), r, args[0], o, cmd.ErrOrStderr())
		if err != nil {
			return interrupted(err, "nothing was left behind")
		}
		if asJSON {
			err = printJSON(cmd.OutOrStdout(), b)
		} else {
			err = printBackup(cmd.OutOrStdout(), b, args[0], cfg)
		}
		if err == nil && !b.OK {
			err = errNo
		}
		return err
	}
	return cmd
}

// files completes names of files.
func files(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// interrupted words the end of the context.
func interrupted(err error, left string) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted; " + left)
	}
	return err
}

// backUp shows how far it is: first of the copy, then of reading it again.
func backUp(ctx context.Context, r *ledger.Reader, to string, o ledger.BackupOptions, w io.Writer) (ledger.Backup, error) {
	size, err := r.Size(ctx)
	if err != nil {
		return ledger.Backup{}, err
	}
	rows, err := r.Rows(ctx)
	if err != nil {
		return ledger.Backup{}, err
	}
	bar := newProgress(w, "KiB copied", size/1024)
	var bytes int
	o.Copied = func(n int) {
		bytes += n
		bar.set(bytes / 1024)
	}
	o.Verifying = func() {
		bar.end()
		bar = newProgress(w, "rows verified", rows)
	}
	o.Progress = func(n int) { bar.add(n) }
	defer func() { bar.end() }()
	return r.Backup(ctx, to, o)
}

func printBackup(w io.Writer, b ledger.Backup, to string, cfg config.Config) error {
	if err := printVerification(w, b.Verification); err != nil {
		return err
	}
	var text string
	switch {
	case b.OK:
		text = fmt.Sprintf("%s is a backup of %s, %d bytes, verified after writing.", b.File, cfg.Ledger.Path, b.Bytes)
	case b.LedgerAtFault:
		text = fmt.Sprintf("The ledger itself, %s, is at fault. %s is a copy of it as it is.", cfg.Ledger.Path, b.File)
	default:
		text = fmt.Sprintf("The ledger, %s, is not at fault: what was written is. It was removed; look after the disk of %s.", cfg.Ledger.Path, to)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
