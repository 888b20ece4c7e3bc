package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

func TestThreeWrongPINs(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.serve()
	c := dial(t, l, "105", "902112340001")
	must(t, c.WaitAnswered(within(t, 10*time.Second)))
	for _, pin := range []string{"4711#", "4712#", "4713#"} {
		must(t, c.WaitAudio(within(t, 10*time.Second)))
		must(t, c.SendDTMF(pin)) // into the prompt, which falls silent at the first key
	}
	endOf(t, c)
	if d := s.decision(to("902112340001")); d.Action != call.Deny || d.Rule != "long_distance" || d.PINID != 0 {
		t.Errorf("got %+v", d)
	}
	if s.log.count("4711")+s.log.count("4712")+s.log.count("4713") != 0 {
		t.Error("digits of a PIN are in the log")
	}
}

func TestHangUpAtThePrompt(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.serve()
	c := dial(t, l, "106", "902112340002")
	must(t, c.WaitAudio(within(t, 10*time.Second)))
	hangup(t, c)
	if d := s.ended(s.decision(to("902112340002")).ID); d.Action != call.Challenge || !d.Call.AnsweredAt.IsZero() {
		t.Errorf("got %+v", d)
	}
}

func TestCapCutsTheCall(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("policy/data/cap.yaml", "max_seconds: {local: 2}\nwarn_seconds: 0\nring_seconds: 25\n")
	s.serve()
	c := dial(t, l, "107", "962340003")
	must(t, c.WaitAnswered(within(t, 10*time.Second)))
	answered := time.Now()
	if end := endOf(t, c); end.At.Sub(answered) > 3*time.Second || end.At.Sub(answered) < 1500*time.Millisecond || !end.ByRemote {
		t.Errorf("a call with a cap of 2 s ended after %v (%+v)", end.At.Sub(answered), end)
	}
	if d := s.ended(s.decision(to("962340003")).ID); d.MaxSeconds != 2 || d.Call.Seconds < 2 || d.Call.Seconds > 3 {
		t.Errorf("got %+v", d)
	}
}

func TestEmergencyIsRecorded(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.serve()
	c := dial(t, l, "108", "9119")
	must(t, c.WaitAnswered(within(t, 10*time.Second)))
	hangup(t, c)
	d := s.ended(s.decision(to("9119")).ID)
	if d.Action != call.Allow || d.Rule != call.RuleEmergency || d.Source != call.SourceDialplan || d.Call.AnsweredAt.IsZero() {
		t.Errorf("got %+v", d)
	}
}

func TestHostileDigits(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.serve()
	before := len(l.Carrier.Calls())
	t.Run("calls", func(t *testing.T) {
		for _, digits := range []string{
			"62345678&PJSIP%2f900@carrier"[:20], "6234%2c5678", "x", "a", "h", "62345678;foo", "%24%7BEXTEN%7D", "%e4%bd%a0", "12%e4", "1%22", "--------", "0:dialwarden-released", strings.Repeat("9", 33),
		} {
			t.Run(digits, func(t *testing.T) {
				t.Parallel()
				if end := endOf(t, dial(t, l, "108", digits)); end.SIPStatus < 400 {
					t.Errorf("SIP %d", end.SIPStatus)
				}
			})
		}
	})
	for _, c := range l.Carrier.Calls()[before:] {
		t.Errorf("%q reached the carrier", c.Number)
	}
	for _, d := range s.decisions() {
		if d.Action != call.Deny {
			t.Errorf("%q: %s by %s", d.Dialled, d.Action, d.Rule)
		}
	}
}

// 300 calls in the same second are all decided.
func TestBurst(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.serve()
	from := []string{"101", "102", "103", "104", "105", "106", "107", "108"}
	results, err := l.Burst(within(t, time.Minute), 300, from, func(int) string { return "962340006" })
	must(t, err)
	for _, r := range results {
		if r.Answered.IsZero() {
			t.Errorf("a call was not answered: %+v", r)
			break
		}
	}
	eventually(t, "all 300 calls are decided and ended", func() bool {
		n := 0
		for _, d := range s.decisions() {
			if to("962340006")(d) && d.Action == call.Allow && !d.Call.EndedAt.IsZero() {
				n++
			}
		}
		return n == 300
	})
}
