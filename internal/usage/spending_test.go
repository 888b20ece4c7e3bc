package usage

import (
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

func change(day, holder string, n int64, month string) call.Change {
	return call.Change{
		Spent: []call.SpentOn{{Day: day, Spender: call.Spender{Scope: call.OfHolder, Name: holder}, Spent: call.Spent{Calls: 1, CostMinor: n}}},
		Accounts: []call.AccountChange{
			{AccountKey: call.AccountKey{ID: "own", Name: holder}, Scope: call.OfHolder, AccountMonth: call.AccountMonth{Month: month, Amount: 100, Used: n}},
			{AccountKey: call.AccountKey{ID: "all", Name: holder}, Scope: call.OfDepartment, AccountMonth: call.AccountMonth{Month: month, Amount: 100, Reserved: n}},
		},
	}
}

// TestSpending adds up days and months, whatever the clock does, and forgets people.
func TestSpending(t *testing.T) {
	s := NewSpending(nil, nil)
	li := call.Spender{Scope: call.OfHolder, Name: "Li"}
	for _, c := range []call.Change{
		change("2026-11-23", "Li", 1, "2026-11"), change("2026-11-23", "Li", 2, "2026-11"), change("2099-01-01", "Li", 4, "2099-01"),
		change("2026-11-22", "Li", 8, "2026-11"), change("", "Li", 16, ""),
	} {
		s.Change(c)
	}
	if today, month := s.Of(li, "2026-11-23"); today != (call.Spent{Calls: 2, CostMinor: 3}) || month != (call.Spent{Calls: 3, CostMinor: 11}) {
		t.Errorf("today %+v, the month %+v", today, month)
	}
	if today, month := s.Of(li, "2026-12-01"); today != (call.Spent{}) || month != (call.Spent{}) {
		t.Errorf("next month %+v %+v", today, month)
	}
	own := call.Allowance{ID: "own", Name: "Li", Amount: 50, Month: "2026-12", Since: "2026-10"}
	if b := s.Balance(own); b != (call.Balance{Granted: 50 + 50 + 100 - 11, Carried: 139}) {
		t.Errorf("the balance is %+v", b)
	}
	if used := s.Accounts("2026-11"); len(used) != 2 {
		t.Errorf("used are %v", used)
	}
	s.Change(call.Change{Forgotten: "Li"})
	if _, month := s.Of(li, "2026-11-23"); month != (call.Spent{}) || len(s.accounts) != 1 || len(s.persons) != 0 {
		t.Errorf("left are %+v and %v", month, s.accounts)
	}
}

// TestSpendingIsBounded keeps some days and months of each.
func TestSpendingIsBounded(t *testing.T) {
	s := NewSpending(nil, nil)
	for year := 2000; year < 2100; year++ {
		day := string([]byte{byte('0' + year/1000), byte('0' + year/100%10), byte('0' + year/10%10), byte('0' + year%10)}) + "-05-17"
		s.Change(change(day, "Li", 1, day[:7]))
	}
	of := s.sums[call.Spender{Scope: call.OfHolder, Name: "Li"}]
	if len(of.days) > keptDays || len(of.months) > keptMonths || len(s.accounts[call.AccountKey{ID: "own", Name: "Li"}]) > keptAccounts {
		t.Errorf("%d days, %d months", len(of.days), len(of.months))
	}
}
