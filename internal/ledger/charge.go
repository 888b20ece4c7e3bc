package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dialwarden/dialwarden/internal/call"
)

const (
	addCharge = `INSERT INTO charges (decision_id, day, extension, holder, department, terms) VALUES (?, ?, ?, ?, ?, ?)`
	chargeOf  = `SELECT day, extension, holder, department, terms, seconds, cost_minor FROM charges WHERE decision_id = ?`
	setCharge = `UPDATE charges SET seconds = ?, cost_minor = ? WHERE decision_id = ?`

	addSpending = `INSERT INTO spending (day, scope, name, calls, answered, seconds, cost_minor) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, answered = answered + excluded.answered,
		seconds = seconds + excluded.seconds, cost_minor = cost_minor + excluded.cost_minor`
)

// WithChanges has tell told what every decision, end and correction changes of what is spent, as soon as it is durable,
// in the order in which it is. tell is called by the one who writes and must return at once.
func WithChanges(tell func(call.Change)) Option {
	return func(l *Ledger) { l.tell = tell }
}

// WithAllowanceAlerts has alert make what people are told when the use of an account reaches a percentage. The alert is
// made durable with what has reached it, so that no death of the daemon loses it, and is told with the change.
func WithAllowanceAlerts(alert func(x call.AccountChange, percent int) call.Alert) Option {
	return func(l *Ledger) { l.allowanceAlert = alert }
}

// writeChange writes what changes how accounts stand, with the alerts of that.
func (l *Ledger) writeChange(ctx context.Context, do func(ctx context.Context, c *conn) (call.Change, error)) error {
	var change call.Change
	return l.writeThen(ctx, func(ctx context.Context, c *conn) (err error) {
		if change, err = do(ctx, c); err == nil {
			change.Alerts, err = l.keepReached(ctx, c, change)
		}
		return err
	}, l.told(&change))
}

// keepReached makes and writes the alerts of the shares that accounts have reached.
func (l *Ledger) keepReached(ctx context.Context, c *conn, change call.Change) (alerts []call.Alert, err error) {
	if l.allowanceAlert == nil {
		return nil, nil
	}
	for _, x := range change.Accounts {
		for _, percent := range x.Reached {
			a := l.allowanceAlert(x, percent)
			a.ID, a.At, a.DecisionID = call.NewAlertID(), l.now(), change.DecisionID
			if err := insertAlert(ctx, c, a); err != nil {
				return nil, err
			}
			alerts = append(alerts, a)
		}
	}
	return alerts, nil
}

// told is what has to be told when a request is durable: of its last run, as it may run twice.
func (l *Ledger) told(change *call.Change) func() {
	if l.tell == nil {
		return nil
	}
	return func() {
		if len(change.Spent)+len(change.Accounts) > 0 || change.Forgotten != "" {
			l.tell(*change)
		}
	}
}

// enter writes down what a decision may cost and who pays, and puts it aside in the accounts.
func (c *conn) enter(ctx context.Context, id int64, charge *call.Charge) (change call.Change, err error) {
	change.DecisionID = id
	var terms any
	if charge.Known {
		text, err := marshal(charge.Terms)
		if err != nil {
			return change, err
		}
		terms = text
	}
	if _, err = c.addCharge.ExecContext(ctx, id, charge.Day, charge.Extension, charge.Holder, charge.Department, terms); err != nil {
		return change, err
	}
	if change.Spent, err = c.spend(ctx, charge, call.Spent{Calls: 1}); err != nil {
		return change, err
	}
	change.Accounts, err = c.putAside(ctx, id, charge)
	return change, err
}

// spend adds to the sums of the day.
func (c *conn) spend(ctx context.Context, charge *call.Charge, s call.Spent) (changed []call.SpentOn, err error) {
	if s == (call.Spent{}) {
		return nil, nil
	}
	for _, who := range charge.Spenders() {
		if _, err := c.addSpending.ExecContext(ctx, charge.Day, string(who.Scope), who.Name, s.Calls, s.Answered, s.Seconds, s.CostMinor); err != nil {
			return nil, err
		}
		changed = append(changed, call.SpentOn{Day: charge.Day, Spender: who, Spent: s})
	}
	return changed, nil
}

// charged is a charge as it is read back.
type charged struct {
	call.Charge
	seconds, cost sql.NullInt64 // as they count so far
}

// chargeOf reads the charge of a decision; nil where there is none.
func (c *conn) readCharge(ctx context.Context, id int64) (*charged, error) {
	var x charged
	var terms sql.NullString
	err := c.chargeOf.QueryRowContext(ctx, id).Scan(&x.Day, &x.Extension, &x.Holder, &x.Department, &terms, &x.seconds, &x.cost)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil && terms.Valid {
		x.Known = true
		if err := json.Unmarshal([]byte(terms.String), &x.Terms); err != nil {
			return nil, fmt.Errorf("the terms of decision %d: %w", id, err)
		}
	}
	return &x, err
}

