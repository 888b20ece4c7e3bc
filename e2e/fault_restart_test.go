package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// A daemon that has used up its file handles goes on with those it has: whoever is let out is in the ledger, nobody is
// left alone, emergency calls go out, and a surge of callers is decided once there are handles again.
func TestOutOfHandles(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	d := s.serve()
	warm := dial(t, l, "101", "962363000")
	up(t, warm)
	hangup(t, warm)
	more := noHandles(t, d)
	number := func(i int) string { return fmt.Sprintf("96236310%d", i) }
	const callers = 8
	var placed sync.WaitGroup
	for i := range callers {
		c := dial(t, l, fmt.Sprint(101+i), number(i))
		placed.Go(func() {
			if c.WaitAnswered(within(t, 30*time.Second)) == nil {
				_ = c.Hangup(within(t, 10*time.Second))
			}
			_, _ = c.WaitEnded(within(t, 30*time.Second))
		})
	}
	emergency := dial(t, l, "108", "120")
	up(t, emergency)
	hangup(t, emergency)
	wait(time.Second)
	more()
	placed.Wait()
	for i := range callers {
		reached, about := reachedCarrier(l, number(i)[1:]), s.about(number(i))
		if reached > 0 && (len(about) != 1 || about[0].Action != call.Allow) {
			t.Errorf("%s reached the carrier %d times, and the ledger has %+v", number(i), reached, about)
		}
		for _, a := range about {
			s.ended(a.ID) // nobody hangs on
		}
	}
	again := dial(t, l, "101", "962363200")
	up(t, again)
	hangup(t, again)
	s.once("120")
	s.whole()
}

// A power cut in the middle of a write leaves half a commit at the end of the write-ahead log. All that was acknowledged
// is there afterwards, and of the half nothing is.
func TestTornLog(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	d := s.serve()
	var ids []int64
	for i := range 3 {
		c := dial(t, l, "101", fmt.Sprintf("96236400%d", i))
		up(t, c)
		hangup(t, c)
		ids = append(ids, s.once(c.Number).ID)
	}
	d.kill()
	log := s.ledger + "-wal"
	text, err := os.ReadFile(log)
	must(t, err)
	const header, frame = 32, 24 + 4096
	if len(text) < header+3*frame {
		t.Fatalf("the log has %d bytes: nothing to tear", len(text))
	}
	for name, tail := range map[string][]byte{
		"half a frame": text[header : header+frame/2],
		"older frames": text[header : header+2*frame+100], // what a place on the disk held before
		"zeros":        make([]byte, 3*frame),
		"noise":        bytes.Repeat([]byte("noise"), 2000),
	} {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(log, append(append([]byte(nil), text...), tail...), 0o600))
			must(t, os.RemoveAll(s.ledger+"-shm"))
			all := s.decisions() // as a reader sees it before any daemon has repaired anything
			if len(all) != len(ids) {
				t.Errorf("%d decisions are there, %d were acknowledged", len(all), len(ids))
			}
		})
	}
	s.serve()
	c := dial(t, l, "102", "962364009")
	up(t, c)
	hangup(t, c)
	if got := s.once("962364009"); got.ID != ids[len(ids)-1]+1 {
		t.Errorf("after %v comes %d", ids, got.ID)
	}
	s.whole()
}

// Where a disk has lost what it said was durable, the daemon starts with what came before: whole commits, and no half.
func TestLostTail(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	d := s.serve()
	for i := range 3 {
		c := dial(t, l, "101", fmt.Sprintf("96236500%d", i))
		up(t, c)
		hangup(t, c)
		s.once(c.Number)
	}
	d.kill()
	log, err := os.OpenFile(s.ledger+"-wal", os.O_RDWR, 0)
	must(t, err)
	info, err := log.Stat()
	must(t, err)
	_, err = log.WriteAt([]byte("garbled"), info.Size()*2/3)
	must(t, err)
	must(t, log.Close())
	s.serve()
	c := dial(t, l, "102", "962365009")
	up(t, c)
	hangup(t, c)
	s.once("962365009")
	for i, got := range s.decisions() {
		if got.ID != int64(i+1) {
			t.Errorf("decision %d is in place %d", got.ID, i+1)
		}
	}
	s.whole()
}

// The clock was set back by three days while the daemon was away: calls are decided, ids go on growing, the future that
// the ledger remembers counts as now and not for three days, and a cap still cuts after its seconds.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("policy/data/cap.yaml", "max_seconds: {local: 2}\nwarn_seconds: 0\nring_seconds: 25\n")
	key, err := ledger.LoadOrCreateKey(filepath.Join(s.dir, "dialwarden.key"))
	must(t, err)
	future := time.Now().Add(72 * time.Hour)
	before, err := ledger.Open(s.ledger, key, ledger.WithClock(func() time.Time { return future }))
	must(t, err)
	var last int64
	for i := range 20 {
		last, err = before.Record(t.Context(), call.Record{
			Attempt:  call.Attempt{Channel: fmt.Sprintf("9999999999.%d", i), Extension: "101", Dialled: "962366000", At: future},
			Facts:    call.Facts{Callee: call.Callee{Number: call.Number{E164: "+861062366000", Class: call.Local}}},
			Decision: call.Decision{Action: call.Allow, Rule: "local", PolicyRevision: "earlier"},
		})
		must(t, err)
		must(t, before.Answered(t.Context(), last, call.Pickup{At: future}))
	}
	must(t, before.Close())

	s.serve()
	c := dial(t, l, "102", "962366001")
	up(t, c)
	answered := time.Now()
	if end := endOf(t, c); end.At.Sub(answered) > 3*time.Second {
		t.Errorf("a call with a cap of 2 s ended after %v", end.At.Sub(answered))
	}
	if got := s.once("962366001"); got.ID != last+1 || got.MaxSeconds != 2 || got.Call.Seconds < 2 || got.Call.Seconds > 3 {
		t.Errorf("after decision %d: got %+v", last, got)
	}
	for _, got := range s.about("962366000") { // they answered in what is the future now, and are over
		if e := s.ended(got.ID); e.Call.Seconds != 0 {
			t.Errorf("a call that ends before it began: %+v", e.Call)
		}
	}
	out, errs, status := s.run("", "log", "list", "--since", time.Now().Add(-time.Hour).Format(time.RFC3339), "--from", "102")
	if status != 0 || out == "" {
		t.Errorf("log list: status %d\n%s%s", status, out, errs)
	}
	s.whole()
}
