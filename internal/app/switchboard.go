package app

import (
	"context"
	"time"

	"github.com/dialwarden/dialwarden/internal/agi"
	"github.com/dialwarden/dialwarden/internal/ari"
	"github.com/dialwarden/dialwarden/internal/bypass"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/gate"
	"github.com/dialwarden/dialwarden/internal/guard"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// switchboard connects the adapter to the rooms that want its events: the gate, which decides, and the watch, which
// follows calls to their end. It satisfies ari.Handler.
type switchboard struct {
	gate   *gate.Gate
	watch  *watch.Watch
	bypass *bypass.Guard
	guard  *guard.Guard
	// swept is told of each look at all channels, and whether it is the first of a connection.
	swept func(taken time.Time, first bool)
}

func (s switchboard) Arrive(a call.Attempt, entry string, l *ari.Line) { s.gate.Arrive(a, entry, l) }

func (s switchboard) Deliver(channel string, e call.Event) { s.gate.Deliver(channel, e) }

func (s switchboard) Emergency(a call.Attempt) {
	s.guard.Emergency(a.Channel)
	s.gate.Emergency(a)
}

// listening is told of each connection to Asterisk, before its first event.
func (a *App) listening(ctx context.Context) {
	a.watch.Listening()
	a.bypass.Learn(ctx)
}

func (s switchboard) Made(ch call.Channel) {
	s.guard.Made(ch)
	s.bypass.Made(ch)
}

func (s switchboard) Dialled(caller, peer call.Channel) {
	s.guard.Dialled(caller, peer)
	s.watch.Dialled(caller, peer)
	s.bypass.Dialled(caller, peer)
}

func (s switchboard) Ringing(caller, peer call.Channel) { s.guard.Ringing(caller, peer) }

func (s switchboard) NeedsChannel(caller call.Channel, trunk, dialled string) {
	s.guard.NeedsChannel(caller, trunk, dialled)
}

func (s switchboard) Answered(caller, peer call.Channel, at time.Time) {
	s.guard.Answered(caller, peer)
	s.watch.Answered(caller, peer, at)
}

func (s switchboard) Ended(channel string, at time.Time, cause int) {
	if s.watch.Follows(channel) {
		s.gate.Recorded(channel)
	}
	cause = s.guard.Cause(channel, cause)
	s.guard.Gone(channel, cause)
	s.watch.Ended(channel, at, cause)
	s.bypass.Ended(channel)
	s.gate.Gone(channel)
}

func (s switchboard) Sweep(found ari.Snapshot) {
	snapshot := gate.Snapshot{Taken: found.Taken, Channels: found.Channels}
	for _, w := range found.Waiting {
		snapshot.Waiting = append(snapshot.Waiting, gate.Waiting{Attempt: w.Attempt, Entry: w.Entry, Line: w.Line})
	}
	s.watch.Sweep(found.Channels, found.Taken) // first: a call that was transferred to an emergency number has ended
	for _, a := range found.Emergencies {
		s.guard.Emergency(a.Channel)
		if !s.watch.FollowsEmergency(a.Channel) {
			a.Adopted = true
			s.gate.Emergency(a)
		}
	}
	for channel, at := range found.Talking {
		s.watch.Talking(channel, at)
	}
	s.guard.Sweep(found.Channels, found.Taken)
	s.bypass.Sweep(found.Channels, found.Taken)
	s.gate.Sweep(snapshot)
	s.swept(found.Taken, found.First)
}

// settledWithin is how long a caller waits for the ends of earlier calls to be written.
const settledWithin = time.Second

// agiSwitchboard connects FastAGI to the same rooms. It satisfies agi.Handler.
type agiSwitchboard struct{ switchboard }

func (s agiSwitchboard) Arrive(a call.Attempt, entry string, l *agi.Line) bool {
	return s.gate.ArriveAlone(a, entry, l)
}

func (s agiSwitchboard) Deliver(channel, entry string, e call.Event) {
	s.gate.DeliverTo(channel, entry, e)
}

func (s agiSwitchboard) Left(channel, entry string) { s.gate.Left(channel, entry) }

// Ended is told by the dialplan as the channel ends; where ARI is there, it tells the same at about that moment.
func (s agiSwitchboard) Ended(channel string, talked time.Duration, at time.Time, cause int) {
	s.guard.Over(channel)
	s.watch.Told(channel, talked, at, s.guard.Cause(channel, cause))
}

// Unheard and Over are for sites without ARI, which tells what is there and what is not.
func (s agiSwitchboard) Unheard() []string { return s.watch.Unheard() }

func (s agiSwitchboard) Over(channel string, e call.End) {
	e.Source = watch.SourceDialplan
	s.watch.Over(channel, e)
}

// Settled waits for the ledger, but no caller waits long for it.
func (s agiSwitchboard) Settled() {
	ctx, cancel := context.WithTimeout(context.Background(), settledWithin)
	defer cancel()
	s.watch.Settled(ctx)
}

// Emergency is told when the call begins, and again after it; where ARI is there, that tells the same.
func (s agiSwitchboard) Emergency(a call.Attempt) {
	if !s.watch.FollowsEmergency(a.Channel) {
		s.gate.Emergency(a)
	}
}
