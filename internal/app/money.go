package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/usage"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// openSpending takes up what was spent so far. Nothing has been decided by this daemon yet.
func (a *App) openSpending(ctx context.Context) (err error) {
	a.spending, err = readSpending(ctx, a.ledger.Reader(), time.Now().In(a.cfg.Site.Location()))
	return err
}

func readSpending(ctx context.Context, r *ledger.Reader, now time.Time) (*usage.Spending, error) {
	spent, accounts, err := r.Spending(ctx, firstDay(now, -2), firstDay(now, -14)[:len("2026-11")])
	if err != nil {
		return nil, err
	}
	return usage.NewSpending(spent, accounts), nil
}

// Spending is what the ledger of a configuration says was spent at a moment; nothing where there is no ledger yet, or
// where it cannot be read, which the error says.
func Spending(ctx context.Context, cfg config.Config, now time.Time) (_ *usage.Spending, err error) {
	if _, err := os.Stat(cfg.Ledger.Path); errors.Is(err, fs.ErrNotExist) {
		return usage.NewSpending(nil, nil), nil
	}
	r, err := ledger.OpenReader(cfg.Ledger.Path)
	if err != nil {
		return usage.NewSpending(nil, nil), err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	s, err := readSpending(ctx, r, now.In(cfg.Site.Location()))
	if err != nil {
		return usage.NewSpending(nil, nil), err
	}
	return s, nil
}

// Account is how an allowance stands in a month, for people.
type Account struct {
	Month string `json:"month"`
	call.AllowanceFact
	// AffordableSeconds takes the place of the fact's: there is no call that it could be of.
	AffordableSeconds *int `json:"affordable_seconds,omitempty"`

	SharePercent int64  `json:"share_percent"` // used of amount and carried
	Currency     string `json:"currency"`
}

// Accounts lists how all allowances stand at a moment: those of the phones in the directory and their holders, and those
// that were used, by allowance and name. The error is one of LoadEdition or of reading.
func Accounts(ctx context.Context, cfg config.Config, now time.Time) ([]Account, error) {
	edition, err := LoadEdition(cfg)
	if err != nil {
		return nil, err
	}
	spending, err := Spending(ctx, cfg, now)
	if err != nil {
		return nil, err
	}
	var payers []call.Payer
	for extension, e := range edition.Policy.Directory() {
		payers = append(payers, call.Payer{Extension: extension, Holder: e.Holder, Department: e.Department, Grade: e.Grade})
	}
	month := now.In(cfg.Site.Location()).Format("2006-01")
	out := []Account{}
	for _, a := range edition.Policy.Allowances().All(payers, spending.Accounts(month), month) {
		b := spending.Balance(a)
		out = append(out, Account{Month: month, AllowanceFact: a.Fact(b), SharePercent: b.Share(), Currency: cfg.Site.Currency})
	}
	return out, nil
}

// firstDay is the first day of the month so many months from now.
func firstDay(now time.Time, months int) string {
	return time.Date(now.Year(), now.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// spent counts what the ledger has made durable, and raises the alerts of allowances. It is called by the one who writes.
func (a *App) spent(c call.Change) {
	a.spending.Change(c)
	for _, x := range c.Alerts {
		a.raise(x)
	}
}

// reached is what is told when an allowance, in a currency, is used to a percentage.
func reached(x call.AccountChange, percent int, currency string) call.Alert {
	text := fmt.Sprintf("has reached %d %% in %s", percent, x.Month)
	if x.Balance.Share() < int64(percent) {
		text = "is as good as used up in " + x.Month + ": a call was refused because the rest does not pay for it"
	}
	alert := call.Alert{
		Kind: call.AlertAllowance, Rule: call.RuleAllowance,
		Text: fmt.Sprintf("The allowance %s of %s %s: %s of %s are used.", x.ID, x.Scope.Owner(x.Name), text,
			call.Money(x.Balance.Used, currency), call.Money(x.Balance.Granted, currency)),
	}
	switch x.Scope {
	case call.OfHolder:
		alert.Holder = x.Name
	case call.OfDepartment:
		alert.Department = x.Name
	default:
		alert.Extension = x.Name
	}
	return alert
}

// checkCurrency refuses rates in another currency than the site's.
func checkCurrency(cfg config.Config, p *rules.Policy) error {
	rates := p.Rates()
	if rates.Empty() || rates.Currency == cfg.Site.Currency {
		return nil
	}
	return errors.Join(&yamlfile.Error{
		File: "data/rates.yaml", Line: rates.At.Line, Column: rates.At.Column,
		Message: fmt.Sprintf("currency: the rates are in %s, and site.currency of the configuration is %s: they must be the same", rates.Currency, cfg.Site.Currency),
	})
}
