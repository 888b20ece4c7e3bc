package usage

import (
	"hash/maphash"
	"slices"
	"time"
)

// stamp is something that happened once: when, counted from the window's first moment, and how many seconds it took.
type stamp struct {
	at      time.Duration
	seconds int
}

// window remembers what happened lately, by key. It keeps at most room stamps in all and perKey under one key; beyond
// that the oldest are forgotten, a quarter of a key's at once, or of the time that all of them span. So a count is right up
// to three quarters of perKey. Of a key only its hash is kept.
type window struct {
	keep         time.Duration
	room, perKey int
	seed         maphash.Seed
	begun        time.Time
	stamps       map[uint64][]stamp // the oldest first
	size         int                // of all of them
	oldest       time.Duration      // none is older
	tidied       time.Duration      // when what is too old was forgotten last
}

func newWindow(keep time.Duration, room, perKey int, begun time.Time) *window {
	return &window{keep: keep, room: room, perKey: perKey, seed: maphash.MakeSeed(), begun: begun, stamps: map[uint64][]stamp{}}
}

func (w *window) hash(key string) uint64 { return maphash.String(w.seed, key) }

// add notes that something happened under the key.
func (w *window) add(key string, at time.Time, seconds int) {
	now := at.Sub(w.begun)
	if now-w.tidied > w.keep/tidyings {
		w.tidy(now, w.keep)
	}
	for w.size >= w.room {
		w.tidy(now, (now-w.oldest)*3/4)
	}
	id := w.hash(key)
	have := w.stamps[id]
	if len(have) >= w.perKey {
		have = w.forget(have, len(have)-w.perKey*3/4)
	}
	w.stamps[id] = append(have, stamp{now, seconds})
	w.oldest = min(w.oldest, now)
	w.size++
}

// tidyings is how often all keys are looked through in the time that is kept.
const tidyings = 8

// tidy forgets what was kept for so long or longer.
func (w *window) tidy(now, keep time.Duration) {
	w.tidied, w.oldest = now, now
	for id, have := range w.stamps {
		old := 0
		for old < len(have) && now-have[old].at >= keep {
			old++
		}
		if old == len(have) {
			w.size -= old
			delete(w.stamps, id)
			continue
		}
		if old > 0 {
			have = w.forget(have, old)
			w.stamps[id] = have
		}
		w.oldest = min(w.oldest, have[0].at)
	}
}

// forget returns the stamps without the first n, in memory of their own.
func (w *window) forget(have []stamp, n int) []stamp {
	w.size -= n
	return slices.Clone(have[n:])
}

// count counts what happened under the key after since and took at most so many seconds. It looks at no more than perKey
// stamps.
func (w *window) count(key string, since time.Time, seconds int) int {
	n, after := 0, since.Sub(w.begun)
	have := w.stamps[w.hash(key)]
	for i := len(have) - 1; i >= 0 && have[i].at > after; i-- {
		if have[i].seconds <= seconds {
			n++
		}
	}
	return n
}
