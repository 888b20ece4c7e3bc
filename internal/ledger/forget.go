package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Forget takes a person out of the ledger. Of every decision that names the person as its holder: the name, the
// extension, the department and the numbers. Of decisions about other people's calls that the person approved, or whose
// token or PIN was the person's: the name of the approver, and the whole input and answer, where the person is named,
// too; who called whom stays. Other decisions whose input names the person (a call to the person inside) lose the input and
// the numbers. The sums and the accounts of the person. And the name at PINs, which are disabled, and at tokens, which are revoked. It returns how
// many decisions that were. What was decided stays, and the chain holds.
//
// Errors: ErrNotFound if nothing names the person, and those of Record.
func (l *Ledger) Forget(ctx context.Context, holder, who, reason string) (int, error) {
	if holder == "" || oneLine(who) == "" || oneLine(reason) == "" {
		return 0, errors.New("ledger: nobody forgotten: a holder, a reason, and who wants it, are needed")
	}
	at := Time{l.now()}
	fail := func(n int, err error) (int, error) { return n, fmt.Errorf("ledger: %q not forgotten: %w", holder, err) }
	if _, err := l.updateAll(ctx, // at once: the rest may take minutes
		update{"UPDATE pins SET disabled_at = coalesce(disabled_at, ?) WHERE holder = ?", []any{at, holder}},
		update{"UPDATE tokens SET revoked_at = ?, revoked_by = ? WHERE approver = ? AND revoked_at IS NULL", []any{at, oneLine(who), holder}},
	); err != nil {
		return fail(0, err)
	}
	if err := l.forgetSpending(ctx, holder); err != nil {
		return fail(0, err)
	}
	n := 0
	for _, e := range []erasure{
		{what: erasePerson, where: "d.holder = ?", args: []any{holder}},
		{what: eraseApprover, where: namedBeside, args: []any{holder, holder, holder, holder}},
		{what: eraseNumbers, where: mentions, args: []any{quoted(holder)}},
	} {
		e.who, e.reason = oneLine(who), oneLine(reason)
		touched, err := l.eraseAll(ctx, e)
		if n += touched; err != nil {
			return fail(n, err)
		}
	}
	credentials, err := l.updateAll(ctx, // last: until now they told which decisions name the person
		update{"UPDATE pins SET holder = '', department = '', extension = '' WHERE holder = ?", []any{holder}},
		update{"UPDATE tokens SET approver = '', reason = '' WHERE approver = ?", []any{holder}},
	)
	if err == nil && n == 0 && credentials == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fail(n, err)
	}
	return n, nil
}

// forgetSpending takes the sums and the accounts of a person away, and the person from the calls that count. What a
// call that goes on has put aside in the person's own account is gone with it; that in the department's stays.
func (l *Ledger) forgetSpending(ctx context.Context, holder string) error {
	change := call.Change{Forgotten: holder}
	return l.writeThen(ctx, func(ctx context.Context, c *conn) error {
		for _, u := range []update{
			{"DELETE FROM reservations WHERE scope = ? AND name = ?", []any{string(call.OfHolder), holder}},
			{"DELETE FROM accounts WHERE scope = ? AND name = ?", []any{string(call.OfHolder), holder}},
			{"DELETE FROM spending WHERE scope = ? AND name = ?", []any{string(call.OfHolder), holder}},
			{"UPDATE charges SET extension = '', holder = '', department = '' WHERE holder = ? AND holder <> ''", []any{holder}},
		} {
			if _, err := c.update(ctx, u); err != nil {
				return err
			}
		}
		return nil
	}, l.told(&change))
}

// namedBeside selects the decisions d that name a person otherwise than as the holder of the phone: as the approver, of
// whom the extension may stand before the name, or as whose token or PIN it was.
const namedBeside = `d.id IN (
	SELECT id FROM decisions WHERE approver IS NOT NULL
	  AND (approver = ? OR approver GLOB '[0-9]*' AND substr(approver, instr(approver, ' ') + 1) = ?)
	UNION SELECT id FROM decisions WHERE token_id IN (SELECT id FROM tokens WHERE approver = ?)
	UNION SELECT id FROM decisions WHERE pin_id IN (SELECT id FROM pins WHERE holder = ?))`

// mentions is the condition of decisions d whose input has a text, quoted.
const mentions = "EXISTS (SELECT 1 FROM evaluations m WHERE m.decision_id = d.id AND instr(m.input, ?) > 0)"

// quoted is a text as it stands in an input.
func quoted(text string) string {
	q, err := marshal(text)
	if err != nil {
		panic(err) // a text can be written
	}
	return q
}

// update is a statement that changes rows.
type update struct {
	text string
	args []any
}

// updateAll changes rows by all statements in one transaction, and returns how many rows that were.
func (l *Ledger) updateAll(ctx context.Context, all ...update) (n int64, err error) {
	err = l.write(ctx, func(ctx context.Context, c *conn) error {
		n = 0
		for _, u := range all {
			touched, err := c.update(ctx, u)
			if err != nil {
				return err
			}
			n += touched
		}
		return nil
	})
	return n, err
}

// update changes rows and returns how many.
func (c *conn) update(ctx context.Context, u update) (int64, error) {
	result, err := c.ExecContext(ctx, u.text, u.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
