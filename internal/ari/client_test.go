package ari

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestHalfOpen notices a connection on which nothing comes any more, not even the answer to a ping. Until then the
// channels are looked at every few seconds, also after a look that failed.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	a, h := newAsterisk(t), newHandler()
	a.deaf = true
	looks := 0
	a.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/ari/channels" {
			return false
		}
		if looks++; looks == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return looks == 1
	}
	begun := time.Now()
	log := a.run(h)
	a.connection()
	log.until(t, "the channels could not be looked at")
	wait(t, h.swept, "look at the channels")
	log.until(t, "does not answer")
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("noticed after %v; callers would wait in silence", d)
	}
	a.connection()
}

// TestAwaitsTheFormer does not connect while Asterisk still has an earlier connection of the application, but does not
// wait for ever either.
func TestAwaitsTheFormer(t *testing.T) {
	t.Parallel()
	a := newAsterisk(t)
	a.former.Store(3)
	a.run(newHandler())
	a.connection()
	begun := time.Now()
	b := newAsterisk(t)
	b.answer = func(_ http.ResponseWriter, r *http.Request) bool { return r.URL.Path == "/ari/applications/dialwarden" }
	b.run(newHandler())
	b.connection()
	if d := time.Since(begun); d < letGo {
		t.Errorf("connected after %v", d)
	}
}

// TestUnregistered connects again when Asterisk has dropped the application although the connection stands.
func TestUnregistered(t *testing.T) {
	t.Parallel()
	a := newAsterisk(t)
	log := a.run(newHandler())
	a.connection()
	log.until(t, "connected to Asterisk")
	a.registered.Store(false)
	log.until(t, "unregistered our application")
	a.connection()
}

