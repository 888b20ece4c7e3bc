package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// copyEvery is how often a copy is asked how far it is.
const copyEvery = 100 * time.Millisecond

// vacuumInto writes what the ledger at path holds at this moment to the file to, which is empty or not there, and makes
// it durable. It reads within one transaction while the daemon writes; stepwise copying would start anew with every
// commit. The copy is one file without a log beside it, and holds nothing that was deleted. progress is told of bytes.
func vacuumInto(ctx context.Context, path, to string, progress func(bytes int)) (err error) {
	name, err := dsn(path, true)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	// The connection reads only, as the file is opened so; this would refuse the copy, too.
	if _, err := db.ExecContext(ctx, "PRAGMA query_only = off"); err != nil {
		return inPlainWords(ctx, err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := db.ExecContext(ctx, "VACUUM INTO ?", to)
		done <- err
	}()
	tick := time.NewTicker(copyEvery)
	defer tick.Stop()
	for told := 0; ; {
		select {
		case err = <-done:
			if err != nil {
				return inPlainWords(ctx, err)
			}
			return syncFile(to)
		case <-tick.C:
			if info, err := os.Stat(to); err == nil && progress != nil {
				progress(int(info.Size()) - told)
				told = int(info.Size())
			}
		}
	}
}

// inPlainWords is the error of SQLite, or the end of ctx that it came of.
func inPlainWords(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.New(plainly(err))
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// beside makes an empty file of mode 0600 beside path, to be renamed to it when it is whole.
func beside(path string) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no directory %s", filepath.Dir(path))
	}
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// besides are the endings of what SQLite, and the lock, put beside a database.
var besides = []string{"-wal", "-shm", "-journal"}

// discard removes a copy that is not wanted, with what stands beside it.
func discard(path string) {
	for _, ending := range append([]string{"", ".lock"}, besides...) {
		_ = os.Remove(path + ending) // most are not there
	}
}

// put gives the file its name, and makes that durable. Without over it takes no other file's place.
func put(file, name string, over bool) error {
	var err error
	if over {
		err = os.Rename(file, name)
	} else {
		err = unix.Renameat2(unix.AT_FDCWD, file, unix.AT_FDCWD, name, unix.RENAME_NOREPLACE)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // not on every file system
			if _, missing := os.Lstat(name); !errors.Is(missing, fs.ErrNotExist) {
				err = fs.ErrExist
			} else {
				err = os.Rename(file, name)
			}
		}
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

// integrity says what SQLite finds wrong with the structure of the file; nothing if it is sound.
func (r *Reader) integrity(ctx context.Context) ([]Finding, error) {
	words, err := list(ctx, r.db, "PRAGMA integrity_check", nil, func(scan func(...any) error) (s string, err error) {
		err = scan(&s)
		return s, err
	})
	if err != nil || len(words) == 1 && words[0] == "ok" {
		return nil, err
	}
	var found []Finding
	for _, w := range words {
		found = append(found, Finding{What: "file", Problem: "the file is damaged: " + w})
	}
	return found, nil
}
