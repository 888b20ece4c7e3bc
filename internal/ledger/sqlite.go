package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
)

// applicationID stands in the header of every ledger ("DWLG"), so that no other database is taken for one.
const applicationID = 0x44574c47

// SQLiteVersion returns the version of the SQLite that is linked in.
func SQLiteVersion() string {
	v, _, _ := sqlite3.Version()
	return v
}

// busyTimeout is how long a statement waits for a lock that a shell or a backup holds. It is short, because callers
// wait behind it.
const busyTimeout = "2000" // milliseconds

// dsn returns the connection string of the file: pragmas belong to connections, so every connection gets them here.
// The file is never created by it: a ledger that was moved away must not be replaced by an empty one.
func dsn(path string, readOnly bool) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	q := url.Values{
		"mode":          {"rw"},
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		"_busy_timeout": {busyTimeout},
		"_cache_size":   {"-16384"}, // KiB
		"_mutex":        {"no"},     // database/sql lets one goroutine at a time use a connection
	}
	q.Set("_secure_delete", "on") // what is erased is not to be read in free pages
	if readOnly {
		q.Del("_secure_delete")
		q.Set("mode", "ro")
		q.Set("_query_only", "on")
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String(), nil
}

// openReadPool opens up to size read-only connections, the first at once.
func openReadPool(ctx context.Context, path string, size int) (*sql.DB, error) {
	name, err := dsn(path, true)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// querier is what look-ups need of a connection or a pool.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// list runs a query and reads all its rows, each with one.
func list[T any](ctx context.Context, q querier, text string, args []any,
	one func(scan func(...any) error) (T, error),
) ([]T, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	var all []T
	for rows.Next() {
		v, err := one(rows.Scan)
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		all = append(all, v)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}

// conn is the one connection that writes. Only the writer's goroutine uses it.
type conn struct {
	*sql.Conn
	db  *sql.DB
	end link // of the chain, with what the transaction has added

	prepared []*sql.Stmt // all of the following

	begin, commit, rollback         *sql.Stmt
	savepoint, release, undo        *sql.Stmt
	addDecision, addEvaluation      *sql.Stmt
	addCall, callState              *sql.Stmt
	setAnswer, setEnd               *sql.Stmt
	addRegion, announce, settle     *sql.Stmt
	addEntry, addFacet, addRunFacet *sql.Stmt
	takeUse, noteUse, costly        *sql.Stmt

	addCharge, chargeOf, setCharge, addSpending   *sql.Stmt
	accountMonths, addReservation, reservationsOf *sql.Stmt
	reserveInAccount, useAccount                  *sql.Stmt
	settleReservation, noteAlert                  *sql.Stmt
}

// openConn opens the connection, after check has seen the file and before anything in it may change. It prepares
// nothing, as there may be no tables yet.
func openConn(ctx context.Context, path string, check func(context.Context, querier) error) (*conn, error) {
	name, err := dsn(path, false)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	c := &conn{db: db}
	if c.Conn, err = db.Conn(ctx); err == nil {
		err = check(ctx, c.Conn)
	}
	if err == nil {
		err = c.beDurable(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return c, nil
}

// anything is a check for openConn that finds nothing wrong.
func anything(context.Context, querier) error { return nil }

// beDurable turns WAL on, and makes sure that it is on: some file systems refuse it without an error.
func (c *conn) beDurable(ctx context.Context) error {
	var mode string
	var synchronous int
	if err := c.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if err := c.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous); err != nil {
		return err
	}
	if mode != "wal" || synchronous != 2 {
		return fmt.Errorf("the file system gives journal mode %s and synchronous %d, want wal and 2 (FULL): "+
			"keep the ledger on a local disk", mode, synchronous)
	}
	// A WAL that a long read made grow is cut back to this at its next restart.
	_, err := c.ExecContext(ctx, fmt.Sprintf("PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = %d", copiedByWriter))
	return err
}

// prepare makes the statements that every call needs.
func (c *conn) prepare(ctx context.Context) error {
	for _, s := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&c.begin, "BEGIN IMMEDIATE"},
		{&c.commit, "COMMIT"},
		{&c.rollback, "ROLLBACK"},
		{&c.savepoint, "SAVEPOINT request"},
		{&c.release, "RELEASE request"},
		{&c.undo, "ROLLBACK TO request"},
		{&c.addDecision, addDecision},
		{&c.addEvaluation, addEvaluation},
		{&c.addCall, "INSERT INTO calls (decision_id) VALUES (?)"},
		{&c.callState, callState},
		{&c.setAnswer, setAnswer},
		{&c.setEnd, setEnd},
		{&c.addRegion, addRegion},
		{&c.addEntry, addEntry},
		{&c.addFacet, "INSERT INTO facets (block, facet, value, ids) VALUES (?, ?, ?, ?)"},
		{&c.addRunFacet, "INSERT INTO run_facets (run, facet, value, ids) VALUES (?, ?, ?, ?)"},
		{&c.announce, announce},
		{&c.takeUse, takeUse},
		{&c.noteUse, noteUse},
		{&c.costly, costly},
		{&c.addCharge, addCharge},
		{&c.chargeOf, chargeOf},
		{&c.setCharge, setCharge},
		{&c.addSpending, addSpending},
		{&c.accountMonths, accountMonths},
		{&c.addReservation, addReservation},
		{&c.reservationsOf, reservationsOf},
		{&c.reserveInAccount, reserveInAccount},
		{&c.useAccount, useAccount},
		{&c.settleReservation, settleReservation},
		{&c.noteAlert, noteAlert},
		{&c.settle, "DELETE FROM challenges WHERE channel = ?"},
	} {
		var err error
		if *s.stmt, err = c.PrepareContext(ctx, s.text); err != nil {
			return err
		}
		c.prepared = append(c.prepared, *s.stmt)
	}
	return nil
}

// close closes the connection with all that was prepared on it. database/sql does not do that for a connection of one's
// own, and SQLite keeps the file open, and its log, as long as a statement is left.
func (c *conn) close() error {
	var errs []error
	for _, s := range c.prepared {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.Conn.Close(), c.db.Close())...)
}

// isFault reports whether err is about the file and not about the request that met it: then no neighbour in the same
// transaction can succeed either.
func isFault(err error) bool {
	e, ok := sqliteError(err)
	switch {
	case errors.Is(err, errChain):
		return true
	case !ok:
		return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
	case e.Code == sqlite3.ErrConstraint, e.Code == sqlite3.ErrTooBig, e.Code == sqlite3.ErrMismatch:
		return false
	}
	return true
}

// isBroken reports whether a fault may have left the connection unsound. A lock and a full disk do not.
func isBroken(err error) bool {
	e, ok := sqliteError(err)
	if ok && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked || e.Code == sqlite3.ErrFull) {
		return false
	}
	return isFault(err)
}

func sqliteError(err error) (e sqlite3.Error, ok bool) {
	ok = errors.As(err, &e)
	return e, ok
}
