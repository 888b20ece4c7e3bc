package rules

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// The objects of the input that are about money; the names are those of the JSON form.
var (
	rateShape      = newShape("known", "price", "connection_fee", "increment", "minute_minor", "ten_minutes_minor")
	spenderShape   = newShape("today", "month", "concurrent_calls", "attempts_last_minute", "attempts_last_hour")
	spentShape     = newShape("calls", "answered", "seconds", "cost_minor")
	allowanceShape = newShape("id", "scope", "name", "amount_minor", "carried_minor", "used_minor", "reserved_minor", "rest_minor", "overrun", "affordable_seconds")

	noRate       = newRate(call.Rate{})
	nothingSpent = newSpender(&call.UsageOf{})
)

func rateOf(r call.Rate) *ast.Term {
	if r == (call.Rate{}) {
		return noRate
	}
	return newRate(r)
}

func newRate(r call.Rate) *ast.Term {
	return rateShape.object(truth(r.Known), text(r.Price), text(r.ConnectionFee), number(r.Increment),
		ast.InternedTerm(r.MinuteMinor), ast.InternedTerm(r.TenMinutesMinor))
}

func spenderOf(u *call.UsageOf) *ast.Term {
	if *u == (call.UsageOf{}) {
		return nothingSpent
	}
	return newSpender(u)
}

func newSpender(u *call.UsageOf) *ast.Term {
	return spenderShape.object(spentOf(u.Today), spentOf(u.Month), number(u.ConcurrentCalls), number(u.AttemptsLastMinute),
		number(u.AttemptsLastHour))
}

func spentOf(s call.Spent) *ast.Term {
	return spentShape.object(number(s.Calls), number(s.Answered), ast.InternedTerm(s.Seconds), ast.InternedTerm(s.CostMinor))
}

func allowancesOf(all []call.AllowanceFact) *ast.Term {
	if len(all) == 0 {
		return noTexts
	}
	terms := make([]*ast.Term, len(all))
	for i, a := range all {
		terms[i] = allowanceShape.object(text(a.ID), text(string(a.Scope)), text(a.Name), ast.InternedTerm(a.AmountMinor),
			ast.InternedTerm(a.CarriedMinor), ast.InternedTerm(a.UsedMinor), ast.InternedTerm(a.ReservedMinor),
			ast.InternedTerm(a.RestMinor), text(string(a.Overrun)), number(a.AffordableSeconds))
	}
	return ast.ArrayTerm(terms...)
}
