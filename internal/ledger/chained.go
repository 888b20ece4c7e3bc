package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"math"
	"strings"
)

// chained is a row that the chain has an entry for, as it is read back.
type chained struct {
	ref    int64 // what the entry refers to it by
	seq    int64 // of its entry; 0 where it has none
	digest hash  // of the row as it is now
	said   bool  // there is such an entry, and it says the same of this row
	others bool  // the entry is of another row, or there is none
	lost   lost  // what of a decision was erased
}

// source is a table whose rows the chain has entries for.
type source struct {
	kind  string
	table string
	id    string // the column that entries refer to a row by
	where string // which rows have an entry
	query string // of a page of rows by id: id, seq, and what read wants
	read  func(values []any) hash
	width int // columns of query
	set   string
}

// qualified writes columns with the letter of their table.
func qualified(table string, columns []string) string {
	return table + "." + strings.Join(columns, ", "+table+".")
}

// sources are the tables whose rows have entries, in the order in which rows of earlier schemas got theirs.
var sources = []source{
	decisionSource(qualified("r", laterColumns)),
	newSource(kindEnd, "calls", "decision_id", "r.ended_at IS NOT NULL", qualified("r", callColumns), "", len(callColumns),
		func(v []any) hash { return rowDigest(kindEnd, v) }),
	newSource(kindCorrection, "corrections", "id", "true", qualified("r", correctionColumns), "", len(correctionColumns),
		func(v []any) hash { return rowDigest(kindCorrection, v) }),
	newSource(kindPolicy, "policy_history", "id", "true", qualified("r", policyColumns), "", len(policyColumns),
		func(v []any) hash { return rowDigest(kindPolicy, v) }),
	newSource(kindErasure, "erasures", "id", "true", qualified("r", erasureColumns), "", len(erasureColumns),
		func(v []any) hash { return rowDigest(kindErasure, v) }),
	newSource(kindLook, "looks", "id", "true", qualified("r", lookColumns), "", len(lookColumns),
		func(v []any) hash { return rowDigest(kindLook, v) }),
	newSource(kindIntervention, "interventions", "id", "true", qualified("r", interventionColumns), "", len(interventionColumns),
		func(v []any) hash { return rowDigest(kindIntervention, v) }),
}

// decisionSource reads decisions; later are the expressions for laterColumns.
func decisionSource(later string) source {
	return newSource(kindDecision, "decisions", "id", "true",
		strings.Join([]string{
			qualified("r", lastingColumns), qualified("r", numbersColumns), qualified("r", personColumns),
			qualified("r", sealColumns), qualified("e", evaluationColumns), later,
		}, ", "), " LEFT JOIN evaluations e ON e.decision_id = r.id",
		len(lastingColumns)+len(numbersColumns)+len(personColumns)+len(sealColumns)+len(evaluationColumns)+len(laterColumns),
		digestOfDecision)
}

// chainedFirst is how many of the sources were there when the chain began.
const chainedFirst = 4

func newSource(kind, table, id, where, columns, join string, width int, read func([]any) hash) source {
	return source{
		kind: kind, table: table, id: id, where: where, read: read, width: width,
		query: "SELECT r." + id + ", coalesce(r.seq, 0), c.kind, c.ref, c.digest, " + columns +
			" FROM " + table + " r LEFT JOIN chain c ON c.seq = r.seq" + join +
			" WHERE r." + id + " > ? AND r." + id + " <= ? AND " + where + " ORDER BY r." + id + " LIMIT ?",
		set: "UPDATE " + table + " SET seq = ? WHERE " + id + " = ?",
	}
}

// lost says which groups of a decision's fields left only their digests, and whether a matter or an approver stands where
// nothing may be left of them.
type lost struct{ numbers, person, evaluation, approver, stray bool }

func lostOf(v []any) lost {
	at := len(lastingColumns) + len(numbersColumns) + len(personColumns)
	gone := func(i int) bool {
		b, _ := v[i].([]byte)
		return len(b) == sha256.Size
	}
	is := lost{numbers: gone(at), person: gone(at + 1), evaluation: gone(at + 2), approver: gone(len(v) - 1)}
	l := laterOf(v[len(v)-len(laterColumns):])
	is.stray = is.numbers && l.matter != nil || is.approver && l.approver != nil
	return is
}

// laterOf reads the values of laterColumns.
func laterOf(v []any) later {
	seal, _ := v[3].([]byte)
	return later{v[0], v[1], v[2], seal}
}

// digestOfDecision reads the columns of a decision, its seals, its evaluation, and what decisions have since schema 8.
func digestOfDecision(v []any) hash {
	take := func(n int) []any {
		first := v[:n]
		v = v[n:]
		return first
	}
	lasting, numbers, person := take(len(lastingColumns)), take(len(numbersColumns)), take(len(personColumns))
	s := take(len(sealColumns))
	seal := func(i int) []byte {
		b, _ := s[i].([]byte)
		return b
	}
	evaluation := take(len(evaluationColumns))
	return decisionDigest(seals{seal(0), seal(1), seal(2)}, lasting, numbers, person, evaluation, laterOf(v))
}

// page reads rows above an id and up to another, at most size, with the digests of what they are now.
func (s source) page(ctx context.Context, q querier, above, to int64, size int) ([]chained, error) {
	values := make([]any, s.width)
	var c chained
	var kind, digest sql.RawBytes
	var ref sql.NullInt64
	into := append(make([]any, 0, s.width+5), &c.ref, &c.seq, &kind, &ref, &digest)
	for i := range values {
		into = append(into, &values[i])
	}
	return list(ctx, q, s.query, []any{above, to, size}, func(scan func(...any) error) (chained, error) {
		if err := scan(into...); err != nil {
			return c, err
		}
		c.digest = s.read(values)
		if s.kind == kindDecision {
			c.lost = lostOf(values)
		}
		c.others = string(kind) != s.kind || ref.Int64 != c.ref
		c.said = !c.others && bytes.Equal(digest, c.digest[:])
		return c, nil
	})
}

// fillChain gives rows of earlier schemas their entries.
func fillChain(ctx context.Context, c *conn) (err error) {
	if c.addEntry, err = c.PrepareContext(ctx, addEntry); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.addEntry.Close()) }()
	if err := fillSeals(ctx, c); err != nil {
		return err
	}
	for i, s := range sources[:chainedFirst] {
		if i == 0 {
			s = decisionSource("NULL, NULL, NULL, NULL")
		}
		if err := s.fill(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// fill gives the rows of one table their entries.
func (s source) fill(ctx context.Context, c *conn) (err error) {
	set, err := c.PrepareContext(ctx, s.set)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	for last := int64(0); ; {
		rows, err := s.page(ctx, c, last, math.MaxInt64, page)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			if _, err := set.ExecContext(ctx, c.end.seq+1, r.ref); err != nil {
				return err
			}
			if err := c.append(ctx, s.kind, r.ref, r.digest); err != nil {
				return err
			}
			last = r.ref
		}
	}
}

// fillSeals gives decisions of earlier schemas their salts.
func fillSeals(ctx context.Context, c *conn) error {
	_, err := c.ExecContext(ctx, "UPDATE decisions SET numbers_seal = randomblob(16), person_seal = randomblob(16), evaluation_seal = randomblob(16)")
	return err
}
