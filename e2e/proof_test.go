package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// issue gives out a token and returns its id and its digits.
func (s *site) issue(args ...string) (id int64, digits string) {
	s.t.Helper()
	out, errs, status := s.run("", append([]string{"token", "issue", "--approver", "Zhang Min", "--reason", "the tax office", "--json"}, args...)...)
	var issued struct {
		ID    int64
		Token string
	}
	if status != 0 || json.Unmarshal([]byte(out), &issued) != nil || issued.Token == "" {
		s.t.Fatalf("token issue: status %d\n%s%s", status, out, errs)
	}
	s.secrets = append(s.secrets, issued.Token)
	return issued.ID, issued.Token
}

// answers asks for nothing; the caller types digits, and the call reaches the carrier.
func answers(t *testing.T, l *lab.Lab, from, dialled, typed string) *lab.Call {
	t.Helper()
	c := dial(t, l, from, dialled)
	asked(t, c)
	must(t, c.SendDTMF(typed))
	reaches(t, l, dialled[1:])
	return c
}

// inVain types digits, entry after entry, and waits until the call is refused.
func inVain(t *testing.T, l *lab.Lab, from, dialled string, typed ...string) {
	t.Helper()
	c := dial(t, l, from, dialled)
	asked(t, c)
	for _, digits := range typed {
		must(t, c.WaitSilence(within(t, 20*time.Second), 300*time.Millisecond))
		must(t, c.SendDTMF(digits))
		wait(time.Second)
	}
	end, err := c.WaitEnded(within(t, 60*time.Second))
	must(t, err)
	if !end.ByRemote || end.Cause != call.CauseCallRejected {
		t.Errorf("the call to %s ended with %+v", dialled, end)
	}
}

// A token is good for its number, as often as it says; a call that nobody answers gives its use back.
func TestToken(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.serve()
	id, token := s.issue("--number", "902112346001", "--cap", "60")
	l.Carrier.Behave("02112346001", lab.Behaviour{Status: 486})
	c := answers(t, l, "103", "902112346001", token+"#")
	endOf(t, c)
	first := s.once("902112346001")
	if first.TokenID != id || first.MaxSeconds != 60 {
		t.Errorf("got %+v", first)
	}
	s.ended(first.ID)
	l.Carrier.Behave("02112346001", lab.Behaviour{})
	c = answers(t, l, "104", "902112346001", token+"#")
	must(t, c.WaitAudio(within(t, 10*time.Second)))
	eventually(t, "the called party has answered", func() bool { return !s.about("902112346001")[1].Call.AnsweredAt.IsZero() })
	hangup(t, c)
	inVain(t, l, "105", "902112346001", token+"#", token+"#", token+"#")
	inVain(t, l, "105", "902112346002", token+"#", token+"#", token+"#")
	if n := s.log.count("wrong try"); n != 0 {
		t.Errorf("a token that is spent counts as a guess, %d times", n)
	}
}

// Wrong PINs lock the phone, for PINs only; an operator unlocks it. Ten phones get a thief no further.
func TestLockout(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("policy/data/handset.yaml", "wrong_tries: {per_phone: 3, all_phones: 0, within_minutes: 15, lock_minutes: 15}\n")
	s.addPIN("583921", "Li Wei", 2)
	d := s.serve()
	inVain(t, l, "103", "902112347001", "135791#", "135792#", "135793#")
	d.kill()
	s.serve()
	refused(t, dial(t, l, "103", "902112347002"), call.CauseCallRejected) // not even answered
	if got := s.once("902112347002"); !strings.Contains(got.Reason, "locked") {
		t.Errorf("got %+v", got)
	}
	hangup(t, answers(t, l, "104", "902112347003", "583921#"))
	c := dial(t, l, "103", "962347004") // a local number needs no PIN
	reaches(t, l, "62347004")
	hangup(t, c)
	if out, errs, status := s.run("", "pin", "unlock", "103"); status != 0 || !strings.Contains(out, "3") {
		t.Errorf("pin unlock: %d\n%s%s", status, out, errs)
	}
	hangup(t, answers(t, l, "103", "902112347005", "583921#"))
}

// A PIN opens the phone for a while, where the policy's data says so; a service code closes it.
func TestOpenPhone(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("policy/data/handset.yaml", "open_phone: {minutes: 5, classes: [national]}\n")
	id := s.addPIN("583921", "Li Wei", 2)
	s.serve()
	hangup(t, answers(t, l, "103", "902112348001", "583921#"))
	c := dial(t, l, "103", "902112348002")
	reaches(t, l, "02112348002")
	hangup(t, c)
	if got := s.once("902112348002"); got.PINID != id {
		t.Errorf("got %+v", got)
	}
	asked(t, dial(t, l, "104", "902112348003"))   // another phone
	asked(t, dial(t, l, "103", "90014155558001")) // another class
	if end := endOf(t, dial(t, l, "103", "*58")); end.SIPStatus == 200 {
		t.Errorf("closing the phone ended with %+v", end)
	}
	if got := s.once("*58"); got.Action != call.Allow || got.Rule != call.RuleServiceCode {
		t.Errorf("got %+v", got)
	}
	asked(t, dial(t, l, "103", "902112348004"))
}

