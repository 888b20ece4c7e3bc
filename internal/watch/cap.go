package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/speech"
)

const (
	capCheck    = time.Second / 4  // how often caps are looked at
	escaped     = time.Second / 2  // so long after its cap a call that still goes on has escaped it
	least       = time.Second      // that a call is given when a cap is told
	retell      = 2                // looks after which a caller whose call goes on has transferred it
	cutAgain    = 5 * time.Second  // a call that could not be ended is ended again
	warningTime = 10 * time.Second // for a warning to be spoken
	warnAhead   = 30               // seconds, where the decision does not say when to warn before an extended cap
)

// Lines is what can be done to channels of calls in progress. To limit one that is gone is no error.
type Lines interface {
	// Limit lets a channel live for so long from now.
	Limit(ctx context.Context, channel string, left time.Duration) error
	// Whisper plays sound files to the party on a channel, into the call, and returns when they were spoken.
	Whisper(ctx context.Context, channel string, sounds []string) error
	// Cut hangs a channel up. The error is call.ErrGone where there is none.
	Cut(ctx context.Context, channel string, cause int) error
}

// lasted is how long an answered call has been going on, by the clock that cannot be set where that is known.
func (f *followed) lasted(now time.Time) time.Duration {
	if !f.heard.IsZero() {
		return now.Sub(f.heard)
	}
	return max(0, now.Round(0).Sub(f.answered.Round(0)))
}

// InProgress lists the calls that go on, in the order of their decisions.
func (w *Watch) InProgress() []call.InProgress {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	var all []call.InProgress
	for _, f := range w.calls {
		if !f.released {
			continue
		}
		p := call.InProgress{
			DecisionID: f.id, Extension: f.extension, Number: f.callee.Key(), Class: f.callee.Class, Channel: f.channel,
			Leg: f.leg(), Left: f.gone != nil, Since: f.since, AnsweredAt: f.answered, MaxSeconds: f.max,
		}
		if f.since.IsZero() {
			p.Since = f.taken
		}
		if !f.answered.IsZero() {
			p.Seconds = int(f.lasted(now) / time.Second)
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b call.InProgress) int { return cmp.Compare(a.DecisionID, b.DecisionID) })
	return all
}

// Extend lets a call in progress last so many seconds longer than its cap, and returns the new cap. The ledger knows of
// it before Asterisk does. Errors: call.ErrNotInProgress; call.ErrUncapped; call.ErrNoARI; those of the ledger and of
// Lines.
func (w *Watch) Extend(ctx context.Context, id int64, seconds int, who, reason string) (maxSeconds int, err error) {
	w.extending.Lock() // two at the same time both count
	defer w.extending.Unlock()
	f, limit, err := w.extendable(id, seconds)
	if err == nil {
		err = w.tellable()
	}
	if err != nil {
		return 0, err
	}
	change := call.Intervention{DecisionID: id, What: call.Extend, MaxSeconds: limit, Who: who, Reason: reason}
	if err := w.ledger.Intervene(ctx, change); err != nil {
		return 0, err
	}
	w.mu.Lock()
	f.max, f.extended, f.warned = limit, true, false
	if f.warn == 0 {
		f.warn = warnAhead
	}
	w.mu.Unlock()
	return limit, w.limit(ctx, f)
}

// tellable is call.ErrNoARI where Asterisk would never hear of a change.
func (w *Watch) tellable() error {
	if w.Connected != nil && !w.Connected() {
		return call.ErrNoARI
	}
	return nil
}

// extendable returns the call of a decision, and its cap with so many seconds more.
func (w *Watch) extendable(id int64, seconds int) (*followed, int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.inProgress(id)
	switch {
	case f == nil:
		return nil, 0, call.ErrNotInProgress
	case f.max == 0:
		return nil, 0, call.ErrUncapped
	case seconds < 1 || seconds > call.LongestCall-f.max:
		return nil, 0, fmt.Errorf("a call can be extended by 1 to %d seconds", call.LongestCall-f.max)
	}
	return f, f.max + seconds, nil
}

// limit tells Asterisk the cap of a call that has been changed, once it is answered.
func (w *Watch) limit(ctx context.Context, f *followed) error {
	w.mu.Lock()
	leg, left := f.leg(), time.Duration(f.max)*time.Second-f.lasted(time.Now())
	w.mu.Unlock()
	if leg == "" {
		return nil // it is told when the call is answered
	}
	return w.Lines.Limit(ctx, leg, max(left, least))
}

// limitLater is limit for a call that was answered after its cap was changed, or that was transferred.
func (w *Watch) limitLater(f *followed) {
	if err := w.limit(context.Background(), f); err != nil {
		w.log.Error().Err(err).Int64("decision", f.id).Msg("Asterisk was not told the cap of a call; it may end at an earlier one")
	}
}

