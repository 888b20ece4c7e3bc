package ari

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	library "github.com/CyCoreSystems/ari/v6"
)

// What is done to calls in progress: their channels are not in our application, so that most commands would be refused.
const (
	capContext = "dialwarden-cap" // of our dialplan: it sets the time-out of another channel
	// whisperArgs are the arguments with which the channels come into our application that we whisper through, and
	// whisperPrefix is how their ids begin.
	whisperArgs   = "whisper"
	whisperPrefix = "dialwarden-whisper-"
	longWhisper   = 30 * time.Second // then it is over in any case
)

// unrecorded keeps Asterisk from writing a CDR about a channel that is no call.
var unrecorded = map[string]any{"variables": map[string]string{"CDR_PROP(disable)": "1"}}

// Limit lets a channel live for so long from now: our dialplan sets its TIMEOUT(absolute), which ARI may not. That
// the channel is gone is no error.
func (c *Client) Limit(ctx context.Context, channel string, left time.Duration) error {
	if strings.ContainsAny(channel, "/@,&|") {
		return fmt.Errorf("%q is no channel's id", channel)
	}
	return c.rest.do(ctx, http.MethodPost, "/channels", url.Values{
		"endpoint": {fmt.Sprintf("Local/%d-%s@%s", left.Milliseconds(), channel, capContext)},
		"context":  {capContext}, "extension": {"h"}, "timeout": {"2"},
	}, unrecorded, nil)
}

// Whisper plays sound files to the party on a channel, into the call, and returns at once. That the channel is gone is no
// error.
func (c *Client) Whisper(ctx context.Context, channel string, sounds []string) error {
	var ch library.ChannelData
	err := c.rest.do(ctx, http.MethodGet, "/channels/"+url.PathEscape(channel), nil, nil, &ch)
	if err != nil {
		return unlessGone(err)
	}
	id := whisperPrefix + rand.Text()
	err = c.rest.do(ctx, http.MethodPost, "/channels/"+url.PathEscape(channel)+"/snoop/"+id, url.Values{
		"whisper": {"out"}, "app": {c.cfg.Application}, "appArgs": {whisperArgs},
	}, nil, nil)
	if err != nil {
		return unlessGone(err)
	}
	err = c.rest.do(ctx, http.MethodPost, "/channels/"+id+"/play", url.Values{
		"media": {"sound:" + strings.Join(c.sounds.playable(sounds, ch.Language), ",sound:")}, "lang": {ch.Language},
	}, nil, nil)
	if err != nil {
		return errors.Join(unlessGone(err), c.HangUp(ctx, id, 0))
	}
	return nil
}

// whispered ends the channel that something was whispered through.
func (c *Client) whispered(channel string) {
	go func() {
		if err := c.HangUp(context.Background(), channel, 0); err != nil {
			c.log.Warn().Err(err).Str("channel", channel).Msg("a channel that we have whispered through could not be hung up; the next sweep finds it")
		}
	}()
}

// isWhisper reports whether something is whispered through the channel.
func isWhisper(channel string) bool { return strings.HasPrefix(channel, whisperPrefix) }

// sweepWhisper ends a whisper whose end we have not heard of; it reports whether the channel is one.
func (c *Client) sweepWhisper(ch *library.ChannelData) bool {
	if !isWhisper(ch.ID) {
		return false
	}
	if made := describe(briefOf(ch)).MadeAt; !made.IsZero() && time.Since(made) > longWhisper {
		c.whispered(ch.ID)
	}
	return true
}
