package watch

import (
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Sweep makes good what events did not tell, by a look at all channels. It takes up the legs of calls that were answered
// while there was no daemon, and ends the calls whose channels are not there any more. What arrived after the look (taken)
// is left alone.
func (w *Watch) Sweep(channels map[string]call.Channel, taken time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.adopt(channels)
	for channel, f := range w.calls {
		if !f.since.Before(taken) {
			continue
		}
		answered := f.leg() != ""
		for id, l := range f.legs {
			if _, there := channels[id]; !there && l.since.Before(taken) {
				w.dropLeg(f, id)
			}
		}
		_, there := channels[channel]
		switch {
		case f.leg() != "", !answered && len(f.legs) > 0: // it goes on
		case answered || !there:
			w.end(f, w.unseen(f, taken, answered))
		}
	}
}

// unseen is an end that nobody was told of: of the leg, or else of the caller.
func (w *Watch) unseen(f *followed, taken time.Time, leg bool) call.End {
	if f.gone != nil && !leg {
		return *f.gone
	}
	return call.End{EndedAt: taken, Source: SourceSweep}
}

// adopt takes up channels that our dialplan has noted to have answered a call that is followed.
func (w *Watch) adopt(channels map[string]call.Channel) {
	var byID map[int64]*followed
	for id, ch := range channels {
		if ch.DecisionID == 0 || ch.AnsweredAt.IsZero() || w.legs[id] != nil || w.calls[id] != nil {
			continue
		}
		if byID == nil {
			byID = w.byID()
		}
		if f := byID[ch.DecisionID]; f != nil {
			w.addLeg(f, ch, time.Time{}).answered = true
			w.answer(f, ch.AnsweredAt, time.Time{})
		}
	}
}

// Unheard lists the channels of calls that were taken over from an earlier daemon and that nobody has seen since: they may
// have ended meanwhile.
func (w *Watch) Unheard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for channel, f := range w.calls {
		if !f.taken.IsZero() && f.released && f.leg() == "" {
			all = append(all, channel)
		}
	}
	return all
}

// inProgress returns the call of a decision that goes on, or nil.
func (w *Watch) inProgress(id int64) *followed {
	for _, f := range w.calls {
		if f.released && f.id == id {
			return f
		}
	}
	return nil
}

// byID returns the calls that go on, by their decision.
func (w *Watch) byID() map[int64]*followed {
	all := make(map[int64]*followed, len(w.calls))
	for _, f := range w.calls {
		if f.released {
			all[f.id] = f
		}
	}
	return all
}

// Talking tells since when a channel is connected to somebody: the answer of a call of which nothing better is known.
func (w *Watch) Talking(channel string, since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.calls[channel]; f != nil && f.end == nil {
		w.answer(f, since, time.Now())
	}
}
