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
	l := ownLab(t, lab.Options{})
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
