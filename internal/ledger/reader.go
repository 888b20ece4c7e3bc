package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Reader reads a ledger, beside its writer or without one. It never writes. Its methods may be called from any
// goroutine.
type Reader struct {
	db   *sql.DB
	path string // of the file
}

// Decision is one row of the log with what became of the call.
type Decision struct {
	ID             int64           `json:"id"`
	At             Time            `json:"at"` // when the call was attempted
	Source         call.Source     `json:"source"`
	Extension      string          `json:"extension"`
	Holder         string          `json:"holder"`
	Department     string          `json:"department"`
	Dialled        string          `json:"dialled"` // printable; see Detail.DialledRaw
	Number         string          `json:"number"`  // E.164 where known, else the digits
	Class          call.Class      `json:"class"`
	Action         call.Action     `json:"action"`
	Rule           string          `json:"rule"`
	Reason         string          `json:"reason"`
	MaxSeconds     int             `json:"max_seconds,omitzero"` // 0: no limit
	PINID          int64           `json:"pin_id,omitzero"`      // 0: none
	TokenID        int64           `json:"token_id,omitzero"`    // 0: none
	Approver       string          `json:"approver,omitzero"`    // who allowed or refused the call; empty: nobody was asked
	Matter         string          `json:"matter,omitzero"`      // the code; empty: none
	PolicyRevision string          `json:"policy_revision"`
	Shadow         []call.Shadowed `json:"shadow"`
	Call           Call            `json:"call"`
}

// Call is what became of a decided call; the zero values stand for what is not known, or did not happen.
type Call struct {
	AnsweredAt Time   `json:"answered_at"`
	EndedAt    Time   `json:"ended_at"`
	Seconds    int    `json:"seconds"`    // from answer to end, each begun second counts
	CostMinor  *int64 `json:"cost_minor"` // nil: not known
	Cause      int    `json:"cause"`      // Q.850
	EndSource  string `json:"end_source"`
}

// Detail is everything that is kept of one decision.
type Detail struct {
	Decision
	RecordedAt   Time            `json:"recorded_at"` // by the ledger's clock
	Channel      string          `json:"channel"`
	Adopted      bool            `json:"adopted"`
	DialledRaw   []byte          `json:"dialled_raw,omitempty"` // the exact bytes, where Dialled cannot show them
	EvaluatedAt  Time            `json:"evaluated_at"`          // the time that the policy saw
	EvaluationUS int64           `json:"evaluation_us"`         // how long it took, in microseconds
	Reasons      []call.Reason   `json:"reasons"`
	Input        json.RawMessage `json:"input"`  // the whole policy input: call.Facts
	Answer       json.RawMessage `json:"answer"` // the whole answer: call.Decision
	Corrections  []Correction    `json:"corrections"`
	// Interventions are what operators did while the call was in progress.
	Interventions []Intervention `json:"interventions,omitempty"`
	Entry         int64          `json:"entry"`            // of the chain
	Erased        bool           `json:"erased,omitempty"` // the numbers are masked for good, and input and answer are gone
}

// OpenReader opens the ledger at path for reading. It is an error if there is no file, if the file is no ledger, or
// if its schema is another than this program's: a newer one needs a newer program, an older one is brought up to date
// when the daemon starts.
func OpenReader(path string) (*Reader, error) {
	r, err := openReader(context.Background(), path)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	return r, nil
}

// readerConnections is how many of a Reader's queries run at once.
const readerConnections = 4

// mayRead is access(2)'s R_OK.
const mayRead = 4

func openReader(ctx context.Context, path string) (*Reader, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("there is no such file; the daemon makes it when it first starts")
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	}
	db, err := openReadPool(ctx, path, readerConnections)
	if err != nil && errors.Is(syscall.Access(path, mayRead), syscall.EACCES) {
		return nil, errors.New("this account may not read it: use that of its owner, or root")
	}
	if err != nil {
		return nil, errors.New(plainly(err))
	}
	if err := checkSchema(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Reader{db, path}, nil
}

