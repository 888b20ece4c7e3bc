package ari

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	library "github.com/CyCoreSystems/ari/v6"

	"github.com/dialwarden/dialwarden/internal/call"
)

// ErrAway tells that Asterisk is away: neither can a phone be rung, nor would its answer be heard.
var ErrAway = errors.New("no connection to Asterisk")

const (
	// phoneArgs are the arguments with which the phones that we ring come into our application. A caller comes with a
	// nonce, which is of digits.
	phoneArgs = "approver"
	// ringOver is added to the time that a phone rings: should we be gone by then, Asterisk stops it.
	ringOver = 5 * time.Second
	// phoneContext is where the dialplan rings a phone as it rings any other, with whatever DIALWARDEN_INTERNAL says.
	phoneContext = "dialwarden-approver"
)

// unforwarded keeps a phone that forwards its calls from making one of them, which nobody has allowed, to somebody who may
// be the caller himself: in that context every call is busy.
var unforwarded = map[string]any{"variables": map[string]string{"FORWARD_CONTEXT": "dialwarden-unforwarded"}}

var (
	phoneNumber = regexp.MustCompile(`^[0-9*#]{1,32}$`)
	// plainEndpoint is a technology and a resource that can be rung as they are.
	plainEndpoint = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*/[A-Za-z0-9_.@*#+:/-]+$`)
)

// Phone is a phone that we have rung. It plays and hangs up as a caller's Line does.
type Phone struct {
	line   Line
	client *Client
	tell   func(call.Event)
	made   time.Time // since when Asterisk has its channel; zero before
}

// Ring has the phone of an extension begin to ring; what happens is told to r.Tell, by any goroutine. The error is ErrAway,
// or says why this phone cannot be rung: there is none, or it is not registered.
func (c *Client) Ring(ctx context.Context, r call.Ringing) (*Phone, error) {
	if !phoneNumber.MatchString(r.Extension) {
		return nil, fmt.Errorf("%q is no extension: an approver is named by the number of his phone", r.Extension)
	}
	if !c.Connected() {
		return nil, ErrAway
	}
	endpoint, err := c.endpoint(ctx, r.Extension)
	if err != nil {
		return nil, orAway(err)
	}
	name := rand.Text()
	p := &Phone{
		line: Line{rest: c.rest, sounds: c.sounds, channel: c.phonePrefix() + name, entry: name}, client: c, tell: r.Tell,
	}
	c.mu.Lock()
	c.phones[p.line.channel] = p
	c.mu.Unlock()
	err = c.rest.do(ctx, http.MethodPost, "/channels/"+p.line.channel, url.Values{
		"endpoint": {endpoint}, "app": {c.cfg.Application}, "appArgs": {phoneArgs},
		"callerId": {cmp.Or(r.Name, "approval") + " <" + shownNumber(r.Caller) + ">"}, "otherChannelId": {p.line.channel + ".2"},
		"timeout": {strconv.Itoa(int((r.For + ringOver) / time.Second))},
	}, unforwarded, nil)
	if err != nil {
		c.forgetPhone(p.line.channel)
		if away := orAway(err); errors.Is(away, ErrAway) { // it may ring all the same
			_ = p.line.HangUp(ctx, call.CauseNormalClearing)
			return nil, away
		}
		return nil, fmt.Errorf("asterisk cannot ring %s: %w", endpoint, err)
	}
	c.mu.Lock()
	p.made = time.Now()
	c.mu.Unlock()
	return p, nil
}

// orAway turns an error that is no answer of Asterisk's into ErrAway.
func orAway(err error) error {
	if none := (*url.Error)(nil); errors.As(err, &none) {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return err
}

// endpoint is what rings an extension: what the dialplan's global DIALWARDEN_INTERNAL says. What is no plain technology
// and resource there (two phones, options) is rung by the dialplan.
func (c *Client) endpoint(ctx context.Context, extension string) (string, error) {
	var global struct {
		Value string `json:"value"`
	}
	err := c.rest.do(ctx, http.MethodGet, "/asterisk/variable", url.Values{"variable": {"DIALWARDEN_INTERNAL"}}, nil, &global)
	if unlessGone(err) != nil {
		return "", err
	}
	pattern := global.Value
	if pattern == "" {
		pattern = "PJSIP/NUMBER"
	}
	if endpoint := strings.ReplaceAll(pattern, "NUMBER", extension); plainEndpoint.MatchString(endpoint) {
		return endpoint, nil
	}
	return "Local/" + extension + "@" + phoneContext + "/n", nil
}

// shownNumber leaves of a caller's number what can be shown as one.
func shownNumber(s string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune("0123456789*#+", c) {
			return c
		}
		return -1
	}, s)
}

