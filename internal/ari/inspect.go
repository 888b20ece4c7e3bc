package ari

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Inspector asks Asterisk how it is set up. It opens no event connection and decides no calls, so that it can be used
// beside a running daemon. Its errors are those of the connection (*url.Error), ErrLogin, ErrForbidden, call.ErrGone where
// Asterisk does not know what is asked for, and plain ones.
type Inspector struct {
	rest        *rest
	application string
}

// NewInspector returns an inspector; nothing is asked yet. A URL that is none is an error.
func NewInspector(cfg Config) (*Inspector, error) {
	base, err := address(cfg.URL)
	if err != nil {
		return nil, err
	}
	return &Inspector{rest: newREST(base, cfg.Username, cfg.Password), application: cfg.Application}, nil
}

// Close gives up idle connections.
func (i *Inspector) Close() { i.rest.client.CloseIdleConnections() }

// About is what Asterisk tells of itself.
type About struct {
	Version  string // 22.10.1
	Language string // of channels that have none of their own
}

// About asks what Asterisk this is.
func (i *Inspector) About(ctx context.Context) (About, error) {
	var out struct {
		System struct{ Version string }
		Config struct {
			DefaultLanguage string `json:"default_language"`
		}
	}
	err := i.get(ctx, "/asterisk/info", &out)
	return About{out.System.Version, out.Config.DefaultLanguage}, err
}

// Modules returns the names of the modules that are running, without .so.
func (i *Inspector) Modules(ctx context.Context) (map[string]bool, error) {
	var out []struct{ Name, Status string }
	if err := i.get(ctx, "/asterisk/modules", &out); err != nil {
		return nil, err
	}
	running := make(map[string]bool, len(out))
	for _, m := range out {
		if m.Status == "Running" {
			running[strings.TrimSuffix(m.Name, ".so")] = true
		}
	}
	return running, nil
}

// LogChannel is one place where Asterisk writes its log.
type LogChannel struct {
	Name   string   // /var/log/asterisk/full, syslog:local0, Console
	Levels []string // NOTICE, WARNING, ERROR, VERBOSE, DTMF, DEBUG …
}

// LogChannels returns where Asterisk writes its log, without what is switched off.
func (i *Inspector) LogChannels(ctx context.Context) ([]LogChannel, error) {
	var out []struct{ Channel, Type, Status, Configuration string }
	if err := i.get(ctx, "/asterisk/logging", &out); err != nil {
		return nil, err
	}
	var all []LogChannel
	for _, c := range out {
		if c.Status != "Disabled" {
			name := c.Channel
			if name == "" {
				name = c.Type
			}
			all = append(all, LogChannel{name, strings.Fields(strings.ToUpper(c.Configuration))})
		}
	}
	return all, nil
}

// Global returns a global variable of the dialplan; one that is not set is empty. ARI evaluates no functions here.
func (i *Inspector) Global(ctx context.Context, name string) (string, error) {
	var out struct{ Value string }
	err := i.rest.do(ctx, http.MethodGet, "/asterisk/variable", url.Values{"variable": {name}}, nil, &out)
	return out.Value, err
}

// Clock returns what Asterisk takes the time to be, in whole seconds.
func (i *Inspector) Clock(ctx context.Context) (time.Time, error) {
	text, err := i.Global(ctx, "EPOCH")
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("asterisk does not tell its time: %w", err)
	}
	return time.Unix(seconds, 0), nil
}

// Endpoint is a phone or a trunk.
type Endpoint struct {
	Technology string `json:"technology"` // PJSIP
	Resource   string `json:"resource"`   // 101
	State      string `json:"state"`      // online, offline, unknown
}

// Endpoints returns all endpoints.
func (i *Inspector) Endpoints(ctx context.Context) ([]Endpoint, error) {
	var out []Endpoint
	err := i.get(ctx, "/endpoints", &out)
	return out, err
}

// Sounds returns the languages of each sound file that Asterisk has, by its name without language and ending.
func (i *Inspector) Sounds(ctx context.Context) (map[string][]string, error) {
	var out []struct {
		ID      string
		Formats []struct{ Language string }
	}
	if err := i.get(ctx, "/sounds", &out); err != nil {
		return nil, err
	}
	all := make(map[string][]string, len(out))
	for _, s := range out {
		for _, f := range s.Formats {
			all[s.ID] = append(all[s.ID], f.Language)
		}
	}
	return all, nil
}

// Registered reports whether anybody has registered our application with Asterisk.
func (i *Inspector) Registered(ctx context.Context) (bool, error) {
	err := i.get(ctx, "/applications/"+url.PathEscape(i.application), nil)
	if errors.Is(err, call.ErrGone) {
		return false, nil
	}
	return err == nil, err
}

// How a probe of the dialplan is made, and how long its answer may take.
const (
	probeContext  = "dialwarden-doctor"
	probeVariable = "DIALWARDEN_PROBE"
	probePatience = 2 * time.Second
	probePause    = 20 * time.Millisecond
)

// Dialplan returns the version of our dialplan that Asterisk has loaded; 0 if it has none that answers. It sends a Local
// channel into a context of ours that only says its version: nothing rings, and there is no record of a call. Where the
// context is missing, Asterisk notes a failed call of no length. Noted reports whether events bring what our dialplan notes on
// channels (channelvars in ari.conf).
func (i *Inspector) Dialplan(ctx context.Context) (version int, noted bool, err error) {
	before, err := i.Global(ctx, probeVariable)
	if err != nil {
		return 0, false, err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(9e11))
	if err != nil {
		return 0, false, err
	}
	query := url.Values{
		"endpoint": {fmt.Sprintf("Local/%d@%s", n.Int64()+1e11, probeContext)},
		"context":  {probeContext}, "extension": {"h"}, "timeout": {"2"},
	}
	var probe struct{ ChannelVars map[string]string }
	if err := i.rest.do(ctx, http.MethodPost, "/channels", query, unrecorded, &probe); err != nil {
		return 0, false, err
	}
	_, decision := probe.ChannelVars[decisionVar]
	_, answered := probe.ChannelVars[answeredVar]
	version, err = i.answer(ctx, before)
	return version, decision && answered, err
}

// answer waits until a probe has noted its number and the version in place of what was there before. If it was somebody
// else's probe, its answer is as good.
func (i *Inspector) answer(ctx context.Context, before string) (int, error) {
	patience := time.After(probePatience)
	for {
		said, err := i.Global(ctx, probeVariable)
		if err != nil {
			return 0, err
		}
		if _, version, ok := strings.Cut(said, " "); ok && said != before {
			return strconv.Atoi(version)
		}
		select {
		case <-time.After(probePause):
		case <-patience:
			return 0, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (i *Inspector) get(ctx context.Context, path string, out any) error {
	return i.rest.do(ctx, http.MethodGet, path, nil, nil, out)
}
