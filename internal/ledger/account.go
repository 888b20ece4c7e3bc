package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

const (
	accountMonths = `SELECT month, amount_minor, used_minor, reserved_minor FROM accounts
		WHERE allowance = ? AND name = ? AND month BETWEEN ? AND ?`

	addReservation = `INSERT INTO reservations (decision_id, allowance, scope, name, month, since, alert_at, amount_minor)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	reserveInAccount = `INSERT INTO accounts (allowance, name, month, scope, amount_minor, used_minor, reserved_minor)
		VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO UPDATE SET
		scope = excluded.scope, amount_minor = excluded.amount_minor, reserved_minor = reserved_minor + excluded.reserved_minor`

	reservationsOf = `SELECT allowance, scope, name, month, since, alert_at, amount_minor, cost_minor FROM reservations
		WHERE decision_id = ? AND (settled_at IS NULL) = ? ORDER BY allowance`

	settleReservation = `UPDATE reservations SET cost_minor = ?, settled_at = coalesce(settled_at, ?) WHERE decision_id = ? AND allowance = ?`

	useAccount = `UPDATE accounts SET used_minor = used_minor + ?, reserved_minor = reserved_minor - ?
		WHERE allowance = ? AND name = ? AND month = ? RETURNING amount_minor, alerted`

	noteAlert = `UPDATE accounts SET alerted = ? WHERE allowance = ? AND name = ? AND month = ?`

	noteSpentOut = `UPDATE accounts SET alerted = 100 WHERE allowance = ? AND name = ? AND month = ? AND alerted < 100
		RETURNING amount_minor`

	selectAccounts = `SELECT allowance, name, month, scope, amount_minor, used_minor, reserved_minor FROM accounts`
)

// putAside reserves the worst case in every account that pays. call.ErrAllowanceSpent if the rest of one does not pay for
// it, although it did when the policy was asked.
func (c *conn) putAside(ctx context.Context, id int64, charge *call.Charge) (changed []call.AccountChange, err error) {
	for _, a := range charge.Paying {
		if a.Strict {
			b, err := c.balance(ctx, a.Allowance)
			if err != nil {
				return nil, err
			}
			if charge.Worst > b.Rest() {
				return nil, call.ErrAllowanceSpent
			}
		}
		_, err := c.addReservation.ExecContext(ctx, id, a.ID, string(a.Scope), a.Name, a.Month, a.Since, joinPercents(a.AlertAt), charge.Worst)
		if err != nil {
			return nil, err
		}
		if _, err := c.reserveInAccount.ExecContext(ctx, a.ID, a.Name, a.Month, string(a.Scope), a.Amount, charge.Worst); err != nil {
			return nil, err
		}
		changed = append(changed, call.AccountChange{
			AccountKey: call.AccountKey{ID: a.ID, Name: a.Name}, Scope: a.Scope,
			AccountMonth: call.AccountMonth{Month: a.Month, Amount: a.Amount, Reserved: charge.Worst},
		})
	}
	return changed, nil
}

// balance is how an account stands now.
func (c *conn) balance(ctx context.Context, a call.Allowance) (call.Balance, error) {
	rows, err := c.accountMonths.QueryContext(ctx, a.ID, a.Name, a.Since, a.Month)
	if err != nil {
		return call.Balance{}, err
	}
	var months []call.AccountMonth
	for rows.Next() {
		var m call.AccountMonth
		if err = rows.Scan(&m.Month, &m.Amount, &m.Used, &m.Reserved); err != nil {
			break
		}
		months = append(months, m)
	}
	if closed := rows.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = rows.Err()
	}
	return a.Balance(months), err
}

// reservation is what a call has in an account.
type reservation struct {
	call.Allowance
	aside int64 // what was put aside
	cost  int64 // what counts as its cost so far
}

// reservations are those of a decision that are open, or those that are settled.
func (c *conn) reservations(ctx context.Context, id int64, open bool) (all []reservation, err error) {
	rows, err := c.reservationsOf.QueryContext(ctx, id, open)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var r reservation
		var percents string
		if err = rows.Scan(&r.ID, &r.Scope, &r.Name, &r.Month, &r.Since, &percents, &r.aside, &r.cost); err != nil {
			break
		}
		r.AlertAt = splitPercents(percents)
		all = append(all, r)
	}
	if closed := rows.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = rows.Err()
	}
	return all, err
}

// settleAccounts takes the cost of a call that has ended from the accounts that pay for it, and gives back what was put
// aside. What is settled stays so.
func (c *conn) settleAccounts(ctx context.Context, id, cost int64, at Time) (changed []call.AccountChange, err error) {
	all, err := c.reservations(ctx, id, true)
	for _, r := range all {
		if _, err = c.settleReservation.ExecContext(ctx, cost, at, id, r.ID); err != nil {
			break
		}
		change, err := c.use(ctx, r.Allowance, cost, r.aside)
		if err != nil {
			return nil, err
		}
		changed = append(changed, change)
	}
	return changed, err
}

// correctAccounts makes another cost count for a call that is settled.
func (c *conn) correctAccounts(ctx context.Context, id, cost int64) (changed []call.AccountChange, err error) {
	all, err := c.reservations(ctx, id, false)
	for _, r := range all {
		if _, err = c.settleReservation.ExecContext(ctx, cost, nil, id, r.ID); err != nil {
			break
		}
		change, err := c.use(ctx, r.Allowance, cost-r.cost, 0)
		if err != nil {
			return nil, err
		}
		changed = append(changed, change)
	}
	return changed, err
}

// use adds to what is used of an account and takes from what is reserved, and notes which shares that reaches.
func (c *conn) use(ctx context.Context, a call.Allowance, used, reserved int64) (call.AccountChange, error) {
	change := call.AccountChange{
		AccountKey: call.AccountKey{ID: a.ID, Name: a.Name}, Scope: a.Scope,
		AccountMonth: call.AccountMonth{Month: a.Month, Used: used, Reserved: -reserved},
	}
	var alerted int
	err := c.useAccount.QueryRowContext(ctx, used, reserved, a.ID, a.Name, a.Month).Scan(&a.Amount, &alerted)
	if errors.Is(err, sql.ErrNoRows) { // somebody took it away: the end of the call counts more
		return call.AccountChange{AccountKey: change.AccountKey}, nil
	}
	if err != nil {
		return change, err
	}
	change.Amount = a.Amount
	b, err := c.balance(ctx, a)
	if err != nil {
		return change, err
	}
	change.Balance = b
	for _, percent := range a.AlertAt {
		if percent > alerted && int64(percent) <= b.Share() {
			change.Reached = append(change.Reached, percent)
		}
	}
	if n := len(change.Reached); n > 0 {
		_, err = c.noteAlert.ExecContext(ctx, change.Reached[n-1], a.ID, a.Name, a.Month)
	}
	return change, err
}

// nearlySpent is how many per cent of an account are used at least where its rest is too small rather than a call too dear.
const nearlySpent = 80

// spentOut notes that the rest of accounts did not pay for a call. Where nothing is put aside in one and the percentage before
// 100 was reached, and nearlySpent, it is as good as used up, and reaches 100: the rest may be too small for ever to be used.
func (c *conn) spentOut(ctx context.Context, all []call.Allowance) (changed []call.AccountChange, err error) {
	for _, a := range all {
		last := slices.Index(a.AlertAt, 100)
		if last < 0 {
			continue
		}
		before := nearlySpent
		if last > 0 {
			before = max(before, a.AlertAt[last-1])
		}
		b, err := c.balance(ctx, a)
		if err != nil {
			return nil, err
		}
		if b.Reserved > 0 || b.Share() < int64(before) {
			continue
		}
		err = c.QueryRowContext(ctx, noteSpentOut, a.ID, a.Name, a.Month).Scan(&a.Amount) // which may be another than today's
		if errors.Is(err, sql.ErrNoRows) {
			continue // it was told already, or nothing was used yet
		}
		if err != nil {
			return nil, err
		}
		changed = append(changed, call.AccountChange{
			AccountKey: call.AccountKey{ID: a.ID, Name: a.Name}, Scope: a.Scope,
			AccountMonth: call.AccountMonth{Month: a.Month, Amount: a.Amount}, Balance: b, Reached: []int{100},
		})
	}
	return changed, nil
}

func joinPercents(percents []int) string {
	texts := make([]string, len(percents))
	for i, p := range percents {
		texts[i] = strconv.Itoa(p)
	}
	return strings.Join(texts, ",")
}

func splitPercents(text string) (percents []int) {
	for _, p := range strings.Split(text, ",") {
		if n, err := strconv.Atoi(p); err == nil {
			percents = append(percents, n)
		}
	}
	return percents
}

func scanAccount(scan func(...any) error) (a call.AccountChange, err error) {
	err = scan(&a.ID, &a.Name, &a.Month, &a.Scope, &a.Amount, &a.Used, &a.Reserved)
	return a, err
}
