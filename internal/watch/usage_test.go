package watch

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// openLedger opens a real ledger, the same one for the same directory.
func openLedger(t *testing.T, dir string) *ledger.Ledger {
	t.Helper()
	key, err := ledger.LoadOrCreateKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(filepath.Join(dir, "dialwarden.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func watching(t *testing.T, l Ledger) *Watch {
	t.Helper()
	w, err := New(t.Context(), l, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func jamaica(channel string, pin int64) call.UsageQuery {
	return call.UsageQuery{
		Channel: channel, Extension: "101", PINID: pin, Short: call.ShortCalls{Seconds: 15, Within: time.Hour},
		Callee: call.Number{E164: "+18761234567", Region: "JM", Class: call.International},
	}
}

// TestUsageOfSimultaneousCalls finds that of two calls at the same moment one is the first, whoever is decided first.
func TestUsageOfSimultaneousCalls(t *testing.T) {
	l := openLedger(t, t.TempDir())
	defer func() { _ = l.Close() }()
	w := watching(t, l)
	first, second := w.Arrived("1", "101"), w.Arrived("2", "101")
	a, b := w.Usage(jamaica("1", 7)), w.Usage(jamaica("2", 7))
	if !reflect.DeepEqual(a, call.Usage{FirstToRegion: true}) {
		t.Errorf("the first sees %+v", a)
	}
	want := call.Usage{
		PendingCalls: 1, AttemptsLastMinute: 1, AttemptsLastHour: 1, ClassAttemptsLastMinute: 1,
		ClassAttemptsLastHour: 1, FirstToRegion: true, SamePINCalls: 1,
		Extension: call.UsageOf{AttemptsLastMinute: 1, AttemptsLastHour: 1},
	}
	if !reflect.DeepEqual(b, want) {
		t.Errorf("the second sees %+v", b)
	}
	if again := w.Usage(jamaica("1", 7)); !reflect.DeepEqual(again, a) {
		t.Errorf("asked again, the first sees %+v", again)
	}
	first(1, call.Decision{Action: call.Deny})
	if b = w.Usage(jamaica("2", 7)); b.PendingCalls != 0 || b.SamePINCalls != 0 || b.AttemptsLastMinute != 1 {
		t.Errorf("after the first was refused, the second sees %+v", b)
	}
	second(2, call.Decision{Action: call.Allow})
	w.Arrived("3", "101")
	if c := w.Usage(jamaica("3", 7)); c.ConcurrentCalls != 1 || c.PendingCalls != 0 || c.FirstToRegion || c.SamePINCalls != 1 || c.AttemptsLastMinute != 2 {
		t.Errorf("the third sees %+v", c)
	}
	for _, channel := range []string{"1", "2", "3"} {
		w.Ended(channel, time.Now(), 16)
	}
	if len(w.active)+len(w.pending) != 0 || w.counts.WithPIN(7) != 0 {
		t.Errorf("%v and %d calls with the PIN are left over", w.active, w.counts.WithPIN(7))
	}
}

// TestUsageOfACallThatIsGone counts nothing that would never be taken back.
func TestUsageOfACallThatIsGone(t *testing.T) {
	l := openLedger(t, t.TempDir())
	defer func() { _ = l.Close() }()
	w := watching(t, l)
	recorded := w.Arrived("1", "101")
	w.Ended("1", time.Now(), 16)
	w.Usage(jamaica("1", 7))
	w.Usage(jamaica("nobody", 7))
	recorded(1, call.Decision{Action: call.Allow})
	if len(w.active)+len(w.pending) != 0 || w.counts.WithPIN(7) != 0 || len(w.calls) != 0 {
		t.Errorf("left over are %v, %d, %v", w.active, w.counts.WithPIN(7), w.calls)
	}
}

// TestUsageAfterARestart counts what the ledger remembers.
func TestUsageAfterARestart(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	l := openLedger(t, dir)
	pin, err := l.AddPIN(ctx, call.NewSecret("583921"), call.PINOwner{Holder: "A"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for channel, talked := range map[string]time.Duration{"1": 5 * time.Second, "2": 40 * time.Second, "3": 0} {
		r := call.Record{
			Attempt: call.Attempt{Channel: channel, Extension: "101", At: now.Add(-2 * time.Minute)}, PINID: pin,
			Facts:    call.Facts{Callee: call.Callee{Number: jamaica("", 0).Callee}},
			Decision: call.Decision{Action: call.Allow},
		}
		id, err := l.Record(ctx, r)
		if err == nil && talked > 0 {
			err = errors.Join(l.Answered(ctx, id, call.Pickup{At: now.Add(-talked)}), l.Ended(ctx, id, call.End{EndedAt: now}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLedger(t, dir)
	defer func() { _ = l.Close() }()
	w := watching(t, l)
	w.Arrived("4", "101")
	want := call.Usage{
		ConcurrentCalls: 1, AttemptsLastHour: 3, ClassAttemptsLastHour: 3, ShortCallsToNumber: 1, ShortCallsToPrefix: 1,
		SamePINCalls: 1, Extension: call.UsageOf{ConcurrentCalls: 1, AttemptsLastHour: 3},
	}
	if got := w.Usage(jamaica("4", pin)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	w.Ended("3", time.Now(), 16)
	if got := w.Usage(jamaica("4", pin)); got.ConcurrentCalls != 0 || got.SamePINCalls != 0 {
		t.Errorf("after the end of an earlier daemon's call: %+v", got)
	}
}

// TestUsageOfWhoPays counts calls and attempts by person and department, whichever phone they come from: those of the
// PIN's holder as soon as the PIN is known, and those before a restart.
func TestUsageOfWhoPays(t *testing.T) {
	dir := t.TempDir()
	l := openLedger(t, dir)
	w := watching(t, l)
	ask := func(channel, extension, holder, department string) [2]call.UsageOf {
		q := jamaica(channel, 0)
		q.Extension, q.Holder, q.Department = extension, holder, department
		u := w.Usage(q)
		return [2]call.UsageOf{u.Holder, u.Department}
	}
	begin := func(channel, extension string) {
		recorded := w.Arrived(channel, extension)
		if got := ask(channel, extension, "Guard", "gate"); channel == "2" && got[0].AttemptsLastMinute != 1 {
			t.Errorf("the second call of the guard sees %+v", got)
		}
		ask(channel, extension, "Li", "sales") // the PIN is Li's
		id, err := l.Record(t.Context(), call.Record{
			Attempt: call.Attempt{Channel: channel, Extension: extension, At: time.Now()}, Decision: call.Decision{Action: call.Allow},
			Facts:  call.Facts{Caller: call.Caller{Holder: "Guard", Department: "gate"}},
			Charge: &call.Charge{Day: "2026-11-23", Extension: extension, Holder: "Li", Department: "sales"},
		})
		if err != nil {
			t.Fatal(err)
		}
		recorded(id, call.Decision{Action: call.Allow})
	}
	begin("1", "101")
	begin("2", "102")
	is := call.UsageOf{ConcurrentCalls: 2, AttemptsLastMinute: 2, AttemptsLastHour: 2}
	for range 2 {
		w.Arrived("3", "103")
		if got := ask("3", "103", "Li", "works"); got != [2]call.UsageOf{is, {}} {
			t.Errorf("another department: %+v", got)
		}
		if got := ask("3", "103", "Wu", "sales"); got != [2]call.UsageOf{{}, is} {
			t.Errorf("another person: %+v", got)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = openLedger(t, dir)
		w = watching(t, l)
	}
	w.Ended("1", time.Now(), 16)
	w.Ended("2", time.Now(), 16)
	if len(w.paying) != 0 {
		t.Errorf("left over are %v", w.paying)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
