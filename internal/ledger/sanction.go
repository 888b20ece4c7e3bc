package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// ErrNotSuspended is returned by LiftSanction where nothing is left to lift.
var ErrNotSuspended = errors.New("there is nothing to lift")

// running finds the suspension by a rule that goes on at a moment, of a PIN or of an extension: the one that it began with,
// and when it ends.
const running = `SELECT coalesce(s.extends, s.id), s.until FROM sanctions s
	WHERE s.until > ?1 AND s.rule = ?2 AND s.extension = iif(?4 IS NULL, ?3, s.extension) AND s.pin_id IS ?4
	AND NOT EXISTS (SELECT 1 FROM sanction_lifts l WHERE l.sanction_id = s.id) ORDER BY s.until DESC LIMIT 1`

// impose writes the sanctions of a decision, in its transaction, with an alert for each. A suspension that is running by the
// same rule is extended: it ends when the later of the two does.
func impose(ctx context.Context, c *conn, decision int64, r call.Record) ([]call.SanctionChange, error) {
	var all []call.SanctionChange
	for _, s := range r.Sanctions {
		s.DecisionID, s.Extension = decision, printable(s.Extension)
		s.Rule, s.Reason = printable(s.Rule), MaskText(oneLine(s.Reason))
		pin := nullIfNone(s.PINID)
		if !s.Until.IsZero() {
			var until Time
			err := c.QueryRowContext(ctx, running, Time{s.At}, s.Rule, s.Extension, pin).Scan(&s.Extends, &until)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
			if until.After(s.Until) {
				s.Until = until.In(s.Until.Location())
			}
		}
		var err error
		s.ID, err = c.insert(ctx, kindSanction, "sanctions", sanctionColumns, Time{s.At}.String(), decision, s.Rule, s.Reason,
			s.Extension, pin, nullMoment(s.Until), s.FineMinor, s.CostMultiple, nullIfNone(s.Extends))
		if err != nil {
			return nil, err
		}
		a := call.Alert{
			ID: call.NewAlertID(), Kind: call.AlertSanction, At: s.At, Rule: s.Rule, DecisionID: decision, Extension: s.Extension,
			Holder: r.Facts.Caller.Holder, Department: r.Facts.Caller.Department, Number: r.Facts.Callee.Key(),
			Channel: r.Attempt.Channel, Text: s.Text(),
		}
		if own := r.Facts.Credentials.PIN; s.PINID != 0 && own.Holder != "" { // whose the phone is does not matter
			a.Holder, a.Department = own.Holder, own.Department
		}
		if err := insertAlert(ctx, c, a); err != nil {
			return nil, err
		}
		all = append(all, call.SanctionChange{Imposed: &s, Alert: &a})
	}
	return all, nil
}

func nullMoment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return Time{t}.String()
}

// tellSanctions tells whoever wants to know.
func (l *Ledger) tellSanctions(all ...call.SanctionChange) {
	for _, change := range all {
		if l.sanctioned != nil {
			l.sanctioned(change)
		}
	}
}

// costly finds the sanctions of a decision that multiply the cost of its call, that cost (what the newest correction says, or
// else the end), and what they add so far.
const costly = `SELECT s.id, s.cost_multiple, coalesce(
	(SELECT cost_minor FROM corrections WHERE decision_id = s.decision_id ORDER BY id DESC LIMIT 1),
	(SELECT cost_minor FROM calls WHERE decision_id = s.decision_id)),
	coalesce((SELECT fine_minor FROM sanction_costs WHERE sanction_id = s.id ORDER BY id DESC LIMIT 1), 0)
	FROM sanctions s WHERE s.decision_id = ? AND s.cost_multiple > 0 ORDER BY s.id`

