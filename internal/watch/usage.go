package watch

import (
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Usage returns the facts about what is going on besides the call on the channel. The first question of a call counts
// it as an attempt, and as one that is being decided; later ones, after the caller has proved something, see no attempt
// that came after it. So of two calls at the same moment one is the first.
func (w *Watch) Usage(q call.UsageQuery) call.Usage {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	f := w.calls[q.Channel]
	if f == nil || f.extension != q.Extension || f.end != nil { // gone already: what it asks counts for nothing
		f = &followed{channel: q.Channel, extension: q.Extension, end: &call.End{}}
	}
	if !f.asked {
		w.ask(f, q, now)
	}
	w.payer(f, q, now)
	u := f.first
	u.ConcurrentCalls = w.active[f.extension]
	u.Holder.ConcurrentCalls, u.Department.ConcurrentCalls = w.paying[f.payers[0]], w.paying[f.payers[1]]
	if f.released {
		u.ConcurrentCalls--
		u.Holder.ConcurrentCalls, u.Department.ConcurrentCalls = max(0, u.Holder.ConcurrentCalls-1), max(0, u.Department.ConcurrentCalls-1)
	}
	u.Extension = call.UsageOf{
		ConcurrentCalls: u.ConcurrentCalls, AttemptsLastMinute: u.AttemptsLastMinute, AttemptsLastHour: u.AttemptsLastHour,
	}
	others := w.pending[f.extension]
	if f.pending {
		others--
	}
	u.PendingCalls = min(u.PendingCalls, others)
	w.counts.Short(&u, q.Callee.Key(), q.Short, now)
	u.SamePINCalls = w.enter(f, q.PINID)
	f.first.SamePINCalls = u.SamePINCalls
	return u
}

// ask notes what is known when the facts of a call are first asked for.
func (w *Watch) ask(f *followed, q call.UsageQuery, now time.Time) {
	f.asked, f.callee = true, q.Callee
	f.first = call.Usage{PendingCalls: w.pending[f.extension], FirstToRegion: w.counts.First(q.Callee.Region)}
	w.counts.Attempt(&f.first, f.extension, q.Callee.Class, now)
	if q.Callee.Class != call.Emergency && f.end == nil && f.id == 0 {
		f.pending = true
		w.pending[f.extension]++
	}
}

// payer notes who would pay for the call: first who holds the phone, then whose PIN was entered. The attempt counts for
// each of them once.
func (w *Watch) payer(f *followed, q call.UsageQuery, now time.Time) {
	who := payersOf(q.Holder, q.Department)
	if f.released || who == f.payers {
		return
	}
	if who[0] != f.payers[0] {
		w.counts.AttemptOf(&f.first.Holder, who[0], q.Callee.Class, now)
	}
	if who[1] != f.payers[1] {
		w.counts.AttemptOf(&f.first.Department, who[1], q.Callee.Class, now)
	}
	f.payers = who
}

func payersOf(holder, department string) (of [2]call.Spender) {
	if holder != "" {
		of[0] = call.Spender{Scope: call.OfHolder, Name: holder}
	}
	if department != "" {
		of[1] = call.Spender{Scope: call.OfDepartment, Name: department}
	}
	return of
}

// pays counts a call more, or one less, for those who pay for it.
func (w *Watch) pays(f *followed, n int) {
	for _, who := range f.payers {
		if who.Name == "" {
			continue
		}
		if w.paying[who] += n; w.paying[who] <= 0 {
			delete(w.paying, who)
		}
	}
}

// enter counts the call among those with its PIN, and returns how many others there are that came before it.
func (w *Watch) enter(f *followed, pin int64) (others int) {
	switch {
	case pin == 0:
		return 0
	case f.pin == pin:
		return min(f.first.SamePINCalls, w.counts.WithPIN(pin)-1)
	case f.end != nil:
		return w.counts.WithPIN(pin)
	case f.pin != 0:
		w.counts.End(f.pin)
	}
	f.pin = pin
	return w.counts.Begin(pin)
}

// decided takes a call out of those that are being decided.
func (w *Watch) decided(f *followed) {
	if f.pending {
		f.pending = false
		decrease(w.pending, f.extension)
	}
}

// settle takes a call that was refused or has ended out of the counts of what goes on.
func (w *Watch) settle(f *followed) {
	w.decided(f)
	if f.pin != 0 {
		w.counts.End(f.pin)
		f.pin = 0
	}
}

func decrease(counts map[string]int, key string) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}
