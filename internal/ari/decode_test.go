package ari

import (
	"reflect"
	"strings"
	"testing"
	"time"

	library "github.com/CyCoreSystems/ari/v6"
)

const channelJSON = `{"id":"1795436589.247","name":"PJSIP/104-000000f7","state":"Ring","protocol_id":"FNFRSZ6L2JQZ7V4S",` +
	`"caller":{"name":"104","number":"104"},"connected":{"name":"","number":""},"accountcode":"",` +
	`"dialplan":{"context":"dialwarden-outbound","exten":"962345678","priority":4,"app_name":"Stasis",` +
	`"app_data":"dialwarden,119204883015,"},"creationtime":"2026-11-23T12:23:09.307+0000","language":"en",` +
	`"channelvars":{"DIALWARDEN_DECISION":"42","DIALWARDEN_ANSWERED":""}}`

const tailJSON = `,"asterisk_id":"02:fc:00:00:00:05","application":"dialwarden"}`

// events are as Asterisk 22 sends them.
var events = []string{
	`{"type":"StasisStart","timestamp":"2026-11-23T12:23:09.309+0000","args":["119204883015",""],"channel":` + channelJSON + tailJSON,
	`{"type":"StasisEnd","timestamp":"2026-11-23T12:23:09.309+0000","channel":` + channelJSON + tailJSON,
	`{"type":"ChannelDtmfReceived","timestamp":"2026-11-23T12:23:09.309+0000","digit":"5","duration_ms":100,"channel":` + channelJSON + tailJSON,
	`{"type":"PlaybackFinished","playback":{"id":"dialwarden-119204883015-1","media_uri":"sound:confbridge-pin",` +
		`"target_uri":"channel:1795436589.247","language":"en","state":"done"}` + tailJSON,
	`{"type":"Dial","timestamp":"2026-11-23T12:23:09.309+0000","dialstatus":"ANSWER","forward":"","dialstring":"1@carrier",` +
		`"caller":` + channelJSON + `,"peer":` + channelJSON + tailJSON,
	`{"type":"ChannelCreated","timestamp":"2026-11-23T12:23:09.309+0000","channel":` + channelJSON + tailJSON,
	`{"type":"ChannelDestroyed","timestamp":"2026-11-23T12:23:09.309+0000","cause":16,"cause_txt":"Normal Clearing","channel":` + channelJSON + tailJSON,
	`{"type":"ChannelUserevent","timestamp":"2026-11-23T12:23:09.309+0000","eventname":"DialwardenEmergency",` +
		`"userevent":{"eventname":"DialwardenEmergency","Number":"110"},"channel":` + channelJSON + tailJSON,
	`{"type":"ApplicationReplaced"` + tailJSON,
}

// Whatever the spelling, decode gives what the library gives, and an error where the library gives one.
func TestDecodeIsTheLibrarys(t *testing.T) {
	hostile := []string{
		``, `{`, `null`, `[]`, `{"type":"StasisStart"`, `{"type":"StasisStart}`, `{"type":"StasisStart","channel":7}`,
		`{"type":7}`, `{"type":"Unheard"}`, `{"type":""}`, `{"channel":{"id":"{\"type\":\"Dial\""},"type":"StasisStart"}`,
		`{"type":"Dial","dialstatus":"ANSWER"}`,
	}
	for _, frame := range append(append(hostile, events...), strings.ReplaceAll(events[0], `":`, `": `)) {
		want, wantErr := library.DecodeEvent([]byte(frame))
		want = brieflyOf(want)
		got, err := decode([]byte(frame))
		inUTC(got)
		inUTC(want)
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v, %v", frame, got, err, want, wantErr)
		}
	}
}

// brieflyOf is what we want of what the library reads.
func brieflyOf(e library.Event) library.Event {
	switch e := e.(type) {
	case *library.StasisEnd:
		return &briefly{EventData: e.EventData, Channel: briefOf(&e.Channel)}
	case *library.ChannelCreated:
		return &briefly{EventData: e.EventData, Channel: briefOf(&e.Channel)}
	case *library.Dial:
		return &briefly{EventData: e.EventData, Dialstatus: e.Dialstatus, Dialstring: e.Dialstring, Caller: briefOf(&e.Caller), Peer: briefOf(&e.Peer)}
	case *library.ChannelDestroyed:
		return &briefly{EventData: e.EventData, Cause: e.Cause, Channel: briefOf(&e.Channel)}
	}
	return e
}

// inUTC makes the times of an event comparable.
func inUTC(e library.Event) {
	if b, ok := e.(*briefly); ok {
		for _, ch := range []*channel{&b.Channel, &b.Caller, &b.Peer} {
			ch.Made = library.DateTime(time.Time(ch.Made).UTC())
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, read := range map[string]func([]byte) (library.Event, error){"decode": decode, "library": library.DecodeEvent} {
		b.Run(name, func(b *testing.B) {
			frame := []byte(events[4])
			b.ReportAllocs()
			for b.Loop() {
				if _, err := read(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestDialledNumber(t *testing.T) {
	for dialstring, want := range map[string]string{
		"110@carrier": "110", "carrier/110": "110", "g1/110": "110", "carrier/sip:110@127.0.0.1:5060": "110",
		"carrier/sips:110;user=phone@example.com": "110", "guest@example.com/110@lcr": "110", "carrier": "carrier", "": "",
	} {
		if got := dialledNumber(dialstring); got != want {
			t.Errorf("%q dials %q, want %q", dialstring, got, want)
		}
	}
}
