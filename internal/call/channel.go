package call

import (
	"strings"
	"time"
)

// Channel is a channel of Asterisk, as an event or a look at all channels tells of it.
type Channel struct {
	ID   string // Asterisk's unique id
	Name string // PJSIP/carrier-0000002a
	// Incoming says that the other side has called Asterisk on it; it is only told where the channel is made.
	Incoming bool
	Taken    bool   // the other side has the call: it rings, or talks, or has called
	Context  string // where in the dialplan it is
	Exten    string
	App      string // the application that it executes
	Dialled  string // the number that Asterisk calls on it; it is only told where it is dialled
	// DecisionID is the decision that it was dialled under, as our dialplan has noted it: 0 for none. Whatever such a
	// channel dials in its turn has it, too.
	DecisionID int64
	Emergency  bool      // it belongs to an emergency call, as our dialplan has noted it
	AnsweredAt time.Time // when it answered a call that we let out, as our dialplan has noted it; zero for not
	MadeAt     time.Time // zero where it is not told
	Ours       bool      // the daemon rings a phone on it; it is told by a look at all channels only
}

// Endpoint is technology and endpoint: of PJSIP/carrier-0000002a it is PJSIP/carrier.
func (c Channel) Endpoint() string {
	if dash := strings.LastIndexByte(c.Name, '-'); dash > 0 {
		return c.Name[:dash]
	}
	return c.Name
}

// OtherHalf returns the name of the other half of a Local channel; empty for any other channel.
func (c Channel) OtherHalf() string {
	if base, ok := strings.CutSuffix(c.Name, ";1"); ok {
		return base + ";2"
	}
	if base, ok := strings.CutSuffix(c.Name, ";2"); ok {
		return base + ";1"
	}
	return ""
}
