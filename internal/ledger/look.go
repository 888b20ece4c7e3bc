package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Look is a look at whole numbers, or an export of them.
type Look struct {
	ID     int64  `json:"id"`
	At     Time   `json:"at"`
	Who    string `json:"who"`    // an account
	What   string `json:"what"`   // list, show, tail, export …
	Filter string `json:"filter"` // what was asked for, as JSON
}

// RecordLook makes durable that somebody sees whole numbers. Whoever shows them does so only after it has returned nil.
// The errors are those of Record, and a plain one for a look of nobody.
func (l *Ledger) RecordLook(ctx context.Context, who, what, filter string) error {
	who, what, filter = oneLine(who), oneLine(what), oneLine(filter)
	if who == "" || what == "" {
		return errors.New("ledger: look not recorded: who looks, and what at, are needed")
	}
	at := Time{l.now().Truncate(time.Millisecond)}
	err := l.write(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.insert(ctx, kindLook, "looks", lookColumns, at, who, what, filter)
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: look not recorded: %w", err)
	}
	return nil
}

// Looks lists the newest looks, the newest first; 0 means all.
func (r *Reader) Looks(ctx context.Context, limit int) ([]Look, error) {
	if limit <= 0 {
		limit = -1
	}
	looks, err := list(ctx, r.db, "SELECT id, at, who, what, filter FROM looks ORDER BY id DESC LIMIT ?", []any{limit},
		func(scan func(...any) error) (k Look, err error) {
			err = scan(&k.ID, &k.At, &k.Who, &k.What, &k.Filter)
			return k, err
		})
	if err != nil {
		return nil, fmt.Errorf("ledger: looks: %w", err)
	}
	return looks, nil
}
