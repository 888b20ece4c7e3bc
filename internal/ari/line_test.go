package ari

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	library "github.com/CyCoreSystems/ari/v6"
	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

func TestCommands(t *testing.T) {
	const to = "POST /channels/7.1/continue context="
	release := func(r call.Release) func(*Line) error {
		return func(l *Line) error { return l.Release(context.Background(), r) }
	}
	refuse := func(r call.Refusal) func(*Line) error {
		return func(l *Line) error { return l.Refuse(context.Background(), r) }
	}
	for name, test := range map[string]struct {
		do   func(*Line) error
		want string // commands, with | between them
	}{
		"answer": {func(l *Line) error { return l.Answer(context.Background()) }, "POST /channels/7.1/answer"},
		"play": {
			func(l *Line) error { return l.Play(context.Background(), []string{"im-sorry", "digits/1"}, 2) },
			"POST /channels/7.1/play media=sound:im-sorry,sound:digits/1&playbackId=dialwarden-NONCE-2",
		},
		"silence": {func(l *Line) error { return l.Silence(context.Background(), 2) }, "DELETE /playbacks/dialwarden-NONCE-2"},
		"hang up": {func(l *Line) error { return l.HangUp(context.Background(), 41) }, "DELETE /channels/7.1 reason_code=41"},
		"release": {
			release(call.Release{DecisionID: 4, Number: "+8610*#", MaxSeconds: 180, WarnSeconds: 30, RingSeconds: 25}),
			to + "dialwarden-released&extension=4-NONCE-out-+8610*#-180-30-25&priority=1",
		},
		"release inside, no limits": {
			release(call.Release{DecisionID: 4, Number: "102", Internal: true, WarnSeconds: -1}),
			to + "dialwarden-released&extension=4-NONCE-in-102-86400-0-&priority=1",
		},
		"release, a limit beyond a day": {
			release(call.Release{DecisionID: 4, Number: "1", MaxSeconds: 86401}),
			to + "dialwarden-released&extension=4-NONCE-out-1-86400-0-&priority=1",
		},
		"release over another trunk": {
			release(call.Release{DecisionID: 4, Number: "1", MaxSeconds: 9, Trunk: "b"}),
			"POST /channels/7.1/variable value=_b&variable=DIALWARDEN_VIA|" +
				to + "dialwarden-released&extension=4-NONCE-out-1-9-0-&priority=1",
		},
		"refuse": {
			refuse(call.Refusal{DecisionID: 4, Prompt: "premium", Cause: 21}),
			to + "dialwarden-refused&extension=4-21-premium&priority=1",
		},
		"refuse, nothing said": {refuse(call.Refusal{}), to + "dialwarden-refused&extension=0-21-refused&priority=1"},
		"refuse, no such cause": {
			refuse(call.Refusal{DecisionID: 4, Cause: 128}),
			to + "dialwarden-refused&extension=4-21-refused&priority=1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAsterisk(t)
			if err := test.do(a.line("7.1", "NONCE")); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(a.sent(1), "|"); got != test.want {
				t.Errorf("sent %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestHostileNames reach Asterisk as the one path segment that they are.
func TestHostileNames(t *testing.T) {
	for channel, want := range map[string]string{
		"1763888400.7":      "1763888400.7",
		"a b":               "a%20b",
		"../../x":           "..%2F..%2Fx",
		"x/hangup?reason=1": "x%2Fhangup%3Freason=1",
		"x%2Fy#z":           "x%252Fy%23z",
		"王\n":               "%E7%8E%8B%0A",
	} {
		a := newAsterisk(t)
		if err := a.line(channel, "N").Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := a.sent(1)[0]; got != "POST /channels/"+want+"/answer" {
			t.Errorf("%q: sent %s", channel, got)
		}
	}
}

func TestAnswersOfAsterisk(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		gone   bool
		want   string
	}{
		"done":              {204, "", false, ""},
		"done, with a body": {200, `{"id":"7.1"}`, false, ""},
		"no channel":        {404, `{"message":"Channel not found"}`, true, "asterisk answers 404 Not Found: Channel not found"},
		"not ours":          {409, `{"message":"Channel not in Stasis application"}`, true, "Channel not in Stasis application"},
		"password":          {401, `{"message":"Authentication required"}`, false, "check asterisk.username and the password file against ari.conf"},
		"fault":             {500, `{"message":"Allocation failed"}`, false, "asterisk answers 500 Internal Server Error: Allocation failed"},
		"fault, no message": {503, "", false, "asterisk answers 503 Service Unavailable"},
		"fault in HTML":     {502, strings.Repeat("<p>", 10_000), false, "asterisk answers 502 Bad Gateway"},
		"redirect":          {304, "", false, "asterisk answers 304 Not Modified"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAsterisk(t)
			a.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
				return true
			}
			l := a.line("7.1", "N")
			err := l.Answer(t.Context())
			if (err == nil) != (test.want == "") || errors.Is(err, call.ErrGone) != test.gone ||
				err != nil && (!strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), password)) {
				t.Errorf("got %v, want %q, gone: %v", err, test.want, test.gone)
			}
			// Who is gone need not be hung up, and a prompt that has ended not stopped.
			if errs := errors.Join(l.HangUp(t.Context(), 16), l.Silence(t.Context(), 1)); test.gone && errs != nil {
				t.Error(errs)
			}
		})
	}
}

