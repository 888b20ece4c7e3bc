package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/dialwarden/dialwarden/internal/approval"
	"github.com/dialwarden/dialwarden/internal/ari"
	"github.com/dialwarden/dialwarden/internal/call"
)

// openApprovals makes the room that asks approvers. It rings phones once there is a connection to Asterisk.
func (a *App) openApprovals(context.Context) error {
	a.Approvals = approval.New(approval.Config{
		Phones:   ringer{a},
		Holder:   func(extension string) call.Caller { return a.policy.Edition().Book.Directory.Caller(extension) },
		Verify:   a.verifyApprover,
		Dialogue: approval.DefaultDialogue(),
		Log:      a.log,
	})
	return nil
}

// ringer connects the room of approvals to the adapter. It satisfies approval.Phones.
type ringer struct{ app *App }

// Ring implements approval.Phones.
func (r ringer) Ring(ctx context.Context, wanted call.Ringing) (approval.Phone, error) {
	p, err := r.app.ari.Ring(ctx, wanted)
	switch {
	case errors.Is(err, ari.ErrAway):
		return nil, fmt.Errorf("%w: %w", approval.ErrAway, err)
	case err != nil:
		return nil, err
	}
	return p, nil
}

// approvers asks approvers as long as there is a connection to Asterisk. It satisfies gate.Approvals.
type approvers struct {
	*approval.Room
	app *App
}

// Available reports whether a phone can be rung now.
func (r approvers) Available() bool { return r.app.ari.Connected() }
