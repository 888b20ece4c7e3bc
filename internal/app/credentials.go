package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/gate"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/lockout"
)

// openLockout counts wrong PINs and tokens on, as the policy in force says.
func (a *App) openLockout(ctx context.Context) error {
	l, err := lockout.Open(ctx, a.ledger, func() call.Tries { return a.policy.Edition().Book.Handset.Tries })
	if err != nil {
		return fmt.Errorf("the wrong PINs of earlier: %w", err)
	}
	a.lockout = l
	return nil
}

// conversations is the ledger as the gate wants it. It satisfies gate.Ledger.
type conversations struct{ *ledger.Ledger }

// ChangePIN gives a PIN other digits. What a caller can do about a failure is call.ErrPINUnfit, or call.ErrPINTaken.
func (c conversations) ChangePIN(ctx context.Context, id int64, digits call.Secret) error {
	if err := ledger.CheckPIN(digits, ""); err != nil {
		return fmt.Errorf("%w: %w", call.ErrPINUnfit, err)
	}
	err := c.Ledger.ChangePIN(ctx, id, digits)
	switch {
	case errors.Is(err, ledger.ErrPINTrivial):
		return fmt.Errorf("%w: %w", call.ErrPINUnfit, err)
	case errors.Is(err, ledger.ErrPINTaken):
		return fmt.Errorf("%w: %w", call.ErrPINTaken, err)
	}
	return err
}

// pins is what operators do with PINs while calls go on: phones that are open by a PIN are closed when one changes. It
// satisfies control.PINs.
type pins struct {
	*ledger.Ledger
	gate *gate.Gate
}

// ChangePIN gives a PIN other digits.
func (p pins) ChangePIN(ctx context.Context, id int64, digits call.Secret) error {
	defer p.gate.CloseAll()
	return p.Ledger.ChangePIN(ctx, id, digits)
}

// DisablePIN takes a PIN away.
func (p pins) DisablePIN(ctx context.Context, id int64) error {
	defer p.gate.CloseAll()
	return p.Ledger.DisablePIN(ctx, id)
}

// Forget takes a person out of the ledger.
func (p pins) Forget(ctx context.Context, holder, who, reason string) (int, error) {
	defer p.gate.CloseAll()
	return p.Ledger.Forget(ctx, holder, who, reason)
}

// verifyApprover looks up the PIN that an approver typed on his phone. One that is for some classes of numbers only says
// who he is all the same. Where the phone is locked, nothing is proved.
func (a *App) verifyApprover(ctx context.Context, extension string, digits call.Secret) (call.Credential, error) {
	var proved call.Credential
	_, err := a.lockout.Look(ctx, extension, func(ctx context.Context) (wrong bool, err error) {
		v, err := a.ledger.Prove(ctx, call.Claim{Kinds: []call.CredentialKind{call.PIN}, Digits: digits, Extension: extension})
		if v.Fault == "" || v.Fault == call.FaultClass {
			proved = v.Credential
			proved.Valid = err == nil
		}
		return v.Fault.Guessed(), err
	})
	return proved, err
}
