package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// What happens while there is no daemon is in the log after the next start, once: emergency calls, calls that the dialplan
// refuses, and the ends of calls also where the dialplan's note of them was overwritten.
func TestRecordsOfTheTimeWithout(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("dialwarden.yaml", fmt.Sprintf("asterisk: {url: %q, cdr_file: %q}\n",
		l.ARIURL(), filepath.Join(l.Dir(), "log", "cdr-csv", "Master.csv")))
	d := s.serve()
	open := dial(t, l, "103", "962391001")
	up(t, open)
	id := s.decision(to("962391001")).ID
	eventually(t, "the answer is in the ledger", func() bool { return !s.decision(to("962391001")).Call.AnsweredAt.IsZero() })
	d.kill()
	wait(1500 * time.Millisecond)
	hangup(t, open)
	forgetEnds(t, l)
	emergency := dial(t, l, "104", "9119")
	up(t, emergency)
	wait(1100 * time.Millisecond)
	hangup(t, emergency)
	refused(t, dial(t, l, "105", "962391002"), 38)
	_, err := l.WaitCDR(within(t, 10*time.Second), func(r lab.CDR) bool { return r.UserField == "unavailable 962391002" })
	must(t, err)

	d = s.serve()
	if got := s.ended(id).Call; got.EndSource != watch.SourceCDR || got.Seconds < 1 || got.Seconds > 4 {
		t.Errorf("the open call has %+v", got)
	}
	got := s.ended(s.decision(to("9119")).ID)
	if got.Source != call.SourceCDR || got.Action != call.Allow || got.Rule != call.RuleEmergency || got.Extension != "104" ||
		got.Call.EndSource != watch.SourceCDR || got.Call.AnsweredAt.IsZero() || got.Call.Seconds < 1 {
		t.Errorf("the emergency call is %+v", got)
	}
	got = s.ended(s.decision(to("962391002")).ID)
	if got.Source != call.SourceCDR || got.Action != call.Deny || got.Rule != call.RuleUnavailable || got.Extension != "105" ||
		!got.Call.AnsweredAt.IsZero() {
		t.Errorf("the refused call is %+v", got)
	}
	n := len(s.decisions())
	d.kill()
	s.serve().kill()
	s.serve()
	if again := len(s.decisions()); again != n {
		t.Errorf("after two more starts there are %d decisions, not %d", again, n)
	}
}

// forgetEnds overwrites the dialplan's notes of ends, as a hundred later calls would.
func forgetEnds(t *testing.T, l *lab.Lab) {
	t.Helper()
	globals, err := l.CLI(t.Context(), "dialplan show globals")
	must(t, err)
	for _, name := range regexp.MustCompile(`DIALWARDEN_END_[^ =]+`).FindAllString(globals, -1) {
		_, err = l.CLI(t.Context(), "dialplan set global "+name+" overwritten")
		must(t, err)
	}
}

// Who was called by a colleague and is then transferred to an emergency number, while there is no daemon, is in the log as
// any other: also while the call lasts. An emergency call that found no channel at first was answered all the same.
func TestEmergencyOfTheTimeWithout(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{Globals: map[string]string{"TRANSFER_CONTEXT": "dialwarden-outbound"}})
	s := newSite(t, l, "")
	s.write("dialwarden.yaml", fmt.Sprintf("asterisk: {url: %q, cdr_file: %q}\n",
		l.ARIURL(), filepath.Join(l.Dir(), "log", "cdr-csv", "Master.csv")))
	d := s.serve()
	colleagues := func(from, called string) (first, second *lab.Call) {
		first = dial(t, l, from, called)
		up(t, first)
		second, err := l.Phone(called).WaitCall(within(t, 10*time.Second))
		must(t, err)
		eventually(t, "the answer is in the ledger", func() bool { return !s.decision(to(called)).Call.AnsweredAt.IsZero() })
		return first, second
	}
	over, by := colleagues("101", "103")
	lasting, byToo := colleagues("102", "104")
	d.kill()
	transfer(t, by, "9119", nil)
	reaches(t, l, "119")
	transfer(t, byToo, "9110", nil)
	reaches(t, l, "110")
	wait(1100 * time.Millisecond)
	hangup(t, over)
	l.Carrier.Carry(1) // lasting has it
	tried := dial(t, l, "105", "9120")
	must(t, l.WaitLog(within(t, 10*time.Second), "Wait(\"PJSIP/105"))
	l.Carrier.Carry(0)
	up(t, tried)
	wait(1100 * time.Millisecond)
	hangup(t, tried)

	s.serve()
	for _, number := range []string{"9119", "9120"} {
		if c := s.once(number).Call; c.AnsweredAt.IsZero() || c.Seconds < 1 || c.EndSource != watch.SourceCDR {
			t.Errorf("%s has %+v", number, c)
		}
	}
	s.logged(1, "Emergency call to 110 from 102")
	hangup(t, lasting)
	if c := s.once("9110").Call; c.AnsweredAt.IsZero() || c.Seconds < 3 || c.EndSource != watch.SourceARI {
		t.Errorf("the call that lasted has %+v", c)
	}
	for _, called := range []string{"103", "104"} {
		if c := s.once(called).Call; c.EndSource != watch.SourceDialplan {
			t.Errorf("the call to %s has %+v", called, c)
		}
	}
}
