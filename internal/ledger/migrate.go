package ledger

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migration leads from schema version-1 to version.
type migration struct {
	version int
	name    string
	script  string
}

// migrations reads migrations/NNNN_name.sql of fsys, which must be numbered 1, 2, 3 … without a gap.
func migrations(fsys fs.FS) ([]migration, error) {
	names, err := fs.Glob(fsys, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for i, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		if version, err := strconv.Atoi(number); err != nil || version != i+1 {
			return nil, fmt.Errorf("%s: want number %04d in front", name, i+1)
		}
		script, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{version: i + 1, name: name, script: string(script)})
	}
	return all, nil
}

// Migration is told of a ledger of an earlier schema that is brought up to date.
type Migration struct {
	From, To int
	Done     bool          // it is up to date; else it begins
	Took     time.Duration // from its beginning
}

// WithMigration has report told when a ledger of an earlier schema is going to be brought up to date, which takes the
// longer the more is in it, and again when it is. It is not told of a new ledger.
func WithMigration(report func(Migration)) Option {
	return func(l *Ledger) { l.migration = report }
}

// bringUpToDate migrates the file, and tells.
func (l *Ledger) bringUpToDate(ctx context.Context, all []migration) error {
	version, err := schemaOf(ctx, l.conn.Conn, len(all))
	if err != nil {
		return err
	}
	told := l.migration != nil && version > 0 && version < len(all)
	began := time.Now()
	if told {
		l.migration(Migration{From: version, To: len(all)})
	}
	if err := migrate(ctx, l.conn, all); err != nil {
		return fmt.Errorf("bringing it from schema %d to %d failed, and has changed nothing since the last of them that succeeded: %s", version, len(all), plainly(err))
	}
	if told {
		l.migration(Migration{From: version, To: len(all), Done: true, Took: time.Since(began)})
	}
	return nil
}

// migrate brings the file to the newest schema of all, one transaction for each step. It only goes forward.
func migrate(ctx context.Context, c *conn, all []migration) error {
	version, err := schemaOf(ctx, c.Conn, len(all))
	if err != nil {
		return err
	}
	for _, m := range all[version:] {
		if err := apply(ctx, c, m); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// fillMark stands in a script where the program has to do what SQL cannot.
const fillMark = "-- FILL:"

// fills are what the program does at the mark of a version's script.
var fills = map[int]func(context.Context, *conn) error{4: fillChain}

// apply runs one migration and counts it in the same transaction.
func apply(ctx context.Context, c *conn, m migration) error {
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	first, last, fill := strings.Cut(m.script, fillMark)
	_, err := c.ExecContext(ctx, first)
	if err == nil && fill {
		err = fills[m.version](ctx, c)
	}
	if err == nil {
		_, err = c.ExecContext(ctx, fmt.Sprintf("%s\n;PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
			last, applicationID, m.version))
	}
	if err != nil {
		_, _ = c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // SQLite may have done it already
		return err
	}
	return nil
}

// schemaOf returns the schema version of the file, 0 for an empty one. It is an error if the file is no ledger, or is
// of a schema above newest.
func schemaOf(ctx context.Context, q querier, newest int) (int, error) {
	var id, version, tables int
	err := q.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)`).
		Scan(&id, &version, &tables)
	empty := id == 0 && version == 0 && tables == 0
	switch {
	case err != nil:
		return 0, err
	case !empty && id != applicationID:
		return 0, errors.New("a database of something else than Dialwarden")
	case version > newest:
		return 0, fmt.Errorf("written by a newer Dialwarden (schema %d, this one knows up to %d): use that one",
			version, newest)
	}
	return version, nil
}
