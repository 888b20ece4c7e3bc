package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Policies exchanges the policy in force. The error is a *Refusal where the policy is at fault: then nothing has changed.
type Policies interface {
	// Reload reads the policy directory again.
	Reload(ctx context.Context, by call.Trigger) (call.PolicyChange, error)
	// Push puts files, by names like rules/local.rego, in the place of those in the policy directory.
	Push(ctx context.Context, files map[string][]byte) (call.PolicyChange, error)
	// Rollback does so with a revision of the ledger; empty means the one before the present one.
	Rollback(ctx context.Context, revision string) (call.PolicyChange, error)
}

// Refusal says what is wrong with a policy that was not put in force: a line for each fault, with file, line and column.
type Refusal struct{ Message string }

// Error implements error.
func (r *Refusal) Error() string { return r.Message }

// rollback is the request to go back.
type rollback struct {
	Revision string `json:"revision"`
}

func handlePolicies(mux *http.ServeMux, p Policies) {
	mux.HandleFunc("POST /reload", answer(func(r *http.Request) (any, error) {
		return p.Reload(r.Context(), call.ByReload)
	}))
	mux.HandleFunc("POST /policy", answer(func(r *http.Request) (any, error) {
		var files map[string][]byte
		if err := decode(r, largestPolicy, &files); err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, errors.New("a policy without files was sent")
		}
		return p.Push(r.Context(), files)
	}))
	mux.HandleFunc("POST /policy/rollback", answer(func(r *http.Request) (any, error) {
		var in rollback
		if err := decode(r, largestBody, &in); err != nil {
			return nil, err
		}
		return p.Rollback(r.Context(), in.Revision)
	}))
}

// decode reads a request's body; nothing in it is secret.
func decode(r *http.Request, largest int64, into any) error {
	body := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largest))
	if err := body.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the request cannot be read: %w", err)
	}
	return nil
}

// Reload has the daemon read its policy directory again. The trigger is always call.ByReload.
func (c *Client) Reload(ctx context.Context, _ call.Trigger) (out call.PolicyChange, err error) {
	err = c.post(ctx, "/reload", nil, &out)
	return out, err
}

// Push has the daemon put another policy in force.
func (c *Client) Push(ctx context.Context, files map[string][]byte) (out call.PolicyChange, err error) {
	err = c.post(ctx, "/policy", files, &out)
	return out, err
}

// Rollback has the daemon put an earlier policy in force.
func (c *Client) Rollback(ctx context.Context, revision string) (out call.PolicyChange, err error) {
	err = c.post(ctx, "/policy/rollback", rollback{revision}, &out)
	return out, err
}