func TestNewRefusesWhatIsNoAddress(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8088/ari":   "asterisk.url: ",
		"ftp://127.0.0.1/ari":  `asterisk.url: "ftp://127.0.0.1/ari" is no http:// or https:// address`,
		"http:///ari":          `asterisk.url: "http:///ari" names no host`,
		"http://a b/ari":       "asterisk.url: ",
		"":                     "asterisk.url: ",
		"http://10.0.0.1/ari":  "",
		"https://pbx:8089/ari": "",
	} {
		_, err := New(Config{URL: address, Log: zerolog.Nop()}, nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", address, err, want)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	phone := channelOf("7.1", "PJSIP/101-0000002a", "9021", "dialwarden,NONCE,")
	playback := func(id, target string) string {
		return fmt.Sprintf(`{"type":"PlaybackFinished","playback":{"id":%q,"target_uri":%q,"state":"done"}}`, id, target)
	}
	a, h := newAsterisk(t), newHandler()
	log := a.run(h)
	conn := a.connection()
	for _, test := range []struct{ event, want string }{
		{eventOf("StasisStart", phone, map[string]any{"args": []string{"NONCE", ""}}), `arrive 7.1 from 101 to "9021" entry NONCE on 7.1`},
		{eventOf("StasisStart", phone, map[string]any{"args": []string{"N", "150"}}), `arrive 7.1 from 150 to "9021" entry N on 7.1`},
		{eventOf("StasisStart", phone, map[string]any{"args": []string{"N", "unknown"}}), `arrive 7.1 from  to "9021" entry N on 7.1`},
		{
			eventOf("StasisStart", channelOf("7.2", "PJSIP/lobby-1", "x'\n", ""), map[string]any{"args": []string{"N"}}),
			`arrive 7.2 from 199 to "x'\n" entry N on 7.2`,
		},
		{eventOf("StasisEnd", phone, nil), "deliver 7.1 call.HungUp{}"},
		{eventOf("ChannelDtmfReceived", phone, map[string]any{"digit": "#", "duration_ms": 100}), "deliver 7.1 call.Digit{35}"},
		{eventOf("ChannelDtmfReceived", phone, map[string]any{"digit": ""}), ""},
		{playback("dialwarden-NONCE-3", "channel:7.1"), "deliver 7.1 call.PromptEnded{3}"},
		{playback("dialwarden-NONCE-3", "bridge:7.1"), ""},
		{playback("dialwarden-NONCE-x", "channel:7.1"), ""},
		{playback("another-3", "channel:7.1"), ""},
		{eventOf("ChannelCreated", phone, nil), "made 7.1 PJSIP/101 incoming true"},
		{`{"type":"ChannelCreated","channel":{"id":"7.9","name":"PJSIP/carrier-0000002b","state":"Down"}}`, "made 7.9 PJSIP/carrier incoming false"},
		{
			`{"type":"Dial","dialstatus":"","caller":{"id":"7.1"},"peer":{"id":"7.9","channelvars":{"DIALWARDEN_DECISION":"5"}}}`,
			"dialled 7.9 by 7.1 of decision 5",
		},
		{`{"type":"Dial","dialstatus":"","peer":{"id":"7.9"}}`, "dialled 7.9 by  of decision 0"},
		{`{"type":"Dial","dialstatus":"RINGING","caller":{"id":"7.1"},"peer":{"id":"7.9"}}`, "ringing 7.9 by 7.1"},
		{`{"type":"Dial","dialstatus":"BUSY","caller":{"id":"7.1"},"peer":{"id":"7.9"}}`, ""},
		{
			eventOf("ChannelUserevent", phone, map[string]any{"eventname": "DialwardenNeedsChannel", "userevent": map[string]any{"Trunk": "PJSIP/NUMBER@carrier"}}),
			"needs 7.1 on PJSIP/NUMBER@carrier",
		},
		{
			`{"type":"Dial","timestamp":"2026-11-23T17:00:05.500+0800","dialstatus":"ANSWER","caller":{"id":"7.1"},"peer":{"id":"7.9"}}`,
			"answered 7.1 by 7.9 09:00:05",
		},
		{eventOf("ChannelDestroyed", phone, map[string]any{"cause": 17, "cause_txt": "User busy"}), "ended 7.1 09:00:01 17"},
		{
			eventOf("ChannelUserevent", phone, map[string]any{"eventname": "DialwardenEmergency", "userevent": map[string]any{"Number": "112"}}),
			"emergency 7.1 from 101 to 9021 (dialplan)",
		},
		{eventOf("ChannelUserevent", phone, map[string]any{"eventname": "Another"}), ""},
		{`{"type":"ChannelUserevent","eventname":"DialwardenEmergency"}`, ""},
		{eventOf("ChannelVarset", phone, map[string]any{"variable": "A", "value": "1"}), ""},
		{`{"type":"ApplicationReplaced","application":"dialwarden"}`, ""},
		{`{"type":"SomethingNew"}`, ""},
		{`{}`, ""},
		{`[]`, ""},
		{`null`, ""},
		{`"x"`, ""},
		{``, ""},
		{`{"type":"StasisStart","channel":7}`, ""},
		{`{"type":"ChannelDestroyed","timestamp":"yesterday"}`, ""},
		{`{"type":"ChannelDtmfReceived","digit":8,"channel":{"id":"7.1"}}`, ""},
		{"\x00\xff", ""},
	} {
		send(t, conn, test.event)
		if test.want == "" {
			continue
		}
		// Each event is passed on in its turn: those that mean nothing have told nothing.
		if got := wait(t, h.told, "event"); got != test.want {
			t.Errorf("%s: got %s, want %s", test.event, got, test.want)
		}
	}
	send(t, conn, eventOf("StasisEnd", phone, nil))
	if got := wait(t, h.told, "event"); got != "deliver 7.1 call.HungUp{}" {
		t.Errorf("an event that means nothing told %s", got)
	}
	close(log.lines)
	for line := range log.lines {
		if strings.Contains(line, "8,") || strings.Contains(line, "9021") {
			t.Errorf("the log repeats an event: %s", line)
		}
	}
}

// TestNoEventIsLost sends ten thousand calls at once to a handler that does not get on.
func TestNoEventIsLost(t *testing.T) {
	t.Parallel()
	const calls = 10_000
	a, sent := newAsterisk(t), make(chan struct{})
	h := &slowHandler{handler: newHandler(), until: sent}
	a.run(h)
	conn := a.connection()
	for n := range calls {
		send(t, conn, eventOf("StasisStart", channelOf(fmt.Sprint(n), "PJSIP/101-1", "5551234", ""), map[string]any{"args": []string{"N"}}))
	}
	close(sent)
	for n := range calls {
		want := fmt.Sprintf(`arrive %d from 101 to "5551234" entry N on %d`, n, n)
		if got := wait(t, h.told, "call "+fmt.Sprint(n)); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// slowHandler takes no call before a moment.
type slowHandler struct {
	*handler
	until chan struct{}
}

func (h *slowHandler) Arrive(a call.Attempt, entry string, l *Line) {
	<-h.until
	h.handler.Arrive(a, entry, l)
}

// TestReconnects after the connection was cut, and looks at the channels at once; a cut is told once.
func TestReconnects(t *testing.T) {
	t.Parallel()
	a, h := newAsterisk(t), newHandler()
	log := a.run(h)
	for n := range 3 {
		conn := a.connection()
		wait(t, h.swept, "look at the channels")
		send(t, conn, eventOf("StasisEnd", channelOf(fmt.Sprint(n), "PJSIP/101-1", "", ""), nil))
		if got, want := wait(t, h.told, "event"), fmt.Sprintf("deliver %d call.HungUp{}", n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		log.until(t, "connected to Asterisk")
		if n%2 == 0 {
			_ = conn.CloseNow() // Asterisk died
		} else {
			_ = conn.Close(websocket.StatusGoingAway, "core restart")
		}
		log.until(t, "no connection to Asterisk")
	}
	a.connection()
}

// TestPauses grow while Asterisk is away, which is told once.
func TestPauses(t *testing.T) {
	t.Parallel()
	a := newAsterisk(t)
	tries := make(chan time.Time, 100)
	var back bool
	a.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/events") || back {
			return false
		}
		tries <- time.Now()
		if back = len(tries) == 4; !back {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return !back
	}
	log := a.run(newHandler())
	a.connection()
	if before := log.until(t, "connected to Asterisk"); len(before) != 1 || !strings.Contains(before[0], "503") {
		t.Errorf("while Asterisk was away, the log said %q", before)
	}
	last, pause := wait(t, tries, "try"), firstPause
	for range 3 {
		next := wait(t, tries, "try")
		if next.Sub(last) < pause {
			t.Errorf("tried again after %v, want %v or more", next.Sub(last), pause)
		}
		last, pause = next, 2*pause
	}
}

// TestCannotConnect says what to do.
func TestCannotConnect(t *testing.T) {
	for status, want := range map[int]string{
		http.StatusUnauthorized:       "check asterisk.username and the password file against ari.conf",
		http.StatusNotFound:           "check that asterisk.url ends in /ari",
		http.StatusServiceUnavailable: "503 Service Unavailable",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			a := newAsterisk(t)
			a.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(status)
				return true
			}
			log := a.run(newHandler())
			line := wait(t, log.lines, "line of the log")
			if !strings.Contains(line, want) || !strings.Contains(line, "no connection to Asterisk") || strings.Contains(line, password) ||
				strings.Contains(line, "channel") {
				t.Errorf("the log says %s", line)
			}
		})
	}
}

// TestFilterIsAWish: an Asterisk that does not know it sends more events than are needed, and that is all.
func TestFilterIsAWish(t *testing.T) {
	t.Parallel()
	a, h := newAsterisk(t), newHandler()
	a.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/eventFilter") {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}
	log := a.run(h)
	send(t, a.connection(), eventOf("StasisEnd", channelOf("7", "PJSIP/101-1", "", ""), nil))
	wait(t, h.told, "event")
	if before := log.until(t, "connected to Asterisk"); len(before) != 1 || !strings.Contains(before[0], "does not filter events") {
		t.Errorf("before it was connected, the log said %q", before)
	}
}
