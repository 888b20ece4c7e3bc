package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/usage"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// openSpending takes up what was spent so far. Nothing has been decided by this daemon yet.
func (a *App) openSpending(ctx context.Context) error {
	now := time.Now().In(a.cfg.Site.Location())
	spent, accounts, err := a.ledger.Spending(ctx, firstDay(now, -2), firstDay(now, -14)[:len("2026-11")])
	if err != nil {
		return err
	}
	a.spending = usage.NewSpending(spent, accounts)
	return nil
}

// firstDay is the first day of the month so many months from now.
func firstDay(now time.Time, months int) string {
	return time.Date(now.Year(), now.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// spent counts what the ledger has made durable, and raises the alerts of allowances. It is called by the one who writes.
func (a *App) spent(c call.Change) {
	a.spending.Change(c)
	for _, x := range c.Accounts {
		for _, percent := range x.Alerts {
			alert := call.Alert{
				Kind: call.AlertAllowance, At: time.Now(), Rule: call.RuleAllowance, DecisionID: c.DecisionID,
				Text: fmt.Sprintf("The allowance %s of %s %s has reached %d %% in %s: %s of %s are used.", x.ID, x.Scope, x.Name, percent, x.Month,
					call.Money(x.Balance.Used, a.cfg.Site.Currency), call.Money(x.Balance.Granted, a.cfg.Site.Currency)),
			}
			switch x.Scope {
			case call.OfHolder:
				alert.Holder = x.Name
			case call.OfDepartment:
				alert.Department = x.Name
			default:
				alert.Extension = x.Name
			}
			a.alert(alert)
		}
	}
}

// alert passes an alert on to people. It returns at once.
func (a *App) alert(x call.Alert) {
	a.log.Warn().Str("kind", string(x.Kind)).Str("rule", x.Rule).Int64("decision", x.DecisionID).Str("extension", x.Extension).
		Str("holder", x.Holder).Str("department", x.Department).Str("text", x.Text).Msg("alert")
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
