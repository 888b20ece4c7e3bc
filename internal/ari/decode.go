package ari

import (
	"bytes"
	"encoding/json"

	library "github.com/CyCoreSystems/ari/v6"
)

// kinds make the events that come often, so that decode need not look for their type.
var kinds = map[string]func() library.Event{
	library.Events.StasisStart:         func() library.Event { return new(library.StasisStart) },
	library.Events.StasisEnd:           func() library.Event { return new(library.StasisEnd) },
	library.Events.ChannelDtmfReceived: func() library.Event { return new(library.ChannelDtmfReceived) },
	library.Events.PlaybackFinished:    func() library.Event { return new(library.PlaybackFinished) },
	library.Events.ChannelCreated:      func() library.Event { return new(library.ChannelCreated) },
	library.Events.Dial:                func() library.Event { return new(library.Dial) },
	library.Events.ChannelDestroyed:    func() library.Event { return new(library.ChannelDestroyed) },
}

var (
	typeFirst = []byte(`{"type":"`)
	dialFirst = []byte(`{"type":"Dial"`)
	answered  = []byte(`"dialstatus":"ANSWER"`)
	begun     = []byte(`"dialstatus":""`)
)

// decode reads an event as the library does, but once: the library reads all of it to find its type, and then again.
// Asterisk writes the type first; where it does not, the library's way is gone. A Dial that tells neither of a beginning
// nor of an answer is not read at all and comes back as nil: each call makes several, with two channels in each. A fault
// in the JSON is the error.
func decode(frame []byte) (library.Event, error) {
	if bytes.HasPrefix(frame, dialFirst) && !bytes.Contains(frame, answered) && !bytes.Contains(frame, begun) {
		return nil, nil
	}
	rest, compact := bytes.CutPrefix(frame, typeFirst)
	name, _, _ := bytes.Cut(rest, []byte(`"`))
	empty, known := kinds[string(name)]
	if !compact || !known {
		return library.DecodeEvent(frame)
	}
	e := empty()
	return e, json.Unmarshal(frame, e)
}
