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

// selectClaim finds what digits are by their HMAC, always in all three tables, so that every claim costs the same: a PIN,
// one that was a PIN, a token.
const selectClaim = `SELECT 'pin', id, holder, department, level, disabled_at, valid_from, valid_to, classes, '', '', '', 1, 0, 0
	FROM pins WHERE hash = ?1
	UNION ALL SELECT 'pin', pin_id, '', '', 0, at, NULL, NULL, '', '', '', '', 1, 0, 0 FROM retired_pins WHERE hash = ?1
	UNION ALL SELECT 'token', id, approver, '', 0, revoked_at, NULL, expires_at, class, extension, number, prefix, uses, used, max_seconds
	FROM tokens WHERE hash = ?1`

// claimed is a PIN or a token that digits belong to.
type claimed struct {
	kind              call.CredentialKind
	credential        call.Credential
	disabled          Time
	validFrom         Time
	validTo           Time
	classes           []call.Class
	extension         string
	number, prefix    string
	uses, used, limit int
}

// Prove says what typed digits prove, and if they do not, why. Digits are looked up by their HMAC, so what the time of the
// look-up might tell is about the HMAC, from which nobody without the key learns anything about the digits.
//
// Where there is a fault, the credential says whose the digits are, where they are anybody's, and is not valid. That a
// token has a use left is held again, for good, by Record.
//
// The error is one of reading; then nothing is proved.
func (l *Ledger) Prove(ctx context.Context, claim call.Claim) (call.Verdict, error) {
	var f claimed
	var classes string
	c := &f.credential
	err := l.reads.QueryRowContext(ctx, selectClaim, l.key.hashPIN(claim.Digits)).
		Scan(&f.kind, &c.ID, &c.Holder, &c.Department, &c.Level, &f.disabled, &f.validFrom, &f.validTo, &classes,
			&f.extension, &f.number, &f.prefix, &f.uses, &f.used, &f.limit)
	if errors.Is(err, sql.ErrNoRows) {
		return call.Verdict{Fault: call.FaultUnknown}, nil
	}
	if err != nil {
		return call.Verdict{}, fmt.Errorf("ledger: digits not looked up: %w", err)
	}
	f.classes = readClasses(classes)
	v := call.Verdict{Kind: f.kind, Fault: f.fault(claim, l.now())}
	if v.Fault == "" {
		c.Valid, v.MaxSeconds = true, f.limit
	}
	if v.Fault == "" && f.kind == call.PIN {
		v.Reach = call.Reach{Classes: f.classes, Until: f.validTo.Time}
	}
	v.Credential = *c
	return v, nil
}

// fault says why the digits do not prove what is claimed; nothing if they do.
func (f claimed) fault(c call.Claim, now time.Time) call.Fault {
	key := c.Number.Key()
	switch {
	case !slices.Contains(c.Kinds, f.kind):
		return call.FaultKind
	case !f.disabled.IsZero():
		return call.FaultDisabled
	case now.Before(f.validFrom.Time):
		return call.FaultEarly
	case !f.validTo.IsZero() && !now.Before(f.validTo.Time):
		return call.FaultExpired
	case f.used >= f.uses:
		return call.FaultSpent
	case f.extension != "" && f.extension != c.Extension:
		return call.FaultExtension
	case f.number != "" && f.number != key, !strings.HasPrefix(key, f.prefix):
		return call.FaultNumber
	case len(f.classes) > 0 && !slices.Contains(f.classes, c.Number.Class):
		return call.FaultClass
	}
	return ""
}
