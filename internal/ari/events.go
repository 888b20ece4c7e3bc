package ari

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	library "github.com/CyCoreSystems/ari/v6"

	"github.com/dialwarden/dialwarden/internal/call"
)

// emergencyEvent is the name of the UserEvent that the dialplan sends with an emergency call.
const emergencyEvent = "DialwardenEmergency"

// channelEvent is the name of the UserEvent that the dialplan sends where an emergency or an alarm finds no channel.
const channelEvent = "DialwardenNeedsChannel"

// emergencyContext is where the dialplan dials emergency numbers.
const emergencyContext = "dialwarden-emergency"

// wanted are the events that we take; all others are dropped inside Asterisk.
var wanted = []string{
	library.Events.StasisStart, library.Events.StasisEnd, library.Events.ChannelDtmfReceived,
	library.Events.PlaybackFinished, library.Events.ChannelCreated, library.Events.Dial, library.Events.ChannelDestroyed,
	library.Events.ChannelUserevent, library.Events.ApplicationReplaced,
}

// subscribe asks for the events of all channels: a released call has left the application, and an emergency call was
// never in it. It is not done with subscribeAll, which subscribes to device states, too: Asterisk locks itself up when it
// closes the connection while a device changes its state (asterisk/asterisk#2170); nobody can connect any more then, and
// callers wait in silence until it is restarted.
func (c *Client) subscribe(ctx context.Context) error {
	given := time.After(letGo)
	for {
		err := c.application(ctx, http.MethodPost, "/subscription", url.Values{"eventSource": {"channel:"}})
		if !errors.Is(err, call.ErrGone) {
			return err
		}
		select { // the connection is there a moment before the application is
		case <-time.After(letGo / 50):
		case <-given:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// filterEvents asks Asterisk to send only what is wanted.
func (c *Client) filterEvents(ctx context.Context) error {
	type eventType struct {
		Type string `json:"type"`
	}
	var filter struct {
		Allowed []eventType `json:"allowed"`
	}
	for _, w := range wanted {
		filter.Allowed = append(filter.Allowed, eventType{w})
	}
	path := "/applications/" + url.PathEscape(c.cfg.Application) + "/eventFilter"
	return c.rest.do(ctx, http.MethodPut, path, nil, filter, nil)
}

// event passes one event on. No event is ever logged whole: it may hold a digit of a PIN.
func (c *Client) event(frame []byte) {
	decoded, err := decode(frame)
	if err != nil {
		c.log.Warn().Err(err).Msg("an event of Asterisk could not be read; if it was a call, the next sweep finds it")
		return
	}
	switch e := decoded.(type) {
	case *library.StasisStart:
		c.arrived(e)
	case *briefly:
		c.brief(e)
	case *library.ChannelDtmfReceived:
		if len(e.Digit) == 1 {
			c.deliver(e.Channel.ID, call.Digit{Key: e.Digit[0]})
		}
	case *library.PlaybackFinished:
		c.played(e)
	case *library.ChannelUserevent:
		c.userEvent(e)
	case *library.ApplicationReplaced:
		c.log.Error().Str("application", c.cfg.Application).
			Msg("another program has taken over our application in Asterisk; is a second daemon running?")
	}
}

// played passes on that something was spoken.
func (c *Client) played(e *library.PlaybackFinished) {
	channel, onChannel := strings.CutPrefix(e.Playback.TargetURI, "channel:")
	if c.isWord(channel) {
		c.wordEnded(channel)
		return
	}
	if seq, ours := seqOf(e.Playback.ID); ours && onChannel {
		c.deliver(channel, call.PromptEnded{Seq: seq})
	}
}

// brief passes on what each call makes several of.
func (c *Client) brief(e *briefly) {
	word := c.isWord(e.Channel.ID)
	switch e.Type {
	case library.Events.StasisEnd:
		if !word && !c.tellPhone(e.Channel.ID, call.PhoneEnded{Cause: call.CauseNormalClearing}) {
			c.handler.Deliver(e.Channel.ID, call.HungUp{})
		}
	case library.Events.ChannelCreated:
		if !word && !c.isPhone(e.Channel.ID) {
			c.handler.Made(describe(e.Channel))
		}
	case library.Events.Dial:
		c.dialled(e)
	case library.Events.ChannelDestroyed:
		if word {
			c.wordEnded(e.Channel.ID)
		} else if !c.tellPhone(e.Channel.ID, call.PhoneEnded{Cause: e.Cause}) {
			c.handler.Ended(e.Channel.ID, time.Time(e.Timestamp), e.Cause)
		}
	}
}

// userEvent passes on what our dialplan tells.
func (c *Client) userEvent(e *library.ChannelUserevent) {
	switch {
	case e.Channel.ID == "":
	case e.Eventname == emergencyEvent:
		c.handler.Emergency(attempt(&e.Channel, "", call.SourceDialplan))
	case e.Eventname == channelEvent:
		fields, _ := e.Userevent.(map[string]any)
		dialled, _ := fields["Trunk"].(string)
		via, _ := fields["Via"].(string)
		c.handler.NeedsChannel(describe(briefOf(&e.Channel)), strings.TrimPrefix(via, "_"), dialled)
	}
}

// dialled passes on that a call has begun, or was answered, unless it is one of ours.
func (c *Client) dialled(e *briefly) {
	if c.isPhone(e.Caller.ID) || c.isPhone(e.Peer.ID) {
		return
	}
	caller, peer := describe(e.Caller), describe(e.Peer)
	peer.Dialled = dialledNumber(e.Dialstring)
	switch e.Dialstatus {
	case "":
		c.handler.Dialled(caller, peer)
	case "RINGING", "PROGRESS":
		c.handler.Ringing(caller, peer)
	case "ANSWER":
		c.handler.Answered(caller, peer, time.Time(e.Timestamp))
	}
}

// dialledNumber is the number in what Dial was told to dial, without its technology: 110@carrier, carrier/110, g1/110,
// carrier/sip:110@example.com.
func dialledNumber(dialstring string) string {
	number := dialstring[strings.LastIndexByte(dialstring, '/')+1:]
	number, _, _ = strings.Cut(number, "@")
	number, _, _ = strings.Cut(number, ";")
	return strings.TrimPrefix(strings.TrimPrefix(number, "sips:"), "sip:")
}

// The variables that our dialplan sets on channels, and that ari.conf puts into every event (channelvars).
const (
	decisionVar = "DIALWARDEN_DECISION" // the decision's id, or emergencyMark
	answeredVar = "DIALWARDEN_ANSWERED" // ms since 1970
)

// emergencyMark stands in place of a decision on channels of emergency calls.
const emergencyMark = "emergency"

// deliver passes on what happens to a caller, or on a phone that we have rung.
func (c *Client) deliver(channel string, e call.Event) {
	if !c.tellPhone(channel, e) {
		c.handler.Deliver(channel, e)
	}
}

func (c *Client) arrived(e *library.StasisStart) {
	entry, caller := entryOf(e.Args)
	if c.isWord(e.Channel.ID) {
		return
	}
	if entry == phoneArgs || c.isPhone(e.Channel.ID) {
		c.phoneAnswered(&e.Channel)
		return
	}
	line := c.line(&e.Channel, entry)
	if entry == "" {
		c.refuseStray(line)
		return
	}
	c.handler.Arrive(attempt(&e.Channel, caller, call.SourceARI), entry, line)
}

// line returns the channel as a caller's line.
func (c *Client) line(ch *library.ChannelData, entry string) *Line {
	return &Line{rest: c.rest, sounds: c.sounds, channel: ch.ID, language: ch.Language, entry: entry}
}

// takenOver returns the entry of the caller whose place a channel has taken: a phone that is asked for a PIN can hand the
// call to another (REFER with Replaces), and the new channel comes without arguments, with the prompt still playing.
func (c *Client) takenOver(ctx context.Context, channel string) (entry string, ok bool) {
	var ch library.ChannelData
	err := c.rest.do(ctx, http.MethodGet, "/channels/"+url.PathEscape(channel), nil, nil, &ch)
	if err != nil || ch.Dialplan == nil {
		return "", false
	}
	args := strings.Split(ch.Dialplan.AppData, ",")
	if args[0] != c.cfg.Application {
		return "", false
	}
	entry, _ = entryOf(args[1:])
	return entry, entry != ""
}

// refuseStray turns away a channel that came without the nonce of our dialplan: it could not be released anyway.
func (c *Client) refuseStray(l *Line) {
	c.log.Error().Str("channel", l.channel).Str("application", c.cfg.Application).
		Msg("a channel came into our application from a dialplan that is not ours; refused")
	go func() {
		ctx := context.Background()
		l.entry, l.adopted = c.takenOver(ctx, l.channel)
		err := l.Refuse(ctx, call.Refusal{Prompt: call.PromptUnavailable, Cause: call.CauseTemporaryFailure})
		if unlessGone(err) != nil {
			c.log.Error().Err(err).Str("channel", l.channel).Msg("it could not be refused")
		}
	}()
}

// entryOf reads the arguments of Stasis(dialwarden,NONCE,CALLER).
func entryOf(args []string) (entry, caller string) {
	if len(args) > 0 {
		entry = args[0]
	}
	if len(args) > 1 {
		caller = args[1]
	}
	return entry, caller
}

// attempt describes the call on a channel. Who pays is whom the dialplan names; else the channel's endpoint, or its
// caller ID.
func attempt(ch *library.ChannelData, caller string, s call.Source) call.Attempt {
	a := call.Attempt{Source: s, Channel: ch.ID, Extension: caller, At: time.Now()}
	if ch.Dialplan != nil {
		a.Dialled = ch.Dialplan.Exten
	}
	if caller == call.PayerUnknown {
		a.Extension = ""
		return a
	}
	if a.Extension == "" {
		a.Extension = call.EndpointNumber(ch.Name)
	}
	if a.Extension == "" && ch.Caller != nil {
		a.Extension = ch.Caller.Number
	}
	return a
}
