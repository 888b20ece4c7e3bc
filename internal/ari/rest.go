package ari

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

const (
	requestTimeout = 3 * time.Second // for one REST request, from dialling to the last byte
	idleConns      = 64              // kept open; more callers at once than that are rare
)

// What Asterisk may have against a request; errors.Is finds them in errors of this package.
var (
	ErrLogin     = errors.New("check asterisk.username and the password file against ari.conf")
	ErrForbidden = errors.New("the user of ari.conf must say read_only = no")
)

// rest sends commands to Asterisk. It is safe for concurrent use.
type rest struct {
	base   *url.URL // …/ari
	user   string
	pass   string
	client *http.Client
}

func newREST(base *url.URL, user, pass string) *rest {
	return &rest{base: base, user: user, pass: pass, client: &http.Client{
		Timeout: requestTimeout,
		Transport: &http.Transport{
			DialContext:           dial,
			MaxIdleConns:          idleConns,
			MaxIdleConnsPerHost:   idleConns,
			IdleConnTimeout:       10 * time.Second, // less than Asterisk's session_keep_alive, so that it never closes first
			ResponseHeaderTimeout: requestTimeout,
			DisableCompression:    true,
		},
	}}
}

// do sends a request to base + path and decodes the answer into out unless that is nil. It returns call.ErrGone when
// Asterisk does not know the channel or the channel has left us.
func (r *rest) do(ctx context.Context, method, path string, query url.Values, body, out any) error {
	u := *r.base
	u.RawPath = u.EscapedPath() + path
	u.Path, _ = url.PathUnescape(u.RawPath)
	u.RawQuery = query.Encode()
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), content)
	if err != nil {
		return err
	}
	req.SetBasicAuth(r.user, r.pass)
	// Every request may be sent again when Asterisk closed an idle connection under it: a second `continue` finds the
	// channel gone. The key says so to the transport; without a value it is not sent.
	req.Header["X-Idempotency-Key"] = nil
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := fault(resp); err != nil {
		return err
	}
	if out == nil {
		_, err = io.Copy(io.Discard, resp.Body) // an unread body closes the connection
		return err
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// fault turns an answer that is not 2xx into an error.
func fault(resp *http.Response) error {
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	var answer struct {
		Message string `json:"message"`
	}
	_ = json.NewDecoder(io.LimitReader(resp.Body, 4096)).Decode(&answer) // some faults have no body
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096))
	err := fmt.Errorf("asterisk answers %s: %s", resp.Status, answer.Message)
	switch resp.StatusCode {
	case http.StatusNotFound, http.StatusConflict: // no such channel; channel not in our application
		return fmt.Errorf("%w: %w", call.ErrGone, err)
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: %w", err, ErrLogin)
	case http.StatusForbidden:
		return fmt.Errorf("%w: %w", err, ErrForbidden)
	}
	return err
}
