package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// The shortest and the longest PIN.
const (
	MinPIN = 4
	MaxPIN = 12
)

// PIN is one PIN as it may be shown: neither its digits nor its hash leave the ledger.
type PIN struct {
	ID         int64  `json:"id"`
	Holder     string `json:"holder"`
	Department string `json:"department"`
	Level      int    `json:"level"`
	CreatedAt  Time   `json:"created_at"`
	DisabledAt Time   `json:"disabled_at"` // zero while it is valid
}

// AddPIN gives the owner a PIN and returns its id.
//
// Errors: ErrPINTaken if the digits belong to another PIN, disabled ones included; a plain one for anything but 4 to
// 12 digits, for digits that everybody tries first (all the same, or a run up or down), and for an owner without a
// name; and those of Record. No error tells a digit.
func (l *Ledger) AddPIN(ctx context.Context, pin call.Secret, owner call.PINOwner) (int64, error) {
	if err := errors.Join(CheckPIN(pin), checkOwner(owner)); err != nil {
		return 0, fmt.Errorf("ledger: PIN not added: %w", err)
	}
	hash, created := l.key.hashPIN(pin), Time{l.now()}
	var id int64
	err := l.write(ctx, func(ctx context.Context, c *conn) error {
		result, err := c.ExecContext(ctx,
			"INSERT INTO pins (hash, holder, department, level, created_at) VALUES (?, ?, ?, ?, ?)",
			hash, printable(owner.Holder), printable(owner.Department), owner.Level, created)
		if isUnique(err) {
			return ErrPINTaken
		}
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

// VerifyPIN returns whom the PIN proves, or false if it is unknown or disabled. The digits are looked up by their
// HMAC, so what the time of the look-up might tell is about the HMAC, from which nobody without the key learns
// anything about the digits. Every PIN costs the same look-up, valid or not.
func (l *Ledger) VerifyPIN(ctx context.Context, pin call.Secret) (call.Credential, bool, error) {
	c := call.Credential{Valid: true}
	err := l.reads.QueryRowContext(ctx,
		"SELECT id, holder, department, level FROM pins WHERE hash = ? AND disabled_at IS NULL", l.key.hashPIN(pin)).
		Scan(&c.ID, &c.Holder, &c.Department, &c.Level)
	if errors.Is(err, sql.ErrNoRows) {
		return call.Credential{}, false, nil
	}
	if err != nil {
		return call.Credential{}, false, fmt.Errorf("ledger: PIN not verified: %w", err)
	}
	return c, true, nil
}

// CheckPIN says what makes digits no good for a new PIN, without telling one: their number, or that everybody tries
// them first.
func CheckPIN(pin call.Secret) error {
	digits := pin.Reveal()
	switch {
	case len(digits) < MinPIN || len(digits) > MaxPIN || strings.Trim(digits, "0123456789") != "":
		return fmt.Errorf("a PIN is %d to %d digits, nothing but 0 to 9", MinPIN, MaxPIN)
	case isRun(digits, 0):
		return errors.New("all digits are the same: choose a PIN that is harder to guess")
	case isRun(digits, 1), isRun(digits, 9):
		return errors.New("the digits are a run up or down: choose a PIN that is harder to guess")
	}
	return nil
}

// isRun reports whether each digit is step above the one before, 0 following 9.
func isRun(digits string, step byte) bool {
	for i := 1; i < len(digits); i++ {
		if (digits[i-1]-'0'+step)%10 != digits[i]-'0' {
			return false
		}
	}
	return true
}

func checkOwner(o call.PINOwner) error {
	if strings.TrimSpace(o.Holder) == "" {
		return errors.New("a PIN needs a holder's name")
	}
	if o.Level < 0 {
		return fmt.Errorf("level %d: want 0 or more", o.Level)
	}
	return nil
}
