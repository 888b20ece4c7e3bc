package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// callTimes reads what is known so far, and the token whose use comes back if nobody answers, 0 for none.
const callTimes = `SELECT answered_at, ended_at, coalesce((SELECT token_id FROM token_uses
	WHERE decision_id = c.decision_id AND returns = 1 AND returned_at IS NULL), 0) FROM calls c WHERE decision_id = ?`

const setCallTimes = `UPDATE calls SET answered_at = ?, ended_at = ?, seconds = ?, cause = ?, end_source = ?, seq = ?
	WHERE decision_id = ?`

// Answered notes when the called party answered; a zero at means now. The first answer counts, and none counts after
// the end of the call.
//
// Errors: ErrNotFound if there is no such decision, and those of Record.
func (l *Ledger) Answered(ctx context.Context, decisionID int64, at time.Time) error {
	at = l.orNow(at)
	if err := checkTimes(at); err != nil {
		return fmt.Errorf("ledger: call of decision %d not updated: %w", decisionID, err)
	}
	return l.progress(ctx, decisionID, func(answered, ended Time) (call.End, bool) {
		return call.End{AnsweredAt: at}, answered.IsZero() && ended.IsZero()
	})
}

// Ended notes how a call ended; a zero e.EndedAt means now. The first end counts, and an answer that is known stays.
// The seconds of the call are those of e.Length, each begun second counts as a whole one; 0 if the call was not answered,
// or ended before by a clock that was set back while nobody watched the call.
// If it is known that nobody answered, the use of a token that returns is given back.
//
// Errors: ErrNotFound if there is no such decision, and those of Record.
func (l *Ledger) Ended(ctx context.Context, decisionID int64, e call.End) error {
	e.EndedAt = l.orNow(e.EndedAt)
	if err := checkTimes(e.AnsweredAt, e.EndedAt); err != nil {
		return fmt.Errorf("ledger: call of decision %d not updated: %w", decisionID, err)
	}
	return l.progress(ctx, decisionID, func(answered, ended Time) (call.End, bool) {
		end := e
		if !answered.IsZero() {
			end.AnsweredAt = answered.Time
		}
		return end, ended.IsZero()
	})
}

func (l *Ledger) orNow(t time.Time) time.Time {
	if t.IsZero() {
		return l.now()
	}
	return t
}

// progress writes what next makes of the times known so far, if it wants to.
func (l *Ledger) progress(ctx context.Context, id int64, next func(answered, ended Time) (call.End, bool)) error {
	err := l.write(ctx, func(ctx context.Context, c *conn) error {
		var answered, ended Time
		var token int64
		err := c.callTimes.QueryRowContext(ctx, id).Scan(&answered, &ended, &token)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		e, wanted := next(answered, ended)
		if !wanted {
			return nil
		}
		if e.EndedAt.IsZero() {
			_, err = c.setCallTimes.ExecContext(ctx, Time{e.AnsweredAt}, nil, nil, nil, nil, nil, id)
			return err
		}
		if token != 0 && l.unanswered(id, e) {
			if err := giveBack(ctx, c, token, id, Time{e.EndedAt}); err != nil {
				return err
			}
		}
		answered, ended = Time{e.AnsweredAt}, Time{e.EndedAt}
		seconds, source := secondsOf(e), printable(e.Source)
		if _, err = c.setCallTimes.ExecContext(ctx, answered, ended, seconds, e.Cause, source, c.end.seq+1, id); err != nil {
			return err
		}
		if err := c.append(ctx, kindEnd, id, rowDigest(kindEnd, []any{id, answered, ended, seconds, nil, e.Cause, source})); err != nil {
			return err
		}
		return multiplyCost(ctx, c, id, Time{l.now()})
	})
	if err != nil {
		return fmt.Errorf("ledger: call of decision %d not updated: %w", id, err)
	}
	return nil
}

// The sources of ends that tell whether somebody had answered; others have only seen that the call is gone.
const (
	sourceARI      = "ari"      // Asterisk has told what happened while it did
	sourceDialplan = "dialplan" // the dialplan had noted the end and the time that was talked
	sourceAGI      = "agi"      // the dialplan has told both over FastAGI
)

// unanswered reports whether it is known that nobody answered: not if only the end was seen, and not if Asterisk may
// have told of the answer while there was no daemon to hear it.
func (l *Ledger) unanswered(id int64, e call.End) bool {
	if !e.AnsweredAt.IsZero() {
		return false
	}
	switch e.Source {
	case sourceDialplan, sourceAGI:
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
	open, err := list(ctx, l.reads, `SELECT d.id, d.channel, d.extension, d.action, d.number,
		coalesce(d.pin_id, 0), c.answered_at
		FROM calls c JOIN decisions d ON d.id = c.decision_id WHERE c.ended_at IS NULL ORDER BY c.decision_id`, nil,
		func(scan func(...any) error) (o call.OpenCall, err error) {
			var answered Time
			err = scan(&o.DecisionID, &o.Channel, &o.Extension, &o.Action, &o.Number, &o.PINID, &answered)
			o.AnsweredAt = answered.Time
			return o, err
		})
	if err != nil {
		return nil, fmt.Errorf("ledger: open calls: %w", err)
	}
	return open, nil
}
