// Package alert tells people what they should hear of soon: it writes alerts to the log and sends them by webhook.
//
// [Room.Raise] returns at once. It hands an alert to each receiver that wants it, and to a clerk who keeps it in the
// ledger; neither waits for the other, so that an alert leaves while the ledger cannot be written, and outlives the daemon
// while a receiver is dead. Each receiver has goroutines of its own: a slow one delays nobody else. Alerts of emergency
// calls go before all others, and do not wait for one that is being sent.
//
// A receiver gets each alert at least once: it may get one twice, after a restart or where its answer was lost, with the
// same Idempotency-Key. A try that fails is repeated with growing pauses for [GiveUpAfter]; then the log says what was lost.
// In memory there are at most [maxHeld] alerts for each receiver; what is beyond waits in the ledger.
//
// docs/alerts.md tells receivers what they get and how they hold it to its signature.
package alert

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// GiveUpAfter is for how long an alert is sent again and again.
const GiveUpAfter = 24 * time.Hour

const (
	maxHeld      = 1000             // alerts in memory for one receiver
	maxNotes     = 10_000           // what waits for the ledger
	firstPause   = time.Second      // after a try that failed; each is twice the one before
	longestPause = 5 * time.Minute  // between two tries
	urgentPause  = 30 * time.Second // the same for an emergency
	grace        = 2 * time.Second  // for what is being sent when the daemon stops
	notePause    = time.Second      // after the ledger failed
	noteTimeout  = 5 * time.Second
	tidyEvery    = time.Hour
)

// Ledger keeps alerts until they are delivered.
type Ledger interface {
	KeepAlert(ctx context.Context, a call.Alert, receivers []string) error
	NoteDelivery(ctx context.Context, d call.Delivery) error
	// WaitingAlerts are those that a receiver has not got; the urgent first, then the oldest.
	WaitingAlerts(ctx context.Context, receiver string, most int) ([]call.WaitingAlert, error)
	// UnassignedAlerts were kept with their decisions, and nobody was told yet.
	UnassignedAlerts(ctx context.Context) ([]call.Alert, error)
	TidyAlerts(ctx context.Context, receivers []string) error
}

// Config is what a Room works with.
type Config struct {
	Site     string // its name, which every message has
	Webhooks []Webhook
	Ledger   Ledger
	Log      zerolog.Logger
}

// Room sends alerts. Use New, and Run in a goroutine.
type Room struct {
	Config
	receivers []*receiver
	clerk     *clerk
	first     time.Duration // firstPause
}

// New returns a room, with the alerts that an earlier daemon has written with their decisions and told nobody. It sends
// nothing before Run. The error is the ledger's.
func New(ctx context.Context, c Config) (*Room, error) {
	r := &Room{Config: c, clerk: newClerk(c.Ledger, c.Log), first: firstPause}
	for _, w := range c.Webhooks {
		r.receivers = append(r.receivers, newReceiver(w, r))
	}
	left, err := c.Ledger.UnassignedAlerts(ctx)
	for _, a := range left {
		r.spread(a)
	}
	return r, err
}

// Raise tells an alert: to the log at once, and to all receivers that want it. One without a time is of this moment. It may
// be called from any goroutine, and never waits.
func (r *Room) Raise(a call.Alert) {
	if a.ID == "" {
		a.ID = call.NewAlertID()
	}
	if a.At.IsZero() {
		a.At = time.Now()
	}
	a.At = a.At.UTC().Truncate(time.Millisecond)
	r.write(a)
	r.spread(a)
}

// spread hands an alert to who wants it. The clerk comes first, so that the ledger has the alert before it has its delivery.
func (r *Room) spread(a call.Alert) {
	var names []string
	var wanting []*receiver
	for _, to := range r.receivers {
		if to.hook.wants(a) {
			names = append(names, to.hook.Name)
			wanting = append(wanting, to)
		}
	}
	r.clerk.push(note{alert: &a, receivers: names})
	for _, to := range wanting {
		to.add(call.WaitingAlert{Alert: a})
	}
}

// write writes the line of the log.
func (r *Room) write(a call.Alert) {
	line := r.Log.Warn().Str("kind", string(a.Kind)).Str("alert", a.ID)
	if a.DecisionID != 0 {
		line = line.Int64("decision", a.DecisionID)
	}
	for _, f := range []struct{ name, value string }{
		{"rule", a.Rule}, {"to", a.To}, {"extension", a.Extension}, {"holder", a.Holder}, {"department", a.Department},
		{"place", a.Place}, {"number", a.Number}, {"channel", a.Channel}, {"text", a.Text},
	} {
		if f.value != "" {
			line = line.Str(f.name, f.value)
		}
	}
	line.Msg("alert")
}

// Run sends alerts until ctx ends: those that an earlier daemon has left first. What is not sent then stays in the ledger.
func (r *Room) Run(ctx context.Context) {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	context.AfterFunc(ctx, func() { time.AfterFunc(grace, cut) })
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	var senders, writers sync.WaitGroup
	writers.Go(func() { r.clerk.run(writing) })
	senders.Go(func() { r.tidy(ctx) })
	for _, to := range r.receivers {
		senders.Go(func() {
			to.refill(ctx)
			senders.Go(func() { to.run(ctx, sending, true) })
			to.run(ctx, sending, false)
		})
	}
	senders.Wait()
	stopWriting()
	writers.Wait()
}

// tidy forgets old alerts, at the start and every hour.
func (r *Room) tidy(ctx context.Context) {
	var names []string
	for _, to := range r.receivers {
		names = append(names, to.hook.Name)
	}
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if err := r.Ledger.TidyAlerts(ctx, names); err != nil && !errors.Is(err, context.Canceled) {
			r.Log.Error().Err(err).Msg("old alerts cannot be forgotten; it is tried again")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Test sends a test to every webhook, whatever kinds it wants, once and at the same time; it tells what came back, in
// their order. A test is not kept and not repeated.
func Test(ctx context.Context, site string, hooks []Webhook) []call.Delivery {
	a := call.Alert{
		ID: call.NewAlertID(), Kind: call.AlertTest, At: time.Now().UTC().Truncate(time.Millisecond),
		Text: "This is a test: alerts of Dialwarden arrive.",
	}
	out := make([]call.Delivery, len(hooks))
	var wg sync.WaitGroup
	for i, w := range hooks {
		wg.Go(func() {
			status, err := newPoster(w, site).post(ctx, a)
			out[i] = call.Delivery{Alert: a.ID, Receiver: w.Name, Tries: 1, TriedAt: a.At, Delivered: err == nil, Status: status}
			if err != nil {
				out[i].Error = err.Error()
			}
		})
	}
	wg.Wait()
	return out
}
