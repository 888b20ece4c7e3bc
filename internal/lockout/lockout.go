// Package lockout stops whoever tries digits until some fit. Wrong PINs and tokens lock the phone that they were typed on
// for a while; and when too many come from all phones together, every further look-up waits, longer each time, so that ten
// phones get a thief no further than one. What was tried is kept in the ledger, so that a restart forgives nothing.
package lockout

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

const (
	patience   = 10 * time.Second // for a look-up's turn; who would have to wait longer is turned away
	longestGap = 5 * time.Minute  // between two look-ups
)

// Ledger keeps wrong tries.
type Ledger interface {
	// WrongTry makes a wrong try durable.
	WrongTry(ctx context.Context, extension string) error
	// WrongTries lists those since a moment, the oldest first.
	WrongTries(ctx context.Context, since time.Time) ([]call.WrongTry, error)
	// ForgetTries forgets those of a phone, or of all where extension is empty, and says how many they were.
	ForgetTries(ctx context.Context, extension, who string) (int, error)
}

// Lock is a phone that no digits are taken from.
type Lock struct {
	Extension string    `json:"extension"`
	Until     time.Time `json:"until"`
}

// Lockout counts wrong tries. Use Open. Its methods may be called at the same time.
type Lockout struct {
	ledger   Ledger
	settings func() call.Tries
	turn     chan struct{} // holds one token: whoever has it may look digits up

	mu    sync.Mutex
	tries []call.WrongTry      // the oldest first
	locks map[string]time.Time // until when, by extension
	next  time.Time            // no look-up before
}

// Open returns the lockout as it was left. Settings are asked for each time: the policy may change.
func Open(ctx context.Context, l Ledger, settings func() call.Tries) (*Lockout, error) {
	out := &Lockout{ledger: l, settings: settings, turn: make(chan struct{}, 1), locks: map[string]time.Time{}}
	out.turn <- struct{}{}
	s, now := settings(), time.Now()
	tries, err := l.WrongTries(ctx, now.Add(-s.Within-s.Lock))
	if err != nil {
		return nil, err
	}
	for _, t := range tries {
		// The clock may have been set back meanwhile: nobody is locked for longer than by a try of this moment.
		age := max(now.Sub(t.At), 0)
		out.count(now.Add(-age), t.Extension, s)
	}
	return out, nil
}

// Locked reports whether no digits are taken from a phone now.
func (l *Lockout) Locked(extension string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.locked(extension, time.Now())
}

func (l *Lockout) locked(extension string, now time.Time) bool {
	until, ok := l.locks[extension]
	if ok && !now.Before(until) {
		delete(l.locks, extension)
		ok = false
	}
	return ok
}

// Look has digits looked up that were typed on a phone, when it is their turn: one after the other, so that each wrong one
// counts before the next is tried. It reports locked, and nothing was looked up, where the phone is locked or the turn is
// too far. A wrong try is durable when Look returns; where it cannot be made durable, that is the error.
func (l *Lockout) Look(ctx context.Context, extension string, look func(context.Context) (wrong bool, err error)) (locked bool, err error) {
	given := time.Now().Add(patience)
	for {
		select {
		case <-l.turn:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		wait, locked := l.wait(extension)
		if locked || time.Now().Add(wait).After(given) {
			l.turn <- struct{}{}
			return true, nil
		}
		if wait <= 0 {
			break
		}
		l.turn <- struct{}{}
		if err := sleep(ctx, wait); err != nil {
			return false, err
		}
	}
	defer func() { l.turn <- struct{}{} }()
	wrong, err := look(ctx)
	if err != nil || !wrong {
		return false, err
	}
	l.mu.Lock()
	l.count(time.Now(), extension, l.settings())
	l.mu.Unlock()
	return false, l.ledger.WrongTry(ctx, extension)
}

// wait says how long a look-up must wait, or that the phone is locked.
func (l *Lockout) wait(extension string) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	return l.next.Sub(now), l.locked(extension, now)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// count takes a wrong try into account. The mutex is held, or nobody else knows l yet.
func (l *Lockout) count(at time.Time, extension string, s call.Tries) {
	l.tries = slices.DeleteFunc(l.tries, func(t call.WrongTry) bool { return at.Sub(t.At) >= s.Within })
	l.tries = append(l.tries, call.WrongTry{At: at, Extension: extension})
	mine := 0
	for _, t := range l.tries {
		if t.Extension == extension {
			mine++
		}
	}
	if s.Extension > 0 && mine >= s.Extension {
		l.locks[extension] = at.Add(s.Lock)
	}
	if over := len(l.tries) - s.Site; s.Site > 0 && over >= 0 {
		gap := longestGap
		if over < 9 {
			gap = min(gap, time.Second<<over)
		}
		l.next = at.Add(gap)
	}
}

// Unlock forgives the wrong tries of a phone, or of all where extension is empty, and says how many they were.
func (l *Lockout) Unlock(ctx context.Context, extension, who string) (int, error) {
	n, err := l.ledger.ForgetTries(ctx, extension, who)
	if err != nil {
		return n, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if extension == "" {
		l.tries, l.next = nil, time.Time{}
		clear(l.locks)
		return n, nil
	}
	l.tries = slices.DeleteFunc(l.tries, func(t call.WrongTry) bool { return t.Extension == extension })
	delete(l.locks, extension)
	if len(l.tries) < l.settings().Site {
		l.next = time.Time{}
	}
	return n, nil
}

// Locks lists the phones that are locked, by extension.
func (l *Lockout) Locks() []Lock {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []Lock{}
	now := time.Now()
	for extension, until := range l.locks {
		if now.Before(until) {
			out = append(out, Lock{extension, until})
		}
	}
	slices.SortFunc(out, func(a, b Lock) int { return cmp.Compare(a.Extension, b.Extension) })
	return out
}
