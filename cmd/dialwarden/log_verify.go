package main

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

func newLogVerify() *cobra.Command {
	var asJSON bool
	var public, checkpoints string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Say whether any row was changed, removed, put in between or cut off",
		Long: `Read the whole ledger and say whether any decision, end of a call, correction or change of the
policy is not as it was written: changed, removed, put in between, or cut off at the end. The
daemon may be running. docs/ledger-proof.md tells how it is proved, and how to prove it with a
program of your own.

Checkpoints are held against the key of ledger.key_file; --public-key takes a key that
"dialwarden log key" has printed instead, where only that may be known.`,
		Example:           "  dialwarden log verify\n  dialwarden log verify --checkpoints /mnt/other/dialwarden.checkpoints --json",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&checkpoints, "checkpoints", "", "`FILE` of checkpoints (default ledger.checkpoint_file; none: without)")
	cmd.Flags().StringVar(&public, "public-key", "", "the public `KEY` in hexadecimal digits")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		r, cfg, err := openReader(cmd)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		proof := ledger.Proof{Checkpoints: cfg.Ledger.CheckpointFile}
		if checkpoints != "" {
			proof.Checkpoints = checkpoints
		}
		if checkpoints == "none" {
			proof.Checkpoints = ""
		}
		if proof.Public, err = publicKey(cfg, public); err != nil {
			return err
		}
		v, err := verify(cmd.Context(), r, proof, cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		if asJSON {
			err = printJSON(cmd.OutOrStdout(), v)
		} else {
			err = printVerification(cmd.OutOrStdout(), v)
		}
		if err == nil && !v.OK {
			err = errNo
		}
		return err
	}
	return cmd
}

// heapGrowth is how much the heap may grow between two collections, in per cent: a verification reads every row once and
// keeps none, and would collect some hundred times a second.
const heapGrowth = 800

// verify shows how far it is.
func verify(ctx context.Context, r *ledger.Reader, proof ledger.Proof, w io.Writer) (ledger.Verification, error) {
	total, err := r.Rows(ctx)
	if err != nil {
		return ledger.Verification{}, err
	}
	bar := newProgress(w, "rows", total)
	defer bar.end()
	proof.Progress = bar.add
	defer debug.SetGCPercent(debug.SetGCPercent(heapGrowth))
	return r.Verify(ctx, proof)
}

// publicKey reads a key in hexadecimal digits, or takes that of the configuration.
func publicKey(cfg config.Config, digits string) (ed25519.PublicKey, error) {
	if digits == "" {
		key, err := ledger.LoadKey(cfg.Ledger.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("ledger.key_file: %w; without it, give --public-key", err)
		}
		return key.Public(), nil
	}
	key, err := hex.DecodeString(digits)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("--public-key: %d hexadecimal digits are wanted, as \"dialwarden log key\" prints them", 2*ed25519.PublicKeySize)
	}
	return key, nil
}

func printVerification(w io.Writer, v ledger.Verification) error {
	for _, f := range v.Findings {
		if _, err := fmt.Fprintln(w, f.Problem); err != nil {
			return err
		}
	}
	if v.More > 0 {
		if _, err := fmt.Fprintf(w, "and %d more\n", v.More); err != nil {
			return err
		}
	}
	verdict := "Nothing was changed, removed, put in between or cut off"
	if !v.OK {
		verdict = "THE LEDGER IS NOT AS IT WAS WRITTEN"
	}
	signed := fmt.Sprintf("%d checkpoints hold, the last of entry %d", v.Checkpoints, v.SignedUntil)
	if v.Checkpoints == 0 {
		signed = "no checkpoint holds"
	}
	for _, s := range v.Restores {
		_, err := fmt.Fprintf(w, "At %s the ledger was restored from a backup that ended with entry %d: entry %d says so.%s\n",
			s.At, s.Entry, s.Seq, lost(s))
		if err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s: %d entries, %s.\nThe chain ends with %s.\n", verdict, v.Entries, signed, v.Head)
	if err == nil && v.Unsigned > 0 {
		_, err = fmt.Fprintf(w, "%s not yet signed: what is cut off there would not be missed. The daemon signs when it has been quiet for 5 seconds, and every hour.\n", unsigned(v))
	}
	return err
}

// unsigned tells which entries no checkpoint holds yet.
func unsigned(v ledger.Verification) string {
	if v.Unsigned == 1 {
		return fmt.Sprintf("Entry %d is", v.SignedUntil+1)
	}
	return fmt.Sprintf("Entries after %d are", v.SignedUntil)
}

// lost tells what a restore has put an end to.
func lost(s ledger.Restored) string {
	if s.Known == s.Common {
		return ""
	}
	return fmt.Sprintf(" What it replaced had entries of its own from %d on; the last that was known is %d.", s.Common+1, s.Known)
}

func newLogKey() *cobra.Command {
	return &cobra.Command{
		Use:   "key",
		Short: "Print the public key that checkpoints are verified with",
		Long: `Print the public key that checkpoints are verified with, in hexadecimal digits. It is no secret:
give it to whoever is to verify the ledger, before there is anything to doubt.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			key, err := ledger.LoadKey(cfg.Ledger.KeyFile)
			if err != nil {
				return fmt.Errorf("ledger.key_file: %w", err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), hex.EncodeToString(key.Public()))
			return err
		},
	}
}
