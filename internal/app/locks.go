package app

import (
	"context"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// Locks lets phones try again that are locked after wrong tries: what the ledger keeps of those is forgotten.
type Locks struct{ Ledger *ledger.Ledger }

// Unlock forgets the wrong tries of a phone, of all phones for "", and returns how many those were.
//
// Errors: those of ledger.ForgetTries.
func (l Locks) Unlock(ctx context.Context, extension, who string) (int, error) {
	return l.Ledger.ForgetTries(ctx, extension, who)
}
