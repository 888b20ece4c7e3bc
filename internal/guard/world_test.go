package guard

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// world is a guard with an Asterisk that does what it is told, and notes it.
type world struct {
	*Guard
	t     *testing.T
	lines call.Lines
	phone *phone // that rings; nil while none does

	mu     sync.Mutex
	noted  []string
	alerts []call.Alert
	rung   int
}

// phone is one that the guard has rung.
type phone struct {
	w    *world
	tell func(call.Event)
}

func (p *phone) Play(_ context.Context, sounds []string, seq int) error {
	p.w.note("play " + strings.ReplaceAll(strings.Join(sounds, " "), "dialwarden/", ""))
	time.AfterFunc(5*time.Second, func() { p.tell(call.PromptEnded{Seq: seq}) })
	return nil
}

func (p *phone) HangUp(context.Context, int) error {
	p.w.note("hang up")
	return nil
}

func (w *world) Ring(_ context.Context, r call.Ringing) (Phone, error) {
	w.note("ring " + r.Extension + " for " + r.Caller)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rung++
	w.phone = &phone{w, r.Tell}
	return w.phone, nil
}

// Whisper takes as long as the word does.
func (w *world) Whisper(ctx context.Context, channel string, _ []string) error {
	w.note("tell " + channel)
	select {
	case <-time.After(2300 * time.Millisecond):
	case <-ctx.Done():
	}
	return nil
}

// Partner of a trunk's channel whose caller is gone is whoever talks on it now.
func (w *world) Partner(_ context.Context, channel string) (string, error) {
	return "partner of " + channel, nil
}

func (w *world) Cut(_ context.Context, channel string, cause int) error {
	w.note(fmt.Sprintf("cut %s %d", channel, cause))
	w.Gone(channel, cause)
	return nil
}

func (w *world) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noted = append(w.noted, what)
}

// count is how many notes begin with a text.
func (w *world) count(begins string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, x := range w.noted {
		if strings.HasPrefix(x, begins) {
			n++
		}
	}
	return n
}

// want checks how often something was done.
func (w *world) want(what string, times int) {
	w.t.Helper()
	if n := w.count(what); n != times {
		w.t.Errorf("%q was done %d times, want %d; done was:\n%s", what, n, times, strings.Join(w.noted, "\n"))
	}
}

var staff = call.Directory{
	"101": {Holder: "Chen", Department: "board", Grade: "director"}, "102": {Holder: "Li", Department: "sales"},
	"201": {Holder: "Gate", Line: "alarm"}, "202": {Holder: "Duty room", Line: "duty"}, "203": {Holder: "Hall", Department: "board", Line: "conference"},
}

func newWorld(t *testing.T, lines call.Lines) *world {
	w := &world{t: t, lines: lines}
	w.Guard = New(Config{
		Lines: func() *call.Lines { return &w.lines }, Directory: func() call.Directory { return staff },
		Clock: func() call.Clock { return call.ClockAt(time.Now(), time.UTC) }, Asterisk: w, Phones: w, Log: zerolog.Nop(),
		Alert: func(a call.Alert) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.alerts = append(w.alerts, a)
		},
	})
	return w
}

// trunk6 is a trunk of six channels; a director's call counts for more, one to a mobile for less.
func trunk6() call.Lines {
	return call.Lines{
		Trunks:   map[string]call.TrunkLine{"default": {Endpoint: "PJSIP/carrier", Channels: 6}},
		Priority: call.Priority{Usual: 50, Undecided: 60, Grade: map[string]int{"director": 70}, Class: map[string]int{"mobile": 20}},
	}
}

func (w *world) seat(channel, extension string, class call.Class) call.Seat {
	return call.Seat{
		Channel: channel, Trunk: call.DefaultTrunk, Caller: staff.Caller(extension), Kind: staff[extension].KindOf(), Class: class, Lines: &w.lines,
	}
}

// letOut lets a call out, if there is a seat for it.
func (w *world) letOut(channel, extension string, class call.Class) bool {
	s := w.seat(channel, extension, class)
	if t := w.Trunk(s); t.Full && !s.Urgent() {
		return false
	}
	return w.Take(s, call.Trunk{})
}

func phoneChannel(id string) call.Channel { return call.Channel{ID: id, Name: "PJSIP/" + id + "-0"} }

func trunkChannel(caller string) call.Channel {
	return call.Channel{ID: caller + ".t", Name: "PJSIP/carrier-" + caller, MadeAt: time.Now()}
}

// rings has a caller's channel on the trunk made, and ring.
func (w *world) rings(caller string) {
	c := trunkChannel(caller)
	w.Made(phoneChannel(caller))
	w.Made(c)
	w.Dialled(phoneChannel(caller), c)
	w.Ringing(phoneChannel(caller), c)
}

// talks has it answered, too; the moments of two calls are never the same.
func (w *world) talks(caller, extension string, class call.Class) {
	w.t.Helper()
	if !w.letOut(caller, extension, class) {
		w.t.Fatalf("%s is not let out", caller)
	}
	w.rings(caller)
	w.Answered(phoneChannel(caller), trunkChannel(caller))
	w.pass(time.Millisecond)
}

// refused has the trunk refuse a call that needs a channel: it is told, as the dialplan does.
func (w *world) refused(caller string) {
	c := trunkChannel(caller)
	w.Made(c)
	w.Dialled(phoneChannel(caller), c)
	w.Gone(c.ID, 34)
	w.NeedsChannel(phoneChannel(caller), "", "PJSIP/NUMBER@carrier")
}

// emergency is a call that the dialplan lets out by itself.
func (w *world) emergency(caller string) {
	ch := phoneChannel(caller)
	ch.Emergency = true
	w.Made(ch)
	w.Emergency(caller)
}

func (w *world) stop() {
	if err := w.Stop(context.Background()); err != nil {
		w.t.Error(err)
	}
}

// pass lets time go by, and what was to happen then happen.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// inBubble runs a test in a time of its own.
func inBubble(t *testing.T, lines call.Lines, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, lines)
		f(w)
		w.stop()
	})
}

func (w *world) victims() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, x := range w.noted {
		if id, ok := strings.CutPrefix(x, "cut "); ok && strings.HasSuffix(id, ".t 8") {
			all = append(all, strings.TrimSuffix(id, ".t 8"))
		}
	}
	slices.Sort(all)
	return all
}
