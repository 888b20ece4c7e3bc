package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain runs the test binary as a child of one of the tests below if DIALWARDEN_LEDGER_CHILD says so.
func TestMain(m *testing.M) {
	path := os.Getenv("DIALWARDEN_LEDGER_PATH")
	switch os.Getenv("DIALWARDEN_LEDGER_CHILD") {
	case "":
		os.Exit(m.Run())
	case "record":
		childRecords(path)
	case "limit":
		childMeetsLimit(path)
	case "backup":
		childBacksUp(path)
	case "migrate":
		childMigrates(path)
	case "migrate-full":
		childMigratesOnAFullDisk(path)
	case "money":
		childSpends(path)
	case "token":
		childUsesToken(path)
	case "open":
		childOpens(path)
	}
}

// child starts the test binary in the role and returns its output.
func child(t *testing.T, role, path string) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DIALWARDEN_LEDGER_CHILD="+role, "DIALWARDEN_LEDGER_PATH="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// childRecords records without end, and prints each id when it is acknowledged.
func childRecords(path string) {
	l, err := Open(path, testKey(1))
	must(err)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for caller := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				id, err := l.Record(context.Background(), sample(caller*100_000+n))
				must(err)
				mu.Lock()
				fmt.Println(id)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// idsUntil reads ids from the child and kills it with SIGKILL after n of them; those still in the pipe count too,
// for they were acknowledged.
func idsUntil(t *testing.T, cmd *exec.Cmd, out io.Reader, n int) []int64 {
	t.Helper()
	var ids []int64
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line without its end was not acknowledged
		}
		id, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, id); len(ids) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child was to be killed and ended with %v", err)
	}
	return ids
}

func TestKillLosesNothingAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	var acknowledged []int64
	for _, n := range []int{1, 300, 1500} {
		cmd, out := child(t, "record", path)
		acknowledged = append(acknowledged, idsUntil(t, cmd, out, n)...)
		r, err := OpenReader(path) // nobody has repaired anything yet
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range acknowledged {
			if _, err := r.Decision(context.Background(), id); err != nil {
				t.Fatalf("acknowledged and lost: %v", err)
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	seen := map[int64]bool{}
	for _, id := range acknowledged {
		if seen[id] {
			t.Fatalf("id %d was given twice", id)
		}
		seen[id] = true
	}
	l := openTest(t, path)
	db := shell(t, path)
	if got := textOf(t, db, "SELECT count(*) FROM decisions d LEFT JOIN evaluations e ON e.decision_id = d.id LEFT JOIN calls c ON c.decision_id = d.id WHERE e.input IS NULL OR c.decision_id IS NULL"); got != "0" {
		t.Errorf("%s decisions are half there", got)
	}
	if got := textOf(t, db, "PRAGMA integrity_check"); got != "ok" {
		t.Error(got)
	}
	if id := record(t, l, sample(0)); id <= acknowledged[len(acknowledged)-1] {
		t.Errorf("id %d after %d", id, acknowledged[len(acknowledged)-1])
	}
}

// childMeetsLimit lets the kernel refuse to let any file grow, as a full disk would, and then lets it again.
func childMeetsLimit(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	l, err := Open(path, testKey(1))
	must(err)
	ctx := context.Background()
	limit := func(bytes uint64) {
		must(unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}))
	}
	kept := 0
	fails := func() {
		for range 1000 {
			if _, err = l.Record(ctx, sample(kept)); err != nil {
				break
			}
			kept++
		}
		if !errors.Is(err, ErrUnwritable) {
			must(fmt.Errorf("after %d decisions: %w, want ErrUnwritable", kept, err))
		}
	}
	limit(1 << 20)
	fails()
	fails() // and still does, without harm
	limit(unix.RLIM_INFINITY)
	for range 10 {
		_, err = l.Record(ctx, sample(kept))
		must(err)
		kept++
	}
	must(l.Close())
	fmt.Println(kept)
}

func TestFileThatCannotGrow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	cmd, out := child(t, "limit", path)
	said, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	db := shell(t, path)
	if got := textOf(t, db, "SELECT count(*) FROM decision_log"); got != strings.TrimSpace(string(said)) {
		t.Errorf("%s decisions stand, %s were acknowledged", got, said)
	}
	if got := textOf(t, db, "PRAGMA integrity_check"); got != "ok" {
		t.Error(got)
	}
}

func childOpens(path string) {
	_, err := Open(path, testKey(1))
	fmt.Println(errors.Is(err, ErrLocked), err)
}

func TestOneWriter(t *testing.T) {
	l := newLedger(t)
	link := filepath.Join(t.TempDir(), "another-name.db")
	if err := os.Symlink(l.path, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{l.path, link} {
		cmd, out := child(t, "open", path)
		said, _ := io.ReadAll(out)
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		if want := "true ledger " + path + ": another process writes this ledger\n"; string(said) != want {
			t.Errorf("a second writer gets %q, want %q", said, want)
		}
	}
	if _, err := Open(l.path, testKey(1)); !errors.Is(err, ErrLocked) {
		t.Errorf("a second writer in the same process gets %v, want ErrLocked", err)
	}
	record(t, l, sample(0))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	openTest(t, l.path)
}
