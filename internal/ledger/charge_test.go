package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// perMinute are the terms of 60 minor units for every begun minute.
var perMinute = call.Terms{Rounding: call.RoundUp, Steps: []call.Step{{Price: call.Price{Increment: 60, Each: 60_000_000}}}}

// sales is the allowance of a department for November.
func sales(amount int64) call.Allowance {
	return call.Allowance{
		ID: "sales", Scope: call.OfDepartment, Name: "sales", Amount: amount, Month: "2026-11", Since: "2026-11",
		Overrun: call.OverrunRefuse, AlertAt: []int{80, 100},
	}
}

// charged is the record of a call that allowances pay for, the nth, capped at 180 s.
func chargedTo(n int, strict bool, paying ...call.Allowance) call.Record {
	r := sample(n)
	r.Charge = &call.Charge{
		Day: "2026-11-23", Extension: r.Attempt.Extension, Holder: "王芳", Department: "sales", Known: true, Terms: perMinute, Worst: 180,
	}
	for _, a := range paying {
		r.Charge.Paying = append(r.Charge.Paying, call.Paying{Allowance: a, Strict: strict})
	}
	return r
}

// accountsOf tells of all accounts: name, month, used/reserved.
func accountsOf(t *testing.T, l *Ledger) string {
	t.Helper()
	return textOf(t, shell(t, l.path), `SELECT coalesce(group_concat(allowance || ' ' || name || ' ' || month || ' ' || used_minor || '/' || reserved_minor, ', '), '')
		FROM (SELECT * FROM accounts ORDER BY allowance, name, month)`)
}

func spendingOf(t *testing.T, l *Ledger) string {
	t.Helper()
	return textOf(t, shell(t, l.path), `SELECT coalesce(group_concat(day || ' ' || scope || ' ' || name || ' ' || calls || ' ' || answered || ' ' || seconds || ' ' || cost_minor, ', '), '')
		FROM (SELECT * FROM spending ORDER BY day, scope, name)`)
}

