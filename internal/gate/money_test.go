package gate

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// prices are a unit a second from 1970 on, or what terms says.
type prices struct {
	terms  call.Terms
	known  bool
	paying []call.Allowance
	asked  call.Payer
}

func (p *prices) Terms(call.Callee, time.Time) (call.Terms, bool) { return p.terms, p.known }

func (p *prices) Paying(who call.Payer, _ call.Class, _ string) []call.Allowance {
	p.asked = who
	return p.paying
}

// spent is a Spending in which each account has used something.
type spent map[string]int64

func (s spent) Of(who call.Spender, _ string) (today, month call.Spent) {
	return call.Spent{Calls: len(who.Name)}, call.Spent{CostMinor: int64(len(who.Scope))}
}

func (s spent) Balance(a call.Allowance) call.Balance {
	return call.Balance{Granted: a.Amount, Used: s[a.ID]}
}

var aUnitASecond = call.Terms{Rounding: call.RoundUp, Steps: []call.Step{{Price: call.Price{Increment: 1, Each: 1_000_000}}}}

// TestBill holds who pays, what is left, how long that pays for, and what is put aside.
func TestBill(t *testing.T) {
	refuse := func(id string, amount int64) call.Allowance {
		return call.Allowance{ID: id, Amount: amount, Overrun: call.OverrunRefuse}
	}
	loose := call.Allowance{ID: "loose", Amount: 1, Overrun: call.OverrunCharge}
	free := aUnitASecond
	free.Steps = []call.Step{{}}
	for name, test := range map[string]struct {
		prices     prices
		class      call.Class
		cap        int
		limited    bool
		affordable int
		worst      int64
		strict     []bool
	}{
		"the least rest counts": {prices{aUnitASecond, true, []call.Allowance{refuse("a", 500), refuse("b", 300)}, call.Payer{}}, call.Local, 180, true, 299, 180, []bool{true, true}},
		"it does not pay for the cap": {
			prices{aUnitASecond, true, []call.Allowance{refuse("a", 500), refuse("b", 300)}, call.Payer{}}, call.Local, 300, true, 299, 300, []bool{true, false},
		},
		"the user pays":     {prices{aUnitASecond, true, []call.Allowance{loose}, call.Payer{}}, call.Local, 180, false, 0, 180, []bool{false}},
		"without a cap":     {prices{aUnitASecond, true, []call.Allowance{refuse("a", 5000)}, call.Payer{}}, call.Local, 0, true, 5000, 3600, []bool{true}},
		"not known":         {prices{call.Terms{}, false, []call.Allowance{refuse("a", 5000)}, call.Payer{}}, call.Local, 60, true, 0, 0, []bool{false}},
		"free of charge":    {prices{free, true, []call.Allowance{refuse("a", 0)}, call.Payer{}}, call.TollFree, 60, false, 0, 0, nil},
		"nobody's":          {prices{aUnitASecond, true, nil, call.Payer{}}, call.Local, 60, false, 0, 60, nil},
		"a day is the most": {prices{aUnitASecond, true, []call.Allowance{refuse("a", 1<<40)}, call.Payer{}}, call.Local, 60, true, call.LongestCall, 60, []bool{true}},
	} {
		b := &Book{Prices: &test.prices, Zone: time.UTC}
		f := call.Facts{Caller: call.Caller{Holder: "Li", Department: "sales"}}
		f.Attempt.Extension, f.Callee.Class, f.Time.Date = "101", test.class, "2026-11-23"
		x := b.bill(&f, spent{"b": 1})
		if f.Usage.Limited != test.limited || f.Usage.AffordableSeconds != test.affordable || f.Usage.Allowances == nil {
			t.Errorf("%s: %+v", name, f.Usage)
		}
		if f.Usage.Holder.Today.Calls != 2 || f.Usage.Department.Month.CostMinor != 10 || f.Usage.Extension.Today.Calls != 3 {
			t.Errorf("%s: spent is %+v", name, f.Usage)
		}
		c := x.charge(&f, call.Decision{Action: call.Allow, Rule: "local", MaxSeconds: test.cap})
		var strict []bool
		for _, p := range c.Paying {
			strict = append(strict, p.Strict)
		}
		if c.Worst != test.worst || !reflect.DeepEqual(strict, test.strict) || c.Known != test.prices.known || c.Day != "2026-11-23" {
			t.Errorf("%s: charged is %+v", name, c)
		}
		for _, d := range []call.Decision{
			{Action: call.Deny}, {Action: call.Challenge}, {Action: call.Allow, Rule: call.RuleEmergency},
			{Action: call.Allow, Rule: call.RuleOperator, Route: call.Route{Redirect: "0"}},
		} {
			if c := x.charge(&f, d); c != nil {
				t.Errorf("%s: %+v is charged %+v", name, d, c)
			}
		}
		for _, class := range []call.Class{call.Internal, call.Emergency, ""} {
			f.Callee.Class = class
			if c := b.bill(&f, spent{}).charge(&f, call.Decision{Action: call.Allow}); c != nil || f.Usage.Limited {
				t.Errorf("%s: a call of class %q is charged %+v", name, class, c)
			}
		}
	}
}

