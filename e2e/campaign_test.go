package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// kills is how often TestCampaign kills the daemon: make campaign does it a hundred times.
var kills = flag.Int("kills", 6, "how often TestCampaign kills the daemon")

// campaign is a site under load whose daemon is killed again and again.
type campaign struct {
	*site
	stop  chan struct{}
	next  atomic.Int64
	mu    sync.Mutex
	calls []*lab.Call // that were placed
}

// The daemon is killed at random moments, with calls beginning, ringing, talking, being transferred and ending. Afterwards
// no call is without an end, none is counted twice, and every reservation is settled with what its call has cost.
func TestCampaign(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{
		Quiet: *kills > 20, Globals: map[string]string{"TRANSFER_CONTEXT": "dialwarden-outbound"},
	})
	c := &campaign{site: newSite(t, l, ""), stop: make(chan struct{})}
	c.write("dialwarden.yaml", fmt.Sprintf("asterisk: {url: %q, cdr_file: %q}\n",
		l.ARIURL(), filepath.Join(l.Dir(), "log", "cdr-csv", "Master.csv")))
	c.write("policy/data/rates.yaml", "currency: CNY\nrounding: up\nrates: [{classes: [local], increment: 1, price: 1}]\n")
	c.write("policy/data/allowances.yaml", "allowances:\n"+
		"  sales: {scope: department, of: [sales], amount_minor: 1000000}\n"+
		"  phones: {scope: extension, amount_minor: 1000000}\n"+
		"min_seconds: 1\nlongest_seconds: 60\nwarn_seconds: 0\nalert_at: [80, 100]\n")
	l.Carrier.Behave("", lab.Behaviour{Ring: 100 * time.Millisecond})
	l.Phone("109").Behave(lab.Behaviour{Ring: 100 * time.Millisecond})
	var load sync.WaitGroup
	for i := range 8 {
		load.Go(func() { c.load(fmt.Sprint(101 + i)) })
	}
	for n := range *kills {
		d := c.serve()
		wait(time.Duration(200+rand.IntN(1500)) * time.Millisecond)
		d.kill()
		wait(time.Duration(rand.IntN(300)) * time.Millisecond)
		if n%20 == 19 {
			t.Logf("killed %d times, %d calls", n+1, c.next.Load())
		}
	}
	close(c.stop)
	load.Wait()
	must(t, l.WaitIdle(within(t, 30*time.Second)))
	d := c.serve()
	c.check()
	d.stop()
	if out, errs, status := c.run("", "log", "verify"); status != 0 {
		t.Errorf("log verify: status %d\n%s%s", status, out, errs)
	}
}

// load places calls from a phone, one after the other, until the campaign stops. Each is hung up, by one side or the other,
// or transferred to another phone.
func (c *campaign) load(extension string) {
	for {
		select {
		case <-c.stop:
			return
		default:
		}
		number := fmt.Sprintf("6%07d", 1_000_000+c.next.Add(1))
		out, err := c.lab.Phone(extension).Dial(within(c.t, 30*time.Second), "9"+number)
		if err != nil {
			c.t.Error(err)
			return
		}
		c.mu.Lock()
		c.calls = append(c.calls, out)
		c.mu.Unlock()
		transferred := false
		switch {
		case rand.IntN(6) == 0: // while it rings
			wait(time.Duration(rand.IntN(100)) * time.Millisecond)
		case out.WaitAnswered(within(c.t, time.Second)) == nil: // no caller listens to the end why he is refused
			wait(time.Duration(rand.IntN(2500)) * time.Millisecond)
			if transferred = rand.IntN(5) == 0; transferred {
				_, _ = out.Refer(within(c.t, 10*time.Second), "109", nil)
				wait(time.Duration(rand.IntN(1500)) * time.Millisecond)
			}
		}
		_ = out.Hangup(within(c.t, 10*time.Second))
		if transferred {
			if far, err := c.lab.Carrier.WaitCall(within(c.t, time.Second), number); err == nil {
				_ = far.Hangup(within(c.t, 10*time.Second))
			}
		}
	}
}

// check holds the ledger to what the phones and the carrier have seen.
func (c *campaign) check() {
	t := c.t
	t.Helper()
	defer func() {
		for _, d := range c.decisions() {
			if d.Call.EndedAt.IsZero() {
				t.Logf("without an end: %+v", d)
			}
		}
	}()
	db := c.shell()
	eventually(t, "every call has an end", func() bool {
		var open int
		must(t, db.QueryRow("SELECT count(*) FROM calls WHERE ended_at IS NULL").Scan(&open))
		return open == 0
	})
	decisions := c.decisions()
	sources := map[string]int{}
	talked := map[string]ledger.Decision{} // by number
	for _, d := range decisions {
		if d.Action != call.Allow || d.Class != call.Local {
			continue
		}
		sources[d.Call.EndSource]++
		if d.Call.AnsweredAt.IsZero() {
			continue
		}
		if other, twice := talked[d.Dialled]; twice {
			t.Errorf("%s is counted twice: %+v and %+v", d.Dialled, other.Call, d.Call)
		}
		talked[d.Dialled] = d
	}
	t.Logf("%d calls, %d decisions; ends by source: %v", len(c.calls), len(decisions), sources)
	c.checkSeconds(talked)
	for what, query := range map[string]string{
		"reservations are open":                       "SELECT count(*) FROM reservations WHERE settled_at IS NULL",
		"accounts have something put aside":           "SELECT count(*) FROM accounts WHERE reserved_minor <> 0",
		"accounts do not add up":                      "SELECT count(*) FROM accounts a WHERE used_minor <> (SELECT coalesce(sum(cost_minor), 0) FROM reservations r WHERE r.allowance = a.allowance AND r.name = a.name)",
		"calls cost something else than their length": "SELECT count(*) FROM call_log c JOIN decision_log d ON d.id = c.decision_id WHERE d.class = 'local' AND d.action = 'allow' AND c.cost_minor IS NOT c.seconds",
	} {
		var n int
		must(t, db.QueryRow(query).Scan(&n))
		if n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
}

// checkSeconds holds the length of each call that was answered to what the carrier has seen.
func (c *campaign) checkSeconds(talked map[string]ledger.Decision) {
	placed, carried := map[string]*lab.Call{}, map[string]*lab.Call{}
	for _, out := range c.calls {
		placed[out.Number] = out
	}
	for _, far := range c.lab.Carrier.Calls() {
		if !far.AnsweredAt().IsZero() {
			carried["9"+far.Number] = far
		}
	}
	for number, far := range carried {
		end, err := far.WaitEnded(within(c.t, time.Second))
		must(c.t, err)
		d, known := talked[number]
		lasted := end.At.Sub(far.AnsweredAt()).Seconds()
		switch got := float64(d.Call.Seconds); {
		case !known && placed[number].AnsweredAt().IsZero(): // the caller gave up, and CANCEL and 200 have crossed
		case !known:
			c.t.Errorf("%s was answered, from %v to %v, and the ledger has only %+v", number, far.AnsweredAt(), end.At, c.about(number))
		case got < lasted-1 || got > lasted+2.5:
			c.t.Errorf("%s lasted %.1f s, the ledger has %+v", number, lasted, d.Call)
		}
	}
	for number, d := range talked {
		if carried[number] == nil {
			c.t.Errorf("%s was never answered, the ledger has %+v", number, d.Call)
		}
	}
}
