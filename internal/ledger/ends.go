package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// callState reads a callSoFar.
const callState = `SELECT answered_at, ended_at, coalesce((SELECT token_id FROM token_uses
	WHERE decision_id = c.decision_id AND returns = 1 AND returned_at IS NULL), 0),
	EXISTS (SELECT 1 FROM sanctions WHERE decision_id = c.decision_id) FROM calls c WHERE decision_id = ?`

// callSoFar is what is known of a call so far.
type callSoFar struct {
	answered, ended Time
	token           int64 // whose use comes back if nobody answers; 0 for none
	sanctioned      bool
}

const setAnswer = `UPDATE calls SET answered_at = ?, leg = ? WHERE decision_id = ?`

const setEnd = `UPDATE calls SET answered_at = ?, ended_at = ?, seconds = ?, cost_minor = ?, cause = ?, end_source = ?, seq = ?
	WHERE decision_id = ?`

// Answered notes when the called party answered, and on which channel; a zero a.At means now. The first answer counts, and
// none counts after the end of the call.
//
// Errors: ErrNotFound if there is no such decision, and those of Record.
func (l *Ledger) Answered(ctx context.Context, decisionID int64, a call.Pickup) error {
	a.At = l.orNow(a.At)
	if err := checkTimes(a.At); err != nil {
		return fmt.Errorf("ledger: call of decision %d not updated: %w", decisionID, err)
	}
	err := l.write(ctx, func(ctx context.Context, c *conn) error {
		known, err := c.stateOf(ctx, decisionID)
		if err != nil || !known.answered.IsZero() || !known.ended.IsZero() {
			return err
		}
		_, err = c.setAnswer.ExecContext(ctx, Time{a.At}, nullIfBlank(printable(a.Leg)), decisionID)
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: call of decision %d not updated: %w", decisionID, err)
	}
	return nil
}

// Ended notes how a call ended; a zero e.EndedAt means now. The first end counts, and an answer that is known stays.
// The seconds of the call are those of e.Length, each begun second counts as a whole one; 0 if the call was not answered,
// or ended before by a clock that was set back while nobody watched the call.
// If it is known that nobody answered, the use of a token that returns is given back. What the call cost
// is taken from the accounts that pay, and what was put aside for it comes back.
//
// Errors: ErrNotFound if there is no such decision, and those of Record.
func (l *Ledger) Ended(ctx context.Context, decisionID int64, e call.End) error {
	e.EndedAt = l.orNow(e.EndedAt)
	if err := checkTimes(e.AnsweredAt, e.EndedAt); err != nil {
		return fmt.Errorf("ledger: call of decision %d not updated: %w", decisionID, err)
	}
	err := l.writeChange(ctx, func(ctx context.Context, c *conn) (call.Change, error) {
		return l.setEnd(ctx, c, decisionID, e)
	})
	if err != nil {
		return fmt.Errorf("ledger: call of decision %d not updated: %w", decisionID, err)
	}
	return nil
}

func (l *Ledger) orNow(t time.Time) time.Time {
	if t.IsZero() {
		return l.now()
	}
	return t
}

func (c *conn) stateOf(ctx context.Context, id int64) (s callSoFar, err error) {
	err = c.callState.QueryRowContext(ctx, id).Scan(&s.answered, &s.ended, &s.token, &s.sanctioned)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return s, err
}

// setEnd writes the end of a call, unless it has one, and settles what it cost.
func (l *Ledger) setEnd(ctx context.Context, c *conn, id int64, e call.End) (change call.Change, err error) {
	known, err := c.stateOf(ctx, id)
	if err != nil || !known.ended.IsZero() {
		return change, err
	}
	if !known.answered.IsZero() {
		e.AnsweredAt = known.answered.Time
	}
	if known.token != 0 && l.unanswered(id, e) {
		if err := giveBack(ctx, c, known.token, id, Time{e.EndedAt}); err != nil {
			return change, err
		}
	}
	answered, ended := Time{e.AnsweredAt}, Time{e.EndedAt}
	seconds, source := secondsOf(e), printable(e.Source)
	cost, change, err := c.charge(ctx, id, answered, ended, seconds, l.unanswered(id, e))
	if err != nil {
		return change, err
	}
	if _, err = c.setEnd.ExecContext(ctx, answered, ended, seconds, cost, e.Cause, source, c.end.seq+1, id); err != nil {
		return change, err
	}
	if err := c.append(ctx, kindEnd, id, rowDigest(kindEnd, []any{id, answered, ended, seconds, cost, e.Cause, source})); err != nil {
		return change, err
	}
	if known.sanctioned {
		err = multiplyCost(ctx, c, id, Time{l.now()})
	}
	return change, err
}

// The sources of ends that tell whether somebody had answered; others have only seen that the call is gone.
const (
	sourceARI      = "ari"      // Asterisk has told what happened while it did
	sourceDialplan = "dialplan" // the dialplan had noted the end and the time that was talked
	sourceAGI      = "agi"      // the dialplan has told both over FastAGI
	sourceCDR      = "cdr"      // Asterisk has kept both
)

// unanswered reports whether it is known that nobody answered: not if only the end was seen, and not if Asterisk may
// have told of the answer while there was no daemon to hear it.
func (l *Ledger) unanswered(id int64, e call.End) bool {
	if !e.AnsweredAt.IsZero() {
		return false
	}
	switch e.Source {
	case sourceDialplan, sourceAGI, sourceCDR:
		return true
	case sourceARI:
		return id > l.before
	}
	return false
}

// secondsOf counts each begun second, on the milliseconds that the ledger keeps.
func secondsOf(e call.End) int64 {
	if e.AnsweredAt.IsZero() {
		return 0
	}
	ms := e.Talked.Milliseconds()
	if ms == 0 {
		ms = max(0, e.EndedAt.UnixMilli()-e.AnsweredAt.UnixMilli())
	}
	return (ms + 999) / 1000
}

// OpenCalls lists the recorded calls whose end is not known, in the order of their decisions.
func (l *Ledger) OpenCalls(ctx context.Context) ([]call.OpenCall, error) {
	open, err := list(ctx, l.reads, `SELECT d.id, d.channel, d.extension, coalesce(nullif(h.holder, ''), d.holder), coalesce(nullif(h.department, ''), d.department), d.action, d.number,
		coalesce(d.pin_id, 0), c.answered_at, coalesce(c.leg, ''), coalesce(c.max_seconds, d.max_seconds, 0), d.class, c.max_seconds IS NOT NULL
		FROM calls c JOIN decisions d ON d.id = c.decision_id LEFT JOIN charges h ON h.decision_id = c.decision_id WHERE c.ended_at IS NULL ORDER BY c.decision_id`, nil,
		func(scan func(...any) error) (o call.OpenCall, err error) {
			var answered Time
			err = scan(&o.DecisionID, &o.Channel, &o.Extension, &o.Holder, &o.Department, &o.Action, &o.Number, &o.PINID, &answered, &o.Leg, &o.MaxSeconds, &o.Class, &o.Extended)
			o.AnsweredAt = answered.Time
			return o, err
		})
	if err != nil {
		return nil, fmt.Errorf("ledger: open calls: %w", err)
	}
	return open, nil
}