// The holder changes his PIN on the handset.
func TestChangePINOnTheHandset(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	id := s.addPIN("583921", "Li Wei", 2)
	s.serve()
	c := dial(t, l, "103", "*57")
	asked(t, c)
	must(t, c.SendDTMF("583921#"))
	for _, typed := range []string{"1111#", "1111#", "607482#", "607482#"} { // the first one is too easy
		must(t, c.WaitAudio(within(t, 10*time.Second)))
		must(t, c.WaitSilence(within(t, 20*time.Second), 300*time.Millisecond))
		must(t, c.SendDTMF(typed))
	}
	if end := endOf(t, c); end.Cause != call.CauseNormalClearing {
		t.Errorf("ended with %+v", end)
	}
	if got := s.once("*57"); got.Action != call.Allow || got.PINID != id {
		t.Errorf("got %+v", got)
	}
	hangup(t, answers(t, l, "104", "902112349001", "607482#"))
	inVain(t, l, "105", "902112349002", "583921#", "583921#", "583921#")
}

// A matter code is asked for after the PIN, and lands in the log.
func TestMatterCode(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("policy/data/register.yaml", "classes: [national]\nexempt_classes_of_service: []\nexempt_departments: []\n")
	s.addPIN("583921", "Li Wei", 2)
	s.serve()
	hangup(t, answers(t, l, "103", "902112345001", "583921#4711#")) // in one go
	if got := s.once("902112345001"); got.Matter != "4711" || got.PINID == 0 {
		t.Errorf("got %+v", got)
	}
}

// approvable is a site whose sales people are approved by 104, then by 101.
func approvable(t *testing.T) (*lab.Lab, *site) {
	t.Helper()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("policy/data/approvers.yaml", "department: {sales: [\"104\"], purchasing: [\"108\"]}\neverybody: [\"101\"]\nring_seconds: 5\npin: false\npin_level: 0\n")
	l.Phone("101").Behave(lab.Behaviour{Ring: 100 * time.Millisecond})
	l.Phone("104").Behave(lab.Behaviour{Ring: 100 * time.Millisecond})
	return l, s
}

// seeks has a caller without a PIN ask for approval.
func seeks(t *testing.T, l *lab.Lab, from, dialled string) *lab.Call {
	t.Helper()
	c := dial(t, l, from, dialled)
	asked(t, c)
	must(t, c.SendDTMF("#"))
	return c
}

// rings waits for the approver's phone, which has been answered, and hears what is asked of it.
func rings(t *testing.T, l *lab.Lab, approver string) *lab.Call {
	t.Helper()
	c, err := l.Phone(approver).WaitCall(within(t, 15*time.Second))
	must(t, err)
	must(t, c.WaitAudio(within(t, 10*time.Second)))
	return c
}

func TestApprovedCall(t *testing.T) {
	t.Parallel()
	l, s := approvable(t)
	s.serve()
	t.Run("allowed", func(t *testing.T) {
		c := seeks(t, l, "105", "902112344001")
		must(t, c.WaitAudio(within(t, 10*time.Second))) // he is told to wait, and hears music
		phone := rings(t, l, "104")
		must(t, phone.SendDTMF("1"))
		reaches(t, l, "02112344001")
		endOf(t, phone)
		hangup(t, c)
		if got := s.once("902112344001"); got.Action != call.Allow || got.Approver != "104 Zhang Min" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("refused", func(t *testing.T) {
		c := seeks(t, l, "105", "902112344002")
		phone := rings(t, l, "104")
		must(t, phone.SendDTMF("2"))
		endOf(t, phone)
		if end := endOf(t, c); end.Cause != call.CauseCallRejected {
			t.Errorf("ended with %+v", end)
		}
		if got := s.once("902112344002"); got.Action != call.Deny || got.Approver != "104 Zhang Min" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the next one", func(t *testing.T) {
		l.Phone("104").Behave(lab.Behaviour{Ring: 50 * time.Millisecond, Status: 486})
		c := seeks(t, l, "105", "902112344003")
		must(t, rings(t, l, "101").SendDTMF("1"))
		reaches(t, l, "02112344003")
		hangup(t, c)
		if got := s.once("902112344003"); got.Approver != "101 Chen Wei" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the caller gives up", func(t *testing.T) {
		l.Phone("108").Behave(lab.Behaviour{Ring: lab.RingForever})
		c := seeks(t, l, "107", "902112344004")
		phone, err := l.Phone("108").WaitCall(within(t, 15*time.Second))
		must(t, err)
		must(t, c.Hangup(within(t, 10*time.Second)))
		if end := endOf(t, phone); !end.ByRemote || !phone.AnsweredAt().IsZero() {
			t.Errorf("the approver's phone ended with %+v", end)
		}
		if got := s.once("902112344004"); got.Action != call.Challenge {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("over the command line", func(t *testing.T) {
		c := seeks(t, l, "105", "902112344005")
		var id string
		eventually(t, "the call is pending", func() bool {
			out, _, _ := s.run("", "approval", "list", "--json")
			var p struct{ ID string }
			_ = json.Unmarshal([]byte(out), &p)
			id = p.ID
			return id != ""
		})
		if out, errs, status := s.run("", "approval", "allow", id); status != 0 {
			t.Fatalf("approval allow: %d\n%s%s", status, out, errs)
		}
		reaches(t, l, "02112344005")
		hangup(t, c)
	})
}
