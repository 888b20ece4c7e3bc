package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Calls are those in progress.
type Calls interface {
	InProgress() []call.InProgress
	Extend(ctx context.Context, id int64, seconds int, who, reason string) (maxSeconds int, err error)
	Terminate(ctx context.Context, id int64, who, reason string) error
}

// intervention is the request to change a call in progress.
type intervention struct {
	Seconds int    `json:"seconds"`
	Who     string `json:"who"`
	Reason  string `json:"reason"`
}

func handleCalls(mux *http.ServeMux, calls Calls) {
	mux.HandleFunc("POST /calls", answer(func(*http.Request) (any, error) {
		return map[string]any{"calls": calls.InProgress()}, nil
	}))
	mux.HandleFunc("POST /calls/{id}/extend", answer(func(r *http.Request) (any, error) {
		id, in, err := readIntervention(r)
		if err != nil {
			return nil, err
		}
		limit, err := calls.Extend(r.Context(), id, in.Seconds, in.Who, in.Reason)
		return map[string]int{"max_seconds": limit}, err
	}))
	mux.HandleFunc("POST /calls/{id}/end", answer(func(r *http.Request) (any, error) {
		id, in, err := readIntervention(r)
		if err != nil {
			return nil, err
		}
		return struct{}{}, calls.Terminate(r.Context(), id, in.Who, in.Reason)
	}))
}

func readIntervention(r *http.Request) (id int64, in intervention, err error) {
	if id, err = strconv.ParseInt(r.PathValue("id"), 10, 64); err != nil {
		return 0, in, errors.New("a decision's id is a number")
	}
	err = decode(r, largestBody, &in)
	return id, in, err
}

// InProgress asks the daemon which calls go on.
func (c *Client) InProgress(ctx context.Context) ([]call.InProgress, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out struct{ Calls []call.InProgress }
	err := c.post(ctx, "/calls", nil, &out)
	return out.Calls, err
}

// Extend has the daemon let a call last so many seconds longer, and returns its new cap.
func (c *Client) Extend(ctx context.Context, id int64, seconds int, who, reason string) (maxSeconds int, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out struct {
		MaxSeconds int `json:"max_seconds"`
	}
	err = c.post(ctx, fmt.Sprintf("/calls/%d/extend", id), intervention{seconds, who, reason}, &out)
	return out.MaxSeconds, err
}

// Terminate has the daemon end a call.
func (c *Client) Terminate(ctx context.Context, id int64, who, reason string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.post(ctx, fmt.Sprintf("/calls/%d/end", id), intervention{Who: who, Reason: reason}, nil)
}
