package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// What an erasure takes away.
const (
	eraseNumbers = "numbers" // numbers but their last four digits, and the whole input and answer
	erasePerson  = "person"  // who called, and the numbers
	eraseRow     = "row"     // everything but the digest

	eraseApprover = "approver" // who approved, and the whole input and answer, where he is named, too

	eraseCorrection = "correction" // of a decision that goes
)

// retention is who erases what need not be kept any longer.
const retention = "retention"

// eraseBatch is how many decisions one transaction erases. It is small, because callers wait behind it.
const eraseBatch = 100

// Retain erases what is no longer to be kept, a batch at a time, and returns how many decisions it touched. Between batches
// it waits as long as three of them took, so that calls go first. The end of ctx ends it between batches. What cannot be
// undone must not come of a clock that somebody has set wrong: time that is Unseen does not count.
func (l *Ledger) Retain(ctx context.Context, keep call.Retention) (touched int, err error) {
	unseen, err := l.Unseen(ctx)
	if err != nil {
		return 0, err
	}
	now := l.now().Add(-unseen)
	for _, kind := range call.RetentionKinds() {
		k := keep[kind]
		for _, e := range []erasure{
			{what: eraseRow, who: retention, reason: fmt.Sprintf("%s calls are kept for %d days", kind, k.Days), days: k.Days},
			{what: eraseNumbers, who: retention, reason: fmt.Sprintf("numbers of %s calls are kept for %d days", kind, k.FullDays), days: k.FullDays},
		} {
			if e.days <= 0 {
				continue
			}
			e.where, e.args = ofKind(kind), []any{Time{now.AddDate(0, 0, -e.days)}.String()}
			n, err := l.eraseAll(ctx, e)
			touched += n
			if err != nil {
				return touched, fmt.Errorf("ledger: retention: %w", err)
			}
		}
	}
	if days := keep[call.KeepAllowed].Days; days > 0 {
		if err := l.retainSpending(ctx, now.AddDate(0, 0, -days)); err != nil {
			return touched, fmt.Errorf("ledger: retention: %w", err)
		}
	}
	return touched, nil
}

// retainSpending takes the sums of days away whose calls are not kept any longer, and the accounts of such months, but for
// those of the last year, whose rest may be carried over, and those whose calls are still there.
func (l *Ledger) retainSpending(ctx context.Context, before time.Time) error {
	day := before.UTC().AddDate(0, 0, -1).Format(time.DateOnly) // the site's day may be another
	month := min(day[:len("2026-11")], l.now().AddDate(-1, 0, 0).Format("2006-01"))
	const oldAccounts = ` FROM accounts WHERE month < ? AND NOT EXISTS (SELECT 1 FROM reservations r
		WHERE r.allowance = accounts.allowance AND r.name = accounts.name AND r.month = accounts.month)`
	var old bool
	err := l.reads.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM spending WHERE day < ?) OR EXISTS (SELECT 1"+oldAccounts+")", day, month).Scan(&old)
	if err != nil || !old {
		return err
	}
	_, err = l.updateAll(ctx, update{"DELETE FROM spending WHERE day < ?", []any{day}}, update{"DELETE" + oldAccounts, []any{month}})
	return err
}

// ofKind is the condition of decisions d of a kind that were attempted before a moment.
func ofKind(kind call.RetentionKind) string {
	of := map[call.RetentionKind]string{
		call.KeepEmergency: "d.class = 'emergency'",
		call.KeepAllowed:   "d.action = 'allow' AND d.class <> 'emergency'",
		call.KeepRefused:   "d.action = 'deny' AND d.class <> 'emergency'",
		call.KeepAbandoned: "d.action = 'challenge' AND d.class <> 'emergency'",
	}[kind]
	return "d.at < ? AND " + of
}

// erasure is what is to be taken away, and from which decisions d.
type erasure struct {
	what, who, reason string
	days              int
	where             string
	args              []any
}

// cursor is where a batch goes on: behind this decision, in the order of attempts.
type cursor struct {
	at Time
	id int64
}

