package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// What a token may be.
const (
	tokenDigits  = 8
	maxTokenUses = 1000
	maxTokenDays = 366
	maxTokenCap  = 24 * 60 * 60 // seconds
)

// TokenState says whether a token is good.
type TokenState string

// The states of a token.
const (
	TokenValid   TokenState = "valid"
	TokenUsedUp  TokenState = "used up"
	TokenExpired TokenState = "expired"
	TokenRevoked TokenState = "revoked"
)

// Token is one token as it may be shown: neither its digits nor its hash leave the ledger.
type Token struct {
	ID         int64      `json:"id"`
	State      TokenState `json:"state"`
	Approver   string     `json:"approver"`
	Extension  string     `json:"extension"` // empty: any
	Number     string     `json:"number"`    // one of these three is not empty
	Prefix     string     `json:"prefix"`
	Class      call.Class `json:"class"`
	Uses       int        `json:"uses"`
	Used       int        `json:"used"`
	IssuedAt   Time       `json:"issued_at"`
	ExpiresAt  Time       `json:"expires_at"`
	MaxSeconds int        `json:"max_seconds"` // 0: as the policy says
	Reason     string     `json:"reason"`
	RevokedAt  Time       `json:"revoked_at"`
	RevokedBy  string     `json:"revoked_by"`
}

// stateAt says whether the token is good at a moment.
func (t Token) stateAt(now time.Time) TokenState {
	switch {
	case !t.RevokedAt.IsZero():
		return TokenRevoked
	case !now.Before(t.ExpiresAt.Time):
		return TokenExpired
	case t.Used >= t.Uses:
		return TokenUsedUp
	}
	return TokenValid
}

