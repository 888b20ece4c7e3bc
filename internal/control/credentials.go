package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/dialwarden/dialwarden/internal/call"
)

// PINs changes PINs.
type PINs interface {
	AddPIN(ctx context.Context, pin call.Secret, owner call.PINOwner) (id int64, err error)
	ChangePIN(ctx context.Context, id int64, pin call.Secret) error
	DisablePIN(ctx context.Context, id int64) error
}

// Tokens issues tokens and takes them away.
type Tokens interface {
	IssueToken(ctx context.Context, terms call.TokenTerms) (id int64, digits call.Secret, err error)
	RevokeToken(ctx context.Context, id int64, who string) error
}

// Locks lets phones try again that are locked after wrong tries.
type Locks interface {
	// Unlock forgets the wrong tries of a phone, of all phones for "", and returns how many those were.
	Unlock(ctx context.Context, extension, who string) (tries int, err error)
}

// newPIN is the request to add a PIN. The digits travel over the socket only, and are wrapped at once.
type newPIN struct {
	PIN string `json:"pin"`
	call.PINOwner
}

// digits is the request to change a PIN.
type digits struct {
	PIN string `json:"pin"`
}

// issued is the answer to a request for a token; its digits travel over the socket only.
type issued struct {
	ID     int64  `json:"id"`
	Digits string `json:"digits"`
}

// unlocking is the request to let phones try again.
type unlocking struct {
	Extension string `json:"extension"`
	Who       string `json:"who"`
}

// revoking is the request to take a token away.
type revoking struct {
	Who string `json:"who"`
}

// errUnread is told of a body that cannot be read, without the cause: that might quote digits.
var errUnread = errors.New("the request cannot be read")

func handleCredentials(mux *http.ServeMux, v Verbs) {
	mux.HandleFunc("POST /pins", answer(func(r *http.Request) (any, error) {
		var in newPIN
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody)).Decode(&in); err != nil {
			return nil, errUnread
		}
		id, err := v.PINs.AddPIN(r.Context(), call.NewSecret(in.PIN), in.PINOwner)
		return map[string]int64{"id": id}, err
	}))
	mux.HandleFunc("POST /pins/{id}/change", answer(func(r *http.Request) (any, error) {
		id, err := idOf(r, "PIN")
		if err != nil {
			return nil, err
		}
		var in digits
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody)).Decode(&in); err != nil {
			return nil, errUnread
		}
		return struct{}{}, v.PINs.ChangePIN(r.Context(), id, call.NewSecret(in.PIN))
	}))
	mux.HandleFunc("POST /pins/{id}/disable", answer(func(r *http.Request) (any, error) {
		id, err := idOf(r, "PIN")
		if err != nil {
			return nil, err
		}
		return struct{}{}, v.PINs.DisablePIN(r.Context(), id)
	}))
	mux.HandleFunc("POST /unlock", answer(func(r *http.Request) (any, error) {
		var in unlocking
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody)).Decode(&in); err != nil {
			return nil, errUnread
		}
		n, err := v.Locks.Unlock(r.Context(), in.Extension, in.Who)
		return map[string]int{"tries": n}, err
	}))
	mux.HandleFunc("POST /tokens", answer(func(r *http.Request) (any, error) {
		var in call.TokenTerms
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody)).Decode(&in); err != nil {
			return nil, errUnread
		}
		id, digits, err := v.Tokens.IssueToken(r.Context(), in)
		return issued{id, digits.Reveal()}, err
	}))
	mux.HandleFunc("POST /tokens/{id}/revoke", answer(func(r *http.Request) (any, error) {
		id, err := idOf(r, "token")
		if err != nil {
			return nil, err
		}
		var in revoking
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody)).Decode(&in); err != nil {
			return nil, errUnread
		}
		return struct{}{}, v.Tokens.RevokeToken(r.Context(), id, in.Who)
	}))
}

// idOf reads the id in the path of a request about something.
func idOf(r *http.Request, what string) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("a %s's id is a number", what)
	}
	return id, nil
}

// AddPIN has the daemon add a PIN.
func (c *Client) AddPIN(ctx context.Context, pin call.Secret, owner call.PINOwner) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out struct{ ID int64 }
	err := c.post(ctx, "/pins", newPIN{PIN: pin.Reveal(), PINOwner: owner}, &out)
	return out.ID, err
}

// ChangePIN has the daemon give a PIN other digits.
func (c *Client) ChangePIN(ctx context.Context, id int64, pin call.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.post(ctx, fmt.Sprintf("/pins/%d/change", id), digits{pin.Reveal()}, nil)
}

// DisablePIN has the daemon disable a PIN.
func (c *Client) DisablePIN(ctx context.Context, id int64) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.post(ctx, fmt.Sprintf("/pins/%d/disable", id), nil, nil)
}

// Unlock has the daemon let phones try again.
func (c *Client) Unlock(ctx context.Context, extension, who string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out struct{ Tries int }
	err := c.post(ctx, "/unlock", unlocking{extension, who}, &out)
	return out.Tries, err
}

// IssueToken has the daemon issue a token.
func (c *Client) IssueToken(ctx context.Context, terms call.TokenTerms) (int64, call.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out issued
	err := c.post(ctx, "/tokens", terms, &out)
	return out.ID, call.NewSecret(out.Digits), err
}

// RevokeToken has the daemon take a token away.
func (c *Client) RevokeToken(ctx context.Context, id int64, who string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.post(ctx, fmt.Sprintf("/tokens/%d/revoke", id), revoking{who}, nil)
}
