package ari

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// asterisk plays the HTTP server of Asterisk: it hands out events, lists its channels, and notes the commands it gets.
// How the real one behaves is tested in package e2e; here it does what a real one does rarely.
type asterisk struct {
	t      *testing.T
	server *httptest.Server
	conns  chan *websocket.Conn // one for each event connection
	deaf   bool                 // answers no ping
	former atomic.Int32         // for how many looks an earlier connection still has the application
	// registered says that a connection has the application.
	registered atomic.Bool
	// answer may answer a request in place of the usual answer; it reports whether it did.
	answer func(w http.ResponseWriter, r *http.Request) bool

	mu       sync.Mutex
	channels []map[string]any
	bridges  []map[string]any
	commands []string // METHOD path query, without those that come by themselves
	changed  chan struct{}
}

const user, password = "dialwarden", "s3cret"

func newAsterisk(t *testing.T) *asterisk {
	a := &asterisk{t: t, conns: make(chan *websocket.Conn, 16), changed: make(chan struct{}, 1000), channels: []map[string]any{}, bridges: []map[string]any{}}
	a.server = httptest.NewServer(a)
	t.Cleanup(func() {
		a.server.CloseClientConnections()
		a.server.Close()
	})
	return a
}

// ServeHTTP answers as Asterisk does.
func (a *asterisk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u, p, _ := r.BasicAuth(); u != user || p != password {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/ari")
	byItself := path == "/events" || strings.HasPrefix(path, "/applications/") || path == "/channels" || path == "/bridges" ||
		r.Method == http.MethodGet && strings.HasPrefix(path, "/channels/")
	if !byItself {
		query, _ := url.QueryUnescape(r.URL.RawQuery)
		a.mu.Lock()
		a.commands = append(a.commands, strings.TrimSpace(r.Method+" "+path+" "+query))
		a.mu.Unlock()
		a.changed <- struct{}{}
	}
	switch {
	case a.answer != nil && a.answer(w, r):
	case path == "/events":
		if n := a.former.Load(); n > 0 {
			a.t.Errorf("connected %d looks before the earlier connection was gone", n)
		}
		a.serveEvents(w, r)
	case path == "/applications/dialwarden":
		if a.former.Add(-1) < 0 && !a.registered.Load() {
			w.WriteHeader(http.StatusNotFound)
		}
	case path == "/applications/dialwarden/subscription":
		if r.URL.RawQuery != "eventSource=channel%3A" {
			a.t.Errorf("subscribed to %s", r.URL.RawQuery)
		}
		if !a.registered.Swap(true) { // it is there a moment after the connection
			w.WriteHeader(http.StatusNotFound)
		}
	case path == "/channels", path == "/bridges":
		a.mu.Lock()
		defer a.mu.Unlock()
		list := a.channels
		if path == "/bridges" {
			list = a.bridges
		}
		_ = json.NewEncoder(w).Encode(list)
	case r.Method == http.MethodGet && strings.HasPrefix(path, "/channels/"):
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, ch := range a.channels {
			if ch["id"] == strings.TrimPrefix(path, "/channels/") {
				_ = json.NewEncoder(w).Encode(ch)
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (a *asterisk) serveEvents(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		a.t.Error(err)
		return
	}
	a.conns <- conn
	if !a.deaf {
		<-conn.CloseRead(context.Background()).Done()
	}
}

// connection waits for the next event connection.
func (a *asterisk) connection() *websocket.Conn {
	a.t.Helper()
	return wait(a.t, a.conns, "event connection")
}

// sent waits until n commands have come, and returns them all.
func (a *asterisk) sent(n int) []string {
	a.t.Helper()
	for {
		a.mu.Lock()
		got := append([]string(nil), a.commands...)
		a.mu.Unlock()
		if len(got) >= n {
			return got
		}
		wait(a.t, a.changed, fmt.Sprintf("command %d; there were %q", n, got))
	}
}

// list sets the channels that Asterisk has.
func (a *asterisk) list(channels ...map[string]any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.channels = channels
}

// client returns a client of this Asterisk that is not running, and what it logs.
func (a *asterisk) client(h Handler) (*Client, *logged) {
	a.t.Helper()
	log := &logged{lines: make(chan string, 1000)}
	c, err := New(Config{
		URL: a.server.URL + "/ari", Username: user, Password: password, Application: "dialwarden",
		Log: zerolog.New(log),
	}, h)
	if err != nil {
		a.t.Fatal(err)
	}
	return c, log
}

// run runs a client until the end of the test.
func (a *asterisk) run(h Handler) *logged {
	a.t.Helper()
	c, log := a.client(h)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx) }()
	a.t.Cleanup(func() { stop(); wait(a.t, done, "end of Run") })
	return log
}

// line returns a caller's channel.
func (a *asterisk) line(channel, entry string) *Line {
	a.t.Helper()
	c, _ := a.client(nil)
	return &Line{rest: c.rest, channel: channel, entry: entry}
}

// logged keeps the lines of a log.
type logged struct{ lines chan string }

func (l *logged) Write(b []byte) (int, error) {
	select {
	case l.lines <- string(b):
		return len(b), nil
	default:
		return 0, io.ErrShortWrite
	}
}

// until waits for a line with the text, and returns how many lines came before.
func (l *logged) until(t *testing.T, text string) (before []string) {
	t.Helper()
	for {
		line := wait(t, l.lines, "line of the log with "+text)
		if strings.Contains(line, text) {
			return before
		}
		before = append(before, line)
	}
}

// wait takes something from a channel; it ends the test if nothing comes for very long.
func wait[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		t.Fatalf("no %s came", what)
		panic("unreachable")
	}
}

// handler writes down what it is told, one line each.
type handler struct {
	told  chan string
	swept chan Snapshot
}

func newHandler() *handler {
	return &handler{told: make(chan string, 20_000), swept: make(chan Snapshot, 100)}
}

func (h *handler) Arrive(a call.Attempt, entry string, l *Line) {
	h.told <- fmt.Sprintf("arrive %s from %s to %q entry %s on %s", a.Channel, a.Extension, a.Dialled, entry, l.channel)
}

func (h *handler) Deliver(channel string, e call.Event) {
	h.told <- fmt.Sprintf("deliver %s %T%v", channel, e, e)
}

func (h *handler) Emergency(a call.Attempt) {
	h.told <- fmt.Sprintf("emergency %s from %s to %s (%s)", a.Channel, a.Extension, a.Dialled, a.Source)
}

func (h *handler) Made(ch call.Channel) {
	h.told <- fmt.Sprintf("made %s %s incoming %t", ch.ID, ch.Endpoint(), ch.Incoming)
}

func (h *handler) Dialled(caller, peer call.Channel) {
	h.told <- fmt.Sprintf("dialled %s by %s of decision %d", peer.ID, caller.ID, peer.DecisionID)
}

func (h *handler) Ringing(caller, peer call.Channel) {
	h.told <- fmt.Sprintf("ringing %s by %s", peer.ID, caller.ID)
}

func (h *handler) NeedsChannel(caller call.Channel, _, dialled string) {
	h.told <- fmt.Sprintf("needs %s on %s", caller.ID, dialled)
}

func (h *handler) Answered(caller, peer call.Channel, at time.Time) {
	h.told <- fmt.Sprintf("answered %s by %s %s", caller.ID, peer.ID, at.UTC().Format(time.TimeOnly))
}

func (h *handler) Ended(channel string, at time.Time, cause int) {
	h.told <- fmt.Sprintf("ended %s %s %d", channel, at.UTC().Format(time.TimeOnly), cause)
}

func (h *handler) Sweep(s Snapshot) {
	select {
	case h.swept <- s:
	default:
	}
}

// send sends an event.
func send(t *testing.T, conn *websocket.Conn, event string) {
	t.Helper()
	if err := conn.Write(context.Background(), websocket.MessageText, []byte(event)); err != nil {
		t.Error(err)
	}
}

// channelOf describes a channel as Asterisk does.
func channelOf(id, name, exten, appData string) map[string]any {
	return map[string]any{
		"id": id, "name": name, "state": "Ring", "caller": map[string]any{"name": "", "number": "199"},
		"dialplan": map[string]any{
			"context": "dialwarden-outbound", "exten": exten, "priority": 8, "app_name": "Stasis", "app_data": appData,
		},
		"creationtime": "2026-11-23T17:00:00.000+0800", "language": "en",
	}
}

// eventOf describes an event about a channel as Asterisk does.
func eventOf(kind string, channel map[string]any, more map[string]any) string {
	e := map[string]any{
		"type": kind, "timestamp": "2026-11-23T17:00:01.250+0800", "application": "dialwarden",
		"asterisk_id": "00:00:00:00:00:00", "channel": channel,
	}
	for k, v := range more {
		e[k] = v
	}
	b, _ := json.Marshal(e)
	return string(b)
}
