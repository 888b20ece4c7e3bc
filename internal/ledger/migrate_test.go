package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// rawDB makes a database at path by a script, with nothing of ours.
func rawDB(t *testing.T, path, script string) {
	t.Helper()
	db := shell(t, path)
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(script); err != nil {
		t.Fatal(err)
	}
}

func newestSchema(t *testing.T) int {
	t.Helper()
	all, err := migrations(embedded)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// testdata/schema<N>.sql are dumps of ledgers that Dialwarden wrote at schema N. Each must come up to date with all
// that is in it. A new migration needs the dump of the schema before it.
func TestEveryEarlierSchemaComesUpToDate(t *testing.T) {
	for version := 1; version < newestSchema(t); version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			script, err := os.ReadFile(fmt.Sprintf("testdata/schema%d.sql", version))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "dialwarden.db")
			rawDB(t, path, string(script))
			l := openTest(t, path)
			r := readerOf(t, l)
			ctx := context.Background()
			d, err := r.Decision(ctx, 1)
			if err != nil || d.Holder != "王芳" || d.Call.Seconds != 61 || len(d.Reasons) != 2 || d.PINID != 1 {
				t.Errorf("decision 1 is %+v, %v", d, err)
			}
			if hostile, err := r.Decision(ctx, 2); err != nil || string(hostile.DialledRaw) != "9\xff" {
				t.Errorf("decision 2 is %+v, %v", hostile, err)
			}
			if pins, err := r.PINs(ctx); err != nil || len(pins) != 2 {
				t.Errorf("PINs are %+v, %v, want 2", pins, err)
			}
			if files, err := r.Revision(ctx, "3f6c1a90e2b44f0d"); err != nil || len(files) != 1 {
				t.Errorf("the revision has %v, %v", files, err)
			}
			if waiting, err := l.Announced(ctx); err != nil || len(waiting) != 1 {
				t.Errorf("announced are %v, %v, want 1", waiting, err)
			}
			if open, err := l.OpenCalls(ctx); err != nil || len(open) != 1 || open[0].DecisionID != 2 {
				t.Errorf("open are %+v, %v, want 2", open, err)
			}
			if id := record(t, l, sample(9)); id != 3 {
				t.Errorf("the next id is %d, want 3", id)
			}
			check(t, l)
		})
	}
}

