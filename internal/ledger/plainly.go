package ledger

import (
	"fmt"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"
)

const (
	isFull     = "the disk is full"
	isLocked   = "another program holds a lock on the file (a transaction left open in a shell?)"
	isReadOnly = "the file, its directory or its file system is read-only"
	isOutOf    = "too many open files (LimitNOFILE, ulimit -n)"
)

// bySystem says what an error of the system means, where SQLite has kept it; that is nearer to the cause than what
// SQLite makes of it.
var bySystem = map[unix.Errno]string{
	unix.ENOSPC: isFull,
	unix.EDQUOT: "the disk quota is used up",
	unix.EFBIG:  "the file may not grow (LimitFSIZE, ulimit -f)",
	unix.EROFS:  isReadOnly,
	unix.EPERM:  isReadOnly,
	unix.EACCES: isReadOnly,
	unix.EMFILE: isOutOf,
	unix.ENFILE: isOutOf,
}

// bySQLite says what a result code of SQLite means.
var bySQLite = map[sqlite3.ErrNo]string{
	sqlite3.ErrFull:     isFull,
	sqlite3.ErrBusy:     isLocked,
	sqlite3.ErrLocked:   isLocked,
	sqlite3.ErrReadonly: isReadOnly,
	sqlite3.ErrIoErr:    "reading or writing the disk failed",
	sqlite3.ErrCantOpen: "the file cannot be opened (permissions, or too many open files)",
	sqlite3.ErrCorrupt: "the file is damaged: stop the daemon, keep the file as it is with those beside it (-wal, " +
		"-shm), and put a backup in its place",
	sqlite3.ErrNotADB: "the file is not an SQLite database",
	sqlite3.ErrNomem:  "out of memory",
}

// plainly says what an SQLite error means for the people who look after the machine.
func plainly(err error) string {
	e, ok := sqliteError(err)
	if !ok {
		return err.Error()
	}
	words := ""
	if e.Code == sqlite3.ErrIoErr || e.Code == sqlite3.ErrCantOpen { // with the others it is of an earlier error
		words = bySystem[e.SystemErrno]
	}
	if words == "" {
		words = bySQLite[e.Code]
	}
	if words == "" {
		return err.Error()
	}
	return fmt.Sprintf("%s (SQLite: %v, code %d)", words, e, e.ExtendedCode)
}
