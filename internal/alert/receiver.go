package alert

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// waiting is an alert that a receiver has not got yet. Times are compared by the monotonic clock.
type waiting struct {
	alert    call.Alert
	tries    int
	next     time.Time // no try before
	deadline time.Time // nor after the first one behind this
	busy     bool      // it is being sent
}

func (w *waiting) urgent() bool { return w.alert.Kind == call.AlertEmergency }

// receiver sends alerts to one webhook: by one goroutine those that are urgent, by another the rest.
type receiver struct {
	hook   Webhook
	room   *Room
	poster *poster
	wake   [2]chan struct{} // of each goroutine; holds one token while there may be more to do

	mu       sync.Mutex
	held     []*waiting // in the order in which they came
	more     bool       // the ledger has others
	failures int        // tries in a row that found it away
	rest     time.Time  // until then nobody is bothered, but for urgent alerts
	failing  bool       // the last try failed
}

func newReceiver(w Webhook, r *Room) *receiver {
	return &receiver{hook: w, room: r, poster: newPoster(w, r.Site), wake: [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}}
}

// add takes an alert up. One that does not fit stays in the ledger, an urgent one has another stay there.
func (r *receiver) add(a call.WaitingAlert) {
	now := time.Now()
	age := max(now.Round(0).Sub(a.At), 0) // the clock may have been set back meanwhile
	w := &waiting{alert: a.Alert, tries: a.Tries, next: now, deadline: now.Add(GiveUpAfter - age)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.held, func(h *waiting) bool { return h.alert.ID == a.ID }) {
		return
	}
	if len(r.held) >= maxHeld {
		r.more = true
		at := slices.IndexFunc(r.held, func(h *waiting) bool { return !h.urgent() && !h.busy })
		if !w.urgent() || at < 0 {
			return
		}
		r.held = slices.Delete(r.held, at, at+1)
	}
	r.held = append(r.held, w)
	r.stir()
}

// stir has both goroutines look again.
func (r *receiver) stir() {
	for _, c := range r.wake {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// run sends what is due until ctx ends; what is being sent then has until sending ends.
func (r *receiver) run(ctx, sending context.Context, urgent bool) {
	wake := r.wake[0]
	if urgent {
		wake = r.wake[1]
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		w, wait, refill := r.take(time.Now(), urgent)
		switch {
		case w != nil:
			r.send(sending, w)
			continue
		case refill:
			r.expect(false) // before the clerk is asked: what does not fit from now on counts
			if r.room.clerk.idle() && r.refill(ctx) {
				continue
			}
			r.expect(true)
			wait = notePause
		}
		timer.Reset(wait)
		select {
		case <-wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// take returns the alert whose turn it is; or none, and how long to wait, or that the ledger has to be asked.
func (r *receiver) take(now time.Time, urgent bool) (w *waiting, wait time.Duration, refill bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wait = longestPause
	for _, h := range r.held {
		if h.busy || h.urgent() != urgent {
			continue
		}
		at := h.next
		if !urgent && r.rest.After(at) {
			at = r.rest
		}
		if !at.After(now) {
			h.busy = true
			return h, 0, false
		}
		wait = min(wait, at.Sub(now))
	}
	if !urgent && r.more && len(r.held) <= maxHeld/2 {
		return nil, 0, true
	}
	return nil, wait, false
}

// refill takes up what waits in the ledger, and reports whether it could be read.
func (r *receiver) refill(ctx context.Context) bool {
	all, err := r.room.Ledger.WaitingAlerts(ctx, r.hook.Name, maxHeld)
	if err != nil || len(all) == maxHeld {
		r.expect(true)
	}
	if err != nil {
		if ctx.Err() == nil {
			r.room.Log.Error().Err(err).Str("receiver", r.hook.Name).Msg("waiting alerts cannot be read; it is tried again")
		}
		return false
	}
	for _, a := range all {
		r.add(a)
	}
	return true
}

// expect notes whether the ledger has more.
func (r *receiver) expect(more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.more = more
}

// send tries once to deliver an alert, and notes what came of it. A try that the end of the daemon cut off does not count.
func (r *receiver) send(ctx context.Context, w *waiting) {
	status, err := r.poster.post(ctx, w.alert)
	if err != nil && ctx.Err() != nil {
		return
	}
	now := time.Now()
	d := r.settle(w, status, err, now)
	r.room.clerk.push(note{delivery: d})
	if d.GivenUp {
		r.room.Log.Error().Str("receiver", r.hook.Name).Str("alert", w.alert.ID).Str("kind", string(w.alert.Kind)).
			Int64("decision", w.alert.DecisionID).Int("tries", d.Tries).Str("error", d.Error).
			Msg("an alert could not be delivered; nobody tries any longer")
	}
}

// settle takes the outcome of a try into account.
func (r *receiver) settle(w *waiting, status int, err error, now time.Time) call.Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.busy = false
	w.tries++
	d := call.Delivery{Alert: w.alert.ID, Receiver: r.hook.Name, Tries: w.tries, TriedAt: now, Status: status, Delivered: err == nil}
	if err == nil {
		r.works()
	} else {
		d.Error = err.Error()
		r.fails(w, status, err, now)
		d.GivenUp = w.next.After(w.deadline)
	}
	if d.Delivered || d.GivenUp {
		r.held = slices.DeleteFunc(r.held, func(h *waiting) bool { return h == w })
	}
	r.stir()
	return d
}

// works notes that the receiver takes alerts. The mutex is held.
func (r *receiver) works() {
	if r.failing {
		r.room.Log.Info().Str("receiver", r.hook.Name).Msg("alerts are delivered again")
	}
	r.failing, r.rest = false, time.Time{}
	if r.failures > 0 { // it was away, and is there again: nobody waits for his pause to end
		r.failures = 0
		for _, h := range r.held {
			h.next = time.Time{}
		}
	}
}

// fails notes that a try has failed, and when the next one may be. The mutex is held.
func (r *receiver) fails(w *waiting, status int, err error, now time.Time) {
	if !r.failing {
		r.room.Log.Warn().Str("receiver", r.hook.Name).Str("alert", w.alert.ID).Str("error", err.Error()).
			Msg("an alert could not be delivered; trying again")
	}
	r.failing = true
	most := longestPause
	if w.urgent() {
		most = urgentPause
	}
	w.next = now.Add(r.room.pause(w.tries, most))
	if !away(status) {
		r.failures = 0
		return
	}
	r.failures++
	if !w.urgent() {
		r.rest = now.Add(r.room.pause(r.failures, longestPause))
		w.next = r.rest
	}
}

// away reports whether the status of a failed try says of the receiver, not of the alert, that it takes none now: no answer
// at all, or that of a gateway before it, or of one who has too much to do.
func away(status int) bool {
	switch status {
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// pause is how long to wait after so many failures.
func (r *Room) pause(failures int, most time.Duration) time.Duration {
	if failures > 16 {
		return most
	}
	return min(most, r.first<<(failures-1))
}
