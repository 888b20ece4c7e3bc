package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// A call that is capped is warned in the caller's language and cut; an operator extends it, or ends it; and all of that
// holds with the call transferred away, and with the daemon dead.
func TestCallInProgress(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{
		Globals:   map[string]string{"TRANSFER_CONTEXT": "dialwarden-outbound"},
		Languages: map[string]string{"102": "zh"},
	})
	s := newSite(t, l, "")
	s.write("policy/data/cap.yaml", "max_seconds: {local: 6}\nwarn_seconds: 3\nring_seconds: 25\n")
	d := s.serve()
	t.Run("calls", func(t *testing.T) {
		t.Run("warned and cut", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "102", "962390001")
			up(t, c)
			must(t, l.WaitLog(within(t, 6*time.Second), "Playing 'dialwarden/left_soon.gsm' (language 'zh')"))
			if warned := time.Since(c.AnsweredAt()); warned < 2*time.Second || warned > 4500*time.Millisecond {
				t.Errorf("warned after %v", warned)
			}
			lasts(t, c, 6)
			if d := s.ended(s.decision(to("962390001")).ID); d.Call.Seconds != 6 || d.Call.EndSource != "ari" || d.Call.Cause != 16 {
				t.Errorf("got %+v", d.Call)
			}
		})
		t.Run("extended", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "103", "962390002")
			up(t, c)
			id := s.decision(to("962390002")).ID
			out, errs, status := s.run("", "call", "extend", fmt.Sprint(id), "--seconds", "5", "--reason", "needed")
			if status != 0 || out != "The call may last 11s now, counted from the answer.\n" {
				t.Errorf("extend: status %d\n%s%s", status, out, errs)
			}
			must(t, l.WaitLog(within(t, 10*time.Second), "<Snoop/")) // the warning before the new end
			lasts(t, c, 11)
			if d := s.ended(id); d.Call.Seconds != 11 {
				t.Errorf("got %+v", d.Call)
			}
		})
		t.Run("ended", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "104", "962390003")
			up(t, c)
			id := s.decision(to("962390003")).ID
			s.reportsCall(id)
			if out, errs, status := s.run("", "call", "end", fmt.Sprint(id), "--reason", "enough"); status != 0 {
				t.Errorf("end: status %d\n%s%s", status, out, errs)
			}
			if end := endOf(t, c); !end.ByRemote || end.At.Sub(c.AnsweredAt()) > 5*time.Second {
				t.Errorf("ended with %+v", end)
			}
		})
		t.Run("transferred to a prompt", func(t *testing.T) {
			t.Parallel()
			c := dial(t, l, "106", "962390005")
			far := reaches(t, l, "62390005")
			asked(t, c)
			transfer(t, c, "902112390005", nil)
			lasts(t, far, 6)
		})
		t.Run("the cap of a call that is connected with one that rings", func(t *testing.T) {
			t.Parallel()
			l.Carrier.Behave("62390009", lab.Behaviour{Ring: 2 * time.Second})
			first := dial(t, l, "107", "962390008")
			up(t, first)
			far := reaches(t, l, "62390008")
			second := dial(t, l, "107", "962390009")
			must(t, second.WaitProgress(within(t, 10*time.Second)))
			transfer(t, first, "962390009", second)
			lasts(t, far, 6)
			if d := s.ended(s.decision(to("962390008")).ID); d.Call.Seconds != 6 {
				t.Errorf("got %+v", d.Call)
			}
		})
		t.Run("transferred while it rings", func(t *testing.T) {
			t.Parallel()
			l.Carrier.Behave("62390007", lab.Behaviour{Ring: 2 * time.Second})
			first := dial(t, l, "101", "962390006")
			up(t, first)
			second := dial(t, l, "101", "962390007")
			far := reaches(t, l, "62390007")
			must(t, second.WaitProgress(within(t, 10*time.Second)))
			transfer(t, first, "962390007", second)
			up(t, far)
			wait(1100 * time.Millisecond)
			hangup(t, far)
			if d := s.ended(s.decision(to("962390007")).ID); d.Call.Seconds != 2 || d.Call.EndSource != "ari" {
				t.Errorf("got %+v", d.Call)
			}
		})
	})
	t.Run("transferred, extended, the daemon killed", func(t *testing.T) {
		c := dial(t, l, "105", "962390004")
		far := reaches(t, l, "62390004")
		asked(t, c)
		transfer(t, c, "107", nil)
		_, err := l.Phone("107").WaitCall(within(t, 10*time.Second))
		must(t, err)
		id := s.decision(to("962390004")).ID
		if out, errs, status := s.run("", "call", "extend", fmt.Sprint(id), "--seconds", "3", "--reason", "needed"); status != 0 {
			t.Errorf("extend: status %d\n%s%s", status, out, errs)
		}
		d.kill()
		end, err := far.WaitEnded(within(t, 15*time.Second))
		must(t, err)
		if lasted := end.At.Sub(far.AnsweredAt()); lasted < 8*time.Second || lasted > 10*time.Second {
			t.Errorf("ended after %v", lasted)
		}
		s.serve()
		if d := s.ended(id); d.Call.Seconds != 9 || d.Call.EndSource != "dialplan" {
			t.Errorf("got %+v", d.Call)
		}
	})
}

// lasts checks that Asterisk ends an answered call after so many seconds, give or take one.
func lasts(t *testing.T, c *lab.Call, seconds int) {
	t.Helper()
	end, err := c.WaitEnded(within(t, 20*time.Second))
	must(t, err)
	want := time.Duration(seconds) * time.Second
	if lasted := end.At.Sub(c.AnsweredAt()); !end.ByRemote || lasted < want-time.Second || lasted > want+time.Second {
		t.Errorf("the call ended after %v (%+v), want %v", lasted, end, want)
	}
}

// reportsCall checks that a call is listed as one in progress.
func (s *site) reportsCall(id int64) {
	s.t.Helper()
	out, errs, status := s.run("", "call", "list", "--json")
	decoder := json.NewDecoder(strings.NewReader(out))
	for decoder.More() {
		var c struct {
			DecisionID int64 `json:"decision_id"`
			Leg        string
			MaxSeconds int `json:"max_seconds"`
		}
		must(s.t, decoder.Decode(&c))
		if c.DecisionID == id && c.Leg != "" && c.MaxSeconds == 6 {
			return
		}
	}
	s.t.Errorf("call list: status %d\n%s%s", status, out, errs)
}
