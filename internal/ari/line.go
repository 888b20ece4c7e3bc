package ari

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Line is a caller's channel that is in our hands. It satisfies gate.Line.
type Line struct {
	rest     *rest
	sounds   *sounds // nil: all that is to be played is there
	channel  string
	language string // of the channel: zh, zh_CN
	entry    string // the nonce of the dialplan, without which it lets nobody out
	adopted  bool   // an earlier daemon may still be speaking on it
}

// mostPrompts is how many prompts an earlier daemon can reasonably have begun.
const mostPrompts = 20

// quiet stops what an earlier daemon was playing: Asterisk carries out no other command before a playback has ended.
func (l *Line) quiet(ctx context.Context) {
	if !l.adopted {
		return
	}
	l.adopted = false
	for seq := 1; seq <= mostPrompts; seq++ {
		if l.Silence(ctx, seq) != nil {
			return
		}
	}
}

func (l *Line) post(ctx context.Context, what string, query url.Values) error {
	return l.rest.do(ctx, http.MethodPost, "/channels/"+url.PathEscape(l.channel)+what, query, nil, nil)
}

// Answer takes the channel up.
func (l *Line) Answer(ctx context.Context) error {
	l.quiet(ctx)
	return l.post(ctx, "/answer", nil)
}

// Play begins to speak sound files, one after the other; in place of one that Asterisk has not, something that it has.
func (l *Line) Play(ctx context.Context, sounds []string, seq int) error {
	media := "sound:" + strings.Join(l.sounds.playable(sounds, l.language), ",sound:")
	return l.post(ctx, "/play", url.Values{"media": {media}, "playbackId": {l.playback(seq)}})
}

// Silence stops the prompt of seq. That it has already ended is no error.
func (l *Line) Silence(ctx context.Context, seq int) error {
	err := l.rest.do(ctx, http.MethodDelete, "/playbacks/"+url.PathEscape(l.playback(seq)), nil, nil, nil)
	return unlessGone(err)
}

// playback names the playback of a prompt; seqOf reads it back.
func (l *Line) playback(seq int) string { return fmt.Sprintf("dialwarden-%s-%d", l.entry, seq) }

func seqOf(playback string) (seq int, ours bool) {
	if !strings.HasPrefix(playback, "dialwarden-") {
		return 0, false
	}
	seq, err := strconv.Atoi(playback[strings.LastIndexByte(playback, '-')+1:])
	return seq, err == nil
}

// Release sends the channel to [dialwarden-released], which dials. The extension carries the decision, so that one
// request is enough; it is described in the dialplan.
func (l *Line) Release(ctx context.Context, r call.Release) error {
	if r.Trunk != "" {
		err := l.post(ctx, "/variable", url.Values{"variable": {"DIALWARDEN_VIA"}, "value": {"_" + r.Trunk}})
		if err != nil {
			return err
		}
	}
	if r.Warning != "" && !l.sounds.sure(r.Warning, l.language) {
		r.Warning = ""
	}
	return l.goOn(ctx, call.ContextReleased, r.Extension(l.entry))
}

// Refuse sends the channel to [dialwarden-refused], which speaks the prompt and hangs up with the cause.
func (l *Line) Refuse(ctx context.Context, r call.Refusal) error {
	return l.goOn(ctx, call.ContextRefused, r.Extension())
}

// goOn lets the channel go on in the dialplan.
func (l *Line) goOn(ctx context.Context, dialplanContext, extension string) error {
	l.quiet(ctx)
	return l.post(ctx, "/continue", url.Values{
		"context": {dialplanContext}, "extension": {extension}, "priority": {"1"},
	})
}

// HangUp ends the channel. That it has already ended is no error.
func (l *Line) HangUp(ctx context.Context, cause int) error {
	err := l.rest.do(ctx, http.MethodDelete, "/channels/"+url.PathEscape(l.channel),
		url.Values{"reason_code": {strconv.Itoa(cause)}}, nil, nil)
	return unlessGone(err)
}
