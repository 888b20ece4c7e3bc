package asking

import (
	"cmp"
	"context"
	"database/sql"
	"strings"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// open opens the ledger as its writer, with a key beside it.
func open(path string) (*ledger.Ledger, error) {
	key, err := ledger.LoadOrCreateKey(path + ".key")
	if err != nil {
		return nil, err
	}
	return ledger.Open(path, key)
}

// build builds the facets.
func build(ctx context.Context, path string) (err error) {
	l, err := open(path)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, l.Close()) }()
	return l.Index(ctx)
}

// addRows makes as many decisions as its argument says. Each is made of its id, by arithmetic that looks random.
const addRows = `
INSERT INTO decisions (id, at, recorded_at, source, channel, adopted, extension, holder, department, dialled, number, class,
  action, rule, reason, policy_revision, shadow, seq, numbers_seal, person_seal, evaluation_seal)
SELECT id, at, at, 'ari', '1763888400.' || id, 0, 1000 + ext, 'Holder ' || ext, 'Department ' || (ext % 40), substr(number, 4),
  number, class, CASE (class = 'mobile') + (ext % 2) WHEN 1 THEN 'deny' ELSE 'allow' END,
  CASE WHEN h % 1000 = 7 THEN 'rare' WHEN ext % 2 = 1 THEN 'odd' ELSE 'even' END,
  'the reason that was given', '3f6c1a90e2b44f0d', '[]', 2 * id, zeroblob(16), zeroblob(16), zeroblob(16)
FROM (SELECT id, h, at, (h / 64) % 2000 AS ext,
    CASE WHEN h % 2 THEN 'mobile' WHEN h % 4 = 2 THEN 'national' WHEN h % 16 = 4 THEN 'international' ELSE 'local' END AS class,
    CASE WHEN id <= ?1 / 100 THEN '+4420' || printf('%08d', h % 100000000)
      WHEN h % 3 = 0 THEN '+8610123' || printf('%04d', h % 10000) ELSE '+861' || printf('%010d', h * 7 % 10000000000) END AS number
  FROM (SELECT i AS id, (i * 2654435761 + i / 7 * 40503) % 1099511627776 / 16 AS h,
      strftime('%Y-%m-%dT%H:%M:%fZ', 1735689600 + i * 31536000.0 / ?1, 'unixepoch') AS at
    FROM (WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i FROM n)))`

// makeLog makes a ledger with so many decisions.
func makeLog(ctx context.Context, path string, rows int) (err error) {
	l, err := open(path)
	if err != nil {
		return err
	}
	if err := l.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", path+"?_synchronous=OFF&_cache_size=-500000")
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	var drop, again string
	// Indexes are made when the rows are there; the trigger that keeps order costs a look-up each and finds nothing here.
	err = db.QueryRowContext(ctx, `SELECT group_concat('DROP ' || type || ' ' || name, ';'), group_concat(sql, ';') FROM sqlite_schema
		WHERE tbl_name = 'decisions' AND (type = 'index' OR name = 'decisions_no_replace')`).Scan(&drop, &again)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		text string
		args []any
	}{
		{drop, nil},
		{strings.TrimSpace(addRows), []any{rows}},
		{"INSERT INTO evaluations SELECT id, at, 37, '{}', '{}' FROM decisions", nil},
		{"INSERT INTO calls (decision_id, answered_at, ended_at, seconds, cost_minor, cause, end_source, seq) SELECT id, at, at, id % 600, NULL, 16, 'ari', 2 * id + 1 FROM decisions", nil},
		{again, nil},
	} {
		if _, err := db.ExecContext(ctx, step.text, step.args...); err != nil {
			return err
		}
	}
	return nil
}
