package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// backUp makes a backup as the command line does.
func backUp(t *testing.T, path, checkpoints, to string) (Backup, error) {
	t.Helper()
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return r.Backup(t.Context(), to, BackupOptions{Proof: Proof{Public: testKey(1).Public(), Checkpoints: checkpoints}})
}

// alone fails if anything but names is in the directory.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("the directory has %v, want %v", got, names)
	}
}

// TestBackupWhileDecisionsAreMade has it hold a prefix of what is written: every decision up to some moment.
func TestBackupWhileDecisionsAreMade(t *testing.T) {
	dir := t.TempDir()
	path, checkpoints := filepath.Join(dir, "dialwarden.db"), filepath.Join(dir, "checkpoints")
	l := openTest(t, path, WithCheckpoints(checkpoints, func(error) {}), func(l *Ledger) { l.pace.rows = 20 })
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	begun := make(chan struct{}, 4)
	for caller := range 4 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if _, err := l.Record(context.Background(), sample(caller*100_000+n)); err != nil {
					t.Error(err)
					return
				}
				if n == 100 {
					begun <- struct{}{}
				}
			}
		})
	}
	for range 4 {
		<-begun
	}
	to := t.TempDir()
	for n := range 3 {
		b, err := backUp(t, path, checkpoints, filepath.Join(to, fmt.Sprint(n)))
		if err != nil || !b.OK || b.Entries < 400 || b.Checkpoints < 10 {
			t.Errorf("got %+v, %v", b, err)
		}
	}
	stop()
	wg.Wait()
	alone(t, to, "0", "1", "2")
	if db := shell(t, filepath.Join(to, "2")); textOf(t, db, "SELECT count(*) = max(id) FROM decisions") != "1" ||
		textOf(t, db, "SELECT (SELECT count(*) FROM evaluations) = count(*) FROM decisions") != "1" {
		t.Error("the backup has gaps")
	}
}

// TestBackupOfAFaultyLedger keeps the copy apart, and the good one where it is.
func TestBackupOfAFaultyLedger(t *testing.T) {
	path, checkpoints := chained20(t)
	dir := t.TempDir()
	to := filepath.Join(dir, "copy")
	if b, err := backUp(t, path, checkpoints, to); err != nil || !b.OK || b.Entries != 31 || b.SignedUntil != 31 {
		t.Fatalf("got %+v, %v", b, err)
	}
	rawDB(t, path, without+"UPDATE decisions SET rule = 'x' WHERE id = 7")
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := r.Backup(t.Context(), to, BackupOptions{Proof: Proof{Public: testKey(1).Public(), Checkpoints: checkpoints}, Over: true})
	if err != nil || b.OK || !b.LedgerAtFault || b.File != to+Unverified || len(b.Findings) != 1 {
		t.Errorf("got %+v, %v", b, err)
	}
	alone(t, dir, "copy", "copy"+Unverified)
	if v := verify(t, to, checkpoints); !v.OK {
		t.Errorf("the good one: %+v", v)
	}
}

// TestBackupOfALedgerThatWasCut holds it against the checkpoints that there were when it began.
func TestBackupOfALedgerThatWasCut(t *testing.T) {
	path, checkpoints := chained20(t)
	rawDB(t, path, without+`DELETE FROM decisions WHERE id = 20; DELETE FROM evaluations WHERE decision_id = 20;
		DELETE FROM calls WHERE decision_id = 20; DELETE FROM chain WHERE seq > 30; DELETE FROM checkpoints WHERE seq > 30`)
	b, err := backUp(t, path, checkpoints, filepath.Join(t.TempDir(), "copy"))
	if err != nil || b.OK || !b.LedgerAtFault || !strings.Contains(fmt.Sprint(b.Findings), "was cut off") {
		t.Errorf("got %+v, %v", b, err)
	}
}

// TestBackupThatIsInterrupted leaves nothing behind.
func TestBackupThatIsInterrupted(t *testing.T) {
	path, checkpoints := chained20(t)
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, stop := context.WithCancel(t.Context())
	dir := t.TempDir()
	o := BackupOptions{Proof: Proof{Checkpoints: checkpoints}, Verifying: stop}
	if _, err := r.Backup(ctx, filepath.Join(dir, "copy"), o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Backup(ctx, filepath.Join(dir, "copy"), o); !errors.Is(err, context.Canceled) {
		t.Errorf("before the copy: got %v", err)
	}
	alone(t, dir)
}

// childBacksUp makes a backup where no file can grow beyond some KiB, as on a full disk.
func childBacksUp(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	r, err := OpenReader(path)
	must(err)
	must(unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 64 << 10, Max: unix.RLIM_INFINITY}))
	_, err = r.Backup(context.Background(), os.Getenv("DIALWARDEN_LEDGER_TO"), BackupOptions{})
	fmt.Print(err)
}

func TestBackupToAFullDisk(t *testing.T) {
	path, _ := chained20(t)
	dir := t.TempDir()
	t.Setenv("DIALWARDEN_LEDGER_TO", filepath.Join(dir, "copy"))
	cmd, out := child(t, "backup", path)
	said, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(said), "the file may not grow") {
		t.Errorf("got %s", said)
	}
	alone(t, dir)
}
