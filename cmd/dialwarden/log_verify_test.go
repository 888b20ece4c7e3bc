package main

import (
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// TestPrintUnsigned says in words what no checkpoint holds yet, and nothing where there is no such thing.
func TestPrintUnsigned(t *testing.T) {
	for want, v := range map[string]ledger.Verification{
		"Entries after 40 are not yet signed": {OK: true, Entries: 42, Checkpoints: 3, SignedUntil: 40, Unsigned: 2},
		"Entry 1 is not yet signed":           {OK: true, Entries: 1, Unsigned: 1},
		"":                                    {OK: true, Entries: 42, Checkpoints: 3, SignedUntil: 42},
	} {
		var out strings.Builder
		if err := printVerification(&out, v); err != nil {
			t.Fatal(err)
		}
		if lines := strings.SplitAfter(out.String(), "\n"); !strings.HasPrefix(lines[2], want) || want == "" && lines[2] != "" {
			t.Errorf("got %q, want a last line that begins with %q", out.String(), want)
		}
	}
}
