package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// The shortest and the longest PIN.
const (
	MinPIN = 4
	MaxPIN = 12
)

// PIN is one PIN as it may be shown: neither its digits nor its hash leave the ledger.
type PIN struct {
	ID         int64        `json:"id"`
	Holder     string       `json:"holder"`
	Department string       `json:"department"`
	Level      int          `json:"level"`
	Extension  string       `json:"extension"` // the holder's own phone; may be empty
	Classes    []call.Class `json:"classes"`   // what may be called with it; none: whatever the policy lets a PIN do
	ValidFrom  Time         `json:"valid_from"`
	ValidTo    Time         `json:"valid_to"` // zero: until it is disabled
	CreatedAt  Time         `json:"created_at"`
	ChangedAt  Time         `json:"changed_at"`  // when it last got other digits; zero: never
	DisabledAt Time         `json:"disabled_at"` // zero while it is valid
}

// AddPIN gives the owner a PIN and returns its id.
//
// Errors: ErrPINTaken if the digits are or were another PIN, or a token; ErrPINTrivial for digits that are easy to guess
// (CheckPIN); a plain one for anything but 4 to 12 digits, and for an owner without a name, of a class that there is not,
// or whose time ends before it begins or has ended already; and those of Record. No error tells a digit.
func (l *Ledger) AddPIN(ctx context.Context, pin call.Secret, owner call.PINOwner) (int64, error) {
	created := Time{l.now()}
	classes, err := checkOwner(owner, created.Time)
	if err := errors.Join(CheckPIN(pin, owner.Extension), err); err != nil {
		return 0, fmt.Errorf("ledger: PIN not added: %w", err)
	}
	hash := l.key.hashPIN(pin)
	var id int64
	err = l.write(ctx, func(ctx context.Context, c *conn) error {
		if err := c.checkFree(ctx, hash); err != nil {
			return err
		}
		result, err := c.ExecContext(ctx, `INSERT INTO pins (hash, holder, department, level, created_at, extension,
			valid_from, valid_to, classes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			hash, printable(owner.Holder), printable(owner.Department), owner.Level, created, printable(owner.Extension),
			Time{owner.ValidFrom}, Time{owner.ValidTo}, classes)
		if err != nil {
			return err
		}
		id, err = result.LastInsertId()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("ledger: PIN not added: %w", err)
	}
	return id, nil
}

// checkFree returns ErrPINTaken for a hash of digits that are or were a PIN or a token. So no two credentials ever have the
// same digits, and a look-up finds one at most.
func (c *conn) checkFree(ctx context.Context, hash []byte) error {
	var taken bool
	err := c.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pins WHERE hash = ?1)
		OR EXISTS (SELECT 1 FROM tokens WHERE hash = ?1) OR EXISTS (SELECT 1 FROM retired_pins WHERE hash = ?1)`, hash).Scan(&taken)
	if err == nil && taken {
		return ErrPINTaken
	}
	return err
}

// ChangePIN gives a PIN other digits, at once. Nobody gets the old ones again, its holder neither.
//
// Errors: ErrNotFound if there is no such PIN; ErrPINDisabled; ErrPINTaken and ErrPINTrivial as for AddPIN, the PIN's own
// digits are taken, too; and those of Record. After an error the old digits are good.
func (l *Ledger) ChangePIN(ctx context.Context, id int64, pin call.Secret) error {
	hash, at := l.key.hashPIN(pin), Time{l.now()}
	err := l.write(ctx, func(ctx context.Context, c *conn) error {
		var extension string
		var disabled Time
		err := c.QueryRowContext(ctx, "SELECT extension, disabled_at FROM pins WHERE id = ?", id).Scan(&extension, &disabled)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrNotFound
		case err != nil:
			return err
		case !disabled.IsZero():
			return ErrPINDisabled
		}
		if err := CheckPIN(pin, extension); err != nil {
			return err
		}
		if err := c.checkFree(ctx, hash); err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, "INSERT INTO retired_pins (hash, pin_id, at) SELECT hash, id, ? FROM pins WHERE id = ?", at, id); err != nil {
			return err
		}
		_, err = c.ExecContext(ctx, "UPDATE pins SET hash = ?, changed_at = ? WHERE id = ?", hash, at, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: PIN %d not changed: %w", id, err)
	}
	return nil
}

// DisablePIN makes a PIN invalid from now on; nobody else can get its digits. A PIN that is disabled already stays so.
//
// Errors: ErrNotFound if there is no such PIN, and those of Record.
func (l *Ledger) DisablePIN(ctx context.Context, id int64) error {
	at := Time{l.now()}
	err := l.write(ctx, func(ctx context.Context, c *conn) error {
		result, err := c.ExecContext(ctx,
			"UPDATE pins SET disabled_at = coalesce(disabled_at, ?) WHERE id = ?", at, id)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); n != 0 || err != nil {
			return err
		}
		return ErrNotFound
	})
	if err != nil {
		return fmt.Errorf("ledger: PIN %d not disabled: %w", id, err)
	}
	return nil
}

// checkOwner says what is wrong with an owner, and returns the classes as they are stored.
func checkOwner(o call.PINOwner, now time.Time) (classes string, err error) {
	switch {
	case strings.TrimSpace(o.Holder) == "":
		return "", errors.New("a PIN needs a holder's name")
	case o.Level < 0:
		return "", fmt.Errorf("level %d: want 0 or more", o.Level)
	case o.Extension != "" && !call.IsDialString(o.Extension):
		return "", fmt.Errorf("extension %q: want digits that can be dialled", printable(o.Extension))
	case !o.ValidTo.IsZero() && !o.ValidTo.After(o.ValidFrom):
		return "", errors.New("the PIN's time ends before it begins: want valid_to after valid_from")
	case !o.ValidTo.IsZero() && !o.ValidTo.After(now):
		return "", fmt.Errorf("valid_to %s is over already", Time{o.ValidTo})
	}
	if err := checkTimes(o.ValidFrom, o.ValidTo); err != nil {
		return "", err
	}
	var words []string
	for _, c := range o.Classes {
		if err := checkClass(c); err != nil {
			return "", err
		}
		words = append(words, string(c))
	}
	slices.Sort(words)
	return strings.Join(slices.Compact(words), ","), nil
}

// checkClass refuses a class that nobody needs a credential for, or can have one for.
func checkClass(c call.Class) error {
	if c != call.Emergency && c != call.Invalid && slices.Contains(call.Classes(), c) {
		return nil
	}
	var words []string
	for _, known := range call.Classes() {
		if known != call.Emergency && known != call.Invalid {
			words = append(words, string(known))
		}
	}
	return fmt.Errorf("class %q: want one of %s", printable(string(c)), strings.Join(words, ", "))
}

// readClasses reads classes as they are stored.
func readClasses(text string) []call.Class {
	classes := []call.Class{}
	for word := range strings.SplitSeq(text, ",") {
		if word != "" {
			classes = append(classes, call.Class(word))
		}
	}
	return classes
}

// PINs lists all PINs by id, the disabled ones too. There are no digits and no hashes in it.
func (r *Reader) PINs(ctx context.Context) ([]PIN, error) {
	pins, err := list(ctx, r.db, `SELECT id, holder, department, level, extension, classes, valid_from, valid_to,
		created_at, changed_at, disabled_at FROM pins ORDER BY id`,
		nil, func(scan func(...any) error) (p PIN, err error) {
			var classes string
			err = scan(&p.ID, &p.Holder, &p.Department, &p.Level, &p.Extension, &classes, &p.ValidFrom, &p.ValidTo,
				&p.CreatedAt, &p.ChangedAt, &p.DisabledAt)
			p.Classes = readClasses(classes)
			return p, err
		})
	if err != nil {
		return nil, r.fail("PINs", err)
	}
	return pins, nil
}