func checkSchema(ctx context.Context, db *sql.DB) error {
	all, err := migrations(embedded)
	if err != nil {
		return err
	}
	version, err := schemaOf(ctx, db, len(all))
	switch {
	case err != nil:
		return errors.New(plainly(err))
	case version == 0:
		return errors.New("an empty file, not yet a ledger: start the daemon first")
	case version < len(all):
		return fmt.Errorf("written by an older Dialwarden (schema %d, this one reads %d): "+
			"start the new daemon once, it brings the file up to date", version, len(all))
	}
	return nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.db.Close() }

// fail is the error of reading something. What SQLite has met is told with the file, and with what it means.
func (r *Reader) fail(what string, err error) error {
	if _, ok := sqliteError(err); ok {
		return fmt.Errorf("ledger %s: %s: %s", r.path, what, plainly(err))
	}
	return fmt.Errorf("ledger: %s: %w", what, err)
}

// LastID returns the id of the newest decision, 0 if there is none.
func (r *Reader) LastID(ctx context.Context) (int64, error) {
	var id int64
	if err := r.db.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM decisions").Scan(&id); err != nil {
		return 0, r.fail("newest decision", err)
	}
	return id, nil
}

// columns are those that scanDecision reads, of decisions d and calls c.
const columns = `d.id, d.at, d.source, d.extension, d.holder, d.department, d.dialled, d.number, d.class, d.action,
	d.rule, d.reason, coalesce(d.max_seconds, 0), coalesce(d.pin_id, 0), coalesce(d.token_id, 0), coalesce(d.approver, ''),
	coalesce(d.matter, ''), d.policy_revision, d.shadow,
	c.answered_at, c.ended_at, coalesce(x.seconds, c.seconds, 0), coalesce(x.cost_minor, c.cost_minor), coalesce(c.cause, 0),
	iif(x.id IS NULL, coalesce(c.end_source, ''), 'correction')`

// withCalls joins to decisions d what became of their calls c, and their newest correction x.
const withCalls = `LEFT JOIN calls c ON c.decision_id = d.id
	LEFT JOIN corrections x ON x.id = (SELECT max(id) FROM corrections WHERE decision_id = d.id)`

// scanDecision reads columns, and more after them.
func scanDecision(scan func(...any) error, d *Decision, more ...any) error {
	var shadow string
	c := &d.Call
	err := scan(append([]any{
		&d.ID, &d.At, &d.Source, &d.Extension, &d.Holder, &d.Department, &d.Dialled, &d.Number, &d.Class, &d.Action,
		&d.Rule, &d.Reason, &d.MaxSeconds, &d.PINID, &d.TokenID, &d.Approver, &d.Matter, &d.PolicyRevision, &shadow,
		&c.AnsweredAt, &c.EndedAt, &c.Seconds, &c.CostMinor, &c.Cause, &c.EndSource,
	}, more...)...)
	if err != nil {
		return err
	}
	d.Shadow = []call.Shadowed{}
	if shadow == "[]" {
		return nil
	}
	return json.Unmarshal([]byte(shadow), &d.Shadow)
}

// Decision returns everything that is kept of one decision, or ErrNotFound.
func (r *Reader) Decision(ctx context.Context, id int64) (Detail, error) {
	var d Detail
	var input, answer []byte
	row := r.db.QueryRowContext(ctx, `SELECT `+columns+`, d.recorded_at, d.channel, d.adopted, d.dialled_raw,
		e.evaluated_at, coalesce(e.evaluation_us, 0), e.input, e.decision, d.seq, length(d.numbers_seal) = 32
		FROM decisions d LEFT JOIN evaluations e ON e.decision_id = d.id `+withCalls+`
		WHERE d.id = ?`, id)
	err := scanDecision(row.Scan, &d.Decision, &d.RecordedAt, &d.Channel, &d.Adopted, &d.DialledRaw,
		&d.EvaluatedAt, &d.EvaluationUS, &input, &answer, &d.Entry, &d.Erased)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	var answered call.Decision
	if err == nil && answer != nil {
		err = json.Unmarshal(answer, &answered)
	}
	if err == nil {
		d.Corrections, err = r.Corrections(ctx, id)
	}
	if err == nil {
		d.Interventions, err = r.Interventions(ctx, id)
	}
	if err != nil {
		return Detail{}, r.fail(fmt.Sprintf("decision %d", id), err)
	}
	d.Answer, d.Reasons = answer, answered.Reasons
	d.Input = restored(input)
	return d, nil
}
