package watch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// pbx does to channels what it is told, and writes it down with the second it was told in.
type pbx struct {
	began time.Time
	mu    sync.Mutex
	told  []string
	fault error
}

func (p *pbx) note(what string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, fmt.Sprintf("%d: %s", int(time.Since(p.began)/time.Second), what))
	return p.fault
}

func (p *pbx) Limit(_ context.Context, channel string, left time.Duration) error {
	return p.note(fmt.Sprintf("limit %s %v", channel, left))
}

func (p *pbx) Whisper(_ context.Context, channel string, sounds []string) error {
	return p.note(fmt.Sprintf("whisper %s %v", channel, sounds))
}

func (p *pbx) Cut(_ context.Context, channel string, cause int) error {
	return p.note(fmt.Sprintf("hang up %s %d", channel, cause))
}

// changes is a ledger that keeps interventions.
type changes struct {
	failing
	kept  []call.Intervention
	fault error
}

func (*changes) OpenCalls(context.Context) ([]call.OpenCall, error) { return nil, nil }

func (c *changes) Intervene(_ context.Context, i call.Intervention) error {
	c.kept = append(c.kept, i)
	return c.fault
}

// office is a watch with a call of decision 7 that is capped at 60 s, warned 10 s before, and was answered by t.
func office(t *testing.T, l *changes, p *pbx) *Watch {
	t.Helper()
	l.failing.fault = func(int64) error { return nil }
	w, err := New(t.Context(), l, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	p.began = time.Now()
	w.Lines = p
	w.Arrived("c", "101")(7, call.Decision{Action: call.Allow, MaxSeconds: 60, WarnSeconds: 10})
	w.Dialled(channel("c"), channel("t"))
	w.Answered(channel("c"), channel("t"), time.Now())
	return w
}

func TestEscapedCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p := &changes{}, &pbx{fault: errors.New("away")}
		w := office(t, l, p)
		var alerts []call.Alert
		w.Alert = func(a call.Alert) { alerts = append(alerts, a) }
		w.Ended("c", time.Now(), 16) // transferred away
		stop := run(t, w)
		time.Sleep(70 * time.Second)
		synctest.Wait()
		w.Ended("t", time.Now(), 16)
		time.Sleep(time.Minute)
		stop()
		if got := strings.Join(p.told, ", "); got != "0: limit t 59.5s, 60: hang up t 16, 66: hang up t 16" {
			t.Errorf("told: %s", got)
		}
		if len(alerts) != 1 || alerts[0].Kind != call.AlertEscape || alerts[0].DecisionID != 7 || alerts[0].Channel != "t" {
			t.Errorf("alerts are %+v", alerts)
		}
	})
}

// TestNotEscaped: a call that Asterisk has cut at its cap did not escape because we are told late, or not at all.
func TestNotEscaped(t *testing.T) {
	for name, deaf := range map[string]bool{"told late": false, "not connected": true} {
		synctest.Test(t, func(t *testing.T) {
			p := &pbx{fault: call.ErrGone}
			w := office(t, &changes{}, p)
			w.Alert = func(a call.Alert) { t.Errorf("%s: alert %+v", name, a) }
			w.Connected = func() bool { return !deaf }
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); w.Run(ctx) }()
			time.Sleep(62 * time.Second)
			stop()
			<-done
			if asked := len(p.told) > 0; asked == deaf {
				t.Errorf("%s: told: %s", name, p.told)
			}
		})
	}
}

func TestExtend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p := &changes{}, &pbx{}
		w := office(t, l, p)
		stop := run(t, w)
		time.Sleep(40 * time.Second)
		if limit, err := w.Extend(t.Context(), 7, 30, "root", "needed"); limit != 90 || err != nil {
			t.Errorf("extended to %d, %v", limit, err)
		}
		time.Sleep(49 * time.Second)
		if p := w.InProgress(); len(p) != 1 || p[0].MaxSeconds != 90 || p[0].Seconds != 89 || p[0].Leg != "t" {
			t.Errorf("in progress are %+v", p)
		}
		if err := w.Terminate(t.Context(), 7, "root", "enough"); err != nil {
			t.Error(err)
		}
		stop()
		slices.Sort(p.told)
		if got := strings.Join(p.told, ", "); got != "40: limit t 50s, 80: whisper c [dialwarden/left_10], 89: hang up c 16, 89: hang up t 16" {
			t.Errorf("told: %s", got)
		}
		want := []call.Intervention{
			{DecisionID: 7, What: call.Extend, MaxSeconds: 90, Who: "root", Reason: "needed"},
			{DecisionID: 7, What: call.Terminate, Who: "root", Reason: "enough"},
		}
		if !slices.Equal(l.kept, want) {
			t.Errorf("kept: %+v", l.kept)
		}
	})
}

