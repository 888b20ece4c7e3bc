package ari

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/queue"
)

// Handler takes what Asterisk tells. Its methods are called one at a time, in the order of events, and must not block.
type Handler interface {
	// Arrive brings a call that waits to be decided; the entry tells apart the times that a channel comes.
	Arrive(a call.Attempt, entry string, l *Line)
	// Deliver brings what happened on a channel: call.Digit, call.PromptEnded, call.HungUp.
	Deliver(channel string, e call.Event)
	// Emergency tells of an emergency call that the dialplan let out by itself.
	Emergency(a call.Attempt)
	// Made tells of a channel that has come into being, but for phones that the client itself rings.
	Made(ch call.Channel)
	// Dialled tells that a channel has begun to call another one. The caller is the zero Channel where it is no channel
	// that calls (originate).
	Dialled(caller, peer call.Channel)
	// Ringing tells that a called channel rings, or is heard already; the caller is as with Dialled.
	Ringing(caller, peer call.Channel)
	// Answered tells that a called channel has answered; the caller is as with Dialled.
	Answered(caller, peer call.Channel, at time.Time)
	// NeedsChannel tells that the trunk has refused an emergency or an alarm call for want of a channel, at each try;
	// dialled is what the dialplan dials there: PJSIP/NUMBER@carrier.
	NeedsChannel(caller call.Channel, trunk, dialled string)
	// Ended tells that the channel does not exist any more; cause is Q.850.
	Ended(channel string, at time.Time, cause int)
	// Sweep brings what was found by looking at all channels.
	Sweep(s Snapshot)
}

// Config says how to reach Asterisk.
type Config struct {
	URL         string // http://127.0.0.1:8088/ari
	Username    string
	Password    string
	Application string
	Sounds      []string                   // files that Asterisk should have; what is missing is said in the log
	InPlaceOf   func(file string) []string // what to play in place of a file that it has not; nil for the file itself
	Log         zerolog.Logger
	Connected   func(context.Context) // called on each connection, before its first event; nil for nobody
}

// How a connection is kept, and how a lost one is found again.
const (
	pingEvery    = 3 * time.Second
	pingTimeout  = 4 * time.Second // with pingEvery: a dead connection is noticed within 7 s
	sweepEvery   = 5 * time.Second
	letGo        = time.Second            // for Asterisk to notice that an earlier connection is gone
	firstPause   = 250 * time.Millisecond // before reconnecting; doubled up to longestPause
	longestPause = 5 * time.Second
	largestEvent = 1 << 20 // bytes
)

// Client is the connection to one Asterisk. Use New, then Run.
type Client struct {
	cfg     Config
	rest    *rest
	sounds  *sounds
	socket  string // the WebSocket's URL
	handler Handler
	log     zerolog.Logger

	connected atomic.Bool

	mu     sync.Mutex
	phones map[string]*Phone        // that ring or talk for us, by channel
	words  map[string]chan struct{} // that are being whispered, by snooping channel; closed when one has ended
}

// Connected reports whether Asterisk's events arrive at this moment.
func (c *Client) Connected() bool { return c.connected.Load() }

// New returns a client that is not connected yet. A URL that is none is an error.
func New(cfg Config, h Handler) (*Client, error) {
	base, err := address(cfg.URL)
	if err != nil {
		return nil, err
	}
	ws := *base
	ws.Scheme = strings.Replace(base.Scheme, "http", "ws", 1)
	ws.Path += "/events"
	ws.RawQuery = url.Values{"app": {cfg.Application}}.Encode()
	return &Client{
		cfg: cfg, rest: newREST(base, cfg.Username, cfg.Password), sounds: &sounds{inPlaceOf: cfg.InPlaceOf},
		socket: ws.String(), handler: h, log: cfg.Log,
		phones: map[string]*Phone{}, words: map[string]chan struct{}{},
	}, nil
}

// address reads asterisk.url.
func address(written string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimSuffix(written, "/"))
	switch {
	case err != nil:
		return nil, fmt.Errorf("asterisk.url: %w", err)
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("asterisk.url: %q is no http:// or https:// address", written)
	case base.Host == "":
		return nil, fmt.Errorf("asterisk.url: %q names no host", written)
	}
	return base, nil
}

// Run keeps the client connected until ctx ends. It says once that Asterisk is away, and once that it is back.
func (c *Client) Run(ctx context.Context) {
	defer c.rest.client.CloseIdleConnections()
	pause, away := firstPause, false
	for ctx.Err() == nil {
		begun := time.Now()
		connected, err := c.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if connected {
			away = false
		}
		if connected && time.Since(begun) > longestPause { // else Asterisk is throwing us out again and again
			pause = firstPause
		}
		if !away {
			away = true
			c.log.Error().Err(err).Str("url", c.cfg.URL).
				Msg("no connection to Asterisk: emergency calls go out, all others are refused; trying again until it is there")
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, longestPause)
	}
}

