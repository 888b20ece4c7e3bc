package ledger

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/dialwarden/dialwarden/internal/call"
)

// moneyFaults find what does not agree in what is spent. Each query gives ids of decisions, or 0, and what is wrong.
var moneyFaults = []string{
	`SELECT r.decision_id, 'the reservation of decision ' || r.decision_id || ' in ' || r.allowance ||
		iif(r.settled_at IS NULL, ' is open, and its call has ended', ' is settled, and its call has not ended')
	FROM reservations r JOIN calls c ON c.decision_id = r.decision_id
	WHERE (r.settled_at IS NULL) <> (c.ended_at IS NULL)`,

	`SELECT r.decision_id, 'the reservation of decision ' || r.decision_id || ' in ' || r.allowance || ' costs ' || r.cost_minor ||
		', and its call ' || coalesce(h.cost_minor, 0)
	FROM reservations r JOIN charges h ON h.decision_id = r.decision_id
	WHERE r.settled_at IS NOT NULL AND r.cost_minor <> coalesce(h.cost_minor, 0)`,

	`SELECT h.decision_id, 'the call of decision ' || h.decision_id || ' counts as ' || coalesce(h.cost_minor, 'unknown') ||
		', and its record says ' || coalesce(x.cost_minor, c.cost_minor, 'unknown')
	FROM charges h JOIN calls c ON c.decision_id = h.decision_id
	LEFT JOIN corrections x ON x.id = (SELECT max(id) FROM corrections WHERE decision_id = h.decision_id)
	WHERE c.ended_at IS NOT NULL AND h.cost_minor IS NOT coalesce(x.cost_minor, c.cost_minor)`,

	`SELECT h.decision_id, 'the call of decision ' || h.decision_id || ' counts as ' || coalesce(h.seconds, 'unknown') ||
		' s, and its record says ' || coalesce(x.seconds, c.seconds, 'unknown')
	FROM charges h JOIN calls c ON c.decision_id = h.decision_id
	LEFT JOIN corrections x ON x.id = (SELECT max(id) FROM corrections WHERE decision_id = h.decision_id)
	WHERE c.ended_at IS NOT NULL AND h.seconds IS NOT coalesce(x.seconds, c.seconds)`,

	`SELECT c.decision_id, 'the charge of decision ' || c.decision_id || ' was removed: its call cost ' || c.cost_minor
	FROM calls c LEFT JOIN charges h ON h.decision_id = c.decision_id
	WHERE c.cost_minor IS NOT NULL AND h.decision_id IS NULL`,

	`SELECT h.decision_id, 'the charge of decision ' || h.decision_id || ' names extension ' || h.extension || ', and the decision ' || d.extension
	FROM charges h JOIN decisions d ON d.id = h.decision_id
	WHERE h.extension <> d.extension AND h.extension <> '' AND d.extension <> ''`,

	`SELECT 0, 'the account of ' || a.allowance || ' in ' || a.month || ' has ' || a.reserved_minor || ' reserved and ' ||
		a.used_minor || ' used; its calls make that ' || coalesce(r.reserved, 0) || ' and ' || (coalesce(r.used, 0) + a.removed_minor)
	FROM accounts a LEFT JOIN (
		SELECT allowance, name, month, sum(iif(settled_at IS NULL, amount_minor, 0)) AS reserved, sum(cost_minor) AS used
		FROM reservations GROUP BY 1, 2, 3
	) r ON r.allowance = a.allowance AND r.name = a.name AND r.month = a.month
	WHERE a.reserved_minor <> coalesce(r.reserved, 0) OR a.used_minor <> coalesce(r.used, 0) + a.removed_minor`,

	`SELECT r.decision_id, 'the reservation of decision ' || r.decision_id || ' is in no account'
	FROM reservations r LEFT JOIN accounts a ON a.allowance = r.allowance AND a.name = r.name AND a.month = r.month
	WHERE a.name IS NULL`,
}

// terms holds the prices by which a call was charged against what it cost by its end: they say what a correction of its
// seconds makes of that. A call that nobody answered, or of which that is not known, was not charged by them.
func (v *verifier) terms(ctx context.Context) error {
	_, err := list(ctx, v.reader.db, `SELECT h.decision_id, h.terms, c.answered_at, c.seconds, c.cost_minor
		FROM charges h JOIN calls c ON c.decision_id = h.decision_id
		WHERE c.ended_at IS NOT NULL AND c.answered_at IS NOT NULL`, nil,
		func(scan func(...any) error) (struct{}, error) {
			var id, seconds int64
			var terms sql.NullString
			var answered Time
			var recorded sql.NullInt64
			err := scan(&id, &terms, &answered, &seconds, &recorded)
			if err == nil {
				if problem := termsFault(terms, answered, seconds, recorded); problem != "" {
					v.found("account", id, "the prices of decision %d %s", id, problem)
				}
			}
			return struct{}{}, err
		})
	return err
}

// termsFault is what is wrong with prices, by which a call of so many seconds did cost what is recorded; empty for nothing.
func termsFault(terms sql.NullString, answered Time, seconds int64, recorded sql.NullInt64) string {
	const changed = "were changed: its call did not cost what they make of it"
	if terms.Valid != recorded.Valid {
		return changed
	}
	if !terms.Valid {
		return ""
	}
	var t call.Terms
	if err := json.Unmarshal([]byte(terms.String), &t); err != nil {
		return "cannot be read"
	}
	if t.Cost(answered.Time, seconds) != recorded.Int64 {
		return changed
	}
	return ""
}

// money holds accounts against reservations, and these against the ends of calls: they are not in the chain, but what is in
// it says what they should be.
func (v *verifier) money(ctx context.Context) error {
	for _, query := range moneyFaults {
		_, err := list(ctx, v.reader.db, query, nil, func(scan func(...any) error) (struct{}, error) {
			var id int64
			var problem string
			err := scan(&id, &problem)
			if err == nil {
				v.found("account", id, "%s", problem)
			}
			return struct{}{}, err
		})
		if err != nil {
			return err
		}
	}
	return v.terms(ctx)
}
