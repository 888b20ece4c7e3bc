package ari

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// wordArgs are the arguments with which a channel comes into our application that whispers for us.
const wordArgs = "word"

// wordPrefix begins the ids of such channels; no part behind it has a dash.
func (c *Client) wordPrefix() string { return "dialwarden-word-" + c.cfg.Application + "-" }

func (c *Client) isWord(channel string) bool {
	name, ok := strings.CutPrefix(channel, c.wordPrefix())
	return ok && !strings.Contains(name, "-")
}

// Whisper speaks sound files to who is on a channel, whatever the channel is doing: it need not be in our hands. It returns
// when they were spoken, or when ctx ends, with its error. The error is ErrAway while Asterisk is away, and call.ErrGone
// where there is no such channel.
func (c *Client) Whisper(ctx context.Context, channel string, sounds []string) error {
	if !c.Connected() {
		return ErrAway
	}
	id, ended := c.wordPrefix()+rand.Text(), make(chan struct{})
	c.mu.Lock()
	c.words[id] = ended
	c.mu.Unlock()
	defer c.hushed(ctx, id)
	var snoop struct{ Language string }
	err := c.rest.do(ctx, http.MethodPost, "/channels/"+url.PathEscape(channel)+"/snoop/"+id, url.Values{
		"whisper": {"out"}, "app": {c.cfg.Application}, "appArgs": {wordArgs},
	}, nil, &snoop)
	if err != nil {
		return orAway(err)
	}
	l := Line{rest: c.rest, sounds: c.sounds, channel: id, language: snoop.Language, entry: rand.Text()}
	if err := playSoon(ctx, &l, sounds, ended); err != nil {
		return orAway(err)
	}
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// How long a channel that Asterisk has made may take to come into our application, and how often it is asked.
const (
	comesWithin = time.Second
	askedEvery  = 20 * time.Millisecond
)

// playSoon plays on a channel that is about to come into our application: until then Asterisk answers 409.
func playSoon(ctx context.Context, l *Line, sounds []string, ended <-chan struct{}) error {
	for late := time.After(comesWithin); ; {
		err := l.Play(ctx, sounds, 1)
		if !errors.Is(err, call.ErrGone) {
			return err
		}
		select {
		case <-time.After(askedEvery):
		case <-late:
			return err
		case <-ended:
			return err
		}
	}
}

// hushed takes a channel away that has whispered.
func (c *Client) hushed(ctx context.Context, id string) {
	c.wordEnded(id)
	l := Line{rest: c.rest, channel: id}
	if err := l.HangUp(context.WithoutCancel(ctx), call.CauseNormalClearing); err != nil {
		c.log.Debug().Err(err).Str("channel", id).Msg("a whispering channel could not be hung up; the next sweep will")
	}
}

// wordEnded notes that a word was spoken, or its channel is gone.
func (c *Client) wordEnded(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ended := c.words[id]; ended != nil {
		close(ended)
		delete(c.words, id)
	}
}

// sweepWord hangs a channel up that whispers for nobody any more, and reports whether it is one that whispers.
func (c *Client) sweepWord(id string) bool {
	if !c.isWord(id) {
		return false
	}
	c.mu.Lock()
	_, wanted := c.words[id]
	c.mu.Unlock()
	if !wanted {
		go c.hushed(context.Background(), id)
	}
	return true
}
