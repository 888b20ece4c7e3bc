package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

func newRestore() *cobra.Command {
	var asJSON, yes bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of the ledger, after verifying it",
		Long: `Put the backup in FILE in the place of the ledger (ledger.path). The daemon must be stopped. The
backup is copied and verified first, its structure and its chain; one that does not verify is never
restored. What it replaces is kept beside the ledger, with the time in its name.

Where decisions or PINs are missing in the backup, it says how many, does nothing, and ends with
status 1; --yes goes on. That the ledger was restored stands in its chain from then on, signed, and
"dialwarden log verify" says so: docs/ledger-proof.md.`,
		Example:           "  dialwarden restore /mnt/backup/dialwarden-2026-11-23.db",
		Args:              exactly("FILE"),
		ValidArgsFunction: files,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "go on though something will be missing")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := load(cmd)
		if err != nil {
			return err
		}
		if _, running := control.Dial(cmd.Context(), cfg.Control.Socket); running {
			return fmt.Errorf("a daemon is running (it answers at %s): stop it first", cfg.Control.Socket)
		}
		key, err := ledger.LoadKey(cfg.Ledger.KeyFile)
		if err != nil {
			return fmt.Errorf("ledger.key_file: %w; a backup is of no use without the key that its ledger had", err)
		}
		r, err := restore(cmd.Context(), cfg, key, args[0], yes, cmd.ErrOrStderr())
		if errors.Is(err, ledger.ErrLocked) {
			return fmt.Errorf("%w: stop it first", err)
		}
		if err != nil && !r.Done {
			return interrupted(err, "nothing was changed")
		}
		if err != nil {
			return fmt.Errorf("the ledger was restored, but: %w", err)
		}
		if asJSON {
			err = printJSON(cmd.OutOrStdout(), r)
		} else {
			err = printRestoration(cmd.OutOrStdout(), r, args[0], cfg)
		}
		if err == nil && !r.Done {
			err = errNo
		}
		return err
	}
	return cmd
}

// restore shows how far it is with verifying.
func restore(ctx context.Context, cfg config.Config, key ledger.Key, from string, yes bool, w io.Writer) (ledger.Restoration, error) {
	total := 0
	if r, err := ledger.OpenReader(from); err == nil {
		total, _ = r.Rows(ctx)
		_ = r.Close()
	}
	bar := newProgress(w, "rows verified", total)
	defer bar.end()
	return ledger.Restore(ctx, cfg.Ledger.Path, key, from, ledger.RestoreOptions{
		Checkpoints: cfg.Ledger.CheckpointFile, Yes: yes, Progress: bar.add,
	})
}

func printRestoration(w io.Writer, r ledger.Restoration, from string, cfg config.Config) error {
	if !r.OK {
		if err := printVerification(w, r.Verification); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "%s is not restored: it is not as it was written. Take another backup; %s is as it was.\n", from, cfg.Ledger.Path)
		return err
	}
	say := func(format string, args ...any) (err error) {
		_, err = fmt.Fprintf(w, format+"\n", args...)
		return err
	}
	var errs []error
	will := map[bool]string{true: "are now", false: "would be"}[r.Done]
	m := r.Missing
	if r.Schema < ledger.ChainSchema {
		errs = append(errs, say("The backup is of schema %d, which had no chain: only its structure was checked.", r.Schema))
	}
	if m.Unread != "" {
		errs = append(errs, say("The present ledger cannot be read (%s); what is missing is as the checkpoints tell, and may be more.", m.Unread))
	}
	if m.Any() {
		decisions := fmt.Sprintf("%d decisions among them; %d PINs and %d tokens %s as they were then", m.Decisions, m.PINs, m.Tokens, will)
		if !m.Counted {
			decisions = "as the checkpoints tell; how many decisions among them, and what of the PINs and tokens, nobody knows"
		}
		errs = append(errs, say("%d entries that were recorded after the backup %s missing, %s.", m.Entries, will, decisions))
	}
	if m.Forgotten > 0 {
		errs = append(errs, say("The backup is from before people were taken out of the log (log forget): they %s in it again. Forget them again.",
			map[bool]string{true: "are", false: "would be"}[r.Done]))
	}
	if !r.Done {
		errs = append(errs, say("Nothing was changed. To go on, add --yes."))
		return errors.Join(errs...)
	}
	errs = append(errs, say("%s is now the ledger %s: verified, %d entries. The chain ends with %s.", from, cfg.Ledger.Path, r.Entries, r.Head))
	if r.Kept != "" {
		errs = append(errs, say("What was there is kept as %s.", r.Kept))
	}
	return errors.Join(errs...)
}