// TestDeadline ends a request that Asterisk does not answer, or not to the end.
func TestDeadline(t *testing.T) {
	t.Parallel()
	half := func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return true
	}
	nothing := func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	}
	var all sync.WaitGroup
	for _, answer := range []func(http.ResponseWriter, *http.Request) bool{nothing, half} {
		a := newAsterisk(t)
		a.answer = answer
		l := a.line("7.1", "N")
		all.Go(func() {
			begun := time.Now()
			err := l.Answer(context.Background())
			if err == nil || errors.Is(err, call.ErrGone) {
				t.Errorf("got %v, want that the time was over", err)
			}
			if d := time.Since(begun); d > 3*requestTimeout {
				t.Errorf("it took %v", d)
			}
		})
	}
	all.Wait()
}

// TestClosedUnderARequest sends a command again when Asterisk closed the idle connection in the moment in which it was
// used: nothing of it was carried out.
func TestClosedUnderARequest(t *testing.T) {
	var conns, answered int
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		conns++
		for n := 1; ; n++ {
			if n > 1 {
				if _, err := http.ReadRequest(buffer.Reader); err != nil || n == 3 {
					return // closes it under the third request
				}
			}
			answered++
			if _, err := io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n"); err != nil {
				return
			}
		}
	}))
	server.Start()
	defer server.Close()
	c, err := New(Config{URL: server.URL + "/ari", Username: user, Password: password, Log: zerolog.Nop()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{rest: c.rest, channel: "7.1", entry: "N"}
	for n := range 6 {
		if err := l.Refuse(t.Context(), call.Refusal{}); err != nil {
			t.Errorf("request %d: %v", n+1, err)
		}
	}
	c.rest.client.CloseIdleConnections()
	if conns != 3 || answered != 6 {
		t.Errorf("%d connections, %d answers; want 3 and 6", conns, answered)
	}
}

// TestAbsent is an Asterisk that is not there.
func TestAbsent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{URL: "http://" + address + "/ari", Username: user, Password: password, Log: zerolog.Nop()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = (&Line{rest: c.rest, channel: "7.1", entry: "N"}).Answer(t.Context())
	if err == nil || errors.Is(err, call.ErrGone) || strings.Contains(err.Error(), password) {
		t.Errorf("got %v", err)
	}
}

// TestStray is a channel that comes from a dialplan that is not ours: it is refused, and nobody is asked.
func TestStray(t *testing.T) {
	t.Parallel()
	a, h := newAsterisk(t), newHandler()
	log := a.run(h)
	conn := a.connection()
	for _, args := range [][]string{{}, {""}, {"", "101"}} {
		send(t, conn, eventOf("StasisStart", channelOf("7.1", "PJSIP/101-1", "5551234", ""), map[string]any{"args": args}))
	}
	want := "POST /channels/7.1/continue context=dialwarden-refused&extension=0-41-unavailable&priority=1"
	if got := a.sent(3); slices.ContainsFunc(got, func(c string) bool { return c != want }) {
		t.Errorf("sent %q", got)
	}
	log.until(t, "from a dialplan that is not ours")
	if len(h.told) != 0 {
		t.Errorf("the handler was told %s", <-h.told)
	}
}

// A channel that took the place of one that was being asked does not have to hear the question to its end.
func TestTakenOver(t *testing.T) {
	t.Parallel()
	a, h := newAsterisk(t), newHandler()
	taken := channelOf("7.1", "PJSIP/107-1", "9021", "dialwarden,NONCE,")
	a.list(taken)
	a.run(h)
	send(t, a.connection(), eventOf("StasisStart", taken, map[string]any{"args": []string{}}))
	got := a.sent(mostPrompts + 1)
	if got[0] != "DELETE /playbacks/dialwarden-NONCE-1" || !strings.HasPrefix(got[mostPrompts], "POST /channels/7.1/continue context=dialwarden-refused") {
		t.Errorf("sent %q", got)
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	a, h := newAsterisk(t), newHandler()
	talking := channelOf("talking", "PJSIP/101-3", "5551234", "")
	talking["dialplan"] = map[string]any{"context": "dialwarden-released", "exten": "x", "app_name": "Dial", "app_data": "PJSIP/1"}
	bare := map[string]any{"id": "bare", "name": "Local/1@x-1"}
	emergency := channelOf("emergency", "PJSIP/104-1", "112", "")
	emergency["dialplan"] = map[string]any{"context": "dialwarden-emergency", "exten": "112", "app_name": "Dial", "app_data": "PJSIP/1"}
	a.bridges = []map[string]any{{"id": "b", "channels": []string{"talking", "trunk"}, "creationtime": "2026-11-23T17:00:05.000+0800"}}
	a.list(talking, bare, emergency, channelOf("other", "PJSIP/102-1", "1", "dialwarden2,N"), channelOf("stray", "PJSIP/103-1", "1", "dialwarden"),
		channelOf("waits", "PJSIP/101-1", "9021", "dialwarden,NONCE,150"))
	before := time.Now()
	a.run(h)
	s := wait(t, h.swept, "look at the channels")
	if s.Taken.Before(before) || s.Taken.After(time.Now()) {
		t.Errorf("taken at %v", s.Taken)
	}
	if len(s.Channels) != 6 || s.Channels["bare"].Endpoint() != "Local/1@x" || s.Channels["talking"].App != "Dial" {
		t.Errorf("the channels are %v", s.Channels)
	}
	if len(s.Emergencies) != 1 || s.Emergencies[0].Channel != "emergency" || s.Emergencies[0].Dialled != "112" ||
		s.Emergencies[0].Source != call.SourceDialplan {
		t.Errorf("the emergency calls are %+v", s.Emergencies)
	}
	if since := s.Talking["talking"]; len(s.Talking) != 2 || since.UTC().Format(time.TimeOnly) != "09:00:05" {
		t.Errorf("talking are %v", s.Talking)
	}
	if len(s.Waiting) != 1 {
		t.Fatalf("%d wait, want one", len(s.Waiting))
	}
	w := s.Waiting[0]
	if w.Entry != "NONCE" || w.Attempt.Channel != "waits" || w.Attempt.Extension != "150" || w.Attempt.Dialled != "9021" ||
		w.Attempt.Source != call.SourceARI {
		t.Errorf("waiting is %+v", w)
	}
	if got := a.sent(1); len(got) != 1 || !strings.HasPrefix(got[0], "POST /channels/stray/continue context=dialwarden-refused") {
		t.Errorf("sent %q", got)
	}
	// What an earlier daemon may still be playing is stopped before the first command, once.
	if err := errors.Join(w.Line.Answer(t.Context()), w.Line.Refuse(t.Context(), call.Refusal{})); err != nil {
		t.Fatal(err)
	}
	got := a.sent(1 + mostPrompts + 2)
	if len(got) != 1+mostPrompts+2 || got[1] != "DELETE /playbacks/dialwarden-NONCE-1" || got[1+mostPrompts] != "POST /channels/waits/answer" {
		t.Errorf("sent %q", got)
	}
}

// TestFoundWasAttemptedWhenMade holds that a call that is adopted was attempted when its channel was made.
func TestFoundWasAttemptedWhenMade(t *testing.T) {
	var ch library.ChannelData
	if err := json.Unmarshal([]byte(`{"id":"1.1","name":"PJSIP/101-1","creationtime":"2026-11-23T14:08:49.250+0000"}`), &ch); err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 11, 23, 14, 8, 49, 250e6, time.UTC)
	if a := found(&ch, "", call.SourceARI); !a.At.Equal(want) || a.Extension != "101" {
		t.Errorf("got %+v, want %v", a, want)
	}
}
