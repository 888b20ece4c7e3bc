package ari

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// office is an Asterisk with a connected client, and what its phones tell.
type office struct {
	*asterisk
	client *Client
	told   chan call.Event
}

// newOffice connects a client to an Asterisk whose DIALWARDEN_INTERNAL is internal.
func newOffice(t *testing.T, h *handler, internal string) *office {
	t.Helper()
	o := &office{asterisk: newAsterisk(t), told: make(chan call.Event, 100)}
	o.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/ari/asterisk/variable" {
			return false
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"value": internal})
		return true
	}
	o.client, _ = o.asterisk.client(h)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); o.client.Run(ctx) }()
	t.Cleanup(func() { stop(); wait(t, done, "end of Run") })
	wait(t, h.swept, "look at the channels") // it is connected
	return o
}

func (o *office) ring(extension, caller string) (*Phone, error) {
	return o.client.Ring(context.Background(), call.Ringing{
		Extension: extension, Caller: caller, For: 20 * time.Second, Tell: func(e call.Event) { o.told <- e },
	})
}

func TestRing(t *testing.T) {
	t.Parallel()
	for internal, want := range map[string]string{
		"":                               "PJSIP/104",
		"PJSIP/NUMBER":                   "PJSIP/104",
		"SIP/pbx-NUMBER":                 "SIP/pbx-104",
		"Local/NUMBER@phones/n":          "Local/104@phones/n",
		"PJSIP/NUMBER&PJSIP/NUMBER-soft": "Local/104@dialwarden-approver/n",
		"PJSIP/NUMBER,20,tT":             "Local/104@dialwarden-approver/n",
		"${DEVICES}":                     "Local/104@dialwarden-approver/n",
	} {
		o := newOffice(t, newHandler(), internal)
		p, err := o.ring("104", `1"01>x`)
		if err != nil {
			t.Fatal(err)
		}
		channel := p.line.channel
		name, ours := strings.CutPrefix(channel, "dialwarden-approver-dialwarden-")
		want = "POST /channels/" + channel + " app=dialwarden&appArgs=approver&callerId=approval <101>&endpoint=" + want +
			"&otherChannelId=" + channel + ".2&timeout=25"
		if got := o.sent(2)[1]; got != want || !ours {
			t.Errorf("%s: sent %s\nwant %s", internal, got, want)
		}
		if err := errors.Join(p.Play(t.Context(), []string{"dialwarden/1"}, 3), p.Silence(t.Context(), 3), p.HangUp(t.Context(), 16)); err != nil {
			t.Error(err)
		}
		for i, want := range []string{
			"POST /channels/" + channel + "/play media=sound:dialwarden/1&playbackId=dialwarden-" + name + "-3",
			"DELETE /playbacks/dialwarden-" + name + "-3", "DELETE /channels/" + channel + " reason_code=16",
		} {
			if got := o.sent(5)[2+i]; got != want {
				t.Errorf("sent %s, want %s", got, want)
			}
		}
		if len(o.client.phones) != 0 {
			t.Error("a phone that was hung up is still waited for")
		}
	}
}