// session is one connection, from dialling to its end. It reports whether it was ever connected, and why it ended.
func (c *Client) session(running context.Context) (connected bool, err error) {
	if err := c.awaitFormer(running); err != nil {
		return false, err
	}
	conn, err := c.dial(running)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithCancel(context.WithoutCancel(running)) // the end of a read's context would break the connection
	defer cancel()
	if err := c.subscribe(ctx); err != nil {
		return false, err
	}
	if err := c.filterEvents(ctx); err != nil {
		c.log.Warn().Err(err).Msg("Asterisk does not filter events; it will send more than is needed")
	}
	c.log.Info().Str("url", c.cfg.URL).Str("application", c.cfg.Application).Msg("connected to Asterisk")
	if c.cfg.Connected != nil {
		c.cfg.Connected(ctx)
	}
	c.connected.Store(true)
	defer c.connected.Store(false)

	frames := queue.New[[]byte]()
	ended := make(chan error, 3)
	go func() { ended <- read(ctx, conn, frames) }()
	go func() { ended <- c.watchOver(ctx, conn) }()
	if c.cfg.InPlaceOf != nil { // before the first caller is spoken to
		go c.keepSounds(ctx, c.lookAgain(ctx, 0))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.dispatch(ctx, frames)
	}()
	select {
	case err = <-ended:
	case <-running.Done():
		err = running.Err()
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}
	cancel()
	<-done // the handler is never called by two sessions at once
	return true, err
}

// awaitFormer gives Asterisk time to let go of the application of an earlier connection: of ours that broke, or of a
// daemon that was killed. Asterisk 22 can lock itself up when it closes one connection of an application while it opens
// another: then nobody can connect any more, and callers wait in silence until Asterisk is restarted.
//
// It is an error if Asterisk cannot be reached; what it answers else is for the event connection to tell.
func (c *Client) awaitFormer(ctx context.Context) error {
	given := time.After(letGo)
	for {
		err := c.application(ctx, http.MethodGet, "", nil)
		if unreachable := (*url.Error)(nil); errors.As(err, &unreachable) {
			return err
		}
		if err != nil {
			return nil //nolint:nilerr // it has let go, or refuses us altogether
		}
		select {
		case <-time.After(letGo / 20):
		case <-given: // it has callers in it still, or does not know yet that the connection is dead
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// application sends a request about our application.
func (c *Client) application(ctx context.Context, method, path string, query url.Values) error {
	return c.rest.do(ctx, method, "/applications/"+url.PathEscape(c.cfg.Application)+path, query, nil, nil)
}

func (c *Client) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	login := base64.StdEncoding.EncodeToString([]byte(c.cfg.Username + ":" + c.cfg.Password))
	conn, resp, err := websocket.Dial(ctx, c.socket, &websocket.DialOptions{ //nolint:bodyclose // the library closes it
		HTTPHeader: http.Header{"Authorization": {"Basic " + login}}, // never in the URL: those are logged
	})
	if err != nil {
		switch {
		case resp != nil && resp.StatusCode == http.StatusNotFound:
			return nil, fmt.Errorf("asterisk answers %s: check that asterisk.url ends in /ari, and that Asterisk has loaded "+
				"res_ari_events and ari.conf is enabled", resp.Status)
		case resp != nil && resp.StatusCode >= http.StatusBadRequest:
			return nil, fault(resp)
		}
		return nil, err
	}
	conn.SetReadLimit(largestEvent)
	return conn, nil
}

// read moves what arrives into the queue, at once: Asterisk closes the connection of a slow reader.
func read(ctx context.Context, conn *websocket.Conn, frames *queue.Queue[[]byte]) error {
	for {
		_, frame, err := conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("the event connection broke: %w", err)
		}
		frames.Push(frame)
	}
}

// watchOver notices a connection on which nobody answers any more, and one that Asterisk has taken the application from:
// when it closes an earlier connection late, it unregisters the application of the new one with it.
func (c *Client) watchOver(ctx context.Context, conn *websocket.Conn) error {
	for {
		select {
		case <-time.After(pingEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
		pctx, cancel := context.WithTimeout(ctx, pingTimeout)
		err := conn.Ping(pctx)
		cancel()
		if err != nil {
			return fmt.Errorf("the event connection does not answer: %w", err)
		}
		if err := c.application(ctx, http.MethodGet, "", nil); errors.Is(err, call.ErrGone) {
			return errors.New("asterisk has unregistered our application")
		}
	}
}

// dispatch hands events to the handler, and looks at all channels at the beginning and every few seconds.
func (c *Client) dispatch(ctx context.Context, frames *queue.Queue[[]byte]) {
	snapshots := make(chan Snapshot)
	go c.sweep(ctx, snapshots)
	for {
		select {
		case <-frames.Ready():
			for _, frame := range frames.Take() {
				c.event(frame)
			}
		case s := <-snapshots:
			c.handler.Sweep(s)
		case <-ctx.Done():
			for _, frame := range frames.Take() {
				c.event(frame)
			}
			return
		}
	}
}

// unlessGone forgives call.ErrGone.
func unlessGone(err error) error {
	if errors.Is(err, call.ErrGone) {
		return nil
	}
	return err
}