// TestErasuresOutliveTheirTable: schema 8 makes the table of erasures anew.
func TestErasuresOutliveTheirTable(t *testing.T) {
	script, err := os.ReadFile("testdata/schema6.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	rawDB(t, path, string(script)+`;INSERT INTO erasures VALUES
		(3, '2026-11-23T09:00:00.000Z', 'root', 'person', 'asked for it', '1-2', x'00', 9),
		(5, '2026-11-23T09:00:00.000Z', 'retention', 'numbers', 'old', '4', x'01', 10)`)
	l := openTest(t, path)
	db := shell(t, path)
	if got := textOf(t, db, "SELECT group_concat(id || who || what || reason || ids || hex(content) || seq) FROM erasures"); got !=
		"3rootpersonasked for it1-2009,5retentionnumbersold40110" {
		t.Errorf("erasures are %s", got)
	}
	if _, err := l.Retain(context.Background(), call.Retention{call.KeepAllowed: {FullDays: 1}}); err != nil {
		t.Fatal(err)
	}
	record(t, l, sample(1))
	l.now = func() time.Time { return moment.AddDate(0, 0, 9) }
	if _, err := l.Retain(context.Background(), call.Retention{call.KeepAllowed: {FullDays: 1}}); err != nil {
		t.Fatal(err)
	}
	if got := textOf(t, db, "SELECT max(id) FROM erasures"); got != "6" {
		t.Errorf("the next erasure is %s, want 6", got)
	}
	for _, change := range []string{"UPDATE erasures SET who = 'x'", "DELETE FROM erasures"} {
		if _, err := db.Exec(change); err == nil || !strings.Contains(err.Error(), "erasures are immutable") {
			t.Errorf("%s: %v", change, err)
		}
	}
}

func TestFilesThatAreNoLedger(t *testing.T) {
	ours := fmt.Sprintf("CREATE TABLE x (y); PRAGMA application_id = %d; PRAGMA user_version = ", applicationID)
	for name, test := range map[string]struct{ script, content, want string }{
		"newer":               {script: ours + "99", want: "written by a newer Dialwarden (schema 99"},
		"of another program":  {script: "CREATE TABLE x (y)", want: "something else than Dialwarden"},
		"of a third program":  {script: "CREATE TABLE x (y); PRAGMA application_id = 7; PRAGMA user_version = 1", want: "something else"},
		"not even a database": {content: strings.Repeat("Dear diary, ", 1000), want: "not an SQLite database"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dialwarden.db")
			if test.script != "" {
				rawDB(t, path, test.script)
			} else if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, writer := Open(path, testKey(1))
			_, reader := OpenReader(path)
			for _, err := range []error{writer, reader} {
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("got %v, want the path and %q", err, test.want)
				}
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(after, before) {
				t.Error("the file was changed")
			}
			if _, err := Open(path, testKey(1)); errors.Is(err, ErrLocked) {
				t.Error("the lock was kept")
			}
		})
	}
}

func TestOlderFileIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	rawDB(t, path, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 0; CREATE TABLE x (y)", applicationID))
	if _, err := OpenReader(path); err == nil || !strings.Contains(err.Error(), "start the daemon") {
		t.Errorf("got %v, want the advice to start the daemon", err)
	}
}

// A migration that fails leaves the schema before it, whole.
func TestMigrationIsAllOrNothing(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	if err := create(path); err != nil {
		t.Fatal(err)
	}
	c, err := openConn(ctx, path, anything)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	migrateBy := func(fsys fs.FS) error {
		all, err := migrations(fsys)
		if err != nil {
			return err
		}
		return migrate(ctx, c, all)
	}
	steps := fstest.MapFS{
		"migrations/0001_a.sql": {Data: []byte("CREATE TABLE a (x); INSERT INTO a VALUES (1)")},
		"migrations/0002_b.sql": {Data: []byte("CREATE TABLE b (x); INSERT INTO a VALUES (2); INSERT INTO nowhere VALUES (1)")},
	}
	if err := migrateBy(steps); err == nil || !strings.Contains(err.Error(), "0002_b.sql") {
		t.Errorf("got %v, want an error of 0002_b.sql", err)
	}
	state := func() (s string) {
		t.Helper()
		err := c.QueryRowContext(ctx, `SELECT (SELECT user_version FROM pragma_user_version) || ' ' ||
			(SELECT group_concat(name) FROM sqlite_schema) || ' ' || (SELECT group_concat(x) FROM a)`).Scan(&s)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if got := state(); got != "1 a 1" {
		t.Errorf("after the failure: %s, want 1 a 1", got)
	}
	steps["migrations/0002_b.sql"].Data = []byte("CREATE TABLE b (x); INSERT INTO a VALUES (2) -- no line end")
	for range 2 {
		if err := migrateBy(steps); err != nil {
			t.Fatal(err)
		}
		if got := state(); got != "2 a,b 1,2" {
			t.Errorf("after the repair: %s, want 2 a,b 1,2", got)
		}
	}
	delete(steps, "migrations/0001_a.sql")
	if err := migrateBy(steps); err == nil {
		t.Error("a gap in the numbers was not noticed")
	}
}

// statement cuts the statement out of a script that begins and ends so.
func statement(t *testing.T, script, begin, end string) string {
	t.Helper()
	_, rest, found := strings.Cut(script, begin)
	text, _, ends := strings.Cut(rest, end)
	if !found || !ends {
		t.Fatalf("no statement %q", begin)
	}
	return begin + text + end
}
