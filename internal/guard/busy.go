package guard

import (
	"context"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/queue"
	"github.com/dialwarden/dialwarden/internal/speech"
)

// Phones ring phones of the house.
type Phones interface {
	// Ring has a phone begin to ring, and returns; what happens is told to r.Tell.
	Ring(ctx context.Context, r call.Ringing) (Phone, error)
}

// Phone is a phone that rings or talks. call.PromptEnded with seq follows Play.
type Phone interface {
	Play(ctx context.Context, sounds []string, seq int) error
	HangUp(ctx context.Context, cause int) error
}

// How somebody is told of a line that is busy for too long.
const (
	ringFor    = 30 * time.Second
	ringTries  = 3
	ringPause  = 20 * time.Second // between two tries
	tellFor    = 30 * time.Second // on the phone, at most
	tellTimes  = 2
	ringPrefix = "line"
)

// Prompts that tell of it, with the extension between them.
const (
	promptLineAlarm = "line_alarm"
	promptLineBusy  = "line_busy"
)

// occupation is a guarded line that is busy.
type occupation struct {
	channels map[string]bool
	since    time.Time
	timer    *time.Timer // until it is busy for too long
	alerted  bool
	over     chan struct{} // closed when the line is free again
}

// occupy notes that a channel is on a guarded line, if it is.
func (g *Guard) occupy(c *channel) {
	if c.line == "" {
		return
	}
	o := g.busy[c.line]
	if o == nil {
		o = &occupation{channels: map[string]bool{}, since: c.MadeAt, over: make(chan struct{})}
		o.timer = time.AfterFunc(time.Hour, func() { g.overdue(c.line, o) })
		g.busy[c.line] = o
	}
	o.channels[c.ID] = true
	if c.MadeAt.Before(o.since) {
		o.since = c.MadeAt
	}
	g.set(c.line, o)
}

// set starts the clock of an occupation anew.
func (g *Guard) set(line string, o *occupation) {
	limit := g.lines.Guarded[line].OffHook
	if limit == 0 || o.alerted || g.stopped {
		o.timer.Stop()
		return
	}
	o.timer.Reset(max(0, limit-max(0, time.Since(o.since))))
}

// vacate notes that a channel is not on its guarded line any more.
func (g *Guard) vacate(c *channel) {
	o := g.busy[c.line]
	if o == nil {
		return
	}
	delete(o.channels, c.ID)
	if len(o.channels) == 0 {
		o.timer.Stop()
		close(o.over)
		delete(g.busy, c.line)
	}
}

// guardAnew looks which lines are busy after other lines have come into force.
func (g *Guard) guardAnew() {
	for line, o := range g.busy {
		for id := range o.channels {
			if c := g.channels[id]; c == nil || c.line != line {
				delete(o.channels, id)
			}
		}
		if len(o.channels) == 0 {
			o.timer.Stop()
			close(o.over)
			delete(g.busy, line)
		}
	}
	for _, c := range g.channels {
		g.occupy(c)
	}
}

// overdue raises the alert about a line that is busy for too long, once for each time that it is.
func (g *Guard) overdue(line string, o *occupation) {
	defer g.lock()()
	guarded, ok := g.lines.Guarded[line]
	if g.busy[line] != o || !ok || guarded.OffHook == 0 || o.alerted || g.stopped {
		return
	}
	o.alerted = true
	who := g.cfg.Directory().Caller(line)
	alert := call.Alert{
		Kind: call.AlertLine, At: time.Now(), To: guarded.Ring, Extension: line, Holder: who.Holder, Department: who.Department,
		Text: fmt.Sprintf("The guarded line %s has been busy or off the hook for more than %d seconds.", line, int(guarded.OffHook/time.Second)),
	}
	for id := range o.channels {
		alert.Channel = id
	}
	g.spawn(func() { g.cfg.Alert(alert) })
	if guarded.Ring != "" {
		g.spawn(func() { g.ring(line, guarded.Ring, o) })
	}
}

// ring tells whoever answers the other phone that a line is busy. While nobody does, and the line stays busy, it rings
// again a few times.
func (g *Guard) ring(line, to string, o *occupation) {
	for range ringTries {
		told, err := g.ringOnce(line, to, o)
		if err != nil {
			g.cfg.Log.Error().Err(err).Str("extension", line).Str("ring", to).Msg("the phone that is to ring for a busy line cannot be rung")
		}
		if told {
			return
		}
		select {
		case <-time.After(ringPause):
		case <-o.over:
			return
		case <-g.stopping:
			return
		}
	}
	g.cfg.Log.Error().Str("extension", line).Str("ring", to).Msg("nobody has answered the phone that rang for a busy line")
}

// ringOnce rings the phone, and reports whether somebody has heard that the line is busy, or need not any more.
func (g *Guard) ringOnce(line, to string, o *occupation) (told bool, err error) {
	inbox := queue.New[call.Event]()
	ctx, cancel := context.WithTimeout(context.Background(), ringFor+tellFor)
	defer cancel()
	phone, err := g.cfg.Phones.Ring(ctx, call.Ringing{Extension: to, Caller: line, Name: ringPrefix, For: ringFor, Tell: inbox.Push})
	if err != nil {
		return false, err
	}
	defer func() { _ = phone.HangUp(context.WithoutCancel(ctx), call.CauseNormalClearing) }()
	over, left, said := o.over, time.NewTimer(ringFor), 0
	defer left.Stop()
	for {
		select {
		case <-inbox.Ready():
			for _, e := range inbox.Take() {
				switch e.(type) {
				case call.Answered:
					over = nil // who has taken the trouble to answer is told
					left.Reset(tellFor)
				case call.PromptEnded:
				case call.PhoneEnded:
					return said > 0, nil
				default:
					continue
				}
				if said == tellTimes {
					return true, nil
				}
				said++
				if err := phone.Play(ctx, about(line), said); err != nil {
					return false, err
				}
			}
		case <-over:
			return true, nil
		case <-left.C:
			return said > 0, nil
		case <-g.stopping:
			return true, nil
		}
	}
}

// about are the sounds that tell which line is busy.
func about(line string) []string {
	sounds := speech.Of(promptLineAlarm)
	sounds = append(sounds, speech.Digits(line)...)
	return append(sounds, speech.Of(promptLineBusy)...)
}
