package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"
)

// Restoration is what became of a restore.
type Restoration struct {
	Verification         // of the backup, after it was brought up to date
	Schema       int     `json:"schema"` // of the backup; before ChainSchema it had no chain to check
	Missing      Missing `json:"missing"`
	Done         bool    `json:"done"` // the backup is now the ledger
	Kept         string  `json:"kept"` // where what it replaced is; empty: there was nothing
}

// ChainSchema is the first schema that has a chain.
const ChainSchema = 4

// Missing is what a backup lacks of what was recorded, as far as that is known.
type Missing struct {
	Entries   int64  `json:"entries"`   // of the chain
	Decisions int64  `json:"decisions"` // of those, where Counted
	Counted   bool   `json:"counted"`   // the present ledger could be read; else it is as checkpoints tell
	Forgotten int64  `json:"forgotten"` // erasures that took a person out, which the backup is from before; where Counted
	PINs      int    `json:"pins"`      // are not as they are in the present ledger, like one that was disabled since
	Tokens    int    `json:"tokens"`    // the same, like one that was used or revoked since
	Unread    string `json:"unread"`    // why the present ledger could not be read; empty where there is none
}

// Any reports whether something is missing, or may be.
func (m Missing) Any() bool { return m.Entries > 0 || m.PINs > 0 || m.Tokens > 0 || m.Unread != "" }

// RestoreOptions change how a ledger is restored.
type RestoreOptions struct {
	Checkpoints string    // the file apart: read, and a line is added; empty: there is none
	Yes         bool      // go on though something will be missing
	Copied      func(int) // is told of bytes that were copied; may be nil
	Verifying   func()    // is told when the copy is read from beginning to end; may be nil
	Progress    func(int) // is told of rows that were verified; may be nil
}

