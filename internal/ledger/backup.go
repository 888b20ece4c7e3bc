package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Backup is what became of a backup.
type Backup struct {
	File  string `json:"file"` // where it is; empty if it was removed
	Bytes int64  `json:"bytes"`
	Verification
	// LedgerAtFault says that the ledger itself has the findings: File is a true copy of it.
	LedgerAtFault bool `json:"ledger_at_fault"`
}

// BackupOptions change how a backup is made.
type BackupOptions struct {
	Proof            // that it is held against; progress is told of rows
	Over   bool      // it may take another file's place
	Copied func(int) // is told of every piece of the file in bytes, of Size in all; may be nil
	// Verifying is told when the file is copied and is read again; may be nil.
	Verifying func()
	Kept      []string // files that it must not take the place of, whatever Over is
}

// Unverified is the ending of a backup that is a true copy of a ledger which is not as it was written: it never takes
// the place of a good one.
const Unverified = ".unverified"

// Size is about how many bytes a copy has.
func (r *Reader) Size(ctx context.Context) (int, error) {
	var n int
	err := r.db.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&n)
	if err != nil {
		return 0, r.fail("size", err)
	}
	return n, nil
}

// Backup writes a copy of the ledger to a file of mode 0600 while the daemon may write, and reads it again from
// beginning to end: its structure, and its chain, against the checkpoints that there were when it began. Only then does
// the file get its name. Where the copy alone is at fault it is removed; where the ledger is, it keeps the copy with the
// ending Unverified. Both are told by OK being false, and are no error.
//
// Errors are plain: a full disk, a missing directory, a name that is taken, the end of ctx. None leaves anything behind.
func (r *Reader) Backup(ctx context.Context, to string, o BackupOptions) (b Backup, err error) {
	if err := r.mayTake(to, o); err != nil {
		return b, fmt.Errorf("backup to %s: %w", to, err)
	}
	apart, err := readApart(o.Checkpoints)
	if err != nil {
		return b, fmt.Errorf("backup: the checkpoints: %w", err)
	}
	part, err := beside(to)
	if err != nil {
		return b, fmt.Errorf("backup to %s: %w", to, err)
	}
	defer discard(part)
	if err := vacuumInto(ctx, r.path, part, o.Copied); err != nil {
		return b, fmt.Errorf("backup to %s: %w", to, err)
	}
	if o.Verifying != nil {
		o.Verifying()
	}
	if b.Verification, err = examine(ctx, part, o.Proof, apart); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return b, fmt.Errorf("backup to %s: written, but it cannot be read again: %w", to, err)
	}
	name := to
	if !b.OK {
		v, err := examine(ctx, r.path, Proof{Public: o.Public}, apart)
		if b.LedgerAtFault = err != nil || !v.OK; !b.LedgerAtFault {
			return b, nil
		}
		name, o.Over = to+Unverified, true
	}
	if info, err := os.Stat(part); err == nil {
		b.Bytes = info.Size()
	}
	if err := put(part, name, o.Over); err != nil {
		return b, fmt.Errorf("backup to %s: %w", name, err)
	}
	b.File = name
	return b, nil
}

// mayTake refuses names that a backup must not have.
func (r *Reader) mayTake(to string, o BackupOptions) error {
	if to == "" {
		return errors.New("a file name is wanted")
	}
	for _, kept := range append(o.Kept, r.path, r.path+"-wal", r.path+"-shm", r.path+"-journal", r.path+".lock") {
		if same(to, kept) {
			return fmt.Errorf("that is %s of the running system: give another name", filepath.Base(kept))
		}
	}
	info, err := os.Stat(to)
	if err == nil && info.IsDir() {
		return errors.New("that is a directory: give the name of a file in it")
	}
	if err == nil && !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if _, err := os.Lstat(to); err == nil && !o.Over {
		return errors.New("there is such a file already: give another name, or --force to put the backup in its place")
	}
	if err == nil && info.Size() > 0 && !isLedger(to) {
		return errors.New("there is such a file, and it is no ledger: a backup takes the place of another backup only")
	}
	for _, ending := range besides {
		if _, err := os.Lstat(to + ending); err == nil {
			return fmt.Errorf("%s stands beside it: a program has a database of that name open, or left it so; give another name",
				filepath.Base(to)+ending)
		}
	}
	return nil
}

// isLedger reports whether a file begins as a ledger does: SQLite's header, with our id.
func isLedger(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // only read
	header := make([]byte, 72)
	_, err = io.ReadFull(f, header)
	return err == nil && string(header[:16]) == "SQLite format 3\x00" && binary.BigEndian.Uint32(header[68:]) == applicationID
}

// same reports whether two names are of one file, which need not exist.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	if errX == nil && errY == nil {
		return os.SameFile(x, y)
	}
	a, errX = realPath(a)
	b, errY = realPath(b)
	return errX == nil && errY == nil && a == b
}

// held is what the file of checkpoints held at a moment.
type held struct {
	all   []Checkpoint
	found []Finding
}

// readApart reads the file of checkpoints. That there is none is no fault here: a copy is not worse for it.
func readApart(path string) (*held, error) {
	a := &held{}
	if path == "" {
		return a, nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	var err error
	a.all, a.found, err = readCheckpoints(path)
	return a, err
}

// examine reads a ledger from beginning to end, its structure and its chain.
func examine(ctx context.Context, path string, p Proof, a *held) (Verification, error) {
	r, err := openReader(ctx, path)
	if err != nil {
		return Verification{}, err
	}
	defer r.Close() //nolint:errcheck // only read
	p.apart = a
	var wg sync.WaitGroup
	var found []Finding
	var broken error
	wg.Go(func() { found, broken = r.integrity(ctx) })
	v, err := r.Verify(ctx, p)
	wg.Wait()
	if err := errors.Join(err, broken); err != nil {
		return v, inPlainWords(ctx, err)
	}
	if len(found) > 0 {
		v.Findings, v.OK = append(found, v.Findings...), false
	}
	return v, nil
}
