package call

import "errors"

// Scope says whose money an allowance is, or whose calls are summed up.
type Scope string

// The scopes. A grade has no money of its own: each extension of the grade has.
const (
	OfExtension  Scope = "extension"
	OfHolder     Scope = "holder"
	OfDepartment Scope = "department"
	OfGrade      Scope = "grade"
)

// Owner tells people whose an account is: one of a grade is that of a phone.
func (s Scope) Owner(name string) string {
	if s == OfGrade {
		return "extension " + name + " (by its grade)"
	}
	return string(s) + " " + name
}

// Overrun says what becomes of calls that an allowance does not pay for.
type Overrun string

// The kinds of overrun.
const (
	OverrunRefuse Overrun = "refuse" // they are refused, and a call is cut where the rest ends
	OverrunCharge Overrun = "charge" // they go on, and the user pays
)

// ErrAllowanceSpent tells that the rest of an allowance, which had paid for the call when the policy was asked, does not
// any more: other calls were faster.
var ErrAllowanceSpent = errors.New("the rest of the allowance does not pay for the call any more")

// Allowance is an account that pays for a call: an entry of data/allowances.yaml, of one phone, person or department, in
// one month.
type Allowance struct {
	ID      string  // the entry's name
	Scope   Scope   // of the entry
	Name    string  // whose it is: an extension (also of a grade), a holder or a department
	Amount  int64   // for a month, in minor units
	Month   string  // of the site: 2026-11
	Since   string  // the first month whose rest, or overrun, goes on: Month where nothing does
	Overrun Overrun // what becomes of calls that it does not pay for
	AlertAt []int   // percentages of what there is for the month, rising
}

// AccountMonth is what happened to an account in a month, in minor units.
type AccountMonth struct {
	Month    string
	Amount   int64 // that was given for it, as far as is known
	Used     int64 // by calls that have ended
	Reserved int64 // for calls that go on
}

// Balance is how an account stands.
type Balance struct {
	Granted  int64 // for the month, with what was carried over
	Carried  int64 // of it; below 0 after an overrun
	Used     int64
	Reserved int64
}

// Rest is what is left; below 0 after an overrun.
func (b Balance) Rest() int64 { return b.Granted - b.Used - b.Reserved }

// Balance adds up the months of an account; others than Since to Month are passed over, and those that are missing have
// the present amount and no calls.
func (a Allowance) Balance(months []AccountMonth) Balance {
	b := Balance{}
	known := 0
	for _, m := range months {
		switch {
		case m.Month == a.Month:
			b.Used, b.Reserved = m.Used, m.Reserved
		case m.Month >= a.Since && m.Month < a.Month:
			b.Carried += m.Amount - m.Used - m.Reserved
			known++
		}
	}
	b.Carried += a.Amount * int64(max(0, monthsBetween(a.Since, a.Month)-known))
	b.Granted = a.Amount + b.Carried
	return b
}

// monthsBetween counts the months from one to before another, both like 2026-11.
func monthsBetween(from, to string) int { return monthNumber(to) - monthNumber(from) }

func monthNumber(m string) int {
	if len(m) != len("2026-11") {
		return 0
	}
	n := 0
	for _, c := range m[:4] {
		n = n*10 + int(c-'0')
	}
	return n*12 + int(m[5]-'0')*10 + int(m[6]-'0')
}

// Share is how many per cent of what there was for the month are used, rounded down; 100 and more where there was nothing.
func (b Balance) Share() int64 {
	switch {
	case b.Used <= 0:
		return 0
	case b.Granted <= 0:
		return 100
	}
	return b.Used/b.Granted*100 + b.Used%b.Granted*100/b.Granted
}

// AllowanceFact is what the policy is told about an allowance that pays for the call.
type AllowanceFact struct {
	ID            string  `json:"id"`
	Scope         Scope   `json:"scope"`
	Name          string  `json:"name"`
	AmountMinor   int64   `json:"amount_minor"`  // of a month
	CarriedMinor  int64   `json:"carried_minor"` // from earlier months; below 0 after an overrun
	UsedMinor     int64   `json:"used_minor"`
	ReservedMinor int64   `json:"reserved_minor"`
	RestMinor     int64   `json:"rest_minor"` // amount + carried - used - reserved
	Overrun       Overrun `json:"overrun"`
	// AffordableSeconds is how long the call may be for the rest to pay for it, at most a week; 0 if it pays for nothing, or
	// the cost is not known.
	AffordableSeconds int `json:"affordable_seconds"`
}

// Payer is who pays for a call; empty where there is none.
type Payer struct {
	Extension, Holder, Department string
	Grade                         string // of the phone
}

// Fact is what the policy is told about the allowance.
func (a Allowance) Fact(b Balance) AllowanceFact {
	return AllowanceFact{
		ID: a.ID, Scope: a.Scope, Name: a.Name, AmountMinor: a.Amount, CarriedMinor: b.Carried, UsedMinor: b.Used,
		ReservedMinor: b.Reserved, RestMinor: b.Rest(), Overrun: a.Overrun,
	}
}

// Spender is somebody whose calls are summed up.
type Spender struct {
	Scope Scope
	Name  string
}

// Spent are the calls of a day or a month that went over a trunk: without emergency calls and those that stayed inside.
type Spent struct {
	Calls     int   `json:"calls" yaml:"calls"`           // that were let out
	Answered  int   `json:"answered" yaml:"answered"`     // of them, and have ended
	Seconds   int64 `json:"seconds" yaml:"seconds"`       // of those
	CostMinor int64 `json:"cost_minor" yaml:"cost_minor"` // of those, as far as it is known
}

// Add adds other calls.
func (s Spent) Add(o Spent) Spent {
	return Spent{s.Calls + o.Calls, s.Answered + o.Answered, s.Seconds + o.Seconds, s.CostMinor + o.CostMinor}
}

// SpentOn are the calls of a day, of one spender.
type SpentOn struct {
	Day string // of the site: 2026-11-23
	Spender
	Spent
}

// AccountKey says which account.
type AccountKey struct{ ID, Name string }

// AccountChange is what happened to a month of an account: the sums are added, the amount replaces what is known.
type AccountChange struct {
	AccountKey
	AccountMonth
	// Reached are the percentages that the use has reached now for the first time in the month; with them, whose account it
	// is and how it stands.
	Reached []int
	Scope   Scope
	Balance Balance
}

// Change is what one call has changed, when it is durable.
type Change struct {
	DecisionID int64
	Spent      []SpentOn
	Accounts   []AccountChange
	Alerts     []Alert // of what was reached
	Forgotten  string  // a holder whose sums and accounts are gone; empty: none
}

// Charge is what a call that is let out may cost, and who pays.
type Charge struct {
	Day        string // of the site, on which it is counted
	Extension  string
	Holder     string // of the PIN, where one was entered; else of the phone
	Department string // as the holder's
	Known      bool   // there is a rate
	Terms      Terms
	Worst      int64 // minor units that are reserved
	Paying     []Paying
}

// Paying is an account that pays for a call.
type Paying struct {
	Allowance
	// Strict says that the rest paid for the worst case when the policy was asked: then it has to when the decision is
	// written, too. Else the policy lets the call out in spite of it.
	Strict bool
}

// Spenders are those whose calls the call counts among.
func (c Charge) Spenders() []Spender {
	var all []Spender
	for _, s := range []Spender{{OfExtension, c.Extension}, {OfHolder, c.Holder}, {OfDepartment, c.Department}} {
		if s.Name != "" {
			all = append(all, s)
		}
	}
	return all
}