// TestAskedFirst: a spent allowance of the phone's department refuses nobody who is going to be asked for a PIN, and one of
// the phone does.
func TestAskedFirst(t *testing.T) {
	entry := func(scope call.Scope, seconds int) call.AllowanceFact {
		return call.AllowanceFact{ID: string(scope), Scope: scope, Overrun: call.OverrunRefuse, AffordableSeconds: seconds}
	}
	wants := func(kinds ...call.CredentialKind) []call.Requirement {
		return []call.Requirement{{Rule: "long_distance", AnyOf: kinds}}
	}
	for name, test := range map[string]struct {
		allowances []call.AllowanceFact
		requires   []call.Requirement
		pin        bool
		action     call.Action
	}{
		"of the department":                 {[]call.AllowanceFact{entry(call.OfDepartment, 0), entry(call.OfExtension, 99)}, wants(call.Token, call.PIN), false, call.Challenge},
		"of the holder":                     {[]call.AllowanceFact{entry(call.OfHolder, 0)}, wants(call.PIN), false, call.Challenge},
		"of the phone":                      {[]call.AllowanceFact{entry(call.OfDepartment, 0), entry(call.OfExtension, 5)}, wants(call.PIN), false, call.Deny},
		"of the phone's grade":              {[]call.AllowanceFact{entry(call.OfGrade, 0)}, wants(call.PIN), false, call.Deny},
		"no PIN is asked for":               {[]call.AllowanceFact{entry(call.OfDepartment, 0)}, wants(call.Token), false, call.Deny},
		"nothing is asked for":              {[]call.AllowanceFact{entry(call.OfDepartment, 0)}, nil, false, call.Deny},
		"the PIN's holder has nothing left": {[]call.AllowanceFact{entry(call.OfHolder, 0)}, wants(call.PIN), true, call.Deny},
	} {
		b := &Book{Zone: time.UTC, Rules: rulesFunc{"r", func(f call.Facts) call.Decision {
			d := call.Decision{Action: call.Allow, Rule: "local"}
			switch {
			case f.Usage.Limited && f.Usage.AffordableSeconds < 30:
				d.Action, d.Rule = call.Deny, call.RuleAllowance
			case test.requires != nil && !f.Credentials.PIN.Valid:
				d.Action, d.Rule, d.Requires = call.Challenge, "long_distance", test.requires
			}
			return d
		}}}
		f := call.Facts{Attempt: call.Attempt{Dialled: "021"}, Usage: call.Usage{Allowances: test.allowances}}
		f.Credentials.PIN.Valid = test.pin
		limit(&f.Usage, func(call.AllowanceFact) bool { return true })
		if d := b.Judge(t.Context(), f); d.Action != test.action {
			t.Errorf("%s: %s by %s", name, d.Action, d.Rule)
		}
	}
}

// TestPayer is whose PIN was entered, else who holds the phone.
func TestPayer(t *testing.T) {
	guard := call.Caller{Holder: "Guard", Department: "gate", Grade: "staff"}
	for name, test := range map[string]struct {
		pin  call.Credential
		want call.Payer
	}{
		"the phone's":           {call.Credential{}, call.Payer{Extension: "101", Holder: "Guard", Department: "gate", Grade: "staff"}},
		"the PIN's":             {call.Credential{Valid: true, Holder: "Li", Department: "sales"}, call.Payer{Extension: "101", Holder: "Li", Department: "sales", Grade: "staff"}},
		"of no department":      {call.Credential{Valid: true, Holder: "Li"}, call.Payer{Extension: "101", Holder: "Li", Department: "gate", Grade: "staff"}},
		"a PIN that is no good": {call.Credential{Holder: "Li", Department: "sales"}, call.Payer{Extension: "101", Holder: "Guard", Department: "gate", Grade: "staff"}},
	} {
		f := call.Facts{Caller: guard, Attempt: call.Attempt{Extension: "101"}, Credentials: call.Credentials{PIN: test.pin}}
		if got := payer(&f); got != test.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestAllowanceTaken: others are faster again and again. The call is refused, and one decision is written down.
func TestAllowanceTaken(t *testing.T) {
	inBubble(t, func(w *world) {
		p := &prices{terms: aUnitASecond, known: true, paying: []call.Allowance{{ID: "a", Amount: 9999, Overrun: call.OverrunRefuse}}}
		w.book.Prices = p
		w.open()
		w.gate.Spending = spent{}
		w.mu.Lock()
		w.fails["record allow"] = call.ErrAllowanceSpent
		w.mu.Unlock()
		w.arrive("c", "5551234")
		synctest.Wait()
		if r := w.last(); r.Decision.Rule != call.RuleAllowance || r.Charge != nil || len(r.Spent) != 1 || r.Spent[0].ID != "a" || len(w.rows) != 1 || w.acted() != "c: refuse 1 allowance_spent 21" {
			t.Errorf("recorded %+v, then %s", r, w.acted())
		}
		w.mu.Lock()
		delete(w.fails, "record allow")
		w.mu.Unlock()
		w.arrive("d", "5551234")
		synctest.Wait()
		if r := w.last(); r.Charge == nil || r.Charge.Worst != 3600 || !r.Charge.Paying[0].Strict || r.Facts.Callee.Rate.MinuteMinor != 60 {
			t.Errorf("recorded %+v", r)
		}
	})
}
