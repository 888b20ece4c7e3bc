package gate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/speech"
)

// What the gate does to ask for a PIN, to ask again, and to look up what was typed.
var (
	pin      = strings.Join(speech.Of(call.PromptAskPIN), "&")
	again    = strings.Join(speech.Of(call.PromptWrong, call.PromptAskPIN), "&")
	verified = "verify [redacted] [pin] 101 0211234"
)

// world is a gate with everything around it. What the gate does to it is written down line by line, with the channel in
// front; what it would answer can be changed by the test.
type world struct {
	t    *testing.T
	gate *Gate
	book *Book

	// decide is the policy; without it, a call that begins with 0 is challenged, one with 1 denied, others allowed.
	decide func(call.Facts) call.Decision
	fails  map[string]error         // what a step (judge, record, announce, verify, answer, play …) answers
	holds  map[string]chan struct{} // what a step waits for before it answers

	mu     sync.Mutex
	answer func(call.ApprovalAnswer) // of the last search for an approver
	said   []string
	rows   []call.Record
	usages []string
	alerts []call.Alert
}

// rulesFunc makes a policy of a function.
type rulesFunc struct {
	revision string
	judge    func(call.Facts) call.Decision
}

func (r rulesFunc) Judge(_ context.Context, f call.Facts) call.Decision { return r.judge(f) }
func (r rulesFunc) Revision() string                                    { return r.revision }

// numbersFunc makes a number plan of a function.
type numbersFunc func(dialled string) call.Callee

func (n numbersFunc) Classify(dialled string) call.Callee { return n(dialled) }

// classify knows one emergency number and one extension.
func classify(dialled string) call.Callee {
	n := call.Number{Dialled: dialled, Digits: dialled, Class: call.Local, Risk: []string{}}
	switch dialled {
	case "112":
		n.Class = call.Emergency
	case "102":
		n.Class = call.Internal
	}
	return call.Callee{Number: n}
}

// newWorld returns a world without a gate yet, for tests that change it first; open builds the gate.
func newWorld(t *testing.T) *world {
	w := &world{t: t, fails: map[string]error{}, holds: map[string]chan struct{}{}}
	w.book = w.newBook("rev1")
	return w
}

