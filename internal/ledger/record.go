package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// addDecision takes the lasting columns, those of numbers and of the person, the seals, what is NULL in most, and the
// number of the entry.
var addDecision = func() string {
	all := slices.Concat(lastingColumns, numbersColumns, personColumns, sealColumns, laterColumns, []string{"seq"})
	return "INSERT OR FAIL INTO decisions (" + strings.Join(all, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(all)-1) + ")"
}()

const (
	addEvaluation = `INSERT OR FAIL INTO evaluations (decision_id, evaluated_at, evaluation_us, input, decision)
		VALUES (?, ?, ?, ?, ?)`

	addRegion = `INSERT INTO regions (region, first_at) VALUES (?, ?) ON CONFLICT DO NOTHING`

	announce = `REPLACE INTO challenges (channel, announced_at, attempt, dialled_raw, input, decision, evaluation_us,
		pin_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
)

// Record makes a decision durable and returns its id; ids only grow. In the same transaction it opens the call's row
// in calls and settles the challenge that was announced for the channel, if any; a call that is let out by a token takes
// one of its uses, and one that costs something puts its worst case aside in the accounts that pay; and what the record's
// sanctions want is imposed.
//
// Errors: call.ErrTokenSpent if the token had no use left in that moment, and call.ErrAllowanceSpent if the rest of an
// account that is strict does not pay for the worst case: nothing is recorded then; ErrUnwritable if the file cannot be written now; ErrClosed; the context's error if it ended before the
// decision was taken into a transaction; and a plain one if the record itself is impossible (an action that there is
// not, a PIN that there is not). With any error, the call must not go out.
func (l *Ledger) Record(ctx context.Context, r call.Record) (int64, error) {
	row, err := encode(r, l.now())
	if err != nil {
		return 0, fmt.Errorf("ledger: cannot record the decision: %w", err)
	}
	var id int64
	var imposed []call.SanctionChange
	err = l.writeChange(ctx, func(ctx context.Context, c *conn) (change call.Change, err error) {
		if id, change, err = row.insert(ctx, c); err == nil {
			imposed, err = impose(ctx, c, id, r)
		}
		if err == nil && len(r.Spent) > 0 {
			change.DecisionID = id
			change.Accounts, err = c.spentOut(ctx, r.Spent)
		}
		return change, err
	})
	if err != nil {
		return 0, fmt.Errorf("ledger: decision not recorded: %w", err)
	}
	l.tellSanctions(imposed...)
	return id, nil
}

// row is a record made ready for the tables, so that the writer has nothing left to compute.
type row struct {
	decision    []any // the columns of addDecision but the last
	digest      hash  // for the chain
	evaluatedAt Time
	elapsed     int64 // µs
	input       string
	answer      string
	channel     string
	region      string // the country that the call is let out to; else empty
	at          string
	use         *tokenUse    // nil for none
	charge      *call.Charge // nil for none
	alerts      []call.Alert
}

// encode makes the columns. An attempt without a time gets now.
func encode(r call.Record, now time.Time) (*row, error) {
	d, a := r.Decision, r.Attempt
	switch d.Action {
	case call.Allow, call.Deny, call.Challenge:
	default:
		return nil, fmt.Errorf("action %q: want allow, deny or challenge", d.Action)
	}
	if err := checkTimes(a.At); err != nil {
		return nil, err
	}
	input, answer, err := encodeJSON(r)
	if err != nil {
		return nil, err
	}
	shadow := "[]"
	if len(d.Shadow) > 0 {
		if shadow, err = marshal(d.Shadow); err != nil {
			return nil, err
		}
	}
	at := a.At
	if at.IsZero() {
		at = now
	}
	caller, channel := r.Facts.Caller, printable(a.Channel)
	dialled := printable(a.Dialled)
	region := ""
	if d.Action == call.Allow {
		region = printable(r.Facts.Callee.Region)
	}
	out := &row{
		evaluatedAt: evaluationTime(r.Facts),
		elapsed:     d.Elapsed.Microseconds(),
		input:       input,
		answer:      answer,
		channel:     channel,
		region:      region,
		at:          Time{at}.String(),
		alerts:      r.Alerts,
	}
	lasting := []any{
		out.at, Time{now}.String(), printable(string(a.Source)), channel, a.Adopted, printable(string(r.Facts.Callee.Class)),
		string(d.Action), printable(d.Rule), nullIfNone(int64(d.MaxSeconds)), nullIfNone(r.PINID), printable(d.PolicyRevision),
	}
	numbers := []any{dialled, rawUnless(dialled, a.Dialled), printable(r.Facts.Callee.Key()), oneLine(d.Reason()), shadow}
	person := []any{printable(a.Extension), printable(caller.Holder), printable(caller.Department)}
	s, l := newSeals(), laterOfRecord(r)
	if r.TokenID > 0 && d.Action == call.Allow {
		out.use = &tokenUse{token: r.TokenID, returns: r.TokenReturns, at: Time{now}}
	}
	if d.Action == call.Allow && r.Charge != nil {
		out.charge = plainCharge(*r.Charge)
	}
	out.digest = decisionDigest(s, lasting, numbers, person, []any{out.evaluatedAt, out.elapsed, input, answer}, l)
	out.decision = slices.Concat(lasting, numbers, person, []any{s.numbers, s.person, s.evaluation, l.token, l.matter, l.approver, l.seal})
	return out, nil
}

// laterOfRecord makes the values of laterColumns.
func laterOfRecord(r call.Record) (l later) {
	l.token = nullIfNone(r.TokenID)
	if r.Matter != "" {
		l.matter = printable(r.Matter)
	}
	if r.Approver != "" {
		l.approver = oneLine(r.Approver)
		l.seal = newSalt()
	}
	return l
}

// insert writes the row on the writer's connection.
func (r *row) insert(ctx context.Context, c *conn) (id int64, change call.Change, err error) {
	if r.use != nil {
		if err := r.use.take(ctx, c); err != nil {
			return 0, change, err
		}
	}
	result, err := c.addDecision.ExecContext(ctx, append(slices.Clip(r.decision), c.end.seq+1)...)
	if err != nil {
		return 0, change, err
	}
	id, err = result.LastInsertId()
	if err != nil {
		return 0, change, err
	}
	if _, err := c.addEvaluation.ExecContext(ctx, id, r.evaluatedAt, r.elapsed, r.input, r.answer); err != nil {
		return 0, change, err
	}
	if err := c.append(ctx, kindDecision, id, r.digest); err != nil {
		return 0, change, err
	}
	if _, err := c.addCall.ExecContext(ctx, id); err != nil {
		return 0, change, err
	}
	if r.region != "" {
		if _, err := c.addRegion.ExecContext(ctx, r.region, r.at); err != nil {
			return 0, change, err
		}
	}
	if r.use != nil {
		if err := r.use.note(ctx, c, id); err != nil {
			return 0, change, err
		}
	}
	if r.charge != nil {
		if change, err = c.enter(ctx, id, r.charge); err != nil {
			return 0, change, err
		}
	}
	for _, a := range r.alerts {
		a.DecisionID = id
		if err := insertAlert(ctx, c, a); err != nil {
			return 0, change, err
		}
	}
	_, err = c.settle.ExecContext(ctx, r.channel)
	return id, change, err
}

// plainCharge is a charge as it can be written: with texts that are printable.
func plainCharge(c call.Charge) *call.Charge {
	c.Extension, c.Holder, c.Department = printable(c.Extension), printable(c.Holder), printable(c.Department)
	c.Paying = slices.Clone(c.Paying)
	for i := range c.Paying {
		c.Paying[i].Name = printable(c.Paying[i].Name)
	}
	return &c
}

// Announce makes durable that a caller is being asked for a credential, so that the attempt is known after a daemon
// that died at the prompt. A second announcement for a channel takes the place of the first. Record settles it.
//
// Errors: as for Record, and one for a record without a channel.
func (l *Ledger) Announce(ctx context.Context, r call.Record) error {
	if r.Attempt.Channel == "" {
		return errors.New("ledger: a challenge without a channel cannot be announced")
	}
	input, answer, err := encodeJSON(r)
	if err != nil {
		return fmt.Errorf("ledger: cannot announce the challenge: %w", err)
	}
	attempt, err := marshal(r.Attempt)
	if err != nil {
		return fmt.Errorf("ledger: cannot announce the challenge: %w", err)
	}
	dialled := r.Attempt.Dialled
	args := []any{
		printable(r.Attempt.Channel), Time{l.now()}, attempt, rawUnless(printable(dialled), dialled), input, answer,
		r.Decision.Elapsed.Microseconds(), nullIfNone(r.PINID),
	}
	err = l.write(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.announce.ExecContext(ctx, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: challenge not announced: %w", err)
	}
	return nil
}

// Announced lists the challenges that have no decision yet, the oldest first.
func (l *Ledger) Announced(ctx context.Context) ([]call.Record, error) {
	waiting, err := list(ctx, l.reads, `SELECT attempt, dialled_raw, input, decision, evaluation_us,
		coalesce(pin_id, 0) FROM challenges ORDER BY announced_at, channel`, nil, scanChallenge)
	if err != nil {
		return nil, fmt.Errorf("ledger: announced challenges: %w", err)
	}
	return waiting, nil
}

func scanChallenge(scan func(...any) error) (r call.Record, err error) {
	var attempt, raw, input, answer []byte
	var elapsed int64
	if err := scan(&attempt, &raw, &input, &answer, &elapsed, &r.PINID); err != nil {
		return r, err
	}
	err = errors.Join(json.Unmarshal(attempt, &r.Attempt), json.Unmarshal(input, &r.Facts),
		json.Unmarshal(answer, &r.Decision))
	r.Decision.Elapsed = time.Duration(elapsed) * time.Microsecond
	if raw != nil {
		r.Attempt.Dialled = string(raw)
	}
	return r, err
}

func encodeJSON(r call.Record) (input, answer string, err error) {
	if input, err = marshal(r.Facts); err != nil {
		return "", "", err
	}
	answer, err = marshal(r.Decision)
	return string(call.Sparse([]byte(input))), answer, err
}

// restored puts back what encodeJSON has left out of an input; one that cannot be read stays as it was found.
func restored(input []byte) []byte {
	var f call.Facts
	if !call.IsSparse(input) || json.Unmarshal(input, &f) != nil {
		return input
	}
	whole, err := marshal(f)
	if err != nil {
		return input
	}
	return []byte(whole)
}

// marshal is json.Marshal without the escapes for HTML, which make a ledger hard to read.
func marshal(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// evaluationTime is the time that the policy saw: what a replay must show it again. It is zero where it saw none.
func evaluationTime(f call.Facts) Time {
	at, err := time.Parse(time.RFC3339Nano, f.Time.At)
	if err != nil {
		return Time{}
	}
	return Time{at}
}

// rawUnless returns the exact bytes for a BLOB column, or NULL if text says the same.
func rawUnless(text, exact string) any {
	if text == exact {
		return nil
	}
	return []byte(exact)
}

func nullIfNone(n int64) any {
	if n <= 0 {
		return nil
	}
	return n
}

func nullIfBlank(text string) any {
	if text == "" {
		return nil
	}
	return text
}
