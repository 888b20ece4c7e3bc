package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Channel is one of Asterisk's channels, as ARI shows it.
type Channel struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	State  string `json:"state"` // Down, Ring, Ringing, Up, …
	Caller struct {
		Number string `json:"number"`
	} `json:"caller"`
	Dialplan struct {
		Context string `json:"context"`
		Exten   string `json:"exten"`
		AppName string `json:"app_name"`
		AppData string `json:"app_data"`
	} `json:"dialplan"`
}

// Channels returns Asterisk's channels.
func (l *Lab) Channels(ctx context.Context) ([]Channel, error) {
	var channels []Channel
	if err := l.get(ctx, "/channels", &channels); err != nil {
		return nil, err
	}
	return channels, nil
}

// WaitIdle waits until Asterisk has no channel left.
func (l *Lab) WaitIdle(ctx context.Context) error {
	var last []Channel
	err := poll(ctx, 20*time.Millisecond, func() (bool, error) {
		var err error
		last, err = l.Channels(ctx)
		return len(last) == 0, err
	})
	if err != nil {
		return fmt.Errorf("waiting for Asterisk to have no channel: %w; left: %+v", err, last)
	}
	return nil
}

// WaitApplication waits until somebody has connected over ARI under the application's name: from then on Stasis(name)
// reaches him.
func (l *Lab) WaitApplication(ctx context.Context, name string) error {
	var last error
	err := poll(ctx, 20*time.Millisecond, func() (bool, error) {
		last = l.get(ctx, "/applications/"+url.PathEscape(name), &struct{}{})
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the ARI application %q: %w; last answer: %w", name, err, last)
	}
	return nil
}

// ariReady waits until the REST interface answers.
func (l *Lab) ariReady(ctx context.Context) error {
	var last error
	err := poll(ctx, 20*time.Millisecond, func() (bool, error) {
		last = l.get(ctx, "/asterisk/info", &struct{}{})
		return last == nil, nil
	})
	return errors.Join(err, last)
}

func (l *Lab) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.ARIURL()+path, http.NoBody)
	if err != nil {
		return err
	}
	req.Close = true // Asterisk may be restarted between two requests
	req.SetBasicAuth(ARIUser, l.password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %s", path, resp.Status, body)
	}
	return json.Unmarshal(body, into)
}
