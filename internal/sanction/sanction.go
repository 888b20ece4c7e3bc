// Package sanction knows which extensions and PINs are suspended, in memory: each call is judged by it. What it knows is
// in the ledger, from which Open reads it and which tells every change. A suspension ends by itself; how long it goes on is
// measured by the monotonic clock, so that setting the clock ahead ends none. After a restart it goes by its date.
package sanction

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Ledger keeps sanctions.
type Ledger interface {
	// RunningSanctions are the suspensions that are in force at a moment.
	RunningSanctions(ctx context.Context, now time.Time) ([]call.Sanctioned, error)
}

// Register knows the suspensions in force. Use Open. Its methods may be called from any goroutine, and return at once.
type Register struct {
	mu         sync.Mutex
	extensions map[string][]suspension
	pins       map[int64][]suspension
}

// suspension is one in force.
type suspension struct {
	id    int64
	rule  string
	until time.Time // by the wall
	end   time.Time // the same moment by the monotonic clock
}

// Open returns the register as it was left. The error is the ledger's.
func Open(ctx context.Context, l Ledger) (*Register, error) {
	now := time.Now()
	all, err := l.RunningSanctions(ctx, now)
	if err != nil {
		return nil, err
	}
	r := &Register{extensions: map[string][]suspension{}, pins: map[int64][]suspension{}}
	for _, s := range all {
		r.suspend(s, now)
	}
	return r, nil
}

// Change takes up what was imposed or lifted.
func (r *Register) Change(c call.SanctionChange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.Imposed != nil {
		r.suspend(*c.Imposed, time.Now())
	}
	if len(c.Lifted) > 0 {
		lifted := func(s suspension) bool { return slices.Contains(c.Lifted, s.id) }
		remove(r.extensions, lifted)
		remove(r.pins, lifted)
	}
}

// suspend takes a suspension up. The mutex is held, or nobody else knows r yet.
func (r *Register) suspend(s call.Sanctioned, now time.Time) {
	left := s.Until.Sub(now.Round(0))
	if s.Until.IsZero() || left <= 0 {
		return
	}
	in := suspension{s.ID, s.Rule, s.Until, now.Add(left)}
	if s.PINID != 0 {
		r.pins[s.PINID] = append(r.pins[s.PINID], in)
		return
	}
	r.extensions[s.Extension] = append(r.extensions[s.Extension], in)
}

func remove[K comparable](from map[K][]suspension, gone func(suspension) bool) {
	for key, all := range from {
		if all = slices.DeleteFunc(all, gone); len(all) == 0 {
			delete(from, key)
		} else {
			from[key] = all
		}
	}
}

// On returns what is in force now on an extension and on a PIN, 0 for none. Of several suspensions the one counts that ends
// last. Times are those of the zone.
func (r *Register) On(extension string, pin int64, zone *time.Location) (out call.Sanction) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if s, ok := last(r.extensions, extension, now); ok {
		out.Suspended, out.Until, out.Rule = true, s.until.In(zone).Format(time.RFC3339), s.rule
	}
	if s, ok := last(r.pins, pin, now); ok {
		out.PINSuspended, out.PINUntil, out.PINRule = true, s.until.In(zone).Format(time.RFC3339), s.rule
	}
	return out
}

// last returns the suspension that ends last, and forgets those that are over.
func last[K comparable](in map[K][]suspension, key K, now time.Time) (s suspension, ok bool) {
	all := in[key]
	if len(all) == 0 {
		return s, false
	}
	all = slices.DeleteFunc(all, func(s suspension) bool { return !now.Before(s.end) })
	if len(all) == 0 {
		delete(in, key)
		return s, false
	}
	in[key] = all
	return slices.MaxFunc(all, func(a, b suspension) int { return a.end.Compare(b.end) }), true
}