// multiplyCost notes what the cost of a call makes of its sanctions, when the call has ended or was corrected.
func multiplyCost(ctx context.Context, c *conn, decision int64, at Time) error {
	type fine struct {
		sanction, times, before int64
		cost                    sql.NullInt64
	}
	rows, err := c.costly.QueryContext(ctx, decision)
	if err != nil {
		return err
	}
	var all []fine
	for rows.Next() {
		var f fine
		if err := rows.Scan(&f.sanction, &f.times, &f.cost, &f.before); err != nil {
			return errors.Join(err, rows.Close())
		}
		all = append(all, f)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, f := range all {
		if !f.cost.Valid && f.before == 0 {
			continue // nobody knows it, so that it counts as nothing
		}
		cost := f.cost.Int64
		if _, err := c.insert(ctx, kindFine, "sanction_costs", fineColumns, at.String(), f.sanction, cost, max(cost, 0)*f.times); err != nil {
			return err
		}
	}
	return nil
}

// LiftSanction ends a suspension before its time, with all that has extended it; waive says that the fine is not wanted
// either. A sanction without a running suspension can only be waived. Who and why stays with it for ever.
//
// Errors: ErrNotFound if there is no such sanction, ErrNotSuspended if nothing is left to lift, a plain one without a reason or
// a name, and those of Record.
func (l *Ledger) LiftSanction(ctx context.Context, id int64, who, reason string, waive bool) error {
	who, reason = oneLine(who), oneLine(reason)
	if who == "" || reason == "" {
		return fmt.Errorf("ledger: sanction %d not lifted: a reason is needed, and who lifts it", id)
	}
	var lifted []int64
	err := l.write(ctx, func(ctx context.Context, c *conn) (err error) {
		lifted, err = lift(ctx, c, id, Time{l.now()}, who, reason, waive)
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: sanction %d not lifted: %w", id, err)
	}
	l.tellSanctions(call.SanctionChange{Lifted: lifted})
	return nil
}

func lift(ctx context.Context, c *conn, id int64, now Time, who, reason string, waive bool) ([]int64, error) {
	var first int64
	err := c.QueryRowContext(ctx, "SELECT coalesce(extends, id) FROM sanctions WHERE id = ?", id).Scan(&first)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	ids, err := list(ctx, c, `SELECT id FROM sanctions s WHERE (s.id = ?1 OR s.extends = ?1)
		AND (s.until > ?2 AND NOT EXISTS (SELECT 1 FROM sanction_lifts l WHERE l.sanction_id = s.id)
		     OR ?3 AND (s.fine_minor > 0 OR s.cost_multiple > 0)
		        AND NOT EXISTS (SELECT 1 FROM sanction_lifts l WHERE l.sanction_id = s.id AND l.waived = 1)) ORDER BY id`,
		[]any{first, now, waive}, scanID)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: no suspension of it is running; a fine is waived with --fine, once", ErrNotSuspended)
	}
	for _, sanction := range ids {
		if _, err := c.insert(ctx, kindLift, "sanction_lifts", liftColumns, now.String(), sanction, who, reason, waive); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// RunningSanctions lists the suspensions that are running at a moment, the oldest first.
func (l *Ledger) RunningSanctions(ctx context.Context, now time.Time) ([]call.Sanctioned, error) {
	all, err := list(ctx, l.reads, `SELECT id, at, decision_id, rule, reason, extension, coalesce(pin_id, 0), until, fine_minor,
		cost_multiple, coalesce(extends, 0) FROM sanctions s WHERE until > ?
		AND NOT EXISTS (SELECT 1 FROM sanction_lifts l WHERE l.sanction_id = s.id) ORDER BY id`, []any{Time{now}},
		func(scan func(...any) error) (s call.Sanctioned, err error) {
			var at, until Time
			err = scan(&s.ID, &at, &s.DecisionID, &s.Rule, &s.Reason, &s.Extension, &s.PINID, &until, &s.FineMinor, &s.CostMultiple, &s.Extends)
			s.At, s.Until = at.Time, until.Time
			return s, err
		})
	if err != nil {
		return nil, fmt.Errorf("ledger: running sanctions: %w", err)
	}
	return all, nil
}

// SanctionState says what is left of a sanction.
type SanctionState string

// The states of a sanction.
const (
	SanctionSuspended SanctionState = "suspended" // the suspension is running
	SanctionEnded     SanctionState = "ended"     // its time is over
	SanctionLifted    SanctionState = "lifted"
	SanctionFined     SanctionState = "fined" // there was no suspension
)

// Sanction is a sanction with what became of it.
type Sanction struct {
	ID           int64         `json:"id"`
	State        SanctionState `json:"state"`
	At           Time          `json:"at"`
	DecisionID   int64         `json:"decision_id"`
	Rule         string        `json:"rule"`
	Reason       string        `json:"reason"`
	Extension    string        `json:"extension"`
	Holder       string        `json:"holder"`           // of the PIN; else of the extension then; empty where the decision or the person is gone
	PINID        int64         `json:"pin_id,omitzero"`  // what is suspended, in place of the extension
	Until        Time          `json:"until"`            // null: a fine only
	Extends      int64         `json:"extends,omitzero"` // the suspension that was running
	FineMinor    int64         `json:"fine_minor"`       // the fixed part
	CostMultiple int           `json:"cost_multiple"`
	CostFine     int64         `json:"cost_fine_minor"` // the call's cost times CostMultiple; 0 while it is not known
	Total        int64         `json:"total_minor"`     // what is to be paid: nothing where it is waived
	LiftedAt     Time          `json:"lifted_at"`
	LiftedBy     string        `json:"lifted_by,omitempty"`
	LiftReason   string        `json:"lift_reason,omitempty"`
	Waived       bool          `json:"waived"`
}

// Sanctions lists all sanctions by id, with their states at a moment.
func (r *Reader) Sanctions(ctx context.Context, now time.Time) ([]Sanction, error) {
	all, err := list(ctx, r.db, `SELECT id, at, decision_id, rule, reason, extension,
		iif(pin_id IS NULL, holder, coalesce((SELECT p.holder FROM pins p WHERE p.id = pin_id), '')), coalesce(pin_id, 0), until,
		coalesce(extends, 0), fine_minor, cost_multiple, cost_fine_minor, lifted_at, lifted_by, lift_reason, waived,
		(SELECT min(l.at) FROM sanction_lifts l WHERE l.sanction_id = s.id)
		FROM sanction_log s ORDER BY id`, nil, func(scan func(...any) error) (s Sanction, err error) {
		var first Time // a fine can be waived later
		err = scan(&s.ID, &s.At, &s.DecisionID, &s.Rule, &s.Reason, &s.Extension, &s.Holder, &s.PINID, &s.Until, &s.Extends,
			&s.FineMinor, &s.CostMultiple, &s.CostFine, &s.LiftedAt, &s.LiftedBy, &s.LiftReason, &s.Waived, &first)
		if !s.Waived {
			s.Total = s.FineMinor + s.CostFine
		}
		s.State = s.stateAt(now, first)
		return s, err
	})
	if err != nil {
		return nil, r.fail("sanctions", err)
	}
	return all, nil
}

func (s Sanction) stateAt(now time.Time, lifted Time) SanctionState {
	switch {
	case !lifted.IsZero() && (s.Until.IsZero() || lifted.Before(s.Until.Time)):
		return SanctionLifted
	case s.Until.IsZero():
		return SanctionFined
	case now.Before(s.Until.Time):
		return SanctionSuspended
	}
	return SanctionEnded
}

// First is the sanction that the suspension began with: of those of one suspension it is the same.
func (s Sanction) First() int64 { return cmp.Or(s.Extends, s.ID) }
