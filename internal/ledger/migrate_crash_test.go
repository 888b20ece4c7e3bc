package ledger

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// manyRows are decisions of schema 3 behind those of its dump.
const manyRows = `
INSERT INTO decisions (at, recorded_at, source, channel, adopted, extension, holder, department, dialled, number, class,
  action, rule, reason, max_seconds, policy_revision, shadow)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
SELECT '2026-11-23T09:00:00.000Z', '2026-11-23T09:00:00.001Z', 'ari', '1.' || i, 0, 1000 + i %% 900, 'Chen Wei', 'sales',
  '96234' || i, '+861096234' || i, 'local', 'allow', 'local', 'Local calls are free', 180, '3f6c1a90e2b44f0d', '[]' FROM n;
INSERT INTO evaluations SELECT id, at, 37, '{"time":{"at":"' || at || '"},"pad":"' || hex(zeroblob(300)) || '"}',
  '{"action":"allow"}' FROM decisions WHERE channel LIKE '1.%%' AND id > 2;
INSERT INTO calls SELECT id, at, at, 60, NULL, 16, 'ari' FROM decisions WHERE channel LIKE '1.%%' AND id > 2;`

// schema3 is a ledger of schema 3 with so many decisions more.
func schema3(t testing.TB, rows int) string {
	t.Helper()
	script, err := os.ReadFile("testdata/schema3.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	db := shell(t, path)
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(string(script) + ";BEGIN;" + fmt.Sprintf(manyRows, rows) + "COMMIT; PRAGMA journal_mode = WAL;"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// childMigrates stops when all is filled in and nothing is committed, to be killed there.
func childMigrates(path string) {
	fills[4] = func(ctx context.Context, c *conn) error {
		_, err := c.ExecContext(ctx, "PRAGMA cache_size = 10") // so that it has to be written before the commit
		must(err)
		must(fillChain(ctx, c))
		fmt.Println("filled")
		select {}
	}
	_, err := Open(path, testKey(1))
	must(err)
}

// childMigratesOnAFullDisk migrates where no file can grow beyond what the ledger has.
func childMigratesOnAFullDisk(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	must(unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 19, Max: unix.RLIM_INFINITY}))
	_, err := Open(path, testKey(1))
	fmt.Println(err)
}

// TestMigrationThatIsCutOff leaves the schema before it whole, and the next start migrates.
func TestMigrationThatIsCutOff(t *testing.T) {
	const rows = 2000
	for role, cutOff := range map[string]func(t *testing.T, path string){
		"migrate": func(t *testing.T, path string) {
			cmd, out := child(t, "migrate", path)
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "filled\n" {
				t.Fatal(line, err)
			}
			if info, err := os.Stat(path + "-wal"); err != nil || info.Size() < 1<<19 {
				t.Errorf("nothing was written yet: %v, %v", info, err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
		},
		"migrate-full": func(t *testing.T, path string) {
			cmd, out := child(t, "migrate-full", path)
			said, _ := io.ReadAll(out)
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(said), "from schema 3 to ") || !strings.Contains(string(said), "disk") {
				t.Errorf("it said %s", said)
			}
		},
	} {
		t.Run(role, func(t *testing.T) {
			path := schema3(t, rows)
			cutOff(t, path)
			db := shell(t, path)
			if got := textOf(t, db, `SELECT (SELECT user_version FROM pragma_user_version) || ' ' || count(*) || ' ' ||
				(SELECT count(*) FROM sqlite_schema WHERE name = 'chain') FROM decisions`); got != fmt.Sprintf("3 %d 0", rows+2) {
				t.Errorf("it left schema, rows, chain: %s", got)
			}
			if got := textOf(t, db, "PRAGMA integrity_check"); got != "ok" {
				t.Error(got)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			var told []Migration
			l := openTest(t, path, WithMigration(func(m Migration) { told = append(told, m) }))
			if len(told) != 2 || told[0] != (Migration{From: 3, To: newestSchema(t)}) || !told[1].Done || told[1].Took < time.Microsecond {
				t.Errorf("it told %+v", told)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if v := verify(t, path, ""); !v.OK || v.Entries < 2*rows {
				t.Errorf("got %+v", v)
			}
		})
	}
}
