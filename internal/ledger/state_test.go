package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestNotice tells of a fault once, of another reason, and of the recovery once; the probe that finds the recovery needs
// as much room as a decision.
func TestNotice(t *testing.T) {
	var told []error
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	l, err := Open(path, testKey(1), WithNotice(func(err error) { told = append(told, err) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	ctx := context.Background()
	probe := func(want bool) {
		t.Helper()
		if err := l.Probe(ctx); (err == nil) != want {
			t.Fatalf("the probe says %v", err)
		}
	}
	probe(true)
	must(os.Rename(path, path+".away"))
	probe(false)
	probe(false)
	must(os.WriteFile(path, nil, 0o600))
	probe(false)
	must(os.Rename(path+".away", path))
	probe(true)
	size := "SELECT length(value) FROM meta WHERE key = 'probe'"
	if got := textOf(t, shell(t, path), size); got != "65536" {
		t.Errorf("the probe after a fault wrote %s bytes", got)
	}
	probe(true)
	if got := textOf(t, shell(t, path), size); got != "16" {
		t.Errorf("the probe of a sound ledger wrote %s bytes", got)
	}
	if len(told) != 3 || !errors.Is(told[0], ErrUnwritable) || !errors.Is(told[1], ErrUnwritable) || told[2] != nil {
		t.Errorf("told %v", told)
	}
}
