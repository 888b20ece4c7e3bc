package guard

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/speech"
)

// Asterisk ends calls that are not in anybody's hands.
type Asterisk interface {
	// Whisper speaks sound files to who is on the channel, and returns when they were spoken, or ctx ends. It is
	// call.ErrGone where there is no such channel.
	Whisper(ctx context.Context, channel string, sounds []string) error
	// Partner is the channel that a channel talks with; empty where it talks with nobody, or with several.
	Partner(ctx context.Context, channel string) (string, error)
	// Cut hangs the channel up with a Q.850 cause. That it has already ended is no error.
	Cut(ctx context.Context, channel string, cause int) error
}

const (
	wordTimeout = 3 * time.Second // an emergency waits for it
	cutTimeout  = 3 * time.Second
)

// promptPreempted is what both parties of a call that gives way hear.
const promptPreempted = "preempted"

// cut tells the parties of a call that it gives way, and ends it.
func (g *Guard) cut(trunk, id, caller string, answered bool, alert call.Alert) {
	parties := g.parties(id, caller)
	if answered {
		g.tell(parties...)
	}
	if g.reprieve(trunk, id) {
		g.cfg.Log.Info().Str("trunk", trunk).Str("channel", alert.Channel).Msg("a call need not give way any more")
		return
	}
	alert.Text = fmt.Sprintf("A call of extension %s on the trunk %s was ended to make room for an emergency or an alarm.", orUnknown(alert.Extension), trunk)
	ctx, cancel := context.WithTimeout(context.Background(), cutTimeout)
	defer cancel()
	var errs []error
	g.willCut(append(parties, caller)...)
	for _, channel := range parties { // the phone is to see the cause; with it the other end goes, too
		errs = append(errs, g.cfg.Asterisk.Cut(ctx, channel, call.CausePreempted))
	}
	if err := errors.Join(errs...); err != nil {
		g.spare(id)
		g.cfg.Log.Error().Err(err).Str("channel", alert.Channel).Msg("a call that was to give way could not be ended")
		return
	}
	g.cfg.Alert(alert)
}

// parties are the channels of a call that gives way, the trunk's last: its caller, or where he is gone or nobody knows him,
// whoever talks on it now.
func (g *Guard) parties(id, caller string) []string {
	if g.exists(caller) {
		return []string{caller, id}
	}
	ctx, cancel := context.WithTimeout(context.Background(), cutTimeout)
	defer cancel()
	partner, err := g.cfg.Asterisk.Partner(ctx, id)
	if err != nil {
		g.cfg.Log.Warn().Err(err).Str("channel", id).Msg("with whom a call talks that gives way is not known")
	}
	if partner == "" {
		return []string{id}
	}
	return []string{partner, id}
}

func (g *Guard) exists(id string) bool {
	defer g.lock()()
	return g.channels[id] != nil
}

func orUnknown(extension string) string {
	if extension == "" {
		return "(unknown)"
	}
	return extension
}

// cutMemory is how long it is known that a channel was cut: its end is told by then.
const cutMemory = time.Minute

// willCut notes that channels are cut.
func (g *Guard) willCut(ids ...string) {
	defer g.lock()()
	now := time.Now()
	for id, at := range g.cuts {
		if now.Sub(at) > cutMemory {
			delete(g.cuts, id)
		}
	}
	for _, id := range ids {
		g.cuts[id] = now
		for _, between := range g.between(g.channels[id]) {
			g.cuts[between] = now
		}
	}
}

// Cause is the Q.850 cause with which the call of a channel has ended, where Asterisk tells the given one: of the two
// channels of a call that gives way one knows nothing better than normal clearing.
func (g *Guard) Cause(id string, told int) int {
	defer g.lock()()
	if _, cut := g.cuts[id]; cut {
		return call.CausePreempted
	}
	return told
}

// spare forgets that a call was to give way, so that the next try finds another one or the same.
func (g *Guard) spare(id string) {
	defer g.lock()()
	if c := g.channels[id]; c != nil {
		c.condemned = 0
	}
}

// tell speaks the word to both parties at once. Whatever becomes of it, the call ends.
func (g *Guard) tell(channels ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), wordTimeout)
	defer cancel()
	var speaking sync.WaitGroup
	for _, channel := range channels {
		speaking.Go(func() {
			if err := g.cfg.Asterisk.Whisper(ctx, channel, speech.Of(promptPreempted)); err != nil {
				g.cfg.Log.Warn().Err(err).Str("channel", channel).Msg("a call that gives way could not be told")
			}
		})
	}
	spoken := make(chan struct{})
	go func() {
		defer close(spoken)
		speaking.Wait()
	}()
	select {
	case <-spoken:
	case <-ctx.Done():
	case <-g.stopping:
		cancel()
	}
}