// TestExtendWhileItRings tells Asterisk once there is a channel to tell it of.
func TestExtendWhileItRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p := &changes{}, &pbx{}
		w := office(t, l, p)
		w.Arrived("d", "102")(8, call.Decision{Action: call.Allow, MaxSeconds: 60})
		if limit, err := w.Extend(t.Context(), 8, 30, "root", "needed"); limit != 90 || err != nil {
			t.Errorf("extended to %d, %v", limit, err)
		}
		w.Dialled(channel("d"), channel("u"))
		w.Answered(channel("d"), channel("u"), time.Now())
		synctest.Wait()
		if got := strings.Join(p.told, ", "); got != "0: limit u 1m30s" {
			t.Errorf("told: %s", got)
		}
	})
}

// TestTransferredLate: what is left of a cap is not made a second where Asterisk may know of less.
func TestTransferredLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p := &changes{}, &pbx{}
		w := office(t, l, p)
		stop := run(t, w)
		time.Sleep(58700 * time.Millisecond)
		w.Ended("c", time.Now(), 16) // transferred away
		time.Sleep(1050 * time.Millisecond)
		w.Ended("t", time.Now(), 16)
		time.Sleep(time.Second)
		stop()
		if len(p.told) > 0 {
			t.Errorf("told: %s", p.told)
		}
	})
}

// extendedBefore is a ledger with a call that rings and one that is answered, both extended by an operator.
type extendedBefore struct{ changes }

func (*extendedBefore) OpenCalls(context.Context) ([]call.OpenCall, error) {
	return []call.OpenCall{
		{DecisionID: 8, Channel: "d", Extension: "102", Action: call.Allow, MaxSeconds: 90, Extended: true},
		{DecisionID: 9, Channel: "e", Extension: "103", Action: call.Allow, MaxSeconds: 40, Extended: true, Leg: "v", AnsweredAt: time.Now().Add(-23 * time.Second)},
	}, nil
}

// TestExtendedBeforeARestart tells Asterisk the caps, at the answer or soon, for the daemon that extended them may have died
// before, and warns the callers of what is left.
func TestExtendedBeforeARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p := &extendedBefore{}, &pbx{began: time.Now()}
		l.failing.fault = func(int64) error { return nil }
		w, err := New(t.Context(), l, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		w.Lines = p
		stop := run(t, w)
		w.Dialled(channel("d"), channel("u"))
		w.Answered(channel("d"), channel("u"), time.Now())
		time.Sleep(15 * time.Second)
		w.Ended("v", time.Now(), 16)
		w.Ended("e", time.Now(), 16)
		time.Sleep(46 * time.Second)
		stop()
		if got := strings.Join(p.told, ", "); got != "0: limit u 1m30s, 0: whisper e [dialwarden/left_soon], 0: limit v 16.5s, 60: whisper d [dialwarden/left_30]" {
			t.Errorf("told: %s", got)
		}
	})
}

func TestCannotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, p := &changes{}, &pbx{}
		w := office(t, l, p)
		w.Arrived("free", "102")(8, call.Decision{Action: call.Allow})
		w.Arrived("no", "103")(9, call.Decision{Action: call.Deny, MaxSeconds: 60})
		for _, test := range []struct {
			id      int64
			seconds int
			want    string
		}{
			{8, 10, call.ErrUncapped.Error()},
			{9, 10, call.ErrNotInProgress.Error()},
			{10, 10, call.ErrNotInProgress.Error()},
			{7, 0, "a call can be extended by 1 to 86340 seconds"},
			{7, 86341, "a call can be extended by 1 to 86340 seconds"},
			{7, math.MaxInt, "a call can be extended by 1 to 86340 seconds"},
		} {
			if _, err := w.Extend(t.Context(), test.id, test.seconds, "root", "x"); err == nil || err.Error() != test.want {
				t.Errorf("%d by %d s: %v, want %s", test.id, test.seconds, err, test.want)
			}
		}
		if err := w.Terminate(t.Context(), 9, "root", "x"); !errors.Is(err, call.ErrNotInProgress) {
			t.Error(err)
		}
		w.Connected = func() bool { return false }
		_, deaf := w.Extend(t.Context(), 7, 10, "root", "x")
		if ended := w.Terminate(t.Context(), 7, "root", "x"); !errors.Is(deaf, call.ErrNoARI) || !errors.Is(ended, call.ErrNoARI) || len(l.kept) != 0 {
			t.Errorf("without ARI: %v, %v, recorded %v", deaf, ended, l.kept)
		}
		w.Connected = nil
		w.Arrived("fire", "104")(11, call.Decision{Action: call.Allow, Rule: call.RuleEmergency})
		if err := w.Terminate(t.Context(), 11, "root", "x"); !errors.Is(err, call.ErrEmergency) {
			t.Error(err)
		}
		l.fault = errors.New("disk full")
		_, extended := w.Extend(t.Context(), 7, 10, "root", "x")
		if ended := w.Terminate(t.Context(), 7, "root", "x"); !errors.Is(extended, l.fault) || !errors.Is(ended, l.fault) || len(p.told) != 0 {
			t.Errorf("without a record: %v, %v, told %v", extended, ended, p.told)
		}
	})
}