// Terminate ends a call in progress. The ledger knows of it before Asterisk does. Errors: call.ErrNotInProgress;
// call.ErrEmergency; call.ErrNoARI; those of the ledger and of Lines.
func (w *Watch) Terminate(ctx context.Context, id int64, who, reason string) error {
	w.mu.Lock()
	f := w.inProgress(id)
	emergency := f != nil && f.callee.Class == call.Emergency
	w.mu.Unlock()
	switch {
	case f == nil:
		return call.ErrNotInProgress
	case emergency:
		return call.ErrEmergency
	}
	if err := w.tellable(); err != nil {
		return err
	}
	if err := w.ledger.Intervene(ctx, call.Intervention{DecisionID: id, What: call.Terminate, Who: who, Reason: reason}); err != nil {
		return err
	}
	_, err := w.cut(ctx, f)
	return err
}

// cut hangs up what is there of a call, and reports whether anything was.
func (w *Watch) cut(ctx context.Context, f *followed) (there bool, err error) {
	w.mu.Lock()
	channels := []string{}
	if f.gone == nil {
		channels = append(channels, f.channel) // first: a caller whose leg goes while it rings would hear that nobody answered
	}
	for channel := range f.legs {
		channels = append(channels, channel)
	}
	w.mu.Unlock()
	var errs []error
	for _, channel := range channels {
		err := w.Lines.Cut(ctx, channel, call.CauseNormalClearing)
		if errors.Is(err, call.ErrGone) {
			continue
		}
		there = there || err == nil
		errs = append(errs, err)
	}
	return there, errors.Join(errs...)
}

// keepCaps ends calls that have escaped their caps, tells Asterisk again the caps that it may not know, and warns before caps that
// were extended, until ctx ends. Asterisk keeps all other caps. While nobody listens to Asterisk, nothing is known to have escaped.
func (w *Watch) keepCaps(ctx context.Context) {
	tick := time.NewTicker(capCheck)
	defer tick.Stop()
	var said sync.WaitGroup
	defer said.Wait()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if w.tellable() != nil {
			continue
		}
		seen := w.lookAtCaps(time.Now())
		for _, f := range seen.late {
			w.cutLate(ctx, f)
		}
		for _, f := range seen.untold {
			said.Go(func() { w.limitLater(f) })
		}
		for _, wn := range seen.warn {
			said.Go(func() { w.warn(ctx, wn) })
		}
	}
}

// warn speaks a warning into a call.
func (w *Watch) warn(ctx context.Context, wn warning) {
	ctx, cancel := context.WithTimeout(ctx, warningTime)
	defer cancel()
	if err := w.Lines.Whisper(ctx, wn.channel, []string{speech.Dir + speech.TimeLeft(wn.seconds)}); err != nil {
		w.log.Warn().Err(err).Int64("decision", wn.id).Msg("the caller could not be warned before the cut")
	}
}

// warning is to be spoken on a channel.
type warning struct {
	id      int64
	channel string
	seconds int // that are left
}

// toKeep are the calls with which something has to be done for their caps.
type toKeep struct {
	late   []*followed // have escaped them
	untold []*followed // Asterisk may not know: their callers have transferred them, or an earlier daemon has extended them
	warn   []warning
}

// lookAtCaps finds the calls with whose caps something has to be done.
func (w *Watch) lookAtCaps(now time.Time) (seen toKeep) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.calls {
		if !f.released || f.max == 0 || f.answered.IsZero() {
			continue
		}
		left := time.Duration(f.max)*time.Second - f.lasted(now)
		if f.doubtful() && f.looked < retell {
			if f.looked++; f.looked == retell && left > least { // else what Asterisk knows may be less
				seen.untold = append(seen.untold, f)
			}
		}
		switch {
		case left < -escaped && now.Sub(f.cutAt) > cutAgain:
			f.cutAt = now
			seen.late = append(seen.late, f)
		case f.extended && !f.warned && left <= time.Duration(f.warn)*time.Second:
			f.warned = true
			channel := f.channel
			if f.gone != nil {
				channel = f.leg()
			}
			seen.warn = append(seen.warn, warning{f.id, channel, min(f.warn, int(left.Round(time.Second)/time.Second))})
		}
	}
	return seen
}

// doubtful reports whether Asterisk may not know the cap of an answered call: a transfer can make it forget, and a daemon that
// died may not have told it a new one.
func (f *followed) doubtful() bool {
	return f.leg() != "" && (f.gone != nil || f.extended && !f.taken.IsZero())
}

// cutLate ends a call that goes on after its cap, and tells people of it once. One that has ended without our being told yet
// goes on no more: we were stopped, or its end was lost with a connection.
func (w *Watch) cutLate(ctx context.Context, f *followed) {
	there, err := w.cut(ctx, f)
	if err != nil {
		w.log.Error().Err(err).Int64("decision", f.id).Msg("a call that goes on after its cap could not be ended; trying again")
	}
	w.mu.Lock()
	tell := !f.escaped && (there || err != nil)
	f.escaped = f.escaped || tell
	a := call.Alert{
		Kind: call.AlertEscape, At: time.Now(), DecisionID: f.id, Extension: f.extension, Number: f.callee.Key(), Channel: f.leg(),
		Text: fmt.Sprintf("The call went on after its cap of %d seconds and was ended.", f.max),
	}
	w.mu.Unlock()
	if tell {
		w.alert(a)
	}
}

func (w *Watch) alert(a call.Alert) {
	if w.Alert != nil {
		w.Alert(a)
	}
}
