package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// The headers of a message, besides Content-Type.
const (
	HeaderTimestamp   = "Dialwarden-Timestamp" // of the try: seconds since 1970
	HeaderSignature   = "Dialwarden-Signature" // see Sign
	HeaderIdempotency = "Idempotency-Key"      // the alert's ID
)

// largestAnswer is how many bytes are read of an answer, so that the connection can be used again.
const largestAnswer = 64 << 10

// Webhook is a receiver of alerts.
type Webhook struct {
	Name    string
	URL     string // http or https
	Secret  string // that messages are signed with
	Kinds   []call.AlertKind
	To      []string
	Timeout time.Duration // of one try
}

// wants reports whether an alert is for the receiver: its kind is one of Kinds, and whom it is to one of To, where there are
// such.
func (w Webhook) wants(a call.Alert) bool {
	return (len(w.Kinds) == 0 || slices.Contains(w.Kinds, a.Kind)) && (len(w.To) == 0 || slices.Contains(w.To, a.To))
}

// Sign returns the signature of a message: HMAC-SHA256 under the secret over the timestamp, a full stop and the body, in
// hexadecimal digits.
func Sign(secret, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(timestamp + "."))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// message is the body.
type message struct {
	call.Alert
	Site string `json:"site"`
}

// poster sends messages to one receiver.
type poster struct {
	hook   Webhook
	site   string
	client *http.Client
}

func newPoster(w Webhook, site string) *poster {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		client.Transport = t.Clone() // of its own: no receiver waits for another's connections
	}
	return &poster{hook: w, site: site, client: client}
}

// post sends an alert once. Any answer of 200 to 299 is good. Status is that of the answer, 0 if none came. The error holds
// neither the address nor the secret.
func (p *poster) post(ctx context.Context, a call.Alert) (status int, err error) {
	body, err := json.Marshal(message{a, p.site})
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.hook.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.hook.URL, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("the address cannot be used")
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "dialwarden")
	req.Header.Set(HeaderTimestamp, timestamp)
	req.Header.Set(HeaderSignature, Sign(p.hook.Secret, timestamp, body))
	req.Header.Set(HeaderIdempotency, a.ID)
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, p.withoutAddress(ctx, err)
	}
	_, _ = io.CopyN(io.Discard, resp.Body, largestAnswer) // what it says does not matter
	_ = resp.Body.Close()
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return resp.StatusCode, nil
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return resp.StatusCode, fmt.Errorf("the receiver answers %d: it redirects; give the address that it names, if that is right", resp.StatusCode)
	}
	return resp.StatusCode, fmt.Errorf("the receiver answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
}

// withoutAddress is what was wrong with a request: addresses of receivers can hold secrets.
func (p *poster) withoutAddress(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v", p.hook.Timeout)
	}
	if inner := (*url.Error)(nil); errors.As(err, &inner) {
		err = inner.Err
	}
	return err
}
