package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// What callers prove over FastAGI is what they prove over ARI.
func TestProofsOverAGI(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	l := newLab(t, lab.Options{Globals: map[string]string{"DIALWARDEN_AGI": "agi://" + address}})
	s := withAGI(t, l, address)
	s.write("policy/data/handset.yaml", "wrong_tries: {per_phone: 3, all_phones: 0, within_minutes: 15, lock_minutes: 15}\n")
	pin := s.addPIN("583921", "Li Wei", 2)
	s.serveAGI()
	t.Run("token", func(t *testing.T) {
		id, token := s.issue("--number", "902112366001", "--cap", "60")
		hangup(t, answers(t, l, "103", "902112366001", token+"#"))
		if got := s.once("902112366001"); got.TokenID != id || got.MaxSeconds != 60 || got.Source != call.SourceAGI {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("lockout", func(t *testing.T) {
		inVain(t, l, "106", "902112366003", "135791#", "135792#", "135793#")
		refused(t, dial(t, l, "106", "902112366004"), call.CauseCallRejected)
		if got := s.once("902112366004"); !strings.Contains(got.Reason, "locked") {
			t.Errorf("got %+v", got)
		}
	})
	s.write("policy/data/handset.yaml", "open_phone: {minutes: 5, classes: [national]}\n")
	eventually(t, "a PIN opens the phone", func() bool { return strings.Count(s.log.present(), "policy in force") > 1 })
	t.Run("open phone", func(t *testing.T) {
		hangup(t, answers(t, l, "103", "902112366005", "583921#"))
		c := dial(t, l, "103", "902112366006")
		reaches(t, l, "02112366006")
		hangup(t, c)
		if end := endOf(t, dial(t, l, "103", "*58")); end.SIPStatus == 200 {
			t.Errorf("closing the phone ended with %+v", end)
		}
		c = dial(t, l, "103", "902112366007")
		asked(t, c)
		hangup(t, c)
	})
	t.Run("change of PIN", func(t *testing.T) {
		c := dial(t, l, "108", "*57")
		asked(t, c)
		must(t, c.SendDTMF("583921#"))
		for _, typed := range []string{"1111#", "1111#", "607482#", "607482#"} {
			must(t, c.WaitAudio(within(t, 10*time.Second)))
			must(t, c.WaitSilence(within(t, 20*time.Second), 300*time.Millisecond))
			must(t, c.SendDTMF(typed))
		}
		if end := endOf(t, c); end.Cause != call.CauseNormalClearing {
			t.Errorf("ended with %+v", end)
		}
		hangup(t, answers(t, l, "104", "902112366008", "607482#"))
	})
	s.write("policy/data/register.yaml", "classes: [national]\nexempt_classes_of_service: []\nexempt_departments: []\n")
	eventually(t, "a matter is asked for", func() bool { return strings.Count(s.log.present(), "policy in force") > 2 })
	t.Run("matter", func(t *testing.T) {
		hangup(t, answers(t, l, "104", "902112366009", "607482#4711#"))
		if got := s.once("902112366009"); got.Matter != "4711" || got.PINID != pin {
			t.Errorf("got %+v", got)
		}
	})
}

// Where ARI is there, too, a call that is asked about over FastAGI can be approved, and is followed to its one end.
func TestAGIBesideARI(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	l := newLab(t, lab.Options{Globals: map[string]string{
		"DIALWARDEN_AGI": "agi://" + address, "DIALWARDEN_WAY": "agi", "DIALWARDEN_AGI_SECRET": "correct0horse0battery",
	}})
	s := newSite(t, l, "")
	s.write("dialwarden.yaml", s.read("dialwarden.yaml")+"agi: {listen: \""+address+"\", secret_file: agi.secret}\n")
	s.write("agi.secret", "correct0horse0battery\n")
	s.write("policy/data/approvers.yaml", "department: {sales: [\"104\"]}\neverybody: [\"101\"]\nring_seconds: 5\npin: false\npin_level: 0\n")
	l.Phone("104").Behave(lab.Behaviour{Ring: 100 * time.Millisecond})
	s.serve()
	c := seeks(t, l, "105", "902112367001")
	must(t, rings(t, l, "104").SendDTMF("1"))
	reaches(t, l, "02112367001")
	must(t, c.WaitAudio(within(t, 10*time.Second)))
	wait(12 * time.Second) // longer than two sweeps
	if got := s.about("902112367001"); len(got) != 1 || !got[0].Call.EndedAt.IsZero() || got[0].Call.AnsweredAt.IsZero() {
		t.Errorf("while they talk: %+v", got)
	}
	hangup(t, c)
	got := s.once("902112367001")
	if got.Source != call.SourceAGI || got.Approver != "104 Zhang Min" || got.Call.Seconds < 12 || got.Call.EndSource == watch.SourceSweep {
		t.Errorf("got %+v", got)
	}
	for line := range strings.Lines(l.AsteriskLog() + s.log.String()) {
		if strings.Contains(line, "correct0horse0battery") && !strings.Contains(line, "Setting global variable") { // as it loads its dialplan
			t.Errorf("the secret is in a log: %s", line)
		}
	}
}
