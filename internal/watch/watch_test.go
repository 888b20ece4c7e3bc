package watch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// moment is when the tests take place.
var moment = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return moment.Add(time.Duration(seconds) * time.Second) }

// site is a watch on a real ledger.
type site struct {
	*Watch
	t      *testing.T
	ledger *ledger.Ledger
	path   string
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	key, err := ledger.LoadOrCreateKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, path: filepath.Join(dir, "dialwarden.db")}
	if s.ledger, err = ledger.Open(s.path, key); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	s.restart()
	return s
}

// restart begins to watch anew, as a daemon does after its start.
func (s *site) restart() {
	s.t.Helper()
	w, err := New(s.t.Context(), s.ledger, zerolog.Nop())
	if err != nil {
		s.t.Fatal(err)
	}
	s.Watch = w
}

// record writes a decision.
func (s *site) record(channel, extension string, a call.Action) int64 {
	s.t.Helper()
	id, err := s.ledger.Record(s.t.Context(), call.Record{
		Attempt:  call.Attempt{Source: call.SourceARI, Channel: channel, Extension: extension, Dialled: "5551234", At: moment},
		Decision: call.Decision{Action: a, Rule: "local"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// decided brings a call and its decision.
func (s *site) decided(channel, extension string, a call.Action) int64 {
	s.t.Helper()
	recorded := s.Arrived(channel, extension)
	id := s.record(channel, extension, a)
	recorded(id, call.Decision{Action: a})
	return id
}

// channel is one that Asterisk tells of.
func channel(id string) call.Channel { return call.Channel{ID: id, Name: "PJSIP/" + id + "-1"} }

// existing are the channels that exist.
func existing(ids ...string) map[string]call.Channel {
	all := map[string]call.Channel{}
	for _, id := range ids {
		all[id] = channel(id)
	}
	return all
}

// answered tells that the party called by a channel has answered on one of its own, which is gone with it.
func (s *site) answered(caller string, at time.Time) {
	s.Answered(channel(caller), channel(caller+"-leg"), at)
}

// run has a Watch at work until stop is called.
func run(t *testing.T, w *Watch) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	return func() { cancel(); <-done }
}

// ended tells that a call is over: the leg goes first, as it does in Asterisk.
func (s *site) ended(caller string, at time.Time, cause int) {
	s.Ended(caller+"-leg", at, cause)
	s.Ended(caller, at, cause)
}

// call has everything written that waits, and returns the call of a decision.
func (s *site) call(id int64) ledger.Call {
	s.t.Helper()
	stopping, stop := context.WithCancel(s.t.Context())
	stop()
	s.Run(stopping)
	r, err := ledger.OpenReader(s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	d, err := r.Decision(s.t.Context(), id)
	if err := errors.Join(err, r.Close()); err != nil {
		s.t.Fatal(err)
	}
	return d.Call
}

// forgets checks that nothing is kept of calls that have ended.
func (s *site) forgets() {
	s.t.Helper()
	if len(s.calls) != 0 || len(s.active) != 0 {
		s.t.Errorf("after the last end there are still %d calls, %d active extensions", len(s.calls), len(s.active))
	}
}

func TestEnds(t *testing.T) {
	at := func(seconds int) ledger.Time { return ledger.Time{Time: after(seconds)} }
	ended := ledger.Call{EndedAt: at(9), Cause: 17, EndSource: SourceARI}
	talked := ledger.Call{AnsweredAt: at(2), EndedAt: at(9), Seconds: 7, Cause: 17, EndSource: SourceARI}
	for name, test := range map[string]struct {
		happens string // in order: recorded, answered, ended, swept, again (a later answer and end), other (channel)
		want    ledger.Call
	}{
		"answered":                 {"recorded answered ended", talked},
		"not answered":             {"recorded ended", ended},
		"first answer and end":     {"recorded answered again ended again", talked},
		"ended before the record":  {"answered ended recorded", talked},
		"answered before":          {"answered recorded ended", talked},
		"events of another":        {"other recorded other answered other ended", talked},
		"gone at the next look":    {"recorded answered swept", ledger.Call{AnsweredAt: at(2), EndedAt: at(20), Seconds: 18, EndSource: SourceSweep}},
		"swept before the record":  {"swept recorded", ledger.Call{EndedAt: at(20), EndSource: SourceSweep}},
		"an end and then a look":   {"recorded answered ended swept", talked},
		"still going on":           {"recorded answered", ledger.Call{AnsweredAt: at(2)}},
		"an answer after the end":  {"recorded ended answered", ended},
		"restarted before the end": {"recorded answered restart ended", talked},
		"told":                     {"recorded told", ledger.Call{AnsweredAt: at(2), EndedAt: at(9), Seconds: 7, Cause: 17, EndSource: SourceAGI}},
		"told before the record":   {"told recorded", ledger.Call{AnsweredAt: at(2), EndedAt: at(9), Seconds: 7, Cause: 17, EndSource: SourceAGI}},
		"told and heard":           {"recorded answered told again", ledger.Call{AnsweredAt: at(2), EndedAt: at(9), Seconds: 7, Cause: 17, EndSource: SourceAGI}},
		"heard and told":           {"recorded answered ended told", talked},
		"told of another":          {"recorded answered told-another ended", talked},
		"told that nobody talked":  {"recorded told-unanswered", ledger.Call{EndedAt: at(9), Cause: 17, EndSource: SourceAGI}},
		"restarted, then a look":   {"recorded restart swept", ledger.Call{EndedAt: at(20), EndSource: SourceSweep}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			var id int64
			recorded := s.Arrived("c", "101")
			for step := range strings.FieldsSeq(test.happens) {
				switch step {
				case "recorded":
					id = s.record("c", "101", call.Allow)
					recorded(id, call.Decision{Action: call.Allow})
				case "answered":
					s.answered("c", after(2))
				case "ended":
					s.ended("c", after(9), 17)
				case "told":
					s.Told("c", 7*time.Second, after(9), 17)
				case "told-unanswered":
					s.Told("c", 0, after(9), 17)
				case "told-another":
					s.Told("another", 7*time.Second, after(9), 17)
				case "again":
					s.answered("c", after(30))
				case "other":
					s.answered("another", after(1))
					s.Ended("another", after(1), 16)
				case "swept":
					for _, f := range s.calls {
						f.since = moment
						for _, l := range f.legs {
							l.since = moment
						}
					}
					s.Sweep(existing("another"), after(20))
				case "restart":
					_ = s.call(id)
					s.restart()
				}
			}
			if got := s.call(id); !reflect.DeepEqual(got, test.want) {
				t.Errorf("the ledger has %+v, want %+v", got, test.want)
			}
			if !test.want.EndedAt.IsZero() {
				s.forgets()
			}
		})
	}
}

// TestSweepLeavesOthersAlone ends none whose channel exists, and none that came after the look.
func TestSweepLeavesOthersAlone(t *testing.T) {
	s := newSite(t)
	there, late := s.decided("there", "101", call.Allow), s.decided("late", "102", call.Allow)
	s.Sweep(existing("there"), time.Now().Add(-time.Minute))
	s.Sweep(existing("there", "late"), time.Now().Add(time.Minute))
	for _, id := range []int64{there, late} {
		if c := s.call(id); !c.EndedAt.IsZero() {
			t.Errorf("call %d was ended: %+v", id, c)
		}
	}
}

// TestChannelComesAgain ends the earlier attempt on it.
func TestChannelComesAgain(t *testing.T) {
	s := newSite(t)
	first := s.decided("c", "101", call.Allow)
	s.answered("c", after(1))
	second := s.decided("c", "101", call.Allow)
	if c := s.call(first); c.EndedAt.IsZero() || c.AnsweredAt.IsZero() {
		t.Errorf("the first call is open: %+v", c)
	}
	if n := s.Usage(call.UsageQuery{Extension: "101", Channel: "another"}).ConcurrentCalls; n != 1 {
		t.Errorf("%d calls are counted, want 1", n)
	}
	s.Ended("c", after(9), 16)
	if c := s.call(second); c.EndedAt.Time != after(9) || !c.AnsweredAt.IsZero() {
		t.Errorf("the second call: %+v", c)
	}
	s.forgets()
}

// TestChannelLeftTwice takes over a channel on which two daemons died, each with a decision and before the release.
func TestChannelLeftTwice(t *testing.T) {
	s := newSite(t)
	first := s.record("c", "101", call.Allow)
	second := s.record("c", "101", call.Allow)
	s.restart()
	if c := s.call(first); c.EndedAt.IsZero() {
		t.Errorf("the first call is open: %+v", c)
	}
	if n := s.Usage(call.UsageQuery{Extension: "101", Channel: "another"}).ConcurrentCalls; n != 1 {
		t.Errorf("%d calls are counted, want 1", n)
	}
	s.Ended("c", after(9), 16)
	if c := s.call(second); c.EndedAt.Time != after(9) {
		t.Errorf("the second call: %+v", c)
	}
	s.forgets()
}

// TestNotRecorded follows nothing that has no decision.
func TestNotRecorded(t *testing.T) {
	s := newSite(t)
	s.Arrived("a", "101")(0, call.Decision{})
	failed := s.Arrived("b", "101")
	s.answered("b", after(1))
	s.Ended("b", after(2), 16)
	failed(0, call.Decision{})
	earlier := s.Arrived("c", "101")
	id := s.decided("c", "101", call.Allow) // the channel has come again before the first was given up
	earlier(0, call.Decision{})
	if n := s.Usage(call.UsageQuery{Extension: "101"}).ConcurrentCalls; n != 1 {
		t.Errorf("%d calls are counted, want 1", n)
	}
	s.Ended("c", after(9), 16)
	if c := s.call(id); c.EndedAt.Time != after(9) {
		t.Errorf("got %+v", c)
	}
	s.forgets()
}

func TestUsage(t *testing.T) {
	s := newSite(t)
	wants := func(extension, channel string, want int) {
		t.Helper()
		if n := s.Usage(call.UsageQuery{Extension: extension, Channel: channel}).ConcurrentCalls; n != want {
			t.Errorf("%s, without %q: %d calls, want %d", extension, channel, n, want)
		}
	}
	waiting := s.Arrived("w", "101")
	s.decided("refused", "101", call.Deny)
	wants("101", "another", 0)
	s.decided("a", "101", call.Allow)
	s.decided("b", "101", call.Allow)
	s.decided("c", "102", call.Allow)
	wants("101", "another", 2)
	wants("101", "a", 1)
	wants("101", "c", 2) // the call of another extension is not taken off
	wants("102", "", 1)
	_ = s.call(1)
	s.restart()
	wants("101", "another", 2)
	s.Ended("a", after(1), 16)
	s.Ended("a", after(2), 16)
	wants("101", "another", 1)
	waiting(0, call.Decision{})
	s.Sweep(nil, after(3))
	wants("101", "", 0)
	s.forgets()
}

// failing is a ledger that fails where it is told to.
type failing struct {
	fault   func(id int64) error
	mu      sync.Mutex
	written []string
}

func (f *failing) Answered(_ context.Context, id int64, _ call.Pickup) error {
	return f.write(fmt.Sprint(id, " answered"), id)
}

func (*failing) Past(context.Context, time.Time) (call.Past, error) { return call.Past{}, nil }

func (f *failing) Ended(_ context.Context, id int64, _ call.End) error {
	return f.write(fmt.Sprint(id, " ended"), id)
}

func (*failing) Intervene(context.Context, call.Intervention) error { return nil }

func (f *failing) write(what string, id int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fault(id); err != nil {
		return err
	}
	f.written = append(f.written, what)
	return nil
}

func (*failing) OpenCalls(context.Context) ([]call.OpenCall, error) {
	return []call.OpenCall{{DecisionID: 1, Channel: "a"}, {DecisionID: 2, Channel: "b"}, {DecisionID: 3, Channel: "c"}}, nil
}

// TestLedgerFails tries again until the ledger has everything.
func TestLedgerFails(t *testing.T) {
	errFull := errors.New("disk full")
	for name, test := range map[string]struct {
		fault func(id int64, elapsed time.Duration) error
		want  string // after a minute
	}{
		"for a while": {func(_ int64, d time.Duration) error {
			if d < 10*time.Second {
				return errFull
			}
			return nil
		}, "1 answered, 1 ended, 2 ended, 3 ended"},
		"for one call": {func(id int64, _ time.Duration) error {
			if id == 1 {
				return errFull
			}
			return nil
		}, "2 ended, 3 ended"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				l := &failing{fault: func(id int64) error { return test.fault(id, time.Since(start)) }}
				var log strings.Builder
				w, err := New(t.Context(), l, zerolog.New(zerolog.SyncWriter(&log)))
				if err != nil {
					t.Fatal(err)
				}
				stop := run(t, w)
				w.Answered(channel("a"), channel("a-leg"), moment)
				for _, channel := range []string{"a-leg", "a", "b", "c"} {
					w.Ended(channel, moment, 16)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := inOrder(l.written); got != test.want {
					t.Errorf("written: %s; want %s", got, test.want)
				}
				stop()
				if n := strings.Count(log.String(), "\n"); n == 0 || n > 4 {
					t.Errorf("the log has %d lines, want one for each that failed:\n%s", n, log.String())
				}
			})
		})
	}
}

// inOrder sorts what was written by decision; the order within a decision is kept but for an answer, which its end knows.
func inOrder(written []string) string {
	var out []string
	for _, id := range []string{"1", "2", "3"} {
		for _, what := range []string{" answered", " ended"} {
			for _, w := range written {
				if w == id+what {
					out = append(out, w)
				}
			}
		}
	}
	return strings.Join(out, ", ")
}

// TestLeavesWhatItCannotWrite at the end: the next daemon finds the call open.
func TestLeavesWhatItCannotWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &failing{fault: func(int64) error { return errors.New("disk full") }}
		w, err := New(t.Context(), l, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		stop := run(t, w)
		w.Ended("a", moment, 16)
		synctest.Wait()
		begun := time.Now()
		stop()
		if d := time.Since(begun); d != 0 {
			t.Errorf("it stopped after %v", d)
		}
	})
}

func TestNewWithoutLedger(t *testing.T) {
	s := newSite(t)
	if err := s.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), s.ledger, zerolog.Nop()); err == nil {
		t.Error("a closed ledger will do")
	}
}

// TestWritesInRounds holds that an end comes to the ledger at once where nothing else does, that what comes soon after is
// written together, and that nothing is left at the end.
func TestWritesInRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rounds []time.Duration
		begun := time.Now()
		l := &failing{fault: func(int64) error { rounds = append(rounds, time.Since(begun)); return nil }}
		w, err := New(t.Context(), l, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		stop := run(t, w)
		w.Ended("a", moment, 16)
		synctest.Wait()
		w.Ended("b", moment, 16)
		time.Sleep(roundPause)
		synctest.Wait()
		w.Ended("c", moment, 16)
		stop()
		if want := []time.Duration{0, roundPause, roundPause}; !slices.Equal(rounds, want) {
			t.Errorf("written at %v, want %v", rounds, want)
		}
	})
}