// TestNobodyOverspends has 200 callers of a department come at one instant, half of whom a second allowance pays for, too.
func TestNobodyOverspends(t *testing.T) {
	l := newLedger(t)
	own := sales(5 * 180)
	own.ID, own.Scope, own.Name = "own", call.OfExtension, "101"
	var let, late atomic.Int64
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for n := range 200 {
		wg.Go(func() {
			<-begin
			paying := []call.Allowance{sales(10*180 + 179)}
			if n%2 == 0 {
				paying = append(paying, own)
			}
			_, err := l.Record(context.Background(), chargedTo(n, true, paying...))
			switch {
			case err == nil:
				let.Add(1)
			case errors.Is(err, call.ErrAllowanceSpent):
				late.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	close(begin)
	wg.Wait()
	if let.Load() != 10 || late.Load() != 190 {
		t.Errorf("%d were let out, %d were too late; want 10 and 190", let.Load(), late.Load())
	}
	if got := textOf(t, shell(t, l.path), `SELECT (SELECT count(*) FROM decisions) || ' ' || (SELECT count(*) FROM charges) || ' ' ||
		(SELECT sum(amount_minor) FROM reservations WHERE allowance = 'sales') || ' ' || (SELECT reserved_minor FROM accounts WHERE allowance = 'sales')
		|| ' ' || (SELECT reserved_minor <= 900 FROM accounts WHERE allowance = 'own') || ' ' || (SELECT sum(calls) FROM spending WHERE scope = 'department')`); got != "10 10 1800 1800 1 10" {
		t.Errorf("decisions, charges, reservations, the account, not too much of the other, calls: %s", got)
	}
	check(t, l)
}

// TestChargeOfACall follows money from the decision over the end to a correction.
func TestChargeOfACall(t *testing.T) {
	up := func(seconds float64) call.End {
		return call.End{AnsweredAt: moment, EndedAt: moment.Add(time.Duration(seconds * float64(time.Second))), Source: "ari"}
	}
	seconds := func(n int64) *int64 { return &n }
	correct := func(c call.Correction) step {
		return func(l *Ledger, id int64) error {
			c.Who, c.Reason = "Li", "as billed"
			_, err := l.Correct(context.Background(), id, c)
			return err
		}
	}
	extend := func(seconds int) step {
		return func(l *Ledger, id int64) error {
			return l.Intervene(context.Background(), call.Intervention{
				DecisionID: id, What: call.Extend, MaxSeconds: seconds, Who: "Li", Reason: "needed",
			})
		}
	}
	for name, test := range map[string]struct {
		change func(*call.Record)
		steps  []step
		want   string // cost, account, spending of the department
	}{
		"goes on":                        {nil, nil, "NULL 0/180 1 0 0 0"},
		"answered":                       {nil, []step{answered(moment)}, "NULL 0/180 1 0 0 0"},
		"ended":                          {nil, []step{ended(up(61))}, "120 120/0 1 1 61 120"},
		"ended twice":                    {nil, []step{ended(up(61)), ended(up(170))}, "120 120/0 1 1 61 120"},
		"nobody answered":                {nil, []step{ended(call.End{EndedAt: moment, Source: "ari"})}, "0 0/0 1 0 0 0"},
		"only the end is seen":           {nil, []step{ended(call.End{EndedAt: moment, Source: "sweep"})}, "NULL 0/0 1 0 0 0"},
		"escaped its cap":                {nil, []step{ended(up(400))}, "420 420/0 1 1 400 420"},
		"no rate":                        {func(r *call.Record) { r.Charge.Known, r.Charge.Worst = false, 0 }, []step{ended(up(61))}, "NULL 0/0 1 1 61 0"},
		"seconds corrected":              {nil, []step{ended(up(61)), correct(call.Correction{Seconds: seconds(59)})}, "60 60/0 1 1 59 60"},
		"said not to have been answered": {nil, []step{ended(up(61)), correct(call.Correction{Seconds: seconds(0)})}, "0 0/0 1 1 0 0"},
		"cost corrected":                 {nil, []step{ended(up(61)), correct(call.Correction{CostMinor: seconds(7)})}, "7 7/0 1 1 61 7"},
		"corrected twice": {nil, []step{ended(up(61)), correct(call.Correction{CostMinor: seconds(7)}), correct(call.Correction{Seconds: seconds(59)}),
			correct(call.Correction{})}, "120 120/0 1 1 61 120"},
		"extended":                 {nil, []step{answered(moment), extend(400)}, "NULL 0/420 1 0 0 0"},
		"extended, then ended":     {nil, []step{answered(moment), extend(400), ended(up(61))}, "120 120/0 1 1 61 120"},
		"extended within a minute": {nil, []step{answered(moment), extend(180)}, "NULL 0/180 1 0 0 0"},
		"extended without a rate":  {func(r *call.Record) { r.Charge.Known, r.Charge.Worst = false, 0 }, []step{extend(400)}, "NULL 0/0 1 0 0 0"},
		"extended too late":        {nil, []step{ended(up(61)), extend(400)}, "120 120/0 1 1 61 120"},
		"refused":                  {func(r *call.Record) { r.Decision.Action = call.Deny }, []step{ended(up(0))}, "NULL   "},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t)
			r := chargedTo(1, true, sales(1000))
			if test.change != nil {
				test.change(&r)
			}
			id := record(t, l, r)
			for i, s := range test.steps {
				if err := s(l, id); err != nil {
					t.Fatalf("step %d: %v", i, err)
				}
			}
			got := textOf(t, shell(t, l.path), `SELECT coalesce(x.cost_minor, c.cost_minor, 'NULL') || ' ' ||
				coalesce((SELECT used_minor || '/' || reserved_minor FROM accounts), '') || ' ' ||
				coalesce((SELECT calls || ' ' || answered || ' ' || seconds || ' ' || cost_minor FROM spending WHERE scope = 'department'), ' ')
				FROM calls c LEFT JOIN corrections x ON x.id = (SELECT max(id) FROM corrections)`)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			check(t, l)
		})
	}
}

// TestRestOfAnAllowance holds what is refused at the edges: carried over, overrun, of another month, and in spite of it.
func TestRestOfAnAllowance(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	spent := func(a call.Allowance, strict bool) error {
		_, err := l.Record(ctx, chargedTo(1, strict, a))
		return err
	}
	if err := spent(sales(179), true); !errors.Is(err, call.ErrAllowanceSpent) {
		t.Errorf("179 paid for 180: %v", err)
	}
	if err := spent(sales(180), true); err != nil {
		t.Errorf("180 did not pay for 180: %v", err)
	}
	if err := spent(sales(180), true); !errors.Is(err, call.ErrAllowanceSpent) {
		t.Errorf("180 paid for 180 twice: %v", err)
	}
	if err := spent(sales(180), false); err != nil {
		t.Errorf("the policy let it out, and the ledger did not: %v", err)
	}
	year := sales(180)
	year.Since, year.Month = "2026-10", "2026-12" // October gave 180 and November -180: December has 180
	if err := spent(year, true); err != nil {
		t.Errorf("what was carried over did not pay: %v", err)
	}
	if err := spent(year, true); !errors.Is(err, call.ErrAllowanceSpent) {
		t.Errorf("what was carried over paid twice: %v", err)
	}
	if got, want := accountsOf(t, l), "sales sales 2026-11 0/360, sales sales 2026-12 0/180"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	check(t, l)
}

// TestChangesAndAlerts tells what is durable, and each share of an allowance once, also to the next daemon.
func TestChangesAndAlerts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	var alerts []string
	var sum call.AccountMonth
	made := WithAllowanceAlerts(func(x call.AccountChange, percent int) call.Alert {
		return call.Alert{Kind: call.AlertAllowance, Text: fmt.Sprintf("%d %d/%d", percent, x.Balance.Used, x.Balance.Granted)}
	})
	tell := WithChanges(func(c call.Change) {
		for _, a := range c.Accounts {
			sum.Used, sum.Reserved = sum.Used+a.Used, sum.Reserved+a.Reserved
		}
		for _, a := range c.Alerts {
			alerts = append(alerts, fmt.Sprintf("%d: %s", a.DecisionID, a.Text))
		}
	})
	for range 3 {
		l := openTest(t, path, tell, made)
		for range 3 {
			id := record(t, l, chargedTo(1, false, sales(450)))
			if sum.Reserved != 180 {
				t.Errorf("%d are reserved", sum.Reserved)
			}
			if err := l.Ended(context.Background(), id, call.End{AnsweredAt: moment, EndedAt: moment.Add(time.Second), Source: "ari"}); err != nil {
				t.Fatal(err)
			}
		}
		_, accounts, err := l.Reader().Spending(context.Background(), "2026-11-01", "2026-01")
		if err != nil || len(accounts) != 1 || accounts[0].Used != sum.Used || accounts[0].Reserved != 0 {
			t.Errorf("the ledger has %+v, told was %+v, %v", accounts, sum, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"6: 80 360/450", "8: 100 480/450"}; !slices.Equal(alerts, want) {
		t.Errorf("alerts are %q, want %q", alerts, want)
	}
	l := openTest(t, path)
	left, err := l.UnassignedAlerts(context.Background())
	if err != nil || len(left) != 2 || fmt.Sprintf("%d: %s", left[1].DecisionID, left[1].Text) != alerts[1] {
		t.Errorf("kept with the ends are %+v, %v", left, err)
	}
}

// TestSpentOut tells, once, that an allowance is as good as used up: when a call is refused for its sake and no call goes on
// that could give something back, from the percentage before 100 on.
func TestSpentOut(t *testing.T) {
	var alerts []string
	l := openTest(t, filepath.Join(t.TempDir(), "dialwarden.db"), WithChanges(func(c call.Change) {
		for _, a := range c.Alerts {
			alerts = append(alerts, fmt.Sprintf("%d: %s", a.DecisionID, a.Text))
		}
	}), WithAllowanceAlerts(func(x call.AccountChange, percent int) call.Alert {
		return call.Alert{Kind: call.AlertAllowance, Text: fmt.Sprintf("%s %d %d/%d, kept %d", x.Name, percent, x.Balance.Used, x.Balance.Granted, x.Amount)}
	}))
	costs := func(id, seconds int64) {
		up := call.End{AnsweredAt: moment, EndedAt: moment.Add(time.Duration(seconds) * time.Second), Source: "ari"}
		if err := l.Ended(context.Background(), id, up); err != nil {
			t.Fatal(err)
		}
	}
	without := sales(450)
	without.Name, without.AlertAt = "silent", []int{50}
	early := sales(450)
	early.ID, early.Name, early.AlertAt = "early", "early", []int{10, 100}
	refused := sample(2)
	refused.Decision.Action, refused.Spent = call.Deny, []call.Allowance{sales(450), without, early}

	record(t, l, refused) // nothing was used: a call may be too dear for a whole allowance
	costs(record(t, l, chargedTo(1, true, sales(450), early)), 170)
	record(t, l, refused) // 180, 40 %
	costs(record(t, l, chargedTo(1, true, sales(450))), 170)
	goesOn := record(t, l, chargedTo(1, true, sales(541)))
	record(t, l, refused)
	costs(goesOn, 1) // 420 of 541, then 450 again
	record(t, l, refused)
	record(t, l, refused)
	if want := []string{"2: early 10 180/450, kept 450", "4: sales 80 360/450, kept 450", "7: sales 100 420/450, kept 541"}; !slices.Equal(alerts, want) {
		t.Errorf("alerts are %q, want %q", alerts, want)
	}
	check(t, l)
}

// TestForgottenSpending takes a person's sums and account away, also while a call goes on.
func TestForgottenSpending(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	own := sales(1000)
	own.ID, own.Scope, own.Name = "own", call.OfHolder, "王芳"
	id := record(t, l, chargedTo(1, true, own, sales(1000)))
	if _, err := l.Forget(ctx, "王芳", "admin", "asked for it"); err != nil {
		t.Fatal(err)
	}
	if err := l.Ended(ctx, id, call.End{AnsweredAt: moment, EndedAt: moment.Add(time.Second), Source: "ari"}); err != nil {
		t.Fatal(err)
	}
	if got := accountsOf(t, l); got != "sales sales 2026-11 60/0" {
		t.Errorf("accounts: %s", got)
	}
	if got := spendingOf(t, l); strings.Contains(got, "王") || !strings.Contains(got, "department sales 1 0 0 0") {
		t.Errorf("sums: %s", got)
	}
	if got := textOf(t, shell(t, l.path), "SELECT group_concat(extension || holder || department) FROM charges"); got != "" {
		t.Errorf("charges name %s", got)
	}
	check(t, l)
}

// TestRetainedSpending: what calls have cost stays in the account when they go, and old days go with them.
func TestRetainedSpending(t *testing.T) {
	now := moment
	l := openTest(t, filepath.Join(t.TempDir(), "dialwarden.db"), WithClock(func() time.Time { return now }))
	ctx := context.Background()
	id := record(t, l, chargedTo(1, true, sales(1000)))
	if err := l.Ended(ctx, id, call.End{AnsweredAt: moment, EndedAt: moment.Add(time.Second), Source: "ari"}); err != nil {
		t.Fatal(err)
	}
	open := record(t, l, chargedTo(2, true, sales(1000)))
	keep := call.Retention{call.KeepAllowed: {Days: 3}}
	now = moment.AddDate(0, 0, 10)
	if n, err := l.Retain(ctx, keep); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if got := accountsOf(t, l); got != "sales sales 2026-11 60/180" || spendingOf(t, l) != "" {
		t.Errorf("left are %s and %s", got, spendingOf(t, l))
	}
	check(t, l)
	if err := l.Ended(ctx, open, call.End{EndedAt: now, Source: "ari"}); err != nil {
		t.Fatal(err)
	}
	now = moment.AddDate(2, 0, 0)
	if _, err := l.Retain(ctx, keep); err != nil || accountsOf(t, l) != "" {
		t.Errorf("after two years: %s, %v", accountsOf(t, l), err)
	}
	check(t, l)
}

// TestVerifyFindsMoney that somebody moved.
func TestVerifyFindsMoney(t *testing.T) {
	for change, want := range map[string]string{
		"UPDATE accounts SET used_minor = 0":                                                               "used",
		"UPDATE accounts SET reserved_minor = 0":                                                           "reserved",
		"DELETE FROM accounts":                                                                             "is in no account",
		"UPDATE reservations SET settled_at = NULL, cost_minor = 0":                                        "is open, and its call has ended",
		"UPDATE charges SET cost_minor = 1 WHERE cost_minor IS NOT NULL":                                   "counts as 1",
		"UPDATE reservations SET settled_at = 'x' WHERE decision_id = 2":                                   "has not ended",
		"UPDATE reservations SET cost_minor = 1 WHERE decision_id = 1; UPDATE accounts SET used_minor = 1": "costs 1",
	} {
		l := newLedger(t)
		id := record(t, l, chargedTo(1, true, sales(1000)))
		record(t, l, chargedTo(2, true, sales(1000)))
		if err := l.Ended(context.Background(), id, call.End{AnsweredAt: moment, EndedAt: moment.Add(time.Second), Source: "ari"}); err != nil {
			t.Fatal(err)
		}
		if _, err := shell(t, l.path).Exec(change); err != nil {
			t.Fatal(err)
		}
		v, err := l.Reader().Verify(context.Background(), Proof{})
		if err != nil || !slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.What == "account" && strings.Contains(f.Problem, want) }) {
			t.Errorf("%s: found %+v, %v", change, v.Findings, err)
		}
	}
}

