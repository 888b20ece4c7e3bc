package ari

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Past looks up how the call of a released channel has ended that does not exist any more: our dialplan notes each end
// in a global variable. It reports false if there is no note, if a later call has overwritten it, or if Asterisk
// does not answer.
func (c *Client) Past(ctx context.Context, channel string) (call.End, bool) {
	var note struct {
		Value string `json:"value"`
	}
	query := url.Values{"variable": {"DIALWARDEN_END_" + channel[max(0, len(channel)-2):]}}
	if err := c.rest.do(ctx, http.MethodGet, "/asterisk/variable", query, nil, &note); err != nil {
		c.log.Warn().Err(err).Str("channel", channel).Msg("the end of a call could not be looked up in Asterisk")
		return call.End{}, false
	}
	return readNote(note.Value, channel)
}

// readNote reads what the dialplan noted: CHANNEL MS-SINCE-1970 MS-ANSWERED CAUSE.
func readNote(note, channel string) (call.End, bool) {
	var of string
	var at, talked int64
	var cause int
	if n, _ := fmt.Sscan(note, &of, &at, &talked, &cause); n != 4 || of != channel || at <= 0 || talked < 0 {
		return call.End{}, false
	}
	e := call.End{EndedAt: time.UnixMilli(at), Cause: cause}
	if talked > 0 {
		e.AnsweredAt = e.EndedAt.Add(-time.Duration(talked) * time.Millisecond)
	}
	return e, true
}
