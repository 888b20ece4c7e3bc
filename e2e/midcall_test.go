package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

const (
	salesPhones = `extensions:
  "101": {holder: 李伟, department: 销售部}
  "102": {holder: Wu, department: 销售部}
  "103": {holder: Chen}
  "104": {holder: Zhou, department: 销售部}
`
	perSecond = "currency: CNY\nrates: [{classes: [local, national, mobile], increment: 1, price: %d}]\n"
)

// What a call costs, and what pays for it, is settled by what held when it was decided: with rates and allowances changed
// meanwhile, the call extended and the daemon killed; and a correction counts in all of it.
func TestMoneyChangesInMidCall(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("policy/scenarios.yaml", `scenarios: [{from: "101", to: "110", expect: {action: allow}}]`)
	s.write("policy/data/directory.yaml", salesPhones)
	s.write("policy/data/rates.yaml", fmt.Sprintf(perSecond, 1))
	s.write("policy/data/cap.yaml", "max_seconds: {local: 60}\nwarn_seconds: 0\nring_seconds: 25\n")
	allowances := "min_seconds: 5\nallowances:\n  sales: {scope: department, of: [销售部], amount_minor: 100}\n"
	s.write("policy/data/allowances.yaml", allowances)
	d := s.serve()

	first := dial(t, l, "101", "962391001")
	up(t, first)
	id := s.decision(to("962391001")).ID
	s.write("policy/data/rates.yaml", fmt.Sprintf(perSecond, 7))
	s.write("policy/data/allowances.yaml", "allowances: {}\n")
	if status, body := s.reload(); status != 200 {
		t.Fatal(body)
	}
	second := dial(t, l, "102", "962391002") // nothing pays for it now
	up(t, second)
	if out, errs, status := s.run("", "call", "extend", fmt.Sprint(id), "--seconds", "300", "--reason", "needed"); status != 0 {
		t.Fatal(out, errs)
	}
	d.kill()
	wait(1500 * time.Millisecond)
	hangup(t, first)
	s.write("policy/data/allowances.yaml", allowances)
	s.serve()
	got := s.ended(id)
	if c := got.Call; c.CostMinor == nil || *c.CostMinor != int64(c.Seconds) || c.Seconds < 1 {
		t.Errorf("the first call has %+v", c)
	}
	if a := s.account("sales", "销售部"); a.UsedMinor != int64(got.Call.Seconds) || a.ReservedMinor != 0 {
		t.Errorf("the account has %+v", a)
	}
	hangup(t, second)
	if c := s.once("962391002").Call; c.CostMinor == nil || *c.CostMinor != 7*int64(c.Seconds) {
		t.Errorf("the second call has %+v", c)
	}
	if _, errs, status := s.run("", "log", "correct", fmt.Sprint(id), "--seconds", "80", "--reason", "the bill"); status != 0 {
		t.Fatal(errs)
	}
	if a := s.account("sales", "销售部"); a.UsedMinor != 80 || a.RestMinor != 20 {
		t.Errorf("after the correction the account has %+v", a)
	}
	s.log.wait(t, "has reached 80 %")
	refused(t, dial(t, l, "104", "962391003"), call.CauseCallRejected) // 20 pay for 2 seconds
	if got := s.once("962391003"); got.Rule != "allowance" {
		t.Errorf("got %+v", got)
	}
	third := dial(t, l, "103", "962391004") // of no department
	up(t, third)
	hangup(t, third)
	s.once("962391004")
	s.whole()
}

// A PIN that is suspended while its holder talks ends no call; the next one is refused, from every phone, and emergencies go out.
func TestPINSuspendedInMidCall(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.write("policy/rules/premium.rego", `package dialwarden.outbound

# METADATA
# title: Sanctions
sanction contains {"rule": "premium", "suspend_days": 3660, "fine_minor": 100, "cost_multiple": 3} if {
	input.callee.class == "national"
	input.credentials.pin.valid == true
}

deny contains "premium" if input.callee.class == "premium"
`)
	s.write("policy/data/rates.yaml", "currency: CNY\nrates: [{increment: 60, price: 10}]\n")
	pin := s.addPIN("58392164", "Li Wei", 2)
	d := s.serve()
	talking := answers(t, l, "103", "902112349001", "58392164#")
	up(t, talking)
	if got := s.decision(to("902112349001")); got.PINID != pin {
		t.Errorf("got %+v", got)
	}
	inVain(t, l, "104", "902112349002", "58392164#")
	if got := s.once("902112349002"); got.Rule != "suspension" {
		t.Errorf("got %+v", got)
	}
	free := dial(t, l, "104", "962349003") // the phone is not suspended
	up(t, free)
	hangup(t, free)
	emergency := dial(t, l, "104", "110")
	up(t, emergency)
	hangup(t, emergency)
	d.kill()
	s.serve()
	hangup(t, talking)
	if got := s.once("902112349001"); got.Call.CostMinor == nil || *got.Call.CostMinor != 10 {
		t.Errorf("got %+v", got.Call)
	}
	if _, errs, status := s.run("", "sanction", "lift", "1", "--reason", "seen", "--fine"); status != 0 {
		t.Fatal(errs)
	}
	again := answers(t, l, "104", "902112349004", "58392164#")
	hangup(t, again)
	s.whole()
}

// Over FastAGI alone, what was put aside for a call that ended without the daemon comes back before the next caller is judged.
func TestMoneyOverAGI(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	l := newLab(t, lab.Options{Globals: map[string]string{"DIALWARDEN_AGI": "agi://" + address}})
	s := withAGI(t, l, address)
	s.write("policy/scenarios.yaml", "scenarios: []\n")
	s.write("policy/data/directory.yaml", salesPhones)
	s.write("policy/data/rates.yaml", "currency: CNY\nrates: [{classes: [local], increment: 60, price: 60}]\n")
	s.write("policy/data/cap.yaml", "max_seconds: {local: 120}\nwarn_seconds: 0\nring_seconds: 25\n")
	s.write("policy/data/allowances.yaml", "min_seconds: 5\nallowances:\n  sales: {scope: department, of: [销售部], amount_minor: 130}\n")
	d := s.serveAGI()
	c := dial(t, l, "101", "962394001")
	up(t, c)
	first := s.decision(to("962394001"))
	if a := s.account("sales", "销售部"); a.ReservedMinor != 120 || first.MaxSeconds != 120 {
		t.Errorf("put aside %+v for %d s", a, first.MaxSeconds)
	}
	d.kill()
	hangup(t, c)
	s.serveAGI()
	next := dial(t, l, "102", "962394003")
	reaches(t, l, "62394003")
	hangup(t, next)
	if got := s.once("962394003"); got.MaxSeconds != 60 {
		t.Errorf("got %+v", got)
	}
	if got := s.ended(first.ID); got.Call.CostMinor == nil || *got.Call.CostMinor != 60 {
		t.Errorf("got %+v", got.Call)
	}
	s.whole()
}
