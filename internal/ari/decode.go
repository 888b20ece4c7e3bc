package ari

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	library "github.com/CyCoreSystems/ari/v6"

	"github.com/dialwarden/dialwarden/internal/call"
)

// kinds make the events that come often, so that decode need not look for their type.
var kinds = map[string]func() library.Event{
	library.Events.StasisStart:         func() library.Event { return new(library.StasisStart) },
	library.Events.StasisEnd:           func() library.Event { return new(briefly) },
	library.Events.ChannelDtmfReceived: func() library.Event { return new(library.ChannelDtmfReceived) },
	library.Events.PlaybackFinished:    func() library.Event { return new(library.PlaybackFinished) },
	library.Events.ChannelCreated:      func() library.Event { return new(briefly) },
	library.Events.Dial:                func() library.Event { return new(briefly) },
	library.Events.ChannelDestroyed:    func() library.Event { return new(briefly) },
}

// briefly is what we want of the events that each call makes several of: StasisEnd, ChannelCreated, Dial and
// ChannelDestroyed. The library's types read all of every channel, each of them twice.
type briefly struct {
	library.EventData

	Channel    channel `json:"channel"`
	Caller     channel `json:"caller"`
	Peer       channel `json:"peer"`
	Dialstatus string  `json:"dialstatus"`
	Dialstring string  `json:"dialstring"`
	Cause      int     `json:"cause"`
}

// Keys are the channels that the event is about; nobody asks.
func (*briefly) Keys() library.Keys { return nil }

// channel is what we want of a channel in such an event.
type channel struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	State    string            `json:"state"`
	Made     library.DateTime  `json:"creationtime"`
	Vars     map[string]string `json:"channelvars"`
	Dialplan struct {
		Context string `json:"context"`
		Exten   string `json:"exten"`
		App     string `json:"app_name"`
	} `json:"dialplan"`
}

var typeFirst = []byte(`{"type":"`)

// decode reads an event as the library does, but once: the library reads all of it to find its type, and then again.
// Asterisk writes the type first; where it does not, the library finds it. A fault in the JSON is the error.
func decode(frame []byte) (library.Event, error) {
	rest, compact := bytes.CutPrefix(frame, typeFirst)
	name, _, _ := bytes.Cut(rest, []byte(`"`))
	empty, known := kinds[string(name)]
	if !compact || !known {
		e, err := library.DecodeEvent(frame)
		if err != nil {
			return nil, err
		}
		if empty, known = kinds[e.GetType()]; !known {
			return e, nil
		}
	}
	e := empty()
	return e, json.Unmarshal(frame, e)
}

// briefOf takes from a channel what describe wants.
func briefOf(ch *library.ChannelData) channel {
	out := channel{ID: ch.ID, Name: ch.Name, State: ch.State, Vars: ch.ChannelVars}
	if d := ch.Dialplan; d != nil {
		out.Dialplan.Context, out.Dialplan.Exten, out.Dialplan.App = d.Context, d.Exten, d.AppName
	}
	if made := ch.Creationtime; made != nil {
		out.Made = library.DateTime(time.Unix(made.Seconds, int64(made.Nanos)))
	}
	return out
}

// calledUs are the states of a channel on which the other side calls Asterisk: an analog line has more than one of them.
var calledUs = map[string]bool{"Ring": true, "Pre-ring": true, "Rsrvd": true, "OffHook": true}

// describe puts a channel of Asterisk in our words.
func describe(ch channel) call.Channel {
	out := call.Channel{
		ID: ch.ID, Name: ch.Name, Incoming: calledUs[ch.State],
		Context: ch.Dialplan.Context, Exten: ch.Dialplan.Exten, App: ch.Dialplan.App,
		Taken:     ch.State == "Ring" || ch.State == "Ringing" || ch.State == "Up",
		Emergency: ch.Vars[decisionVar] == emergencyMark,
	}
	if made := time.Time(ch.Made); made.Unix() > 0 {
		out.MadeAt = made.Local()
	}
	if id, err := strconv.ParseInt(ch.Vars[decisionVar], 10, 64); err == nil && id > 0 {
		out.DecisionID = id
	}
	if ms, err := strconv.ParseInt(ch.Vars[answeredVar], 10, 64); err == nil && ms > 0 {
		out.AnsweredAt = time.UnixMilli(ms)
	}
	return out
}
