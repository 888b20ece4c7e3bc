package ari

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Global returns a global variable of the dialplan; one that is not set is empty.
func (c *Client) Global(ctx context.Context, name string) (string, error) {
	var out struct{ Value string }
	err := c.rest.do(ctx, http.MethodGet, "/asterisk/variable", url.Values{"variable": {name}}, nil, &out)
	return out.Value, err
}

// Channel looks at one channel. One that is gone is call.ErrGone.
func (c *Client) Channel(ctx context.Context, id string) (call.Channel, error) {
	var ch channel
	err := c.rest.do(ctx, http.MethodGet, "/channels/"+url.PathEscape(id), nil, nil, &ch)
	out := describe(ch)
	out.Ours = c.isPhone(id)
	return out, err
}

// HangUp ends any channel, ours or not; cause is Q.850. One that is gone is no error.
func (c *Client) HangUp(ctx context.Context, channel string, cause int) error {
	return unlessGone(c.Cut(ctx, channel, cause))
}

// Cut is HangUp, but the error is call.ErrGone where there is no such channel.
func (c *Client) Cut(ctx context.Context, channel string, cause int) error {
	return c.rest.do(ctx, http.MethodDelete, "/channels/"+url.PathEscape(channel), url.Values{"reason_code": {strconv.Itoa(cause)}}, nil, nil)
}

// Decided reports whether our dialplan has noted a decision on a channel. It has not on one that is gone.
func (c *Client) Decided(ctx context.Context, channel string) (bool, error) {
	var out struct{ Value string }
	err := c.rest.do(ctx, http.MethodGet, "/channels/"+url.PathEscape(channel)+"/variable", url.Values{"variable": {decisionVar}}, nil, &out)
	if errors.Is(err, call.ErrGone) {
		return false, nil
	}
	id, _ := strconv.ParseInt(out.Value, 10, 64)
	return id > 0, err
}
