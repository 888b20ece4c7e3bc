package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// account is what `allowance list --json` says of one.
type account struct {
	ID, Name      string
	UsedMinor     int64 `json:"used_minor"`
	ReservedMinor int64 `json:"reserved_minor"`
	RestMinor     int64 `json:"rest_minor"`
}

func (s *site) account(id, name string) account {
	s.t.Helper()
	out, errs, status := s.run("", "allowance", "list", "--json")
	for line := range strings.Lines(out) {
		var a account
		must(s.t, json.Unmarshal([]byte(line), &a))
		if a.ID == id && a.Name == name {
			return a
		}
	}
	s.t.Fatalf("there is no account %s of %s: %s%s %d", id, name, out, errs, status)
	return account{}
}

// A department whose allowance pays for 400 seconds, and four of its phones at the same instant: two get their cap, one
// gets what is left, the last is refused with a word. What was not talked comes back, also when the daemon was dead at the
// end of a call, and people are told once of an allowance that is used up.
func TestAllowance(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("policy/scenarios.yaml", "scenarios: []\n")
	s.write("policy/data/directory.yaml", `extensions:
  "101": {holder: Li, department: sales}
  "102": {holder: Wu, department: sales}
  "103": {holder: Chen, department: sales}
  "104": {holder: Zhou, department: sales}
`)
	s.write("policy/data/rates.yaml", "currency: CNY\nrates: [{classes: [local], increment: 1, price: 1}]\n")
	s.write("policy/data/allowances.yaml", `allowances:
  sales: {scope: department, of: [sales], amount_minor: 400}
  phone: {scope: extension, of: ["101"], amount_minor: 1, overrun: charge}
`)
	d := s.serve()

	var mu sync.Mutex
	var wg sync.WaitGroup
	calls := map[string]*lab.Call{} // by number
	numbers := []string{"62390001", "62390002", "62390003", "62390004"}
	for i, number := range numbers {
		wg.Go(func() {
			c, err := s.lab.Phone([]string{"101", "102", "103", "104"}[i]).Dial(within(t, 20*time.Second), "9"+number)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			calls[number] = c
		})
	}
	wg.Wait()
	var caps []int
	var refusedNumber string
	for _, number := range numbers {
		d := s.decision(to("9" + number))
		if d.Action != call.Allow {
			if refusedNumber = number; d.Rule != "allowance" {
				t.Errorf("refused was %+v", d)
			}
			refused(t, calls[number], call.CauseCallRejected)
			continue
		}
		caps = append(caps, d.MaxSeconds)
	}
	slices.Sort(caps)
	if !slices.Equal(caps, []int{40, 180, 180}) || refusedNumber == "" {
		t.Fatalf("the caps are %v, refused was %q", caps, refusedNumber)
	}
	must(t, s.lab.WaitLog(within(t, 10*time.Second), "dialwarden/allowance_spent"))
	if a := s.account("sales", "sales"); a.RestMinor != 0 || a.ReservedMinor != 400 {
		t.Errorf("while they talk the account has %+v", a)
	}
	var used int64
	for _, number := range numbers {
		if number == refusedNumber {
			continue
		}
		up(t, calls[number])
		wait(1200 * time.Millisecond)
		hangup(t, calls[number])
		ended := s.ended(s.once("9" + number).ID)
		if c := ended.Call; c.CostMinor == nil || *c.CostMinor != int64(c.Seconds) || c.Seconds < 1 {
			t.Errorf("the call has %+v", c)
			continue
		}
		used += *ended.Call.CostMinor
	}
	if a := s.account("sales", "sales"); a.UsedMinor != used || a.ReservedMinor != 0 || a.RestMinor != 400-used {
		t.Errorf("calls cost %d, the account has %+v", used, a)
	}
	if refusedNumber != "62390001" {
		if n := s.log.count("has reached"); n != 2 {
			t.Errorf("people were told %d times of the phone's allowance", n)
		}
	}

	// The call's end is known after the daemon's.
	c := dial(t, s.lab, "101", "962390005")
	up(t, c)
	eventually(t, "what is put aside is in the ledger", func() bool { return s.account("sales", "sales").ReservedMinor == 180 })
	d.kill()
	wait(1200 * time.Millisecond)
	hangup(t, c)
	s.serve()
	last := s.ended(s.once("962390005").ID)
	if last.Call.CostMinor == nil || *last.Call.CostMinor < 1 {
		t.Fatalf("the call has %+v", last.Call)
	}
	if a := s.account("sales", "sales"); a.UsedMinor != used+*last.Call.CostMinor || a.ReservedMinor != 0 {
		t.Errorf("calls cost %d and %d, the account has %+v", used, *last.Call.CostMinor, a)
	}
	if n := s.log.count("has reached"); refusedNumber != "62390001" && n != 0 {
		t.Errorf("people were told %d times more", n)
	}
	if out, errs, status := s.run("", "log", "verify"); status != 0 {
		t.Errorf("log verify: %s%s", out, errs)
	}
}
