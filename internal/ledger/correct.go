package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Correction is a correction as it was recorded. It changes no row: it is one of its own, and the newest of a decision
// counts.
type Correction struct {
	ID int64 `json:"id"`
	At Time  `json:"at"`
	call.Correction
}

// ErrNotEnded is returned by Correct for a call that is still going on.
var ErrNotEnded = errors.New("the call is still going on")

// Correct records a correction of a decision, and returns its id.
//
// Errors: ErrNotFound if there is no such decision; ErrNotEnded for seconds or cost of a call that is still going on; a
// plain one if it says nothing or something impossible; and those of Record.
func (l *Ledger) Correct(ctx context.Context, decisionID int64, c call.Correction) (id int64, err error) {
	who, reason := oneLine(c.Who), oneLine(c.Reason)
	switch {
	case who == "" || reason == "":
		err = errors.New("a correction needs a reason, and who makes it")
	case c.Seconds != nil && (*c.Seconds < 0 || *c.Seconds > int64(maxSeconds)):
		err = fmt.Errorf("seconds are 0 to %d", maxSeconds)
	case c.CostMinor != nil && (*c.CostMinor < -maxCost || *c.CostMinor > maxCost):
		err = fmt.Errorf("a cost is %d to %d", -maxCost, maxCost)
	}
	if err == nil {
		at := Time{l.now().Truncate(time.Millisecond)}
		err = l.writeChange(ctx, func(ctx context.Context, conn *conn) (change call.Change, err error) {
			id, change, err = correct(ctx, conn, decisionID, at, who, reason, c)
			return change, err
		})
	}
	if err != nil {
		return 0, fmt.Errorf("ledger: decision %d not corrected: %w", decisionID, err)
	}
	return id, nil
}

// The longest call that a correction can speak of, a year, and the greatest cost, in hundredths: sums of millions of such fit
// into an integer.
const (
	maxSeconds       = 366 * 24 * 3600
	maxCost    int64 = 1_000_000_000_000
)

func correct(ctx context.Context, conn *conn, decisionID int64, at Time, who, reason string, c call.Correction) (int64, call.Change, error) {
	var ended bool
	err := conn.QueryRowContext(ctx, "SELECT ended_at IS NOT NULL FROM calls WHERE decision_id = ?", decisionID).Scan(&ended)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, call.Change{}, ErrNotFound
	case err != nil:
		return 0, call.Change{}, err
	case !ended && (c.Seconds != nil || c.CostMinor != nil):
		return 0, call.Change{}, ErrNotEnded
	}
	cost, change, err := conn.corrected(ctx, decisionID, c)
	if err != nil {
		return 0, change, err
	}
	id, err := conn.insert(ctx, kindCorrection, "corrections", correctionColumns,
		at, decisionID, who, reason, optional(c.Seconds), optional(cost))
	if err == nil {
		err = multiplyCost(ctx, conn, decisionID, at)
	}
	return id, change, err
}

// optional is the value of a column that may be NULL.
func optional(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}

// Corrections lists those of a decision, the oldest first.
func (r *Reader) Corrections(ctx context.Context, decisionID int64) ([]Correction, error) {
	return list(ctx, r.db, "SELECT id, at, who, reason, seconds, cost_minor FROM corrections WHERE decision_id = ? ORDER BY id",
		[]any{decisionID}, func(scan func(...any) error) (c Correction, err error) {
			err = scan(&c.ID, &c.At, &c.Who, &c.Reason, &c.Seconds, &c.CostMinor)
			return c, err
		})
}