func (w *world) open(orphans ...call.Record) *world {
	w.t.Helper()
	ledger := worldLedger{w, orphans}
	g, err := New(w.t.Context(), Config{
		Book: func() *Book { w.mu.Lock(); defer w.mu.Unlock(); return w.book }, Ledger: ledger, Tracker: worldTracker{w},
		Lockout: worldLockout{w, map[string]int{}}, Approvals: worldApprovals{w}, Dialogue: call.DefaultDialogue(), Log: zerolog.Nop(),
		Raise: func(a call.Alert) { w.mu.Lock(); defer w.mu.Unlock(); w.alerts = append(w.alerts, a) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.gate = g
	return w
}

func (w *world) newBook(revision string) *Book {
	return &Book{
		Numbers: numbersFunc(classify), Directory: call.Directory{"101": {Holder: "Li Wei", Place: "Ward 3", Line: "duty"}}, Zone: time.UTC,
		Rules: rulesFunc{revision, func(f call.Facts) call.Decision {
			_ = w.step(f.Attempt.Channel, "judge", revision)
			d := call.Decision{Action: call.Allow, Rule: "local", PolicyRevision: revision}
			switch {
			case w.decide != nil:
				d = w.decide(f)
			case f.Callee.Digits[0] == '0' && !f.Credentials.PIN.Valid:
				d.Action, d.Rule = call.Challenge, "long_distance"
				d.Requires = []call.Requirement{{Rule: d.Rule, AnyOf: []call.CredentialKind{call.PIN}}}
			case f.Callee.Digits[0] == '1':
				d.Action, d.Rule, d.Prompt, d.Cause = call.Deny, "premium", "premium", 21
			}
			return d
		}},
	}
}

// step writes a line, waits if the test holds the step, and returns the step's failure.
func (w *world) step(channel, step string, words ...any) error {
	w.mu.Lock()
	w.said = append(w.said, strings.TrimSpace(channel+": "+step+" "+strings.TrimSuffix(fmt.Sprintln(words...), "\n")))
	hold, err := w.holds[step], w.fails[step]
	w.mu.Unlock()
	if hold != nil {
		<-hold
	}
	return err
}

// hold makes a step wait until the returned function is called.
func (w *world) hold(step string) (release func()) {
	c := make(chan struct{})
	w.holds[step] = c
	return func() { close(c) }
}

// worldLedger is the ledger of a world.
type worldLedger struct {
	*world
	orphans []call.Record
}

func (w worldLedger) Record(ctx context.Context, r call.Record) (int64, error) {
	if _, bounded := ctx.Deadline(); !bounded || ctx.Err() != nil {
		w.t.Error("the ledger is asked without a deadline, or after it")
	}
	if err := w.step(r.Attempt.Channel, "record", r.Decision.Action, r.Decision.Rule); err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.fails["record "+string(r.Decision.Action)]; err != nil {
		return 0, err
	}
	w.rows = append(w.rows, r)
	return int64(len(w.rows)), nil
}

func (w worldLedger) Announce(_ context.Context, r call.Record) error {
	return w.step(r.Attempt.Channel, "announce", r.Decision.Rule)
}

func (w worldLedger) Announced(context.Context) ([]call.Record, error) {
	return w.orphans, w.fails["announced"]
}

// Prove knows one PIN and one token.
func (w worldLedger) Prove(ctx context.Context, c call.Claim) (call.Verdict, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		w.t.Error("digits are looked up without a deadline")
	}
	if err := w.step("", "verify", c.Digits, c.Kinds, c.Extension, c.Number.Digits); err != nil {
		return call.Verdict{}, err
	}
	switch c.Digits.Reveal() {
	case "2468":
		return call.Verdict{Kind: call.PIN, Credential: call.Credential{Valid: true, ID: 7, Holder: "Li Wei"}}, nil
	case "2469": // good for a minute more
		return call.Verdict{Kind: call.PIN, Credential: call.Credential{Valid: true, ID: 8}, Reach: call.Reach{Until: time.Now().Add(time.Minute)}}, nil
	case "2470": // for mobiles only, besides the number that it was typed for
		return call.Verdict{Kind: call.PIN, Credential: call.Credential{Valid: true, ID: 8}, Reach: call.Reach{Classes: []call.Class{call.Mobile}}}, nil
	case "87654321":
		return call.Verdict{Kind: call.Token, Credential: call.Credential{Valid: true, ID: 9, Holder: "Chen Wei"}, MaxSeconds: 60}, nil
	case "13579":
		return call.Verdict{Kind: call.PIN, Fault: call.FaultExpired}, nil
	}
	return call.Verdict{Fault: call.FaultUnknown}, nil
}

func (w worldLedger) ChangePIN(_ context.Context, id int64, digits call.Secret) error {
	return w.step("", "change PIN", id, digits)
}

// worldLockout locks a phone after five wrong tries.
type worldLockout struct {
	*world
	wrong map[string]int
}

func (w worldLockout) Locked(extension string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrong[extension] >= 5
}

func (w worldLockout) Look(ctx context.Context, extension string, look func(context.Context) (bool, error)) (bool, error) {
	if w.Locked(extension) {
		return true, nil
	}
	wrong, err := look(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if wrong {
		w.wrong[extension]++
	}
	return false, err
}

// worldApprovals asks nobody: the test answers.
type worldApprovals struct{ *world }

func (w worldApprovals) Available() bool { return w.fails["approve"] == nil }

func (w worldApprovals) Seek(r call.ApprovalRequest, answer func(call.ApprovalAnswer)) func() {
	_ = w.step(r.Channel, "seek approval", r.Caller.Extension, r.Number.Digits, r.Rule, r.Approvers, r.Ring, r.PIN, r.Level)
	w.mu.Lock()
	w.answer = answer
	w.mu.Unlock()
	return func() { _ = w.step(r.Channel, "cancel approval") }
}

// worldTracker writes down what it is told.
type worldTracker struct{ *world }

func (w worldTracker) Arrived(channel, extension string) func(int64, call.Decision) {
	var told sync.Once
	return func(id int64, d call.Decision) {
		first := false
		told.Do(func() { first = true })
		if !first {
			w.t.Error("the tracker was told of a decision twice")
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.usages = append(w.usages, fmt.Sprintf("%s: %s %s %d", channel, extension, d.Action, id))
	}
}

func (worldTracker) Usage(call.UsageQuery) call.Usage { return call.Usage{ConcurrentCalls: 3} }

// worldLine is a caller's channel.
type worldLine struct {
	*world
	channel string
}

func (l worldLine) Answer(context.Context) error { return l.step(l.channel, "answer") }
func (l worldLine) Play(_ context.Context, sounds []string, seq int) error {
	return l.step(l.channel, "play", strings.Join(sounds, "&"), seq)
}
func (l worldLine) Silence(_ context.Context, seq int) error {
	return l.step(l.channel, "silence", seq)
}
func (l worldLine) Release(_ context.Context, r call.Release) error {
	return l.step(l.channel, "release", r.DecisionID, r.Number)
}
func (l worldLine) Refuse(_ context.Context, r call.Refusal) error {
	return l.step(l.channel, "refuse", r.DecisionID, r.Prompt, r.Cause)
}
func (l worldLine) HangUp(_ context.Context, cause int) error {
	return l.step(l.channel, "hang up", cause)
}

// arrive brings a call from 101 on a channel, in the entry of the same name.
func (w *world) arrive(channel, dialled string) {
	w.gate.Arrive(w.attempt(channel, dialled), "n"+channel, worldLine{w, channel})
}

func (w *world) attempt(channel, dialled string) call.Attempt {
	return call.Attempt{Source: call.SourceARI, Channel: channel, Extension: "101", Dialled: dialled, At: time.Now()}
}

// types presses keys on a channel.
func (w *world) types(channel, keys string) {
	for i := range len(keys) {
		w.gate.Deliver(channel, call.Digit{Key: keys[i]})
	}
	synctest.Wait()
}

// sweep looks at the channels now; those with a dialled number wait for us.
func (w *world) sweep(channels map[string]string) {
	s := Snapshot{Taken: time.Now(), Channels: map[string]call.Channel{}}
	for channel, dialled := range channels {
		s.Channels[channel] = call.Channel{ID: channel}
		if dialled != "" {
			s.Waiting = append(s.Waiting, Waiting{
				Attempt: w.attempt(channel, dialled), Entry: "n" + channel, Line: worldLine{w, channel},
			})
		}
	}
	time.Sleep(time.Millisecond) // of the bubble's clock: Asterisk's answer takes its time
	w.gate.Sweep(s)
	synctest.Wait()
}

// wants compares what was done since the last time with the lines.
func (w *world) wants(lines ...string) {
	w.t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if got, want := strings.Join(w.said, "\n"), strings.Join(lines, "\n"); got != want {
		w.t.Errorf("the gate did:\n%s\nwanted:\n%s", got, want)
	}
	w.said = nil
}

// ends stops the gate, which must have nothing left to do, and holds it to what must be true of every call.
func (w *world) ends() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.gate.Stop(ctx); err != nil {
		w.t.Errorf("the gate does not stop: %v", err)
	}
}

// inBubble runs a test with a clock that stands while anything can be done.
func inBubble(t *testing.T, test func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		test(w)
		if w.gate != nil {
			w.ends()
		}
	})
}

var errBroken = errors.New("it is broken")
