package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
)

// schemaObject is a table, an index, a view or a trigger, with the text that made it.
type schemaObject struct{ kind, name, table, text string }

// schema holds what the file is made of against what this version makes: a view that was put in another's place lies to
// whoever reads it, and a trigger can. A trigger that only refuses may be gone, as the chain tells what it would have
// refused; so may an index. Tables, views and indexes of others may be there.
func (v *verifier) schema(ctx context.Context) error {
	want, err := madeSchema(ctx)
	if err != nil {
		return err
	}
	is, err := schemaObjects(ctx, v.reader.db)
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, w := range want {
		ours[w.name] = true
		i := slices.IndexFunc(is, func(o schemaObject) bool { return o.name == w.name })
		switch {
		case i < 0 && w.kind != "index" && !strings.Contains(w.name, refuses):
			v.found("schema", 0, "the %s %s was removed", w.kind, w.name)
		case i >= 0 && is[i] != w:
			v.found("schema", 0, "the %s %s was changed", w.kind, w.name)
		}
	}
	for _, o := range is {
		if o.kind == "trigger" && !ours[o.name] && ours[o.table] {
			v.found("schema", 0, "the trigger %s was put in: it can change what is recorded", o.name)
		}
	}
	return nil
}

// refuses is in the names of triggers that do nothing but refuse.
const refuses = "_no_"

func schemaObjects(ctx context.Context, q querier) ([]schemaObject, error) {
	return list(ctx, q, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name", nil,
		func(scan func(...any) error) (o schemaObject, err error) {
			err = scan(&o.kind, &o.name, &o.table, &o.text)
			return o, err
		})
}

// madeSchema is what all migrations make of an empty file.
func madeSchema(ctx context.Context) (made []schemaObject, err error) {
	all, err := migrations(embedded)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c := &conn{db: db}
	if c.Conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	if err := migrate(ctx, c, all); err != nil {
		return nil, err
	}
	return schemaObjects(ctx, c.Conn)
}