// Restore puts the backup in the file from in the place of the ledger at path, or where there is none. It first copies it
// and brings the copy up to date, then verifies its structure and its chain against the checkpoints. A signed statement of
// the restore becomes the chain's next entry; the present ledger is kept under another name. If the backup does not
// verify, or something will be missing and Yes is not set, nothing is done; that is no error.
//
// Errors: ErrLocked while a daemon runs; ErrWrongKey; and plain ones. Nothing has changed then, unless Done is set.
func Restore(ctx context.Context, path string, key Key, from string, o RestoreOptions) (r Restoration, err error) {
	if path, err = realPath(path); err != nil {
		return r, err
	}
	if same(from, path) {
		return r, fmt.Errorf("%s is the ledger itself", from)
	}
	locked, err := lock(path)
	if err != nil {
		return r, fmt.Errorf("ledger %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, locked.Close()) }()
	part, err := beside(path)
	if err != nil {
		return r, fmt.Errorf("ledger %s: %w", path, err)
	}
	defer discard(part)
	if r.Schema, err = takeBackup(ctx, from, part, key, o.Copied); err != nil {
		return r, fmt.Errorf("backup %s: %w", from, err)
	}
	apart, err := readApart(o.Checkpoints)
	if err != nil {
		return r, fmt.Errorf("the checkpoints: %w", err)
	}
	// What is not signed says nothing of the backup.
	apart.found, apart.all = nil, slices.DeleteFunc(apart.all, func(c Checkpoint) bool { return !c.genuine(key.Public()) })
	s, missing, err := compare(ctx, path, part, apart, key)
	if err != nil {
		return r, fmt.Errorf("backup %s: %w", from, err)
	}
	r.Missing = missing
	if o.Verifying != nil {
		o.Verifying()
	}
	r.Verification, err = examine(ctx, part, Proof{Public: key.Public(), Progress: o.Progress, provisional: &s}, apart)
	if err != nil {
		return r, fmt.Errorf("backup %s: %w", from, err)
	}
	if !r.OK || r.Missing.Any() && !o.Yes {
		return r, nil
	}
	err = r.takePlace(ctx, path, part, key, s, o.Checkpoints)
	return r, err
}

// takeBackup copies a backup, and brings the copy up to date. It returns the schema that the backup has.
func takeBackup(ctx context.Context, from, part string, key Key, copied func(int)) (version int, err error) {
	info, err := os.Stat(from)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, errors.New("there is no such file")
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, errors.New("not a regular file")
	}
	all, err := migrations(embedded)
	if err != nil {
		return 0, err
	}
	db, err := openReadPool(ctx, from, 1)
	if err == nil {
		version, err = schemaOf(ctx, db, len(all))
		err = errors.Join(err, db.Close())
	}
	switch {
	case err != nil:
		return 0, inPlainWords(ctx, err)
	case version == 0:
		return 0, errors.New("an empty file, no ledger")
	}
	if err := vacuumInto(ctx, from, part, copied); err != nil {
		return 0, err
	}
	l, err := open(part, key, nil)
	if err != nil {
		return 0, err
	}
	return version, l.Close()
}

// compare finds out what the backup lacks, and prepares the statement that says so.
func compare(ctx context.Context, path, part string, apart *held, key Key) (s Restored, m Missing, err error) {
	backup, err := openReader(ctx, part)
	if err != nil {
		return s, m, err
	}
	defer backup.Close() //nolint:errcheck // only read
	end, err := chainOf(ctx, backup.db)
	if err != nil {
		return s, m, err
	}
	past, _, err := backup.restores(ctx, key.Public())
	if err != nil {
		return s, m, err
	}
	s = Restored{At: Time{time.Now().Truncate(time.Millisecond)}, Common: end.seq, Known: end.seq}
	for _, c := range apart.all { // a clock that was set back does not make them later than the restore
		if c.At.After(s.At.Time) {
			s.At = c.At
		}
		if c.Seq > s.Known {
			s.Known, s.KnownHash = c.Seq, c.Hash
		}
	}
	present, err := openReader(ctx, path)
	if _, missing := os.Stat(path); errors.Is(missing, fs.ErrNotExist) {
		err = nil
	} else if err == nil {
		var more []Restored
		m, more, err = present.beyond(ctx, backup, &s, key)
		past = append(past, more...)
		err = errors.Join(err, present.Close())
	}
	if err != nil { // that may be why it is to be replaced
		m = Missing{Unread: plainly(err)}
	}
	for _, c := range apart.all { // those that an earlier restore has replaced are missing already
		if !slices.ContainsFunc(past, func(s Restored) bool { return s.replaced(c) }) {
			m.Entries = max(m.Entries, c.Seq-end.seq)
		}
	}
	return s, m, ctx.Err()
}

// beyond finds what the present ledger r has that the backup has not, and where their histories part.
func (r *Reader) beyond(ctx context.Context, backup *Reader, s *Restored, key Key) (m Missing, restores []Restored, err error) {
	present, err := chainOf(ctx, r.db)
	if err != nil {
		return m, nil, err
	}
	if present.seq > s.Known {
		s.Known, s.KnownHash = present.seq, present.hash[:]
	}
	// The present ledger may itself come of a restore that the backup is from before: there they part.
	restores, _, err = r.restores(ctx, key.Public())
	if err != nil {
		return m, nil, err
	}
	for _, past := range restores {
		var both bool
		err := backup.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM meta WHERE key = ? AND value = ?)",
			fmt.Sprintf("%s%d", restorePrefix, past.Seq), past.text()).Scan(&both)
		if err != nil {
			return m, nil, err
		}
		if !both && past.Entry < s.Common {
			s.Common = past.Entry
		}
	}
	m.Entries, m.Counted = max(0, present.seq-s.Common), true
	err = r.db.QueryRowContext(ctx, "SELECT count(*) FROM decisions WHERE seq > ?", s.Common).Scan(&m.Decisions)
	if err != nil {
		return m, nil, err
	}
	err = r.db.QueryRowContext(ctx, "SELECT count(*) FROM erasures WHERE seq > ? AND who <> ?", s.Common, retention).Scan(&m.Forgotten)
	if err != nil {
		return m, nil, err
	}
	if m.PINs, err = unlike(ctx, r.PINs, backup.PINs); err != nil {
		return m, nil, err
	}
	asOf := func(r *Reader) func(context.Context) ([]Token, error) {
		return func(ctx context.Context) ([]Token, error) { return r.Tokens(ctx, s.At.Time) }
	}
	m.Tokens, err = unlike(ctx, asOf(r), asOf(backup))
	return m, restores, err
}

// unlike counts what one list has that the other has not, or has otherwise.
func unlike[T any](ctx context.Context, present, backup func(context.Context) ([]T, error)) (n int, err error) {
	now, err := present(ctx)
	if err != nil {
		return 0, err
	}
	then, err := backup(ctx)
	for _, x := range now {
		if !slices.ContainsFunc(then, func(y T) bool { return reflect.DeepEqual(x, y) }) {
			n++
		}
	}
	return n, err
}

// takePlace adds the statement to the copy and puts it in the place of the ledger.
func (r *Restoration) takePlace(ctx context.Context, path, part string, key Key, s Restored, checkpoints string) error {
	l, err := open(part, key, nil)
	if err != nil {
		return err
	}
	s, err = l.stateRestore(ctx, s)
	var c Checkpoint
	if err == nil {
		c, err = l.checkpoint(ctx)
	}
	if err := errors.Join(err, l.Close()); err != nil {
		return err
	}
	if _, err := os.Stat(part + "-wal"); err == nil {
		return errors.New("another program has the copy open")
	}
	owner, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		owner, err = os.Stat(filepath.Dir(path))
	} else if err == nil {
		r.Kept, err = keepAside(ctx, path, r.Missing.Unread == "")
	}
	if err == nil {
		own(part, owner)
		own(path+".lock", owner)
		err = errors.Join(syncFile(part), put(part, path, true))
	}
	if err != nil {
		return err
	}
	r.Done, r.Restores = true, append(r.Restores, s)
	r.Entries, r.Head = c.Seq, c.Hash
	err = (&Ledger{checkpoints: checkpoints}).appendCheckpoint(c)
	if err == nil && checkpoints != "" {
		own(checkpoints, owner)
	}
	return err
}
