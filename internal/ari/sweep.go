package ari

import (
	"context"
	"net/http"
	"strings"
	"time"

	library "github.com/CyCoreSystems/ari/v6"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Snapshot is what a look at all channels found.
type Snapshot struct {
	Taken    time.Time       // before Asterisk was asked
	Channels map[string]bool // every channel there is, by id
	Waiting  []Waiting       // those that are in our application
}

// Waiting is a channel in our application.
type Waiting struct {
	Attempt call.Attempt
	Entry   string
	Line    *Line
}

// sweep looks at all channels now and every few seconds.
func (c *Client) sweep(ctx context.Context, snapshots chan<- Snapshot) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if s, err := c.snapshot(ctx); err == nil {
			select {
			case snapshots <- s:
			case <-ctx.Done():
				return
			}
		} else if ctx.Err() == nil {
			c.log.Warn().Err(err).Msg("the channels could not be looked at")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Client) snapshot(ctx context.Context) (Snapshot, error) {
	s := Snapshot{Taken: time.Now(), Channels: map[string]bool{}}
	var channels []library.ChannelData
	if err := c.rest.do(ctx, http.MethodGet, "/channels", nil, nil, &channels); err != nil {
		return s, err
	}
	for i := range channels {
		ch := &channels[i]
		s.Channels[ch.ID] = true
		if ch.Dialplan == nil || ch.Dialplan.AppName != "Stasis" {
			continue
		}
		args := strings.Split(ch.Dialplan.AppData, ",")
		if args[0] != c.cfg.Application {
			continue
		}
		entry, caller := entryOf(args[1:])
		line := &Line{rest: c.rest, channel: ch.ID, entry: entry, adopted: true}
		if entry == "" {
			c.refuseStray(line)
			continue
		}
		s.Waiting = append(s.Waiting, Waiting{Attempt: attempt(ch, caller, call.SourceARI), Entry: entry, Line: line})
	}
	return s, nil
}
