package control_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/control"
)

// tokens is a ledger made of functions.
type tokens struct {
	issue  func(call.TokenTerms) (int64, call.Secret, error)
	revoke func(int64, string) error
}

func (k tokens) IssueToken(_ context.Context, t call.TokenTerms) (int64, call.Secret, error) {
	return k.issue(t)
}
func (k tokens) RevokeToken(_ context.Context, id int64, who string) error { return k.revoke(id, who) }

// locks is a daemon's, made of one function.
type locks func(extension, who string) (int, error)

func (l locks) Unlock(_ context.Context, extension, who string) (int, error) {
	return l(extension, who)
}

// TestCredentials carries everything over the socket as it is, and no digit into the log.
func TestCredentials(t *testing.T) {
	from := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	owner := call.PINOwner{Holder: "李伟", Extension: "103", ValidFrom: from, Classes: []call.Class{call.Mobile}}
	terms := call.TokenTerms{Approver: "Zhang Min", Extension: "101", Prefix: "+86", Uses: 3, Expires: from, MaxSeconds: 60, Reason: "x"}
	fault := errors.New("not in the ledger")
	socket, log := daemon(t, control.Verbs{
		PINs: pins{
			add: func(_ call.Secret, o call.PINOwner) (int64, error) {
				if !reflect.DeepEqual(o, owner) {
					return 0, fmt.Errorf("got %+v", o)
				}
				return 3, nil
			},
			change: func(id int64, pin call.Secret) error {
				if id != 3 || pin.Reveal() != "135713" {
					return fault
				}
				return nil
			},
		},
		Tokens: tokens{
			issue: func(got call.TokenTerms) (int64, call.Secret, error) {
				if got != terms {
					return 0, call.Secret{}, fmt.Errorf("got %+v", got)
				}
				return 9, call.NewSecret("58392174"), nil
			},
			revoke: func(id int64, who string) error {
				if id != 9 || who != "root" {
					return fault
				}
				return nil
			},
		},
		Locks: locks(func(extension, who string) (int, error) {
			if who != "root" {
				return 0, fault
			}
			return len(extension), nil
		}),
	})
	c := dial(t, socket)
	if id, err := c.AddPIN(t.Context(), call.NewSecret("246824"), owner); id != 3 || err != nil {
		t.Errorf("added %d, %v", id, err)
	}
	if id, digits, err := c.IssueToken(t.Context(), terms); id != 9 || digits.Reveal() != "58392174" || err != nil {
		t.Errorf("issued %d, %v", id, err)
	}
	if n, err := c.Unlock(t.Context(), "103", "root"); n != 3 || err != nil {
		t.Errorf("unlocked %d, %v", n, err)
	}
	if err := errors.Join(c.ChangePIN(t.Context(), 3, call.NewSecret("135713")), c.RevokeToken(t.Context(), 9, "root")); err != nil {
		t.Error(err)
	}
	_, lockErr := c.Unlock(t.Context(), "103", "")
	for _, err := range []error{c.ChangePIN(t.Context(), 4, call.NewSecret("135713")), c.RevokeToken(t.Context(), 8, "root"), lockErr} {
		if err == nil || err.Error() != fault.Error() {
			t.Errorf("got %v, want the daemon's own words", err)
		}
	}
	if log.Len() > 0 {
		t.Errorf("the log says: %s", log)
	}
}
