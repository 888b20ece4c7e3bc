package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// read returns a file of the site.
func (s *site) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	must(s.t, err)
	return string(text)
}

// logged waits until the present daemon has logged text in n lines.
func (s *site) logged(n int, text string) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("%q is logged %d times", text, n), func() bool { return s.log.count(text) >= n })
}

// about returns the decisions about what was dialled, the oldest first.
func (s *site) about(dialled string) []ledger.Decision {
	s.t.Helper()
	var found []ledger.Decision
	for _, d := range s.decisions() {
		if d.Dialled == dialled {
			found = append(found, d)
		}
	}
	return found
}

// once waits until the only decision about what was dialled has ended, and returns it.
func (s *site) once(dialled string) ledger.Decision {
	s.t.Helper()
	d := s.ended(s.decision(to(dialled)).ID)
	if all := s.about(dialled); len(all) != 1 {
		s.t.Errorf("%d decisions about %s, wanted one: %+v", len(all), dialled, all)
	}
	return d
}

// noted waits until Asterisk has logged text once more than before do.
func noted(t *testing.T, l *lab.Lab, text string, do func()) {
	t.Helper()
	before := strings.Count(l.AsteriskLog(), text)
	do()
	eventually(t, "Asterisk notes: "+text, func() bool { return strings.Count(l.AsteriskLog(), text) > before })
}

// up waits until a call is answered.
func up(t *testing.T, c *lab.Call) {
	t.Helper()
	must(t, c.WaitAnswered(within(t, 15*time.Second)))
}

// asked waits until a call is answered and a prompt is heard.
func asked(t *testing.T, c *lab.Call) {
	t.Helper()
	up(t, c)
	must(t, c.WaitAudio(within(t, 15*time.Second)))
}

// turnedAway waits until a caller who was asked for digits hears why he is refused, and is hung up with the cause.
func turnedAway(t *testing.T, c *lab.Call, cause int) {
	t.Helper()
	must(t, c.WaitAudio(within(t, 10*time.Second)))
	if end := endOf(t, c); end.Cause != cause || !end.ByRemote {
		t.Errorf("the call to %s ended with cause %d, by the other side: %v; wanted a refusal with cause %d",
			c.Number, end.Cause, end.ByRemote, cause)
	}
}

// notCalled checks that the carrier never got the number.
func notCalled(t *testing.T, l *lab.Lab, number string) {
	t.Helper()
	for _, c := range l.Carrier.Calls() {
		if c.Number == number {
			t.Errorf("%s reached the carrier", number)
		}
	}
}

// places are those of the labs that run at once: as many as leave the processors time for voice. A test has one of them.
var places = make(chan struct{}, 2*runtime.NumCPU()+1)

// takePlace waits for the place of a lab, which the test has to its end.
func takePlace(t *testing.T) {
	t.Helper()
	places <- struct{}{}
	t.Cleanup(func() { <-places })
}

// newLab starts an Asterisk for one test.
func newLab(t *testing.T, o lab.Options) *lab.Lab {
	t.Helper()
	takePlace(t)
	l, err := lab.Start(within(t, time.Minute), o)
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	return l
}
