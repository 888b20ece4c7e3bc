package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// keepTries is how long wrong tries are kept. The policy counts those of minutes or hours.
const keepTries = 7 * 24 * time.Hour

// WrongTry makes durable that digits were wrong at a phone, so that a restart does not let a thief begin anew. Tries that
// are a week old go.
//
// Errors: those of Record.
func (l *Ledger) WrongTry(ctx context.Context, extension string) error {
	now := l.now()
	_, err := l.updateAll(ctx,
		update{"INSERT INTO pin_tries (at, extension) VALUES (?, ?)", []any{Time{now}, printable(extension)}},
		update{"DELETE FROM pin_tries WHERE at < ?", []any{Time{now.Add(-keepTries)}}})
	if err != nil {
		return fmt.Errorf("ledger: wrong try not recorded: %w", err)
	}
	return nil
}

// WrongTries lists the wrong tries since a moment, in the order in which they were made.
func (l *Ledger) WrongTries(ctx context.Context, since time.Time) ([]call.WrongTry, error) {
	tries, err := list(ctx, l.reads, "SELECT at, extension FROM pin_tries WHERE at >= ? ORDER BY id", []any{Time{since}.String()},
		func(scan func(...any) error) (t call.WrongTry, err error) {
			var at Time
			err = scan(&at, &t.Extension)
			t.At = at.Time
			return t, err
		})
	if err != nil {
		return nil, fmt.Errorf("ledger: wrong tries: %w", err)
	}
	return tries, nil
}

// ForgetTries forgets the wrong tries of a phone, of all phones for "", and returns how many those were. Who wanted it is
// recorded (table unlocks).
//
// Errors: a plain one if nobody is named, and those of Record.
func (l *Ledger) ForgetTries(ctx context.Context, extension, who string) (n int, err error) {
	if who = oneLine(who); who == "" {
		return 0, errors.New("ledger: no tries forgotten: who wants it is needed")
	}
	extension = printable(extension)
	err = l.write(ctx, func(ctx context.Context, c *conn) error {
		forgotten, err := c.update(ctx, update{"DELETE FROM pin_tries WHERE ?1 = '' OR extension = ?1", []any{extension}})
		if err != nil {
			return err
		}
		n = int(forgotten)
		_, err = c.ExecContext(ctx, "INSERT INTO unlocks (at, who, extension, tries) VALUES (?, ?, ?, ?)",
			Time{l.now()}, who, extension, n)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("ledger: tries not forgotten: %w", err)
	}
	return n, nil
}
