package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Intervention is what an operator did to a call in progress, as it was recorded.
type Intervention struct {
	ID         int64        `json:"id"`
	At         Time         `json:"at"`
	Who        string       `json:"who"`
	What       call.Measure `json:"what"`
	MaxSeconds int          `json:"max_seconds,omitempty"` // the cap from then on
	Reason     string       `json:"reason"`
}

// Intervene makes durable what an operator does to a call in progress, before it is done. A new cap is that of the call
// from then on, also for a later daemon; what the call may cost by then is put aside in the accounts that pay, even where
// their rest does not pay for it: the operator has decided that.
//
// Errors: a plain one without a reason, or without anybody who does it; and those of Record.
func (l *Ledger) Intervene(ctx context.Context, i call.Intervention) error {
	who, reason := oneLine(i.Who), oneLine(i.Reason)
	if who == "" || reason == "" {
		return errors.New("ledger: call not changed: a reason is needed, and who gives it")
	}
	at := Time{l.now().Truncate(time.Millisecond)}
	err := l.writeChange(ctx, func(ctx context.Context, c *conn) (change call.Change, err error) {
		if i.What == call.Extend {
			if change, err = c.extend(ctx, i.DecisionID, i.MaxSeconds); err != nil {
				return change, err
			}
		}
		_, err = c.insert(ctx, kindIntervention, "interventions", interventionColumns,
			at, i.DecisionID, who, string(i.What), nullIfNone(int64(i.MaxSeconds)), reason)
		return change, err
	})
	if err != nil {
		return fmt.Errorf("ledger: call not changed: %w", err)
	}
	return nil
}

// extend makes another cap count for a call, and puts aside what it may cost more.
func (c *conn) extend(ctx context.Context, id int64, seconds int) (change call.Change, err error) {
	change.DecisionID = id
	if _, err := c.ExecContext(ctx, "UPDATE calls SET max_seconds = ? WHERE decision_id = ? AND ended_at IS NULL", seconds, id); err != nil {
		return change, err
	}
	x, err := c.readCharge(ctx, id)
	if err != nil || x == nil || !x.Known {
		return change, err
	}
	worst := x.Terms.Worst(int64(seconds))
	all, err := c.reservations(ctx, id, true)
	for _, r := range all {
		if worst <= r.aside {
			continue
		}
		if _, err := c.ExecContext(ctx, "UPDATE reservations SET amount_minor = ? WHERE decision_id = ? AND allowance = ?", worst, id, r.ID); err != nil {
			return change, err
		}
		more, err := c.use(ctx, r.Allowance, 0, r.aside-worst)
		if err != nil {
			return change, err
		}
		change.Accounts = append(change.Accounts, more)
	}
	return change, err
}

// Interventions lists what operators did to the call of a decision, the oldest first.
func (r *Reader) Interventions(ctx context.Context, decisionID int64) ([]Intervention, error) {
	all, err := list(ctx, r.db, `SELECT id, at, who, what, coalesce(max_seconds, 0), reason FROM interventions
		WHERE decision_id = ? ORDER BY id`, []any{decisionID}, func(scan func(...any) error) (i Intervention, err error) {
		err = scan(&i.ID, &i.At, &i.Who, &i.What, &i.MaxSeconds, &i.Reason)
		return i, err
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: interventions: %w", err)
	}
	return all, nil
}
