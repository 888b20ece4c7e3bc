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
	Taken    time.Time               // before Asterisk was asked
	Channels map[string]call.Channel // every channel there is, by id
	Waiting  []Waiting               // those that are in our application
	First    bool                    // of a connection
	// Emergencies are the calls that the dialplan is letting out by itself, and Talking says since when callers talk.
	// They are there in the first snapshot of a connection only: what came later was told by events.
	Emergencies []call.Attempt
	Talking     map[string]time.Time
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
	for first := true; ; {
		if s, err := c.snapshot(ctx, first); err == nil {
			select {
			case snapshots <- s:
			case <-ctx.Done():
				return
			}
			first = false
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

func (c *Client) snapshot(ctx context.Context, first bool) (Snapshot, error) {
	s := Snapshot{Taken: time.Now(), First: first, Channels: map[string]call.Channel{}}
	var channels []library.ChannelData
	if err := c.rest.do(ctx, http.MethodGet, "/channels", nil, nil, &channels); err != nil {
		return s, err
	}
	for i := range channels {
		ch := &channels[i]
		s.Channels[ch.ID] = describe(briefOf(ch))
		switch {
		case c.sweepWord(ch.ID):
		case c.sweepPhone(ch, c.phoneInStasis(ch)):
		case ch.Dialplan == nil:
		case ch.Dialplan.AppName == "Stasis":
			c.waiting(&s, ch)
		case first && ch.Dialplan.AppName == "Dial" && ch.Dialplan.Context == emergencyContext:
			s.Emergencies = append(s.Emergencies, found(ch, "", call.SourceDialplan))
		}
	}
	c.sweepPhones(&s)
	if !first {
		return s, nil
	}
	var err error
	s.Talking, err = c.talking(ctx)
	return s, err
}

// waiting adds a channel that is in some application, if it is ours.
func (c *Client) waiting(s *Snapshot, ch *library.ChannelData) {
	args := strings.Split(ch.Dialplan.AppData, ",")
	if args[0] != c.cfg.Application {
		return
	}
	entry, caller := entryOf(args[1:])
	line := c.line(ch, entry)
	line.adopted = entry != ""
	if entry == "" {
		c.refuseStray(line)
		return
	}
	s.Waiting = append(s.Waiting, Waiting{Attempt: found(ch, caller, call.SourceARI), Entry: entry, Line: line})
}

// found describes the call on a channel that was there when we looked: it was attempted when the channel was made.
func found(ch *library.ChannelData, caller string, s call.Source) call.Attempt {
	a := attempt(ch, caller, s)
	if made := ch.Creationtime; made != nil {
		if at := time.Unix(made.Seconds, int64(made.Nanos)); at.Unix() > 0 && at.Before(a.At) {
			a.At = at
		}
	}
	return a
}

// talking finds the channels that are connected to somebody: Dial makes their bridge when the called party answers.
func (c *Client) talking(ctx context.Context) (map[string]time.Time, error) {
	var bridges []struct {
		Channels []string         `json:"channels"`
		Since    library.DateTime `json:"creationtime"`
	}
	if err := c.rest.do(ctx, http.MethodGet, "/bridges", nil, nil, &bridges); err != nil {
		return nil, err
	}
	talking := map[string]time.Time{}
	for _, b := range bridges {
		for _, channel := range b.Channels {
			talking[channel] = time.Time(b.Since)
		}
	}
	return talking, nil
}
