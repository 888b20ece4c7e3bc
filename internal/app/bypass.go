package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/bypass"
	"github.com/dialwarden/dialwarden/internal/call"
)

// openBypass makes the guard of the trunks. Its questions to Asterisk come when there is a connection.
func (a *App) openBypass(context.Context) error {
	a.bypass = bypass.New(bypass.Config{
		Mode: bypass.Mode(a.cfg.Bypass.Mode), Trunks: a.cfg.Bypass.Trunks,
		Released: a.watch.Released, Answered: a.watch.HasAnswer, Leg: a.watch.Leg,
		Emergency: func(number string) bool {
			return a.policy.Edition().Book.Numbers.Classify(number).Class == call.Emergency
		},
		Global:   func(ctx context.Context, name string) (string, error) { return a.ari.Global(ctx, name) },
		Decision: func(ctx context.Context, channel string) (bool, error) { return a.ari.Decided(ctx, channel) },
		Look:     func(ctx context.Context, channel string) (call.Channel, error) { return a.ari.Channel(ctx, channel) },
		HangUp: func(ctx context.Context, channel string, cause int) error {
			return a.ari.HangUp(ctx, channel, cause)
		},
		Report: a.bypassed, Log: a.log,
	})
	return nil
}

// bypassed tells people of a call that nobody has decided; an emergency call is recorded as such. Its extension is the
// caller's, as far as the channel tells it.
func (a *App) bypassed(c bypass.Call) {
	at := call.Attempt{Channel: c.Trunk.ID, Extension: call.EndpointNumber(c.Caller.Name), Dialled: c.Caller.Exten, At: time.Now()}
	var text strings.Builder
	fmt.Fprintf(&text, "A call went out over %s that nobody had decided", c.Trunk.Endpoint())
	if c.Caller.Name != "" {
		fmt.Fprintf(&text, ", dialled by %s", c.Caller.Name)
	}
	if place := c.Place(); place != "" {
		fmt.Fprintf(&text, " at %s in the dialplan", place)
	}
	if c.Cut {
		text.WriteString("; it was hung up")
	}
	if c.Emergency {
		text.WriteString("; it is an emergency call, and goes on")
		at.Dialled = c.Trunk.Dialled
		emergency := at
		if emergency.Source = call.SourceDialplan; c.Caller.ID != "" && !a.watch.HasAnswer(c.Caller) { // else he is in another call
			emergency.Channel = c.Caller.ID
		}
		a.gate.Emergency(emergency)
	}
	a.gate.Bypass(at, c.Cut, text.String()+".")
}
