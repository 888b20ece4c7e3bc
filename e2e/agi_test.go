package e2e

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// freeAddress is an address of this machine that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	return l.Addr().String()
}

// withAGI makes a site whose daemon serves FastAGI at address and cannot reach ARI.
func withAGI(t *testing.T, l *lab.Lab, address string) *site {
	t.Helper()
	s := newSite(t, l, "http://"+freeAddress(t)+"/ari")
	s.write("dialwarden.yaml", s.read("dialwarden.yaml")+fmt.Sprintf("agi: {listen: %q}\n", address))
	return s
}

// serveAGI starts the daemon and waits until it serves FastAGI.
func (s *site) serveAGI() *daemon {
	s.t.Helper()
	d := s.start()
	s.log.wait(s.t, "serving FastAGI")
	return d
}

// With ARI away, the dialplan asks over FastAGI, and everything is as with ARI.
func TestAGI(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	l := newLab(t, lab.Options{Globals: map[string]string{"DIALWARDEN_AGI": "agi://" + address}})
	s := withAGI(t, l, address)
	pin := s.addPIN("583921", "Li Wei", 2)
	d := s.serveAGI()
	checkAGI := func(t *testing.T, got ledger.Decision, action call.Action, rule string) {
		t.Helper()
		if got.Action != action || got.Rule != rule || got.Source != call.SourceAGI || got.Call.EndSource != watch.SourceAGI {
			t.Errorf("got %+v", got)
		}
	}
	t.Run("callers", func(t *testing.T) {
		t.Run("allowed", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "101", "962360001")
			reaches(t, l, "62360001")
			up(t, c)
			wait(1500 * time.Millisecond)
			hangup(t, c)
			got := s.once("962360001")
			checkAGI(t, got, call.Allow, "local")
			if got.Extension != "101" || got.Call.Seconds < 1 || got.Call.AnsweredAt.IsZero() || got.Call.Cause != call.CauseNormalClearing {
				t.Errorf("got %+v", got)
			}
		})
		t.Run("denied", func(t *testing.T) {
			t.Parallel()
			refused(t, dial(t, l, "102", "916812360002"), call.CauseCallRejected)
			checkAGI(t, s.once("916812360002"), call.Deny, "premium")
		})
		right := map[string][]keys{
			"right":           {{typed: "583921#"}},
			"as INFO":         {{typed: "583921#", Keys: lab.Keys{Info: true}}},
			"fast":            {{typed: "583921#", Keys: lab.Keys{Tone: 40 * time.Millisecond, Gap: 20 * time.Millisecond}}},
			"in pieces":       {{typed: "583", pause: 2 * time.Second}, {typed: "921#"}},
			"no hash":         {{typed: "583921"}},
			"one wrong first": {{typed: "1357#", pause: time.Second}, {typed: "583921#"}},
			"star":            {{typed: "58*583921#"}},
		}
		n := 10
		for name, typed := range right {
			n++
			dialled := fmt.Sprintf("9021123600%02d", n)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := dial(t, l, "103", dialled)
				asked(t, c)
				press(t, c, typed)
				reaches(t, l, dialled[1:])
				hangup(t, c)
				got := s.once(dialled)
				checkAGI(t, got, call.Allow, "long_distance")
				if got.PINID != pin {
					t.Errorf("got %+v", got)
				}
			})
		}
		t.Run("typed before the prompt", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "104", "902112360003")
			up(t, c)
			press(t, c, []keys{{typed: "583921#", Keys: lab.Keys{Tone: 60 * time.Millisecond, Gap: 50 * time.Millisecond}}})
			reaches(t, l, "02112360003")
			hangup(t, c)
			checkAGI(t, s.once("902112360003"), call.Allow, "long_distance")
		})
		t.Run("wrong three times", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "104", "902112360004")
			asked(t, c)
			press(t, c, []keys{{typed: "1357#", pause: time.Second}, {typed: "1358#", pause: time.Second}, {typed: "1359#"}})
			turnedAway(t, c, call.CauseCallRejected)
			checkAGI(t, s.once("902112360004"), call.Deny, "long_distance")
		})
		t.Run("hung up at the prompt", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "105", "902112360005")
			asked(t, c)
			hangup(t, c)
			checkAGI(t, s.once("902112360005"), call.Challenge, "long_distance")
		})
		t.Run("nothing typed", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "105", "902112360006")
			asked(t, c)
			end, err := c.WaitEnded(within(t, 90*time.Second))
			must(t, err)
			if end.Cause != call.CauseCallRejected {
				t.Errorf("ended with %+v", end)
			}
		})
		t.Run("emergency", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "106", "9110")
			reaches(t, l, "110")
			up(t, c)
			began := s.decision(to("9110")) // while it lasts
			hangup(t, c)
			got := s.once("9110")
			if got.ID != began.ID || !began.Call.EndedAt.IsZero() || got.Source != call.SourceDialplan || got.Action != call.Allow || got.Rule != call.RuleEmergency || got.Extension != "106" {
				t.Errorf("got %+v", got)
			}
		})
	})
	asking := dial(t, l, "103", "902112360007")
	asked(t, asking)
	d.stop()
	turnedAway(t, asking, call.CauseTemporaryFailure)
	refused(t, dial(t, l, "101", "962360008"), call.CauseNetworkOutOfOrder)
	notCalled(t, l, "62360008")
}
