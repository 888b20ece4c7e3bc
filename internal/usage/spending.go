package usage

import (
	"maps"
	"slices"
	"sync"

	"github.com/dialwarden/dialwarden/internal/call"
)

// What of the past is kept in memory for each spender and each account: a clock that was set ahead for a moment does not
// make today forgotten.
const (
	keptDays     = 4
	keptMonths   = 3
	keptAccounts = 15 // months: more than a year
)

// Spending knows what was spent: today and this month, and how the accounts of allowances stand. The ledger keeps the same
// sums; it tells every change as soon as it is durable (Change), and what there was before (NewSpending). All methods may
// be called at the same time and return at once.
type Spending struct {
	mu       sync.Mutex
	sums     map[call.Spender]*sums
	accounts map[call.AccountKey]map[string]call.AccountMonth
	persons  map[call.AccountKey]bool // those of holders
}

// sums are the calls of one spender.
type sums struct {
	days, months map[string]call.Spent // by 2026-11-23 and 2026-11
}

// NewSpending returns what was spent before.
func NewSpending(spent []call.SpentOn, accounts []call.AccountChange) *Spending {
	s := &Spending{sums: map[call.Spender]*sums{}, accounts: map[call.AccountKey]map[string]call.AccountMonth{}, persons: map[call.AccountKey]bool{}}
	s.Change(call.Change{Spent: spent, Accounts: accounts})
	return s
}

// Change counts what a call has changed.
func (s *Spending) Change(c call.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range c.Spent {
		s.spend(x)
	}
	for _, a := range c.Accounts {
		s.account(a)
	}
	if c.Forgotten != "" {
		s.forget(c.Forgotten)
	}
}

func (s *Spending) spend(x call.SpentOn) {
	if len(x.Day) != len("2026-11-23") {
		return
	}
	of := s.sums[x.Spender]
	if of == nil {
		of = &sums{map[string]call.Spent{}, map[string]call.Spent{}}
		s.sums[x.Spender] = of
	}
	month := x.Day[:len("2026-11")]
	of.days[x.Day] = of.days[x.Day].Add(x.Spent)
	of.months[month] = of.months[month].Add(x.Spent)
	prune(of.days, keptDays)
	prune(of.months, keptMonths)
}

func (s *Spending) account(a call.AccountChange) {
	if a.Month == "" {
		return
	}
	months := s.accounts[a.AccountKey]
	if months == nil {
		months = map[string]call.AccountMonth{}
		s.accounts[a.AccountKey] = months
		if a.Scope == call.OfHolder {
			s.persons[a.AccountKey] = true
		}
	}
	m := months[a.Month]
	months[a.Month] = call.AccountMonth{Month: a.Month, Amount: a.Amount, Used: m.Used + a.Used, Reserved: m.Reserved + a.Reserved}
	prune(months, keptAccounts)
}

// forget takes a person's sums and accounts away.
func (s *Spending) forget(holder string) {
	delete(s.sums, call.Spender{Scope: call.OfHolder, Name: holder})
	for key := range s.persons {
		if key.Name == holder {
			delete(s.accounts, key)
			delete(s.persons, key)
		}
	}
}

// prune forgets the oldest of more than so many.
func prune[V any](by map[string]V, most int) {
	for len(by) > most {
		delete(by, slices.Min(slices.Collect(maps.Keys(by))))
	}
}

// Of returns what somebody has spent on a day of the site, like 2026-11-23, and in its month.
func (s *Spending) Of(who call.Spender, day string) (today, month call.Spent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.sums[who]
	if of == nil || len(day) != len("2026-11-23") {
		return call.Spent{}, call.Spent{}
	}
	return of.days[day], of.months[day[:len("2026-11")]]
}

// Accounts lists the accounts that were used in a month, like 2026-11.
func (s *Spending) Accounts(month string) []call.AccountKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	var used []call.AccountKey
	for key, months := range s.accounts {
		if _, ok := months[month]; ok {
			used = append(used, key)
		}
	}
	return used
}

// Balance returns how an account stands.
func (s *Spending) Balance(a call.Allowance) call.Balance {
	s.mu.Lock()
	defer s.mu.Unlock()
	var months [keptAccounts]call.AccountMonth
	found := months[:0]
	for _, m := range s.accounts[call.AccountKey{ID: a.ID, Name: a.Name}] {
		found = append(found, m)
	}
	return a.Balance(found)
}
