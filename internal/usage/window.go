package usage

import (
	"slices"
	"time"
)

// stamp is something that happened once: when, and how many seconds it took.
type stamp struct {
	at      time.Time
	seconds int
	number  uint64 // counts all stamps of a window, to find one again
}

// mark says under which key a stamp is kept.
type mark struct {
	key    string
	at     time.Time
	number uint64
}

// window remembers what happened lately, by key. It keeps at most room stamps in all and perKey under one key; beyond
// that the oldest are forgotten, a quarter of a key's at once. So a count is right up to three quarters of perKey.
type window struct {
	keep         time.Duration
	room, perKey int
	next         uint64
	stamps       map[string][]stamp // the oldest first
	order        []mark             // all stamps, the oldest first; some may be forgotten already
	head         int                // of order
}

func newWindow(keep time.Duration, room, perKey int) *window {
	return &window{keep: keep, room: room, perKey: perKey, stamps: map[string][]stamp{}}
}

// add notes that something happened under the key.
func (w *window) add(key string, at time.Time, seconds int) {
	for w.head < len(w.order) && (len(w.order)-w.head >= w.room || at.Sub(w.order[w.head].at) > w.keep) {
		w.forget(w.order[w.head])
		w.order[w.head] = mark{}
		w.head++
	}
	if w.head > len(w.order)/2 { // each mark is moved once on average
		w.order = append(w.order[:0], w.order[w.head:]...)
		w.head = 0
	}
	w.next++
	w.order = append(w.order, mark{key, at, w.next})
	have := w.stamps[key]
	if len(have) >= w.perKey {
		have = slices.Clone(have[len(have)-w.perKey*3/4:])
	}
	w.stamps[key] = append(have, stamp{at, seconds, w.next})
}

// forget removes a stamp that is still kept.
func (w *window) forget(m mark) {
	have := w.stamps[m.key]
	switch {
	case len(have) == 0 || have[0].number != m.number:
	case len(have) == 1:
		delete(w.stamps, m.key)
	default:
		w.stamps[m.key] = have[1:]
	}
}

// count counts what happened under the key after since and took at most so many seconds. It looks at no more than perKey
// stamps.
func (w *window) count(key string, since time.Time, seconds int) int {
	n := 0
	have := w.stamps[key]
	for i := len(have) - 1; i >= 0 && have[i].at.After(since); i-- {
		if have[i].seconds <= seconds {
			n++
		}
	}
	return n
}
