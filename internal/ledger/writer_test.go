package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/dialwarden/dialwarden/internal/call"
)

// hold keeps the writer busy inside a transaction until the returned function is called.
func hold(l *Ledger) (release func()) {
	entered, leave := make(chan struct{}), make(chan struct{})
	go func() {
		_ = l.write(context.Background(), func(context.Context, *conn) error {
			close(entered)
			<-leave
			return nil
		})
	}()
	<-entered
	return func() { close(leave) }
}

// awaitQueued returns when n requests stand in the queue.
func awaitQueued(l *Ledger, n int) {
	for waiting := -1; waiting != n; runtime.Gosched() {
		l.queue.mu.Lock()
		waiting = len(l.queue.waiting)
		l.queue.mu.Unlock()
	}
}

// countCommits returns a function that tells how many transactions the writer has committed since, its own included.
func countCommits(t *testing.T, l *Ledger) func() int {
	t.Helper()
	commits := 0
	onWriter := func(do func(*sqlite3.SQLiteConn)) {
		err := l.write(context.Background(), func(_ context.Context, c *conn) error {
			return c.Raw(func(driver any) error {
				do(driver.(*sqlite3.SQLiteConn))
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	onWriter(func(c *sqlite3.SQLiteConn) { c.RegisterCommitHook(func() int { commits++; return 0 }) })
	return func() (n int) {
		onWriter(func(*sqlite3.SQLiteConn) { n = commits })
		return n
	}
}

func TestManyCallersShareACommit(t *testing.T) {
	l := newLedger(t)
	commits := countCommits(t, l)
	const callers = 64
	before := commits()
	release := hold(l)
	ids := make([]int64, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { ids[i] = record(t, l, sample(i)) })
	}
	awaitQueued(l, callers)
	release()
	wg.Wait()
	slices.Sort(ids)
	for i, id := range ids {
		if id != int64(i+1) {
			t.Fatalf("the ids are %v, want 1 to %d", ids, callers)
		}
	}
	if n := commits() - before; n != 3 { // counting, holding, and all callers together
		t.Errorf("%d commits, want 3", n)
	}
}

func TestACallerAloneCostsOneCommit(t *testing.T) {
	l := newLedger(t)
	commits := countCommits(t, l)
	before := commits()
	for i := range 10 {
		record(t, l, sample(i))
	}
	if n := commits() - before; n != 11 { // counting, and one for each
		t.Errorf("%d commits, want 11", n)
	}
}

func TestManyCallersWithoutPause(t *testing.T) {
	l := newLedger(t)
	var mu sync.Mutex
	seen := map[int64]bool{}
	var wg sync.WaitGroup
	for caller := range 64 {
		wg.Go(func() {
			last := int64(0)
			for i := range 20 {
				id, err := l.Record(context.Background(), sample(caller*20+i))
				if err != nil || id <= last {
					t.Errorf("id %d after %d, %v", id, last, err)
				}
				last = id
				mu.Lock()
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 64*20 {
		t.Errorf("%d different ids, want %d", len(seen), 64*20)
	}
}

func TestNeighboursSurviveABadRequest(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	half := errors.New("half done")
	bad := map[string]func() error{
		"unknown call": func() error { return l.Ended(ctx, 999, call.End{}) },
		"half done": func() error {
			return l.write(ctx, func(ctx context.Context, c *conn) error {
				_, err := c.ExecContext(ctx, "INSERT INTO meta VALUES ('half', x'')")
				return errors.Join(err, half)
			})
		},
		"constraint": func() error {
			return l.write(ctx, func(ctx context.Context, c *conn) error {
				_, err := c.addCall.ExecContext(ctx, 12345) // there is no such decision
				return err
			})
		},
	}
	want := map[string]string{"unknown call": ErrNotFound.Error(), "half done": "half done", "constraint": "FOREIGN KEY"}
	release := hold(l)
	var wg sync.WaitGroup
	queued := 0
	queue := func(do func()) {
		wg.Go(do)
		queued++
		awaitQueued(l, queued)
	}
	ids := make([]int64, 6)
	good := func(i int) { queue(func() { ids[i] = record(t, l, sample(i)) }) }
	good(0)
	good(1)
	next := 2
	for name, do := range bad {
		queue(func() {
			if err := do(); err == nil || !strings.Contains(err.Error(), want[name]) {
				t.Errorf("%s: %v, want %q", name, err, want[name])
			}
		})
		good(next)
		next++
	}
	release()
	wg.Wait()
	db := shell(t, l.path)
	if got := textOf(t, db, "SELECT count(*) FROM decision_log JOIN call_log ON decision_id = id"); got != "5" {
		t.Errorf("%s decisions stand, want 5", got)
	}
	if got := textOf(t, db, "SELECT count(*) FROM meta WHERE key = 'half'"); got != "0" {
		t.Error("half of the bad request stands")
	}
	for i, id := range ids[:5] {
		if got := textOf(t, db, "SELECT channel FROM decisions WHERE id = ?", id); got != sample(i).Attempt.Channel {
			t.Errorf("caller %d got id %d, which is of channel %s", i, id, got)
		}
	}
}

func TestAFaultReachesEverybodyAndPasses(t *testing.T) {
	for name, fault := range map[string]sqlite3.Error{
		"the disk fails": {Code: sqlite3.ErrIoErr},
		"the disk full":  {Code: sqlite3.ErrFull},
		"a lock":         {Code: sqlite3.ErrBusy},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t)
			release := hold(l)
			var wg sync.WaitGroup
			for i := range 3 {
				wg.Go(func() {
					if _, err := l.Record(context.Background(), sample(i)); !errors.Is(err, ErrUnwritable) {
						t.Errorf("got %v, want ErrUnwritable", err)
					}
				})
				awaitQueued(l, i+1)
			}
			wg.Go(func() { _ = l.write(context.Background(), func(context.Context, *conn) error { return fault }) })
			awaitQueued(l, 4)
			release()
			wg.Wait()
			if id := record(t, l, sample(9)); id != 1 {
				t.Errorf("the first decision after the fault has id %d: something of the failed ones stands", id)
			}
		})
	}
}

func TestDiskFullAndThenNot(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	limit := func(pages string) {
		t.Helper()
		err := l.write(ctx, func(ctx context.Context, c *conn) error {
			_, err := c.ExecContext(ctx, "PRAGMA max_page_count = "+pages)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit("60")
	kept, err := 0, error(nil)
	for ; err == nil && kept < 1000; kept++ {
		_, err = l.Record(ctx, sample(kept))
	}
	kept--
	if !errors.Is(err, ErrUnwritable) || !strings.Contains(err.Error(), "the disk is full") || !strings.Contains(err.Error(), l.path) {
		t.Fatalf("after %d decisions: %v, want ErrUnwritable, the path and a full disk", kept, err)
	}
	if _, err := l.Record(ctx, sample(0)); !errors.Is(err, ErrUnwritable) {
		t.Errorf("still full, but: %v", err)
	}
	// Nothing half-written is to be seen meanwhile.
	db := shell(t, l.path)
	if got, want := textOf(t, db, "SELECT (SELECT count(*) FROM decisions) || ' ' || (SELECT count(*) FROM evaluations) || ' ' || (SELECT count(*) FROM calls)"),
		fmt.Sprintf("%d %d %d", kept, kept, kept); got != want {
		t.Errorf("the tables have %s rows, want %s", got, want)
	}
	limit("100000")
	if id := record(t, l, sample(0)); id != int64(kept+1) {
		t.Errorf("the next id is %d, want %d", id, kept+1)
	}
	if got := textOf(t, db, "PRAGMA integrity_check"); got != "ok" {
		t.Error(got)
	}
}

// A shell in the middle of a transaction holds the lock.
func TestForeignLock(t *testing.T) {
	l := newLedger(t)
	db := shell(t, l.path)
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := l.Record(ctx, sample(0)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a caller that gave up waiting got %v", err)
	}
	_, err := l.Record(context.Background(), sample(1))
	if !errors.Is(err, ErrUnwritable) || !strings.Contains(err.Error(), "holds a lock") {
		t.Errorf("got %v, want ErrUnwritable and a lock", err)
	}
	if _, err := db.Exec("COMMIT"); err != nil {
		t.Fatal(err)
	}
	if id := record(t, l, sample(2)); id != 1 {
		t.Errorf("the id is %d, want 1: a withdrawn decision was written", id)
	}
}

func TestContextOnlyCountsInTheQueue(t *testing.T) {
	l := newLedger(t)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Record(ended, sample(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err := l.write(ctx, func(context.Context, *conn) error {
		cancel() // too late
		return nil
	})
	if err != nil {
		t.Errorf("a request in its transaction was given up: %v", err)
	}
}

func TestMovedFile(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	record(t, l, sample(0))
	away := l.path + ".away"
	if err := os.Rename(l.path, away); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Record(ctx, sample(1)); !errors.Is(err, ErrUnwritable) || !strings.Contains(err.Error(), "moved away") {
		t.Errorf("the file is gone, but: %v", err)
	}
	if err := os.WriteFile(l.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Record(ctx, sample(1)); !errors.Is(err, ErrUnwritable) || !strings.Contains(err.Error(), "another file") {
		t.Errorf("another file is there, but: %v", err)
	}
	if err := os.Rename(away, l.path); err != nil {
		t.Fatal(err)
	}
	if id := record(t, l, sample(2)); id != 2 {
		t.Errorf("the id is %d, want 2", id)
	}
}

func TestCloseWritesWhatWaits(t *testing.T) {
	l := newLedger(t)
	release := hold(l)
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() { record(t, l, sample(i)) })
	}
	awaitQueued(l, 3)
	wg.Go(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	release()
	wg.Wait()
	if _, err := l.Record(context.Background(), sample(4)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
	if got := textOf(t, shell(t, l.path), "SELECT count(*) FROM decision_log"); got != "3" {
		t.Errorf("%s decisions stand, want 3", got)
	}
}
