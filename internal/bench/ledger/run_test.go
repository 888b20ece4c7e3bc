package ledger

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	r, err := Run(t.Context(), Options{Dir: dir, Slice: 5 * time.Millisecond, Rounds: 1, Samples: 100, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != len(callers) {
		t.Fatalf("%d rows, want %d", len(r.Rows), len(callers))
	}
	for i, row := range r.Rows {
		if row.Callers != callers[i] || min(row.Rate, row.Bare, row.Single, row.Sync) <= 0 || row.P50 > row.P99 || row.ToBare <= 0 {
			t.Errorf("got %+v", row)
		}
	}
	var out bytes.Buffer
	if err := r.Print(&out); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != len(callers)+2 {
		t.Errorf("printed %v:\n%s", err, out.Bytes())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// TestSampleHasAllTables finds that the bare loop writes the tables that a decision's rows go to.
func TestSampleHasAllTables(t *testing.T) {
	dir := t.TempDir()
	key := newKey(t, dir)
	s, err := sampleRows(t.Context(), dir, key, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.tables) < 3 || s.tables[0].insert[:len("INSERT INTO decisions ")] != "INSERT INTO decisions " {
		t.Errorf("the tables are %+v", s.tables)
	}
	b, err := openBare(t.Context(), dir+"/bare.db", key, s)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.close() }()
	for range 2 {
		if err := b.commit(t.Context(), 5); err != nil { // more than there are samples
			t.Fatal(err)
		}
	}
	var n int
	if err := b.conn.QueryRowContext(t.Context(), "SELECT count(*) FROM decisions JOIN calls ON decision_id = id").Scan(&n); err != nil || n != 10 {
		t.Errorf("%d decisions are written, %v", n, err)
	}
}

func newKey(t *testing.T, dir string) ledger.Key {
	t.Helper()
	key, err := ledger.LoadOrCreateKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}