func TestCannotRing(t *testing.T) {
	t.Parallel()
	o := newOffice(t, newHandler(), "")
	for _, extension := range []string{"", "PJSIP/104", "104@evil", "104&PJSIP/105", "一", strings.Repeat("1", 33)} {
		if _, err := o.ring(extension, "101"); err == nil || errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "no extension") {
			t.Errorf("%q: got %v", extension, err)
		}
	}
	if got := o.sent(0); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
	variable := o.answer
	o.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"message":"Allocation failed"}`))
			return true
		}
		return variable(w, r)
	}
	if _, err := o.ring("104", "101"); err == nil || errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "cannot ring PJSIP/104: ") {
		t.Errorf("got %v", err)
	}
	if len(o.client.phones) != 0 {
		t.Error("a phone that does not ring is waited for")
	}
	// What was sent, and not answered, may have been carried out.
	o.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
			return true
		}
		return variable(w, r)
	}
	if _, err := o.ring("104", "101"); !errors.Is(err, ErrAway) {
		t.Errorf("got %v", err)
	}
	sent := o.sent(5)
	if last := sent[len(sent)-1]; !strings.HasPrefix(last, "DELETE /channels/dialwarden-approver-") {
		t.Errorf("sent %q", sent)
	}
	none, _ := newAsterisk(t).client(newHandler())
	if _, err := none.Ring(t.Context(), call.Ringing{Extension: "104"}); !errors.Is(err, ErrAway) {
		t.Errorf("not connected: got %v", err)
	}
}

// TestPhoneEvents go to the phone, and to nobody else.
func TestPhoneEvents(t *testing.T) {
	t.Parallel()
	h := newHandler()
	o := newOffice(t, h, "")
	conn := o.connection()
	p, err := o.ring("104", "101")
	if err != nil {
		t.Fatal(err)
	}
	id := p.line.channel
	channel := channelOf(id, "PJSIP/104-1", "", "")
	for _, event := range []string{
		fmt.Sprintf(`{"type":"Dial","dialstatus":"ANSWER","caller":{"id":%q},"peer":{"id":"7.9"}}`, id+".2"),
		eventOf("ChannelDestroyed", channelOf(id+".2", "Local/104@x-1;2", "", ""), map[string]any{"cause": 16}),
		eventOf("StasisStart", channel, map[string]any{"args": []string{"approver"}}),
		eventOf("ChannelDtmfReceived", channel, map[string]any{"digit": "1"}),
		fmt.Sprintf(`{"type":"PlaybackFinished","playback":{"id":%q,"target_uri":%q,"state":"done"}}`, p.line.playback(2), "channel:"+id),
		eventOf("ChannelDestroyed", channel, map[string]any{"cause": 17}),
		eventOf("StasisEnd", channel, nil), // nothing comes after the end
		eventOf("ChannelDtmfReceived", channel, map[string]any{"digit": "2"}),
		eventOf("StasisEnd", channelOf("7.1", "PJSIP/101-1", "", ""), nil),
	} {
		send(t, conn, event)
	}
	if got := wait(t, h.told, "event"); got != "deliver 7.1 call.HungUp{}" {
		t.Errorf("the gate was told %s", got)
	}
	for _, want := range []call.Event{call.Answered{}, call.Digit{Key: '1'}, call.PromptEnded{Seq: 2}, call.PhoneEnded{Cause: 17}} {
		if got := wait(t, o.told, "event of the phone"); got != want {
			t.Errorf("told %#v, want %#v", got, want)
		}
	}
	if len(o.told) != 0 {
		t.Errorf("told %#v after the end", <-o.told)
	}
}

// TestPhoneForNobody is hung up, and never taken for a caller: one of an earlier daemon that is answered now, rings, or
// talks. That of another application is not ours.
func TestPhoneForNobody(t *testing.T) {
	t.Parallel()
	a, h := newAsterisk(t), newHandler()
	rings := channelOf("dialwarden-approver-dialwarden-RINGS", "PJSIP/104-1", "", "")
	rings["dialplan"] = map[string]any{"context": "default", "exten": "s", "app_name": "AppDial2", "app_data": "(Outgoing Line)"}
	bare := map[string]any{"id": "dialwarden-approver-dialwarden-BARE", "name": "Local/104@x-1;1"}
	half := map[string]any{"id": "dialwarden-approver-dialwarden-BARE.2", "name": "Local/104@x-1;2"}
	other := channelOf("dialwarden-approver-dialwarden-two-OTHER", "PJSIP/105-1", "", "dialwarden-two,approver")
	a.list(rings, bare, half, other, channelOf("dialwarden-approver-dialwarden-TALKS", "PJSIP/106-1", "", "dialwarden,approver"))
	a.run(h)
	conn := a.connection()
	if s := wait(t, h.swept, "look at the channels"); len(s.Waiting) != 0 || len(s.Channels) != 5 {
		t.Errorf("found %+v", s)
	}
	send(t, conn, eventOf("StasisStart", channelOf("dialwarden-approver-dialwarden-NOW", "PJSIP/104-1", "", ""), map[string]any{"args": []string{"approver"}}))
	send(t, conn, eventOf("StasisStart", channelOf("7.1", "PJSIP/101-1", "", ""), map[string]any{"args": []string{"approver", "101"}}))
	got := strings.Join(a.sent(5), "|")
	for _, id := range []string{"RINGS", "BARE", "TALKS", "NOW"} {
		if !strings.Contains(got, "DELETE /channels/dialwarden-approver-dialwarden-"+id+" ") {
			t.Errorf("%s was not hung up: %s", id, got)
		}
	}
	if !strings.Contains(got, "DELETE /channels/7.1 ") || strings.Contains(got, "OTHER") || strings.Contains(got, ".2") || len(h.told) != 0 {
		t.Errorf("sent %s, told %d", got, len(h.told))
	}
}

// TestPhoneSwept makes good what a lost connection has not told.
func TestPhoneSwept(t *testing.T) {
	t.Parallel()
	o := newOffice(t, newHandler(), "")
	conn := o.connection()
	p, err := o.ring("104", "101")
	if err != nil {
		t.Fatal(err)
	}
	o.list(channelOf(p.line.channel, "PJSIP/104-1", "", "dialwarden,approver"))
	_ = conn.CloseNow()
	o.connection()
	if got := wait(t, o.told, "event of the phone"); got != (call.Answered{}) {
		t.Errorf("told %#v", got)
	}
	o.list()
	for got := wait(t, o.told, "event of the phone"); got != (call.PhoneEnded{}); got = wait(t, o.told, "event of the phone") {
		if got != (call.Answered{}) {
			t.Fatalf("told %#v", got)
		}
	}
}