// IssueToken makes a token of 8 random digits that no PIN and no other token has, or had, and returns its id and its
// digits. They are to be shown once: the ledger cannot tell them again.
//
// Errors: a plain one that names the field of the terms that is wrong, and those of Record.
func (l *Ledger) IssueToken(ctx context.Context, t call.TokenTerms) (id int64, digits call.Secret, err error) {
	now := l.now()
	if err := checkTerms(t, now); err != nil {
		return 0, call.Secret{}, fmt.Errorf("ledger: token not issued: %w", err)
	}
	for range 100 { // digits that are taken are very rare
		digits = newTokenDigits()
		hash := l.key.hashPIN(digits)
		err = l.write(ctx, func(ctx context.Context, c *conn) error {
			if err := c.checkFree(ctx, hash); err != nil {
				return err
			}
			result, err := c.ExecContext(ctx, `INSERT INTO tokens (hash, approver, extension, number, prefix, class, uses,
				issued_at, expires_at, max_seconds, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				hash, oneLine(t.Approver), t.Extension, t.Number, t.Prefix, string(t.Class), t.Uses, Time{now}, Time{t.Expires},
				t.MaxSeconds, oneLine(t.Reason))
			if err != nil {
				return err
			}
			id, err = result.LastInsertId()
			return err
		})
		if !errors.Is(err, ErrPINTaken) {
			break
		}
	}
	if err != nil {
		return 0, call.Secret{}, fmt.Errorf("ledger: token not issued: %w", err)
	}
	return id, digits, nil
}

// newTokenDigits makes digits up, none that somebody would try first.
func newTokenDigits() call.Secret {
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
		if err != nil {
			panic(err) // never fails
		}
		if digits := call.NewSecret(fmt.Sprintf("%0*d", tokenDigits, n)); CheckPIN(digits, "") == nil {
			return digits
		}
	}
}

// checkTerms names the first field that is wrong.
func checkTerms(t call.TokenTerms, now time.Time) error {
	targets := 0
	for _, target := range []string{t.Number, t.Prefix, string(t.Class)} {
		if target != "" {
			targets++
		}
	}
	switch {
	case oneLine(t.Approver) == "":
		return errors.New("approver: a token needs the name of who gives it")
	case t.Extension != "" && (!call.IsDialString(t.Extension) || t.Extension[0] == '+'):
		return fmt.Errorf("extension %q: want the digits of a phone, or nothing for any", printable(t.Extension))
	case targets != 1:
		return fmt.Errorf("number, prefix, class: want one of the three, not %d", targets)
	case t.Number != "" && !isCallable(t.Number, 4):
		return fmt.Errorf("number %q: want + and the country code, like +8610…, or a short code as it stands", printable(t.Number))
	case t.Prefix != "" && !isCallable(t.Prefix, 1):
		return fmt.Errorf("prefix %q: want + and the country code, like +8610, or the beginning of a short code", printable(t.Prefix))
	case t.Uses < 1 || t.Uses > maxTokenUses:
		return fmt.Errorf("uses %d: want 1 to %d", t.Uses, maxTokenUses)
	case !Time{t.Expires}.After(now):
		return fmt.Errorf("expires %q: want a moment in the future", Time{t.Expires})
	case t.Expires.After(now.AddDate(0, 0, maxTokenDays)):
		return fmt.Errorf("expires %s: want at most %d days from now", Time{t.Expires}, maxTokenDays)
	case t.MaxSeconds < 0 || t.MaxSeconds > maxTokenCap:
		return fmt.Errorf("max_seconds %d: want 0 (as the policy says) to %d", t.MaxSeconds, maxTokenCap)
	case t.Class != "":
		return checkClass(t.Class)
	}
	return nil
}

// isCallable reports whether s is + with a country code and at least so many digits, at most 15; or digits, * and #.
func isCallable(s string, least int) bool {
	digits, international := strings.CutPrefix(s, "+")
	if !international {
		return call.IsDialString(s)
	}
	return len(digits) >= least && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// RevokeToken takes a token away, at once. One that is revoked already stays as it was.
//
// Errors: ErrNotFound if there is no such token, a plain one if nobody is named, and those of Record.
func (l *Ledger) RevokeToken(ctx context.Context, id int64, who string) error {
	if who = oneLine(who); who == "" {
		return fmt.Errorf("ledger: token %d not revoked: who wants it is needed", id)
	}
	n, err := l.updateAll(ctx, update{`UPDATE tokens SET revoked_by = iif(revoked_at IS NULL, ?, revoked_by),
		revoked_at = coalesce(revoked_at, ?) WHERE id = ?`, []any{who, Time{l.now()}, id}})
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("ledger: token %d not revoked: %w", id, err)
	}
	return nil
}

// Tokens lists all tokens by id, with their states at a moment. There are no digits and no hashes in it.
func (r *Reader) Tokens(ctx context.Context, now time.Time) ([]Token, error) {
	tokens, err := list(ctx, r.db, `SELECT id, approver, extension, number, prefix, class, uses, used, issued_at, expires_at,
		max_seconds, reason, revoked_at, coalesce(revoked_by, '') FROM tokens ORDER BY id`, nil,
		func(scan func(...any) error) (t Token, err error) {
			err = scan(&t.ID, &t.Approver, &t.Extension, &t.Number, &t.Prefix, &t.Class, &t.Uses, &t.Used, &t.IssuedAt,
				&t.ExpiresAt, &t.MaxSeconds, &t.Reason, &t.RevokedAt, &t.RevokedBy)
			t.State = t.stateAt(now)
			return t, err
		})
	if err != nil {
		return nil, r.fail("tokens", err)
	}
	return tokens, nil
}

// tokenUse is one use of a token, which a decision takes in the transaction that writes it.
type tokenUse struct {
	token   int64
	returns bool
	at      Time
}

const (
	takeUse = `UPDATE tokens SET used = used + 1 WHERE id = ? AND used < uses AND revoked_at IS NULL AND expires_at > ?`
	noteUse = `INSERT INTO token_uses (decision_id, token_id, returns) VALUES (?, ?, ?)`
)

// take counts the use; call.ErrTokenSpent if there is none left.
func (u tokenUse) take(ctx context.Context, c *conn) error {
	result, err := c.takeUse.ExecContext(ctx, u.token, u.at)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); n != 0 || err != nil {
		return err
	}
	return call.ErrTokenSpent
}

// note says which decision took it.
func (u tokenUse) note(ctx context.Context, c *conn, decision int64) error {
	_, err := c.noteUse.ExecContext(ctx, decision, u.token, u.returns)
	return err
}

// giveBack returns the use that a decision took; the caller has seen that it has not come back yet.
func giveBack(ctx context.Context, c *conn, token, decision int64, at Time) error {
	for _, u := range []update{
		{"UPDATE tokens SET used = used - 1 WHERE id = ? AND used > 0", []any{token}},
		{"UPDATE token_uses SET returned_at = ? WHERE decision_id = ?", []any{at, decision}},
	} {
		if _, err := c.update(ctx, u); err != nil {
			return err
		}
	}
	return nil
}
