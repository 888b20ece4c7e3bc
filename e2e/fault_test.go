package e2e

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

const (
	unwritable    = "the ledger cannot be written: all calls but emergency calls are refused"
	writableAgain = "the ledger can be written again: calls are decided"
)

// fault is something wrong with the ledger's file under a running daemon. make makes it and returns what ends it; says is
// what log and /healthz must say meanwhile.
type fault struct {
	says      string
	emergency string // a number to call meanwhile
	make      func(*testing.T, *site, *daemon) (end func())
}

// Whatever is wrong with the ledger's file: nobody gets out but emergency calls, the log and /healthz say why, and once
// the cause is gone the same daemon decides again, has lost nothing and shows nothing half-written.
func TestLedgerFaults(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.withHealth()
	d := s.serve()
	for _, f := range []fault{
		{"the file may not grow", "110", fileLimit},
		{"read-only", "112", readOnly},
		{"another program holds a lock on the file", "119", lockedFile},
		{"moved away", "120", movedAway},
		{"too many open files", "122", noHandlesToReopen},
	} {
		t.Run(f.says, func(t *testing.T) { s.survives(t, d, f) })
	}
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.withHealth()
	s.onSmallDisk()
	d := s.serve()
	f := fault{"the disk is full", "9110", fullDisk}
	if filepath.Dir(s.ledger) == s.dir {
		f.says, f.make = "the file may not grow", fileLimit
	}
	s.survives(t, d, f)
}

// survives makes the fault, calls, ends the fault, and calls again.
func (s *site) survives(t *testing.T, d *daemon, f fault) {
	last := f.emergency[len(f.emergency)-3:]
	before, during, after := "962360"+last, "962361"+last, "962362"+last
	told, again := s.log.count(unwritable), s.log.count(writableAgain)
	talking := dial(t, s.lab, "101", before) // its end comes during the fault
	up(t, talking)
	s.decision(to(before))

	end := f.make(t, s, d)
	turned := dial(t, s.lab, "102", during)
	emergency := dial(t, s.lab, "103", f.emergency)
	up(t, emergency)
	hangup(t, emergency)
	hangup(t, talking)
	refused(t, turned, call.CauseTemporaryFailure)
	notCalled(t, s.lab, during[1:])
	s.logged(told+1, unwritable)
	if h := s.health(); h.Status != "failing" || !strings.Contains(h.LedgerError, f.says) || s.log.count(f.says) == 0 {
		t.Errorf("/healthz says %+v, the log %d times %q", h, s.log.count(f.says), f.says)
	}

	end()
	s.logged(again+1, writableAgain) // no call was needed to find out
	next := dial(t, s.lab, "104", after)
	up(t, next)
	hangup(t, next)
	for _, dialled := range []string{before, after, f.emergency} {
		if got := s.once(dialled); got.Action != call.Allow {
			t.Errorf("%s: got %+v", dialled, got)
		}
	}
	if late := s.about(during); len(late) != 0 {
		t.Errorf("the call that was refused for want of a ledger is in it: %+v", late)
	}
	if h := s.health(); h.Status != "ok" || h.LedgerError != "" {
		t.Errorf("afterwards /healthz says %+v", h)
	}
	if n := s.log.count(writableAgain); n != again+1 {
		t.Errorf("the log says %d times that all is well again", n-again)
	}
	s.whole()
}

