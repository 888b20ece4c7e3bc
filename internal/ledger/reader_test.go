package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestReaderBesideABusyWriter(t *testing.T) {
	l := newLedger(t)
	r := readerOf(t, l)
	ctx, stop := context.WithCancel(context.Background())
	var writers sync.WaitGroup
	for caller := range 8 {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if _, err := l.Record(ctx, sample(caller*10_000+n)); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	for newest := int64(0); newest < 1500; {
		acknowledged := record(t, l, sample(0))
		count, last := int64(0), int64(0)
		for d, err := range r.Decisions(ctx, Filter{AfterID: newest}) {
			if err != nil {
				t.Fatal(err)
			}
			if d.ID <= last {
				t.Fatalf("id %d after %d", d.ID, last)
			}
			last = d.ID
			count++
		}
		if last < acknowledged || count != last-newest {
			t.Fatalf("%d ids up to %d after %d; %d was acknowledged", count, last, newest, acknowledged)
		}
		newest = last
	}
	stop()
	writers.Wait()
}

func TestReaderWithoutAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	l, err := Open(path, testKey(1))
	if err != nil {
		t.Fatal(err)
	}
	id := record(t, l, sample(0))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r, err := OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Decision(context.Background(), id); err != nil {
			t.Error(err)
		}
		if _, err := r.db.Exec("INSERT INTO meta VALUES ('x', x'')"); err == nil {
			t.Error("a reader could write")
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestReaderNeedsALedger(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "missing.db"): "there is no such file",
		dir:                              "not a regular file",
		empty:                            "start the daemon first",
	} {
		_, err := OpenReader(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want the path and %q", path, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "missing.db")); err == nil {
		t.Error("a reader made a file")
	}
}

func TestOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a dir?mode=ro&x=1#%41")
	path := filepath.Join(dir, "l?e%d#g er.db")
	if _, err := Open(path, testKey(1)); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "directory") {
		t.Errorf("without its directory: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil { // too open
		t.Fatal(err)
	}
	l := openTest(t, path)
	record(t, l, sample(0))
	if _, err := readerOf(t, l).Decision(context.Background(), 1); err != nil {
		t.Error(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 4 { // the ledger, its lock, -wal and -shm
		t.Errorf("in the directory are %v, %v", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v, want 0600", f.Name(), info.Mode(), err)
		}
	}
	if _, err := Open(dir, testKey(1)); err == nil {
		t.Error("a directory was opened as a ledger")
	}
}

// Every connection must have the pragmas, the one after a fault too.
func TestPragmas(t *testing.T) {
	l := newLedger(t)
	check := func() {
		t.Helper()
		err := l.write(context.Background(), func(ctx context.Context, c *conn) error {
			for pragma, want := range map[string]string{
				"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "2000",
			} {
				var got string
				if err := c.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s is %s, %v, want %s", pragma, got, err, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	check()
	if err := l.conn.close(); err != nil { // as after a fault
		t.Fatal(err)
	}
	l.conn = nil
	check()
}

// TestReaderOfADamagedFile: whoever reads it is told which file it is, and what to do.
func TestReaderOfADamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	l, err := Open(path, testKey(1))
	if err != nil {
		t.Fatal(err)
	}
	record(t, l, sample(0))
	if _, err := l.conn.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 8192; i < len(file); i++ { // the schema is before that
		file[i] = 0xA5
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(path)
	if err == nil {
		defer func() { _ = r.Close() }()
		_, err = r.Decision(t.Context(), 1)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "ledger "+path+": ") || !strings.Contains(err.Error(), "stop the daemon, keep the file") {
		t.Errorf("got %v", err)
	}
}
