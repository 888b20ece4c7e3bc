package ledger

import (
	"context"
	"os"
	"testing"
)

// TestCopyLog copies what is committed from the log to the database, beside a writer that has its connection open.
func TestCopyLog(t *testing.T) {
	l := newLedger(t)
	for n := range 50 {
		record(t, l, sample(n))
	}
	if err := l.copyLog(context.Background()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(l.path) // without its log
	if err != nil {
		t.Fatal(err)
	}
	alone := t.TempDir() + "/alone.db"
	if err := os.WriteFile(alone, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if n := textOf(t, shell(t, alone), "SELECT count(*) FROM decisions"); n != "50" {
		t.Errorf("%s decisions are in the database itself, want 50", n)
	}
	record(t, l, sample(51))
}
