package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// sample is what the ledger writes for some decisions.
type sample struct{ tables []table }

// table is the part of a sample in one table: a row for each decision, the decision's id as its key.
type table struct {
	insert string
	key    int // the column of the id
	rows   [][]driver.NamedValue
}

// sampleRows records some decisions in a ledger of its own and reads what became of them from every table that has a row for
// each.
func sampleRows(ctx context.Context, dir string, key ledger.Key, samples int) (_ *sample, err error) {
	path := filepath.Join(dir, "sample.db")
	l, err := ledger.Open(path, key)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(fill(ctx, l, samples), l.Close()); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, `SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND (c.name = 'decision_id' OR t.name = 'decisions' AND c.name = 'id')
		ORDER BY t.name <> 'decisions', t.name`)
	if err != nil {
		return nil, err
	}
	var names [][2]string
	for rows.Next() {
		var n [2]string
		if err := rows.Scan(&n[0], &n[1]); err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	s := &sample{}
	for _, n := range names {
		t, err := read(ctx, db, n[0], n[1])
		if err != nil {
			return nil, err
		}
		if len(t.rows) == samples {
			s.tables = append(s.tables, t)
		}
	}
	return s, rows.Err()
}

// fill records the samples.
func fill(ctx context.Context, l *ledger.Ledger, samples int) error {
	const callers = 256
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for n := i; n < samples && errs[i] == nil; n += callers {
				_, errs[i] = l.Record(ctx, decision(int64(n)))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// read reads a whole table.
func read(ctx context.Context, db *sql.DB, name, key string) (t table, err error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+name+" ORDER BY "+key) //nolint:gosec // names of our own schema
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return t, err
	}
	t.insert = fmt.Sprintf("INSERT INTO %s VALUES (?%s)", name, strings.Repeat(", ?", len(columns)-1))
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return t, err
		}
		row := make([]driver.NamedValue, len(columns))
		for i, v := range values {
			row[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
			if columns[i] == key {
				t.key = i
			}
		}
		t.rows = append(t.rows, row)
	}
	return t, rows.Err()
}

// bare writes rows into a ledger's tables with nothing between it and SQLite's driver.
type bare struct {
	db     *sql.DB
	conn   *sql.Conn
	sample *sample
	last   int64 // id
	begin  driver.StmtExecContext
	end    driver.StmtExecContext
	insert []driver.StmtExecContext
}

// openBare makes an empty ledger and opens it with the settings that the ledger itself uses.
func openBare(ctx context.Context, path string, key ledger.Key, s *sample) (*bare, error) {
	l, err := ledger.Open(path, key)
	if err != nil {
		return nil, err
	}
	if err := l.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+
		"?mode=rw&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=on&_cache_size=-16384&_mutex=no")
	if err != nil {
		return nil, err
	}
	b := &bare{db: db, sample: s}
	if b.conn, err = db.Conn(ctx); err == nil {
		err = b.prepare(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return b, nil
}

func (b *bare) prepare(ctx context.Context) error {
	return b.conn.Raw(func(c any) error {
		var err error
		one := func(text string) driver.StmtExecContext {
			s, e := prepared(ctx, c, text)
			err = errors.Join(err, e)
			return s
		}
		b.begin, b.end = one("BEGIN IMMEDIATE"), one("COMMIT")
		for _, t := range b.sample.tables {
			b.insert = append(b.insert, one(t.insert))
		}
		return err
	})
}

// prepared is a statement of the driver's connection c.
func prepared(ctx context.Context, c any, text string) (driver.StmtExecContext, error) {
	conn, ok := c.(driver.ConnPrepareContext)
	if !ok {
		return nil, fmt.Errorf("the driver's %T prepares nothing", c)
	}
	stmt, err := conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s, ok := stmt.(driver.StmtExecContext)
	if !ok {
		return nil, fmt.Errorf("the driver's %T carries out nothing", stmt)
	}
	return s, nil
}

// commit writes n decisions in one transaction.
func (b *bare) commit(ctx context.Context, n int) error {
	return b.conn.Raw(func(any) error {
		if _, err := b.begin.ExecContext(ctx, nil); err != nil {
			return err
		}
		for range n {
			b.last++
			for i, t := range b.sample.tables {
				row := t.rows[b.last%int64(len(t.rows))]
				row[t.key].Value = b.last
				if _, err := b.insert[i].ExecContext(ctx, row); err != nil {
					return err
				}
			}
		}
		_, err := b.end.ExecContext(ctx, nil)
		return err
	})
}

func (b *bare) close() error { return errors.Join(b.conn.Close(), b.db.Close()) }