// whole checks that the ledger is sound and nothing in it is half there.
func (s *site) whole() {
	s.t.Helper()
	db := s.shell()
	for query, want := range map[string]string{
		"PRAGMA integrity_check": "ok",
		"SELECT count(*) FROM decisions d LEFT JOIN evaluations e ON e.decision_id = d.id LEFT JOIN calls c ON c.decision_id = d.id WHERE e.input IS NULL OR c.decision_id IS NULL": "0",
	} {
		var got string
		must(s.t, db.QueryRow(query).Scan(&got))
		if got != want {
			s.t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// shell opens the ledger as somebody with sqlite3 at hand does.
func (s *site) shell() *sql.DB {
	s.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+s.ledger+"?mode=rw&_busy_timeout=5000")
	must(s.t, err)
	db.SetMaxOpenConns(1)
	s.t.Cleanup(func() { _ = db.Close() })
	return db
}

// withHealth lets the daemon answer for its health.
func (s *site) withHealth() {
	s.t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(s.t, err)
	s.web = l.Addr().String()
	must(s.t, l.Close())
	s.write("dialwarden.yaml", s.read("dialwarden.yaml")+fmt.Sprintf("web: {listen: %q}\n", s.web))
}

// healthAnswer is what a monitor looks at.
type healthAnswer struct {
	Status      string `json:"status"`
	LedgerError string `json:"ledger_error"`
}

// health asks for the daemon's health, over one connection, when no older answer can be given again.
func (s *site) health() (h healthAnswer) {
	s.t.Helper()
	wait(1100 * time.Millisecond)
	resp, err := http.Get("http://" + s.web + "/healthz")
	must(s.t, err)
	text, err := io.ReadAll(resp.Body)
	must(s.t, errors.Join(err, resp.Body.Close(), json.Unmarshal(text, &h)))
	return h
}

// onSmallDisk puts the ledger on a disk of its own with little room; where nothing may be mounted, it stays where it is.
func (s *site) onSmallDisk() {
	s.t.Helper()
	dir := filepath.Join(s.dir, "disk")
	must(s.t, os.Mkdir(dir, 0o700))
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		s.t.Logf("no disk can be mounted (%v): the full disk is a limit on the size of files instead", err)
		return
	}
	s.t.Cleanup(func() { must(s.t, unix.Unmount(dir, unix.MNT_DETACH)) })
	s.ledger = filepath.Join(dir, "dialwarden.db")
	s.write("dialwarden.yaml", s.read("dialwarden.yaml")+"ledger: {path: disk/dialwarden.db}\n")
}

// fullDisk fills the disk to the last byte. The log is empty before, or there would be room in it that is used again.
func fullDisk(t *testing.T, s *site, _ *daemon) (end func()) {
	t.Helper()
	_, err := s.shell().ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
	must(t, err)
	ballast := filepath.Join(filepath.Dir(s.ledger), "ballast")
	err = os.WriteFile(ballast, make([]byte, 16<<20), 0o600)
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk does not get full: %v", err)
	}
	return func() { must(t, os.Remove(ballast)) }
}

// limit sets a limit of the running daemon and returns what sets it back.
func limit(t *testing.T, d *daemon, resource int, to uint64) (back func()) {
	t.Helper()
	var before unix.Rlimit
	pid := d.cmd.Process.Pid
	must(t, unix.Prlimit(pid, resource, nil, &before))
	must(t, unix.Prlimit(pid, resource, &unix.Rlimit{Cur: to, Max: before.Max}, nil))
	return func() { must(t, unix.Prlimit(pid, resource, &before, nil)) }
}

// fileLimit lets no file of the daemon grow.
func fileLimit(t *testing.T, _ *site, d *daemon) (end func()) {
	t.Helper()
	return limit(t, d, unix.RLIMIT_FSIZE, 4096)
}

// readOnly makes the ledger's files immutable, as far as we may; else it takes the right to write from them, and has the
// daemon open them anew.
func readOnly(t *testing.T, s *site, d *daemon) (end func()) {
	t.Helper()
	files := []string{s.ledger, s.ledger + "-wal"}
	if err := immutable(files, true); err == nil {
		end = func() { must(t, immutable(files, false)) }
		t.Cleanup(func() { _ = immutable(files, false) })
		return end
	}
	for _, f := range files {
		must(t, os.Chmod(f, 0o400))
	}
	grow := fileLimit(t, s, d)
	s.health() // a write, which fails and has the daemon open the file anew
	grow()
	return func() {
		for _, f := range files {
			must(t, os.Chmod(f, 0o600))
		}
	}
}

// immutableFlag is FS_IMMUTABLE_FL of linux/fs.h.
const immutableFlag = 0x10

// immutable sets or takes the flag of chattr +i.
func immutable(files []string, on bool) error {
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
		if err == nil {
			flags &^= immutableFlag
			if on {
				flags |= immutableFlag
			}
			err = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags))
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// lockedFile is a transaction that somebody has left open in a shell.
func lockedFile(t *testing.T, s *site, _ *daemon) (end func()) {
	t.Helper()
	db := s.shell()
	_, err := db.Exec("BEGIN EXCLUSIVE")
	must(t, err)
	return func() {
		_, err := db.Exec("ROLLBACK")
		must(t, err)
	}
}

func movedAway(t *testing.T, s *site, _ *daemon) (end func()) {
	t.Helper()
	must(t, os.Rename(s.ledger, s.ledger+".away"))
	return func() { must(t, os.Rename(s.ledger+".away", s.ledger)) }
}

// noHandlesToReopen has the daemon lose its connection to the file, and open none any more. (As long as it has its
// connection, it needs none: see TestOutOfHandles.)
func noHandlesToReopen(t *testing.T, s *site, d *daemon) (end func()) {
	t.Helper()
	grow := fileLimit(t, s, d)
	s.health() // a write
	open := noHandles(t, d)
	s.logged(1, "too many open files")
	grow()
	return open
}

// noHandles leaves the daemon the files that are open and no more.
func noHandles(t *testing.T, d *daemon) (end func()) {
	t.Helper()
	return limit(t, d, unix.RLIMIT_NOFILE, 3)
}
