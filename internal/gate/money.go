package gate

import (
	"context"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Spending knows what was spent, to the last decision that is durable.
type Spending interface {
	// Of returns what somebody has spent on a day of the site, and in its month.
	Of(who call.Spender, day string) (today, month call.Spent)
	// Balance returns how an account stands.
	Balance(a call.Allowance) call.Balance
}

// Prices is what calls cost and which allowances pay for them.
type Prices interface {
	// Terms says what a call costs that is decided at a moment, in the zone of the site; false if that is not known.
	Terms(c call.Callee, at time.Time) (call.Terms, bool)
	// Paying lists the allowances that pay for a call of a class on a day of the site, by name.
	Paying(p call.Payer, c call.Class, day string) []call.Allowance
}

// bill is what a call would cost, and who pays.
type bill struct {
	payer  call.Payer
	terms  call.Terms
	known  bool
	paying []call.Allowance
}

// priced sets the rate of the called number.
func (b *Book) priced(f *call.Facts) {
	f.Callee.Rate = call.Rate{}
	if b.Prices == nil {
		return
	}
	if terms, ok := b.Prices.Terms(f.Callee, time.Unix(f.Time.Unix, 0).In(b.Zone)); ok {
		f.Callee.Rate = call.RateOf(terms)
	}
}

// payer is who pays for a call: the person whose PIN was entered, with the person's department; else who holds the phone. The
// phone is the phone, with its grade. Where a PIN names no department, that of the phone pays.
func payer(f *call.Facts) call.Payer {
	p := call.Payer{Extension: f.Attempt.Extension, Holder: f.Caller.Holder, Department: f.Caller.Department, Grade: f.Caller.Grade}
	if pin := f.Credentials.PIN; pin.Valid && pin.Holder != "" {
		p.Holder = pin.Holder
		if pin.Department != "" {
			p.Department = pin.Department
		}
	}
	return p
}

// Spent sets in complete facts what was spent so far, and what is left to pay for the call.
func (b *Book) Spent(f *call.Facts, s Spending) { b.bill(f, s) }

func (b *Book) bill(f *call.Facts, s Spending) bill {
	out := bill{payer: payer(f)}
	u := &f.Usage
	u.Allowances, u.Limited, u.AffordableSeconds = []call.AllowanceFact{}, false, 0
	if s == nil {
		return out
	}
	for _, x := range []struct {
		who call.Spender
		to  *call.UsageOf
	}{
		{call.Spender{Scope: call.OfExtension, Name: out.payer.Extension}, &u.Extension},
		{call.Spender{Scope: call.OfHolder, Name: out.payer.Holder}, &u.Holder},
		{call.Spender{Scope: call.OfDepartment, Name: out.payer.Department}, &u.Department},
	} {
		if x.who.Name != "" {
			x.to.Today, x.to.Month = s.Of(x.who, f.Time.Date)
		}
	}
	if b.Prices == nil || !chargeable(f.Callee.Class) {
		return out
	}
	out.terms, out.known = b.Prices.Terms(f.Callee, time.Unix(f.Time.Unix, 0).In(b.Zone))
	if out.known && out.terms.Worst(call.LongestCall) == 0 {
		return out // free of charge
	}
	out.paying = b.Prices.Paying(out.payer, f.Callee.Class, f.Time.Date)
	out.afford(u, s)
	return out
}

// afford sets how the allowances stand, and how long a call they pay for.
func (x bill) afford(u *call.Usage, s Spending) {
	for _, a := range x.paying {
		b := s.Balance(a)
		fact := a.Fact(b)
		if x.known {
			fact.AffordableSeconds = x.terms.Affordable(b.Rest())
		}
		u.Allowances = append(u.Allowances, fact)
	}
	limit(u, func(call.AllowanceFact) bool { return true })
}

// limit sets how long a call those allowances pay for that refuse what they do not pay for, and that count.
func limit(u *call.Usage, counts func(call.AllowanceFact) bool) {
	u.Limited, u.AffordableSeconds = false, 0
	for _, a := range u.Allowances {
		if a.Overrun == call.OverrunRefuse && counts(a) && (!u.Limited || a.AffordableSeconds < u.AffordableSeconds) {
			u.Limited, u.AffordableSeconds = true, a.AffordableSeconds
		}
	}
}

// ofThePhone reports whether an allowance pays whoever enters a PIN.
func ofThePhone(a call.AllowanceFact) bool {
	return a.Scope == call.OfExtension || a.Scope == call.OfGrade
}

// judge asks the policy, and returns the facts that it answers for. Before a PIN is known, the allowances of the phone's
// holder and department may be those of nobody who pays: they refuse nobody who is going to be asked for a PIN, for somebody
// else's PIN brings other allowances.
func (b *Book) judge(ctx context.Context, f call.Facts) (call.Decision, call.Facts) {
	d := b.Rules.Judge(ctx, f)
	if d.Rule != call.RuleAllowance || d.Action != call.Deny || f.Credentials.PIN.Valid {
		return d, f
	}
	other := f
	if limit(&other.Usage, ofThePhone); other.Usage.Limited == f.Usage.Limited && other.Usage.AffordableSeconds == f.Usage.AffordableSeconds {
		return d, f
	}
	asked := b.Rules.Judge(ctx, other)
	asksPIN := func(r call.Requirement) bool { return slices.Contains(r.AnyOf, call.PIN) }
	if asked.Action == call.Challenge && slices.ContainsFunc(asked.Requires, asksPIN) {
		return asked, other
	}
	return d, f
}

// chargeable reports whether calls to numbers of the class go over a trunk and are counted.
func chargeable(c call.Class) bool {
	return c != "" && c != call.Internal && c != call.Emergency
}

// spent are the allowances for whose sake a call is refused.
func (x bill) spent(f *call.Facts, d call.Decision) (all []call.Allowance) {
	if d.Action != call.Deny || d.Rule != call.RuleAllowance || !x.known {
		return nil
	}
	for i, a := range x.paying {
		if a.Overrun == call.OverrunRefuse && f.Usage.Allowances[i].AffordableSeconds <= f.Usage.AffordableSeconds {
			all = append(all, a)
		}
	}
	return all
}

// charge is what a call that is let out may cost, and what is to be put aside for it; nil where it goes over no trunk.
func (x bill) charge(f *call.Facts, d call.Decision) *call.Charge {
	if d.Action != call.Allow || d.Rule == call.RuleEmergency || !chargeable(f.Callee.Class) || d.Route.Redirect != "" {
		return nil
	}
	c := &call.Charge{
		Day: f.Time.Date, Extension: x.payer.Extension, Holder: x.payer.Holder, Department: x.payer.Department,
		Terms: x.terms, Known: x.known,
	}
	length := d.MaxSeconds
	if length <= 0 {
		length = call.AssumedLength
	}
	c.Worst = x.terms.Worst(int64(length))
	for i, a := range x.paying {
		strict := x.known && a.Overrun == call.OverrunRefuse && c.Worst <= f.Usage.Allowances[i].RestMinor
		c.Paying = append(c.Paying, call.Paying{Allowance: a, Strict: strict})
	}
	return c
}