// Play begins to speak sound files, one after the other.
func (p *Phone) Play(ctx context.Context, sounds []string, seq int) error {
	if len(sounds) == 0 {
		return errors.New("there is no sound file for this prompt")
	}
	p.client.mu.Lock()
	line := p.line
	p.client.mu.Unlock()
	return line.Play(ctx, sounds, seq)
}

// Silence stops the prompt of seq. That it has already ended is no error.
func (p *Phone) Silence(ctx context.Context, seq int) error { return p.line.Silence(ctx, seq) }

// HangUp stops the phone from ringing, or ends the call. When it has returned, nothing is told of it any more; should
// Asterisk not have heard of this, the next sweep hangs it up.
func (p *Phone) HangUp(ctx context.Context, cause int) error {
	defer p.client.forgetPhone(p.line.channel)
	return p.line.HangUp(ctx, cause)
}

// phonePrefix begins the ids of the channels to phones that we ring. Another application's prefix is another one: no
// part behind it has a dash.
func (c *Client) phonePrefix() string { return "dialwarden-approver-" + c.cfg.Application + "-" }

// isPhone reports whether a channel is one that we, or an earlier daemon, has made to ring a phone.
func (c *Client) isPhone(channel string) bool {
	name, ok := strings.CutPrefix(channel, c.phonePrefix())
	return ok && !strings.Contains(name, "-")
}

// phone returns the phone of a channel; nil if it is none of ours, or is no more.
func (c *Client) phone(channel string) *Phone {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phones[channel]
}

func (c *Client) forgetPhone(channel string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.phones, channel)
}

// tellPhone passes on what happens on the channel of a phone, and reports whether it is one: nobody else is told of those.
func (c *Client) tellPhone(channel string, e call.Event) bool {
	p := c.phone(channel)
	if p == nil {
		return c.isPhone(channel)
	}
	if _, ended := e.(call.PhoneEnded); ended {
		c.forgetPhone(channel)
	}
	p.tell(e)
	return true
}

// phoneAnswered takes a channel that has come into our application as a phone does. One that nobody waits for is hung up.
func (c *Client) phoneAnswered(ch *library.ChannelData) {
	if p := c.phone(ch.ID); p != nil {
		c.mu.Lock()
		p.line.language = ch.Language
		c.mu.Unlock()
		p.tell(call.Answered{})
		return
	}
	c.hangUpStray(ch.ID)
}

// hangUpStray ends the call to a phone that rings or talks for nobody: the daemon that rang it is gone, or could not hang
// it up.
func (c *Client) hangUpStray(channel string) {
	c.log.Info().Str("channel", channel).Msg("the phone of an approver rings or talks for nobody; hung up")
	go func() {
		l := &Line{rest: c.rest, channel: channel}
		if err := l.HangUp(context.Background(), call.CauseNormalClearing); err != nil {
			c.log.Error().Err(err).Str("channel", channel).Msg("it could not be hung up")
		}
	}()
}

// sweepPhone makes good what events did not tell of a channel that is there; it reports whether it is a phone's.
func (c *Client) sweepPhone(ch *library.ChannelData, inStasis bool) bool {
	if !c.isPhone(ch.ID) && !inStasis {
		return false
	}
	switch p := c.phone(ch.ID); {
	case p != nil && inStasis:
		c.phoneAnswered(ch)
	case p == nil && !strings.HasSuffix(ch.ID, ".2"):
		c.hangUpStray(ch.ID)
	}
	return true
}

// phoneInStasis reports whether a channel is in our application as a phone that we have rung.
func (c *Client) phoneInStasis(ch *library.ChannelData) bool {
	return ch.Dialplan != nil && ch.Dialplan.AppName == "Stasis" && ch.Dialplan.AppData == c.cfg.Application+","+phoneArgs
}

// sweepPhones tells the end of those that are not there any more.
func (c *Client) sweepPhones(s *Snapshot) {
	c.mu.Lock()
	var ended []string
	for channel, p := range c.phones {
		if _, there := s.Channels[channel]; !there && !p.made.IsZero() && p.made.Before(s.Taken) {
			ended = append(ended, channel)
		}
	}
	c.mu.Unlock()
	for _, channel := range ended {
		c.tellPhone(channel, call.PhoneEnded{})
	}
}
