package ari

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// capContext is where our dialplan sets the time-out of another channel: one that is not in our application.
const capContext = "dialwarden-cap"

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
