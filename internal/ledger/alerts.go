package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// keepAlerts is how long alerts are kept. Retention of their decisions takes them away before.
const keepAlerts = 30 * 24 * time.Hour

const (
	addAlert = `INSERT INTO alerts (id, at, kind, decision_id, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

	addDelivery = `INSERT INTO deliveries (n, receiver, urgent) SELECT n, ?, ? FROM alerts WHERE id = ? ON CONFLICT DO NOTHING`

	noteDelivery = `UPDATE deliveries SET tries = ?, tried_at = ?, delivered_at = ?, given_up_at = ?, status = ?, error = ?
		WHERE n = (SELECT n FROM alerts WHERE id = ?) AND receiver = ?`
)

// insertAlert writes an alert, once.
func insertAlert(ctx context.Context, c *conn, a call.Alert) error {
	a.At = a.At.UTC().Truncate(time.Millisecond) // as it is told at once: who gets it twice gets the same
	body, err := marshal(a)
	if err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, addAlert, a.ID, Time{a.At}, string(a.Kind), nullIfNone(a.DecisionID), body)
	return err
}

// KeepAlert makes durable that an alert, which has an ID, is to go to receivers; one that is kept already is not kept
// again.
//
// Errors: those of Record.
func (l *Ledger) KeepAlert(ctx context.Context, a call.Alert, receivers []string) error {
	err := l.write(ctx, func(ctx context.Context, c *conn) error {
		if err := insertAlert(ctx, c, a); err != nil {
			return err
		}
		for _, r := range receivers {
			if _, err := c.ExecContext(ctx, addDelivery, r, a.Kind == call.AlertEmergency, a.ID); err != nil {
				return err
			}
		}
		_, err := c.ExecContext(ctx, "UPDATE alerts SET assigned = 1 WHERE id = ?", a.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: alert not kept: %w", err)
	}
	return nil
}

// NoteDelivery notes what became of an alert at a receiver.
//
// Errors: those of Record.
func (l *Ledger) NoteDelivery(ctx context.Context, d call.Delivery) error {
	at := Time{d.TriedAt}
	var delivered, givenUp any
	switch {
	case d.Delivered:
		delivered = at
	case d.GivenUp:
		givenUp = at
	}
	err := l.writeBehind(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.ExecContext(ctx, noteDelivery, d.Tries, at, delivered, givenUp, nullIfNone(int64(d.Status)), oneLine(d.Error), d.Alert, d.Receiver)
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: delivery of an alert not noted: %w", err)
	}
	return nil
}

// TidyAlerts gives up what waits for receivers that there are no more, and forgets what is older than 30 days.
//
// Errors: those of Record.
func (l *Ledger) TidyAlerts(ctx context.Context, receivers []string) error {
	names, err := marshal(append([]string{}, receivers...))
	if err != nil {
		return err
	}
	now := l.now()
	_, err = l.updateAll(ctx,
		update{`UPDATE deliveries SET given_up_at = ?, error = 'the receiver is no longer in the configuration'
			WHERE delivered_at IS NULL AND given_up_at IS NULL AND receiver NOT IN (SELECT value FROM json_each(?))`, []any{Time{now}, names}},
		update{"DELETE FROM alerts WHERE at < ?", []any{Time{now.Add(-keepAlerts)}}})
	if err != nil {
		return fmt.Errorf("ledger: alerts not tidied: %w", err)
	}
	return nil
}

// UnassignedAlerts lists alerts of which it is not known who receives them: the daemon died when it had written them with
// their decisions.
func (l *Ledger) UnassignedAlerts(ctx context.Context) ([]call.Alert, error) {
	all, err := list(ctx, l.reads, "SELECT body FROM alerts WHERE assigned = 0 ORDER BY n", nil, scanAlert)
	if err != nil {
		return nil, fmt.Errorf("ledger: unassigned alerts: %w", err)
	}
	return all, nil
}

func scanAlert(scan func(...any) error) (a call.Alert, err error) {
	var body []byte
	if err := scan(&body); err != nil {
		return a, err
	}
	err = json.Unmarshal(body, &a)
	return a, err
}

// WaitingAlerts lists alerts that a receiver has not got and that are not given up, at most so many: the urgent ones first,
// then the oldest.
func (l *Ledger) WaitingAlerts(ctx context.Context, receiver string, most int) ([]call.WaitingAlert, error) {
	all, err := list(ctx, l.reads, `SELECT a.body, d.tries FROM deliveries d JOIN alerts a ON a.n = d.n
		WHERE d.receiver = ? AND d.delivered_at IS NULL AND d.given_up_at IS NULL ORDER BY d.urgent DESC, d.n LIMIT ?`,
		[]any{receiver, most}, func(scan func(...any) error) (w call.WaitingAlert, err error) {
			var body []byte
			if err := scan(&body, &w.Tries); err != nil {
				return w, err
			}
			err = json.Unmarshal(body, &w.Alert)
			return w, err
		})
	if err != nil {
		return nil, fmt.Errorf("ledger: waiting alerts: %w", err)
	}
	return all, nil
}

// Alert is an alert with what became of it.
type Alert struct {
	call.Alert
	Deliveries []call.Delivery `json:"deliveries"` // empty: it was for nobody but the log
}

// Alerts lists the newest alerts, the newest first.
func (r *Reader) Alerts(ctx context.Context, most int) ([]Alert, error) {
	type kept struct {
		n int64
		Alert
	}
	rows, err := list(ctx, r.db, "SELECT n, body FROM alerts ORDER BY n DESC LIMIT ?", []any{most},
		func(scan func(...any) error) (k kept, err error) {
			var body []byte
			if err := scan(&k.n, &body); err != nil {
				return k, err
			}
			err = json.Unmarshal(body, &k.Alert.Alert)
			return k, err
		})
	all := make([]Alert, 0, len(rows))
	for _, k := range rows {
		if err == nil {
			k.Deliveries, err = r.deliveries(ctx, k.n)
		}
		all = append(all, k.Alert)
	}
	if err != nil {
		return nil, r.fail("alerts", err)
	}
	return all, nil
}

func (r *Reader) deliveries(ctx context.Context, n int64) ([]call.Delivery, error) {
	all, err := list(ctx, r.db, `SELECT receiver, tries, tried_at, delivered_at IS NOT NULL, given_up_at IS NOT NULL,
		coalesce(status, 0), error FROM deliveries WHERE n = ? ORDER BY receiver`, []any{n},
		func(scan func(...any) error) (d call.Delivery, err error) {
			var at Time
			err = scan(&d.Receiver, &d.Tries, &at, &d.Delivered, &d.GivenUp, &d.Status, &d.Error)
			d.TriedAt = at.Time
			return d, err
		})
	return append([]call.Delivery{}, all...), err
}
