package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

// siteWithBackup is a closed ledger of 31 entries, and a backup of it.
func siteWithBackup(t *testing.T) (path, checkpoints, backup string) {
	t.Helper()
	path, checkpoints = chained20(t)
	backup = filepath.Join(t.TempDir(), "backup")
	if b, err := backUp(t, path, checkpoints, backup); err != nil || !b.OK {
		t.Fatal(b, err)
	}
	return path, checkpoints, backup
}

// grow adds decisions to a ledger, as a daemon does.
func grow(t *testing.T, path, checkpoints string, n int) {
	t.Helper()
	l, err := Open(path, testKey(1), WithCheckpoints(checkpoints, func(error) {}))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		record(t, l, sample(i))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func restore(t *testing.T, path, checkpoints, from string, yes bool) Restoration {
	t.Helper()
	r, err := Restore(t.Context(), path, testKey(1), from, RestoreOptions{Checkpoints: checkpoints, Yes: yes})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRestore brings nothing back silently, keeps what was there, and is honest about it for ever after.
func TestRestore(t *testing.T) {
	path, checkpoints, backup := siteWithBackup(t)
	grow(t, path, checkpoints, 5)
	if r := restore(t, path, checkpoints, backup, false); r.Done || !r.OK || r.Missing != (Missing{Entries: 5, Decisions: 5, Counted: true}) {
		t.Fatalf("without yes: %+v", r)
	}
	if v := verify(t, path, checkpoints); !v.OK || v.Entries != 36 {
		t.Fatalf("it was changed: %+v", v)
	}
	r := restore(t, path, checkpoints, backup, true)
	if !r.Done || r.Entries != 32 || !strings.Contains(r.Kept, ".replaced-") {
		t.Fatalf("got %+v", r)
	}
	check := func(entries int64, restores int) {
		t.Helper()
		v := verify(t, path, checkpoints)
		if !v.OK || v.Entries != entries || v.SignedUntil != entries || len(v.Restores) != restores {
			t.Fatalf("got %+v", v)
		}
	}
	check(32, 1)
	if s := verify(t, path, checkpoints).Restores[0]; s.Seq != 32 || s.Entry != 31 || s.Common != 31 || s.Known != 36 {
		t.Errorf("it states %+v", s)
	}
	grow(t, path, checkpoints, 8) // beyond what was there before, under checkpoints of another history
	check(40, 1)
	kept := r.Kept
	if v := verify(t, kept, ""); !v.OK || v.Entries != 36 {
		t.Errorf("what was kept: %+v", v)
	}
	if r = restore(t, path, checkpoints, kept, false); r.Done || !r.OK || r.Missing.Decisions != 8 {
		t.Fatalf("back again, without yes: %+v", r)
	}
	if r = restore(t, path, checkpoints, kept, true); !r.Done || r.Entries != 37 {
		t.Fatalf("back again: %+v", r)
	}
	check(37, 1)
	if r = restore(t, path, checkpoints, backup, true); !r.Done {
		t.Fatalf("and again: %+v", r)
	}
	check(32, 1)
	grow(t, path, checkpoints, 3)
	check(35, 1)
	if names, err := filepath.Glob(filepath.Dir(path) + "/.*"); err != nil || len(names) > 0 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

// TestRestoreOnANewMachine has neither ledger nor checkpoints, or the checkpoints alone.
func TestRestoreOnANewMachine(t *testing.T) {
	_, checkpoints, backup := siteWithBackup(t)
	path := filepath.Join(t.TempDir(), "new.db")
	if r := restore(t, path, path+".checkpoints", backup, false); !r.Done || r.Kept != "" {
		t.Fatalf("got %+v", r)
	}
	if v := verify(t, path, path+".checkpoints"); !v.OK || v.Entries != 32 || len(v.Restores) != 1 {
		t.Errorf("got %+v", v)
	}
	grown := filepath.Join(t.TempDir(), "grown.db")
	data, err := os.ReadFile(backup)
	if err == nil {
		err = os.WriteFile(grown, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	grow(t, grown, checkpoints, 5)
	path = filepath.Join(t.TempDir(), "new.db")
	if r := restore(t, path, checkpoints, backup, false); r.Done || r.Missing != (Missing{Entries: 5}) {
		t.Errorf("with the checkpoints: %+v", r)
	}
}

// TestRestoreInThePlaceOfSomethingDamaged goes by the checkpoints.
func TestRestoreInThePlaceOfSomethingDamaged(t *testing.T) {
	path, checkpoints, backup := siteWithBackup(t)
	grow(t, path, checkpoints, 5)
	if err := os.WriteFile(path, []byte(strings.Repeat("nonsense ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"-wal", []byte("stale"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := restore(t, path, checkpoints, backup, false); r.Done || r.Missing.Entries != 5 || !strings.Contains(r.Missing.Unread, "not an SQLite database") {
		t.Fatalf("got %+v", r)
	}
	r := restore(t, path, checkpoints, backup, true)
	if stale, err := os.ReadFile(r.Kept + "-wal"); !r.Done || err != nil || string(stale) != "stale" {
		t.Errorf("got %+v, %v", r, err)
	}
	if v := verify(t, path, checkpoints); !v.OK || v.Entries != 32 {
		t.Errorf("got %+v", v)
	}
}

// TestRestoreRefuses what is not as it was written, whatever is said, and changes nothing.
func TestRestoreRefuses(t *testing.T) {
	path, checkpoints, backup := siteWithBackup(t)
	good, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := func(script string) string {
		t.Helper()
		to := filepath.Join(t.TempDir(), "spoilt")
		if err := os.WriteFile(to, good, 0o600); err != nil {
			t.Fatal(err)
		}
		rawDB(t, to, without+script)
		return to
	}
	for name, test := range map[string]struct{ file, want string }{
		"changed":  {spoilt("UPDATE decisions SET rule = 'x' WHERE id = 7"), "decision 7 was changed"},
		"of a key": {spoilt("UPDATE checkpoints SET key = x'00'"), "is not signed with this ledger's key"},
		"invented": {spoilt(`INSERT INTO meta VALUES ('restore:31', CAST('{"seq":31}' AS BLOB))`), "the statement of a restore was put in"},
	} {
		if r := restore(t, path, checkpoints, test.file, true); r.Done || r.OK || !strings.Contains(fmt.Sprint(r.Findings), test.want) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]string{
		"gone": "there is no such file", t.TempDir(): "not a regular file", path: "is the ledger itself", empty: "an empty file",
		checkpoints: "not an SQLite database", spoilt("PRAGMA user_version = 99"): "written by a newer Dialwarden",
		spoilt("PRAGMA application_id = 7"): "something else than Dialwarden",
	} {
		_, err := Restore(t.Context(), path, testKey(1), from, RestoreOptions{Checkpoints: checkpoints, Yes: true})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", from, err, want)
		}
	}
	l := openTest(t, path)
	if _, err := Restore(t.Context(), path, testKey(1), backup, RestoreOptions{}); !errors.Is(err, ErrLocked) {
		t.Errorf("beside a daemon: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Restore(stopped, path, testKey(1), backup, RestoreOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if v := verify(t, path, checkpoints); !v.OK || v.Entries != 31 {
		t.Errorf("got %+v", v)
	}
	if names, _ := filepath.Glob(filepath.Dir(path) + "/.*"); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// TestRestoreOfAnEarlierSchema brings it up to date on the way.
func TestRestoreOfAnEarlierSchema(t *testing.T) {
	script, err := os.ReadFile("testdata/schema1.sql")
	if err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(t.TempDir(), "old")
	rawDB(t, from, string(script))
	path := filepath.Join(t.TempDir(), "new.db")
	if r := restore(t, path, path+".checkpoints", from, false); !r.Done || r.Schema != 1 {
		t.Fatalf("got %+v", r)
	}
	if v := verify(t, path, path+".checkpoints"); !v.OK {
		t.Errorf("got %+v", v)
	}
}

// TestStatementsCannotBeForged finds a restore that somebody without the key has invented, to excuse a cut.
func TestStatementsCannotBeForged(t *testing.T) {
	cut := without + `DELETE FROM decisions WHERE id = 20; DELETE FROM evaluations WHERE decision_id = 20;
		DELETE FROM calls WHERE decision_id = 20; DELETE FROM chain WHERE seq > 30; DELETE FROM checkpoints WHERE seq > 30;`
	for name, test := range map[string]struct{ script, want string }{
		"signed with another key": {cut, "is not signed with this ledger's key"},
		"removed":                 {cut + "-- restored\nDELETE FROM meta WHERE key LIKE 'restore:%'", "the statement of a restore, entry 31, was removed"},
		"changed":                 {cut + `-- restored` + "\n" + `UPDATE meta SET value = CAST(replace(CAST(value AS TEXT), '"known":31', '"known":99') AS BLOB) WHERE key LIKE 'restore:%'`, "the statement of a restore, entry 31, was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			path, checkpoints := chained20(t)
			before, after, _ := strings.Cut(test.script, "-- restored")
			rawDB(t, path, before+"DELETE FROM pins; DELETE FROM meta WHERE key = 'key_fingerprint'")
			key := testKey(1)
			if after == "" {
				key = testKey(2)
			}
			l, err := Open(path, key)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.stateRestore(t.Context(), Restored{At: Time{moment.AddDate(1, 0, 0)}, Common: 30, Known: 31}); err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if after != "" {
				if v := verify(t, path, ""); !v.OK {
					t.Fatalf("it is none before: %+v", v)
				}
				rawDB(t, path, after)
			}
			if v := verify(t, path, checkpoints); v.OK || !strings.Contains(fmt.Sprint(v.Findings), test.want) {
				t.Errorf("got %+v", v.Findings)
			}
		})
	}
}

// TestRestoreTellsOfForgotten: who was taken out since is there again, and that is said before.
func TestRestoreTellsOfForgotten(t *testing.T) {
	path, checkpoints, backup := siteWithBackup(t)
	l := openTest(t, path)
	if _, err := l.Forget(t.Context(), sample(0).Facts.Caller.Holder, "root", "asked for it"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Retain(t.Context(), call.Retention{call.KeepAllowed: {Days: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r := restore(t, path, checkpoints, backup, false); r.Done || r.Missing.Forgotten != 1 || !r.Missing.Any() {
		t.Errorf("got %+v", r.Missing)
	}
}