// eraseAll erases batch after batch, until nothing is left to erase. What is to go is looked for beside the writer, which
// takes as long as it takes: the writer only gets ids.
func (l *Ledger) eraseAll(ctx context.Context, e erasure) (touched int, err error) {
	beside, err := openReadPool(ctx, l.path, 1)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, beside.Close()) }()
	var from cursor
	for {
		next, err := e.next(ctx, beside, from)
		if err != nil || len(next) == 0 {
			return touched, err
		}
		from = next[len(next)-1]
		n := 0
		began := time.Now()
		err = l.write(ctx, func(ctx context.Context, c *conn) (err error) {
			n, err = e.batch(ctx, c, next, Time{l.now().Truncate(time.Millisecond)})
			return err
		})
		touched += n
		if err != nil {
			return touched, err
		}
		if err := pause(ctx, 3*time.Since(began)); err != nil {
			return touched, err
		}
	}
}

// next finds the decisions of the next batch.
func (e erasure) next(ctx context.Context, q querier, from cursor) ([]cursor, error) {
	return list(ctx, q, "SELECT d.at, d.id FROM decisions d WHERE "+e.where+" AND "+left[e.what]+" AND (d.at, d.id) > (?, ?) ORDER BY d.at, d.id LIMIT ?",
		append(slices.Clone(e.args), from.at.String(), from.id, eraseBatch), func(scan func(...any) error) (c cursor, err error) {
			err = scan(&c.at, &c.id)
			return c, err
		})
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// erased is a decision before something of it is erased.
type erased struct {
	cursor
	numbers, person, evaluation []any
	seals                       seals
	later                       later
}

// selectErased reads decisions d of which something is to be erased.
var selectErased = "SELECT d.at, d.id, " + strings.Join([]string{
	qualified("d", numbersColumns), qualified("d", personColumns), qualified("e", evaluationColumns), qualified("d", sealColumns),
	qualified("d", laterColumns),
}, ", ") + " FROM decisions d LEFT JOIN evaluations e ON e.decision_id = d.id WHERE "

// left says which decisions still have what an erasure takes away. A call that goes on is left alone.
var left = map[string]string{
	eraseNumbers:  "length(d.numbers_seal) = 16",
	erasePerson:   "length(d.person_seal) = 16",
	eraseApprover: "(length(d.approver_seal) = 16 OR length(d.evaluation_seal) = 16)",
	eraseRow:      "NOT EXISTS (SELECT 1 FROM calls c WHERE c.decision_id = d.id AND c.ended_at IS NULL)",
}

// batch erases those decisions that still have what is to go, and returns how many they are.
func (e erasure) batch(ctx context.Context, c *conn, next []cursor, at Time) (int, error) {
	args := make([]any, len(next))
	for i, n := range next {
		args[i] = n.id
	}
	rows, err := list(ctx, c, selectErased+"d.id IN (?"+strings.Repeat(", ?", len(next)-1)+") AND "+left[e.what]+" ORDER BY d.id", args, scanErased)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	if _, err := c.ExecContext(ctx, "REPLACE INTO meta (key, value) VALUES ('erasing', x'')"); err != nil {
		return 0, err
	}
	var ids, corrections idRanges
	content := begin("left")
	for _, r := range rows {
		ids.add(r.id)
		if e.what == eraseRow {
			err = r.remove(ctx, c, &corrections)
		} else {
			content, err = r.strip(ctx, c, e.what, content)
		}
		if err != nil {
			return 0, err
		}
	}
	err = e.note(ctx, c, at, ids.String(), content.sum())
	if err == nil && len(corrections) > 0 {
		e.what = eraseCorrection
		err = e.note(ctx, c, at, corrections.String(), content.sum())
	}
	if err != nil {
		return 0, err
	}
	_, err = c.ExecContext(ctx, "DELETE FROM meta WHERE key = 'erasing'")
	return len(rows), err
}

func scanErased(scan func(...any) error) (r erased, err error) {
	r.numbers, r.person, r.evaluation = make([]any, len(numbersColumns)), make([]any, len(personColumns)), make([]any, len(evaluationColumns))
	into := []any{&r.at, &r.id}
	for _, group := range [][]any{r.numbers, r.person, r.evaluation} {
		for i := range group {
			into = append(into, &group[i])
		}
	}
	err = scan(append(into, &r.seals.numbers, &r.seals.person, &r.seals.evaluation,
		&r.later.token, &r.later.matter, &r.later.approver, &r.later.seal)...)
	return r, err
}

// strip takes numbers, and the person where that is wanted, or the approver, away from a decision, and adds to content
// what is left of them.
func (r erased) strip(ctx context.Context, c *conn, what string, content canonical) (canonical, error) {
	evaluation := sealed("evaluation", r.seals.evaluation, r.evaluation)
	if _, err := c.ExecContext(ctx, "DELETE FROM evaluations WHERE decision_id = ?", r.id); err != nil {
		return content, err
	}
	if what == eraseApprover {
		var seal any
		if digest, is := r.later.sealedApprover(); is {
			seal = digest[:]
		}
		_, err := c.ExecContext(ctx, "UPDATE decisions SET approver = NULL, approver_seal = ?, evaluation_seal = ? WHERE id = ?",
			seal, evaluation[:], r.id)
		return content.add(r.id), err
	}
	numbers, person, personSeal := r.later.sealedNumbers(r.seals.numbers, r.numbers), r.person, r.seals.person
	if what == erasePerson {
		digest := sealed("person", r.seals.person, r.person)
		person, personSeal = []any{"", "", ""}, digest[:]
		if _, err := c.ExecContext(ctx, "UPDATE charges SET extension = '' WHERE decision_id = ?", r.id); err != nil {
			return content, err
		}
	}
	masked := maskedNumbers(r.numbers)
	_, err := c.ExecContext(ctx, `UPDATE decisions SET dialled = ?, dialled_raw = ?, number = ?, reason = ?, shadow = ?,
		extension = ?, holder = ?, department = ?, numbers_seal = ?, person_seal = ?, evaluation_seal = ?, matter = NULL WHERE id = ?`,
		slices.Concat(masked, person, []any{numbers[:], personSeal, evaluation[:], r.id})...)
	content = content.add(r.id).add(masked...)
	if what == erasePerson {
		content = content.add(person...)
	}
	return content, err
}

// maskedNumbers are the values of numbersColumns with their numbers masked.
func maskedNumbers(values []any) []any {
	masked := slices.Clone(values)
	for i, column := range numbersColumns {
		text, ok := masked[i].(string)
		switch {
		case column == "dialled_raw":
			masked[i] = nil
		case !ok:
		case column == "dialled" || column == "number":
			masked[i] = Mask(text)
		default:
			masked[i] = MaskText(text)
		}
	}
	return masked
}

// remove takes a decision away, with all that hangs on it. Its entry in the chain stays.
func (r erased) remove(ctx context.Context, c *conn, corrections *idRanges) error {
	ids, err := list(ctx, c, "SELECT id FROM corrections WHERE decision_id = ? ORDER BY id", []any{r.id}, scanID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		corrections.add(id)
	}
	for _, text := range []string{
		"DELETE FROM corrections WHERE decision_id = ?", "DELETE FROM calls WHERE decision_id = ?",
		"DELETE FROM token_uses WHERE decision_id = ?",
		"DELETE FROM reservations WHERE decision_id = ?", "DELETE FROM charges WHERE decision_id = ?",
		"DELETE FROM evaluations WHERE decision_id = ?", "DELETE FROM decisions WHERE id = ?",
	} {
		if _, err := c.ExecContext(ctx, text, r.id); err != nil {
			return err
		}
	}
	return nil
}

func scanID(scan func(...any) error) (id int64, err error) {
	err = scan(&id)
	return id, err
}

// note records the erasure itself.
func (e erasure) note(ctx context.Context, c *conn, at Time, ids string, content hash) error {
	_, err := c.insert(ctx, kindErasure, "erasures", erasureColumns, at, e.who, e.what, e.reason, ids, content[:])
	return err
}