// costOf is what a call costs, or nil where that is not known; one of which it is known that nobody answered costs nothing.
func (x *charged) costOf(answered Time, seconds int64, unanswered bool) any {
	switch {
	case unanswered:
		return int64(0)
	case !x.Known || answered.IsZero():
		return nil
	}
	return x.Terms.Cost(answered.Time, seconds)
}

// charge reckons what a call that has ended costs, takes it from the accounts that pay, gives back what was put aside,
// and counts it. The cost is nil where it is not known, as for a call of which only the end was seen, or where nobody pays.
func (c *conn) charge(ctx context.Context, id int64, answered, ended Time, seconds int64, unanswered bool) (cost any, change call.Change, err error) {
	x, err := c.readCharge(ctx, id)
	if x == nil || err != nil {
		return nil, change, err
	}
	cost = x.costOf(answered, seconds, unanswered)
	answers := 0
	if !answered.IsZero() {
		answers = 1
	}
	change, err = c.recount(ctx, id, x, answers, seconds, cost)
	if err == nil {
		change.Accounts, err = c.settleAccounts(ctx, id, minorOf(cost), ended)
	}
	return cost, change, err
}

// recount makes so many more answers, other seconds and another cost count for a call.
func (c *conn) recount(ctx context.Context, id int64, x *charged, answers int, seconds int64, cost any) (change call.Change, err error) {
	change.DecisionID = id
	if _, err := c.setCharge.ExecContext(ctx, seconds, cost, id); err != nil {
		return change, err
	}
	change.Spent, err = c.spend(ctx, &x.Charge, call.Spent{Answered: answers, Seconds: seconds - x.seconds.Int64, CostMinor: minorOf(cost) - x.cost.Int64})
	return change, err
}

// minorOf is a cost, as far as it is known.
func minorOf(cost any) int64 {
	n, _ := cost.(int64)
	return n
}

// corrected makes a correction count: in the sums, and in the accounts that paid. What it does not say is as it was at
// the end of the call, for the newest correction counts alone; but one of the seconds corrects the cost, too, by the same
// terms. The cost that it says is returned, nil where it says none.
func (c *conn) corrected(ctx context.Context, id int64, correction call.Correction) (cost *int64, change call.Change, err error) {
	cost = correction.CostMinor
	x, err := c.readCharge(ctx, id)
	if x == nil || err != nil || !x.seconds.Valid {
		return cost, change, err
	}
	var answered, ended Time
	var seconds int64
	var counts sql.NullInt64
	err = c.QueryRowContext(ctx, "SELECT answered_at, ended_at, coalesce(seconds, 0), cost_minor FROM calls WHERE decision_id = ?", id).
		Scan(&answered, &ended, &seconds, &counts)
	if err != nil {
		return cost, change, err
	}
	if correction.Seconds != nil {
		seconds = *correction.Seconds
		if cost == nil && x.Known {
			cost = x.corrected(answered, ended, seconds)
		}
	}
	value := optional(cost)
	if cost == nil && counts.Valid {
		value = counts.Int64
	}
	if change, err = c.recount(ctx, id, x, 0, seconds, value); err != nil {
		return cost, change, err
	}
	change.Accounts, err = c.correctAccounts(ctx, id, minorOf(value))
	return cost, change, err
}

// corrected is what a call costs that is now said to have lasted so many seconds: nothing if nobody answered, which 0
// seconds say of a call that was not known to be answered, or was longer.
func (x *charged) corrected(answered, ended Time, seconds int64) *int64 {
	cost := int64(0)
	if seconds > 0 {
		if answered.IsZero() {
			answered = ended
		}
		cost = x.Terms.Cost(answered.Time, seconds)
	}
	return &cost
}

// Spending returns what was spent since a day of the site, and how accounts stand since a month: what counters in memory
// begin with.
func (r *Reader) Spending(ctx context.Context, day, month string) (spent []call.SpentOn, accounts []call.AccountChange, err error) {
	spent, err = list(ctx, r.db, `SELECT day, scope, name, calls, answered, seconds, cost_minor FROM spending WHERE day >= ?`,
		[]any{day}, func(scan func(...any) error) (s call.SpentOn, err error) {
			err = scan(&s.Day, &s.Scope, &s.Name, &s.Calls, &s.Answered, &s.Seconds, &s.CostMinor)
			return s, err
		})
	if err == nil {
		accounts, err = list(ctx, r.db, selectAccounts+" WHERE month >= ?", []any{month}, scanAccount)
	}
	if err != nil {
		return nil, nil, r.fail("spending", err)
	}
	return spent, accounts, nil
}
