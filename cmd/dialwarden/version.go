package main

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// version and commit are set by the linker (make build).
var (
	version = "development"
	commit  = ""
)

// build says what this program is made of.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"` // empty where it is not known
	Go      string `json:"go"`
	OPA     string `json:"opa"`
	SQLite  string `json:"sqlite"`
	System  string `json:"system"`
}

func newVersion() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "version",
		Short:             "Print the version, and what the program is made of",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := thisBuild()
			if asJSON {
				return printJSON(cmd.OutOrStdout(), b)
			}
			return table(cmd.OutOrStdout(), [][]string{
				{"dialwarden", b.Version}, {"commit", orDash(b.Commit)}, {"Go", b.Go}, {"OPA", b.OPA}, {"SQLite", b.SQLite},
				{"system", b.System},
			})
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func thisBuild() build {
	b := build{
		Version: version, Commit: commit, Go: runtime.Version(), SQLite: ledger.SQLiteVersion(),
		System: runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/open-policy-agent/opa" {
			b.OPA = m.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Commit = cmp.Or(b.Commit, s.Value)
		}
	}
	if b.OPA == "" {
		b.OPA = "unknown"
	}
	return b
}
