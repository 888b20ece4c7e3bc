package watch

import (
	"maps"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// leg is a channel that a call has dialled.
type leg struct {
	half     string // the name of its other half, if it is a Local channel
	answered bool
	since    time.Time // when we were told of it; zero for one that an earlier daemon was told of
}

// leg is the channel that has answered the call; empty if none has, or it is gone. If several have, because Local channels
// stand between, it is the last one that was made.
func (f *followed) leg() string {
	for _, channel := range slices.Backward(slices.Sorted(maps.Keys(f.legs))) {
		if f.legs[channel].answered {
			return channel
		}
	}
	return ""
}

// addLeg notes a channel that belongs to the call.
func (w *Watch) addLeg(f *followed, ch call.Channel, now time.Time) *leg {
	if l := f.legs[ch.ID]; l != nil {
		return l
	}
	if f.legs == nil {
		f.legs = map[string]*leg{}
	}
	l := &leg{half: ch.OtherHalf(), since: now}
	f.legs[ch.ID], w.legs[ch.ID] = l, f
	if l.half != "" {
		w.halves[l.half] = f
	}
	return l
}

// dropLeg forgets a leg.
func (w *Watch) dropLeg(f *followed, channel string) {
	l := f.legs[channel]
	if l == nil {
		return
	}
	delete(f.legs, channel)
	if w.legs[channel] == f {
		delete(w.legs, channel)
	}
	if w.halves[l.half] == f {
		delete(w.halves, l.half)
	}
}

func (w *Watch) dropLegs(f *followed) {
	for channel := range f.legs {
		w.dropLeg(f, channel)
	}
}

// dialling is the call that a channel which dials another does so for: as its caller, or as the other half of a Local
// channel that the caller has dialled. A leg that dials does so for nobody: it was transferred into some dialplan.
func (w *Watch) dialling(ch call.Channel) *followed {
	if f := w.calls[ch.ID]; f != nil {
		return f
	}
	return w.halves[ch.Name]
}

// Released reports whether a decision lets a channel dial: as the caller of a call that was let out and goes on, or as the
// other half of a Local channel that such a caller has dialled.
func (w *Watch) Released(ch call.Channel) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.dialling(ch)
	return f != nil && f.released && f.end == nil
}

// HasAnswer reports whether the call of a caller's channel was answered and goes on: what he dials then is no part of it.
func (w *Watch) HasAnswer(ch call.Channel) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.calls[ch.ID]
	if f == nil || f.end != nil || f.answered.IsZero() || ch.Emergency && f.callee.Class != call.Emergency {
		return false // an emergency call is told before it is followed
	}
	return ch.DecisionID == 0 || ch.DecisionID == f.id
}

// Leg reports whether a channel has been dialled by a call that is followed.
func (w *Watch) Leg(channel string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.legs[channel] != nil
}

// Dialled tells that a channel has begun to call another one.
func (w *Watch) Dialled(caller, peer call.Channel) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.dialling(caller); f != nil && f.end == nil {
		w.addLeg(f, peer, time.Now())
	}
}

// Answered tells that the called channel has answered. The first answer counts as that of the call.
func (w *Watch) Answered(caller, peer call.Channel, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.legs[peer.ID]
	if f == nil {
		f = w.dialling(caller)
	}
	if f == nil || f.end != nil {
		return
	}
	w.addLeg(f, peer, time.Now()).answered = true
	w.answer(f, at, time.Now())
}

// answer notes when a call was answered, unless that is known; heard is when we were told.
func (w *Watch) answer(f *followed, at, heard time.Time) {
	if !f.answered.IsZero() {
		return
	}
	f.answered, f.heard = at, heard
	if f.extended && w.Lines != nil { // before it was answered
		f.looked = retell
		go w.limitLater(f)
	}
	if f.id != 0 {
		w.writes.Push(write{id: f.id, answer: call.Pickup{At: at, Leg: f.leg()}})
	}
}

// Ended tells that a channel does not exist any more. A call that was answered ends with its leg, any other one with its
// caller. Where legs still ring then, somebody else has taken the caller's place: his phone has transferred the call to him
// before it was answered.
func (w *Watch) Ended(channel string, at time.Time, cause int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := call.End{EndedAt: at, Cause: cause, Source: SourceARI}
	if f := w.legs[channel]; f != nil {
		w.legEnded(f, channel, e)
	}
	if f := w.calls[channel]; f != nil {
		if f.leg() == "" && len(f.legs) == 0 {
			if f.unheard && f.answered.IsZero() {
				e.Source = SourceSweep // it may have been answered: what is noted about it is looked up
			}
			w.end(f, e)
			return
		}
		f.gone = &e
	}
}

// Listening tells that Asterisk is listened to from now on, and was not before.
func (w *Watch) Listening() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.calls {
		f.unheard = true
	}
}

// legEnded takes a leg away; with the last one that has answered, the call ends.
func (w *Watch) legEnded(f *followed, channel string, e call.End) {
	answered := f.legs[channel].answered
	w.dropLeg(f, channel)
	if !answered && f.gone != nil && len(f.legs) == 0 {
		e, answered = *f.gone, true
	}
	if !answered || f.leg() != "" {
		return
	}
	if e.Cause == 0 {
		e.Cause = call.CauseNormalClearing
	}
	w.end(f, e)
}