// childSpends has eight callers use an allowance up, ends every second call, and prints each decision when it is
// acknowledged.
func childSpends(path string) {
	l, err := Open(path, testKey(1))
	must(err)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for caller := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				id, err := l.Record(context.Background(), chargedTo(caller*100_000+n, true, sales(500*180)))
				if errors.Is(err, call.ErrAllowanceSpent) {
					return
				}
				must(err)
				if n%2 == 0 {
					must(l.Ended(context.Background(), id, call.End{AnsweredAt: moment, EndedAt: moment.Add(time.Minute), Source: "ari"}))
				}
				mu.Lock()
				fmt.Println(id)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	select {} // to be killed
}

// TestKillLeavesAccountsAndCallsAlike kills the writer in the middle.
func TestKillLeavesAccountsAndCallsAlike(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	cmd, out := child(t, "money", path)
	acknowledged := idsUntil(t, cmd, bufio.NewReader(out), 150)
	l := openTest(t, path)
	var sum, used, reserved, decisions int
	if _, err := fmt.Sscan(textOf(t, shell(t, path), `SELECT (SELECT sum(iif(c.ended_at IS NULL, 180, 60)) FROM calls c) || ' ' || used_minor || ' ' || reserved_minor
		|| ' ' || (SELECT count(*) FROM decisions) FROM accounts`), &sum, &used, &reserved, &decisions); err != nil {
		t.Fatal(err)
	}
	if decisions < len(acknowledged) || sum != used+reserved || sum > 500*180 {
		t.Errorf("%d acknowledged, %d decisions, their calls make %d, the account has %d and %d", len(acknowledged), decisions, sum, used, reserved)
	}
	check(t, l)
	open, err := l.OpenCalls(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range open {
		if err := l.Ended(context.Background(), o.DecisionID, call.End{AnsweredAt: moment, EndedAt: moment.Add(time.Minute), Source: "dialplan"}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := accountsOf(t, l), fmt.Sprintf("sales sales 2026-11 %d/0", 60*decisions); got != want {
		t.Errorf("after the ends: %s, want %s", got, want)
	}
	check(t, l)
}

// TestTamperedCharges: whoever changes what a call counts as, by which prices it was charged, or for whom, is found out; what
// really happens to charges is not taken for that.
func TestTamperedCharges(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	l := newLedger(t)
	var ids []int64
	for n := range 4 {
		id, err := l.Record(context.Background(), chargedTo(n, false, sales(1000)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for n, answered := range []time.Time{now, now, {}} { // the last goes on
		if err := l.Ended(context.Background(), ids[n], call.End{AnsweredAt: answered, EndedAt: now.Add(61 * time.Second), Cause: 16, Source: "ari"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, seconds := range []int64{5, 7} {
		if _, err := l.Correct(context.Background(), ids[1], call.Correction{Who: "root", Reason: "the bill", Seconds: &seconds}); err != nil {
			t.Fatal(err)
		}
	}
	if v := verify(t, l.path, ""); !v.OK {
		t.Fatalf("untouched: %+v", v.Findings)
	}
	for script, want := range map[string]string{
		"UPDATE charges SET seconds = 1 WHERE decision_id = 1":                                   "the call of decision 1 counts as 1 s, and its record says 61",
		"UPDATE charges SET seconds = 5 WHERE decision_id = 2":                                   "the call of decision 2 counts as 5 s, and its record says 7",
		"UPDATE charges SET terms = replace(terms, '60000000', '1000000') WHERE decision_id = 1": "the prices of decision 1 were changed: its call did not cost what they make of it",
		"UPDATE charges SET terms = NULL WHERE decision_id = 2":                                  "the prices of decision 2 were changed: its call did not cost what they make of it",
		"UPDATE charges SET terms = '[' WHERE decision_id = 2":                                   "the prices of decision 2 cannot be read",
		"DELETE FROM charges WHERE decision_id = 3":                                              "the charge of decision 3 was removed: its call cost 0",
		"UPDATE charges SET extension = '999' WHERE decision_id = 4":                             "the charge of decision 4 names extension 999, and the decision ",
	} {
		copied := filepath.Join(t.TempDir(), "l.db")
		db := shell(t, l.path)
		if _, err := db.Exec("VACUUM INTO ?", copied); err != nil {
			t.Fatal(err)
		}
		if _, err := shell(t, copied).Exec(script); err != nil {
			t.Fatal(err)
		}
		v := verify(t, copied, "")
		if !slices.ContainsFunc(v.Findings, func(f Finding) bool { return strings.HasPrefix(f.Problem, want) }) {
			t.Errorf("%s: %+v", script, v.Findings)
		}
	}
}
