package ari

import (
	"context"
	"net/http"
	"net/url"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Past looks up how the call of a released channel has ended that does not exist any more: our dialplan notes each end
// in a global variable. It reports false if there is no note, if a later call has overwritten it, or if Asterisk
// does not answer.
func (c *Client) Past(ctx context.Context, channel string) (call.End, bool) {
	var note struct {
		Value string `json:"value"`
	}
	query := url.Values{"variable": {call.NoteName(channel)}}
	if err := c.rest.do(ctx, http.MethodGet, "/asterisk/variable", query, nil, &note); err != nil {
		c.log.Warn().Err(err).Str("channel", channel).Msg("the end of a call could not be looked up in Asterisk")
		return call.End{}, false
	}
	return call.ReadNote(note.Value, channel)
}
