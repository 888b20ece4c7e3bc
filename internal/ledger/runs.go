package ledger

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

// runSizes are how many blocks a run has, the larger ones first: a larger run replaces the smaller ones in it. So there are
// few runs of few blocks, however long the log is, and what is in a run is written twice.
var runSizes = []int{64, 8}

// maxRun is the largest of runSizes.
const maxRun = 64

// runBytes is how many bytes of facets of a run are written in one transaction, about, and runRemoved how many of the facets
// are removed in one.
const (
	runBytes   = 128 << 10
	runRemoved = 32
)

// run is a stretch of blocks that have their facets together.
type run struct {
	id     int64
	ids    idRange
	blocks int64
}

// ordinal is which of the run's blocks b is.
func (r run) ordinal(b block) int {
	return int((b.ids.first - r.ids.first) / ((r.ids.last - r.ids.first + 1) / r.blocks))
}

// appendPart adds the ids of one block to what a run stores of a value.
func appendPart(stored []byte, ordinal int, ids []byte) []byte {
	stored = append(stored, byte(ordinal))
	return append(binary.LittleEndian.AppendUint16(stored, uint16(len(ids))), ids...)
}

// parts reads what appendPart stored, block by block. It ends where the bytes make no sense.
func parts(stored []byte, part func(ordinal int, ids []byte)) {
	for len(stored) >= 3 {
		ordinal, n := int(stored[0]), int(binary.LittleEndian.Uint16(stored[1:]))
		if stored = stored[3:]; ordinal >= maxRun || n > len(stored) {
			return
		}
		part(ordinal, stored[:n])
		stored = stored[n:]
	}
}

// readRuns lists the runs of which a condition holds, and that make sense.
func readRuns(ctx context.Context, q querier, condition string, args ...any) ([]run, error) {
	all, err := list(ctx, q, "SELECT id, first, last, blocks FROM runs WHERE "+condition+" ORDER BY first", args,
		func(scan func(...any) error) (r run, err error) {
			err = scan(&r.id, &r.ids.first, &r.ids.last, &r.blocks)
			return r, err
		})
	return slices.DeleteFunc(all, func(r run) bool {
		return r.blocks < 1 || r.blocks > maxRun || r.ids.last-r.ids.first+1 < r.blocks
	}), err
}

// indexRuns removes the runs that are out of date or were not finished, and builds those that can be.
func (l *Ledger) indexRuns(ctx context.Context) error {
	for {
		gone, err := readRuns(ctx, l.reads, "state <> 1")
		if err != nil {
			return err
		}
		for _, r := range gone {
			if err := l.removeRun(ctx, r); err != nil {
				return err
			}
		}
		r, found, err := l.nextRun(ctx)
		if err != nil || !found {
			return err
		}
		if err := l.buildRun(ctx, r); err != nil {
			return err
		}
	}
}

const removeRunFacets = `DELETE FROM run_facets WHERE rowid IN (SELECT rowid FROM run_facets WHERE run = ? LIMIT ?)`

// removeRun removes a run in many small transactions, itself in the last.
func (l *Ledger) removeRun(ctx context.Context, r run) error {
	for more := true; more; {
		err := l.writeBehind(ctx, func(ctx context.Context, c *conn) error {
			result, err := c.ExecContext(ctx, removeRunFacets, r.id, runRemoved)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if more = n > 0; err == nil && !more {
				_, err = c.ExecContext(ctx, "DELETE FROM runs WHERE id = ?", r.id)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nextRun returns the next run to build, without an id, and whether there is one: of blocks that are all there and of one
// length, and not in a run as large.
func (l *Ledger) nextRun(ctx context.Context) (run, bool, error) {
	there, err := readRuns(ctx, l.reads, "state = 1")
	if err != nil {
		return run{}, false, err
	}
	type stretch struct {
		idRange
		ready bool
	}
	blocks, err := list(ctx, l.reads, "SELECT first, last, built = 1 AND stale = 0 FROM blocks ORDER BY first", nil,
		func(scan func(...any) error) (s stretch, err error) {
			err = scan(&s.first, &s.last, &s.ready)
			return s, err
		})
	if err != nil {
		return run{}, false, err
	}
	for _, size := range runSizes {
		for of := range slices.Chunk(blocks, size) {
			r := run{ids: idRange{of[0].first, of[len(of)-1].last}, blocks: int64(len(of))}
			length := of[0].last - of[0].first + 1
			ready := len(of) == size && r.ids.last-r.ids.first+1 == length*r.blocks &&
				!slices.ContainsFunc(there, func(t run) bool { return t.ids.first <= r.ids.first && t.ids.last >= r.ids.last })
			for i, b := range of {
				ready = ready && b.ready && b.first == r.ids.first+int64(i)*length && b.last == b.first+length-1
			}
			if ready {
				return r, true, nil
			}
		}
	}
	return run{}, false, nil
}

// runFacets are the kinds of facets that runs have, those that are read at once together.
var runFacets = []int{facetExtension, facetHolder, facetDepartment, facetClass, facetAction, facetRule, facetPrefix}

// buildRun writes a run in many small transactions. With the last it takes the place of the smaller ones in it.
func (l *Ledger) buildRun(ctx context.Context, r run) error {
	err := l.writeBehind(ctx, func(ctx context.Context, c *conn) error {
		result, err := c.ExecContext(ctx, "INSERT INTO runs (first, last, blocks, state) VALUES (?, ?, ?, 0)", r.ids.first, r.ids.last, r.blocks)
		if err == nil {
			r.id, err = result.LastInsertId()
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, kind := range runFacets {
		having, err := l.readRun(ctx, r, kind)
		if err != nil {
			return err
		}
		if err := l.addRunFacets(ctx, r, kind, having); err != nil {
			return err
		}
	}
	return l.writeBehind(ctx, func(ctx context.Context, c *conn) error {
		if _, err := c.ExecContext(ctx, "UPDATE runs SET state = 2 WHERE first >= ? AND last <= ?", r.ids.first, r.ids.last); err != nil {
			return err
		}
		_, err := c.ExecContext(ctx, "UPDATE runs SET state = 1 WHERE id = ?", r.id)
		return err
	})
}

const selectKind = "SELECT value, ids FROM facets WHERE block = ? AND facet = ?"

// readRun puts together what the blocks of a run have of one kind.
func (l *Ledger) readRun(ctx context.Context, r run, kind int) (map[string][]byte, error) {
	having := map[string][]byte{}
	length := (r.ids.last - r.ids.first + 1) / r.blocks
	for i := range int(r.blocks) {
		rows, err := l.reads.QueryContext(ctx, selectKind, r.ids.first+int64(i)*length, kind)
		if err != nil {
			return nil, err
		}
		var value, ids sql.RawBytes
		for rows.Next() {
			if err := rows.Scan(&value, &ids); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			having[string(value)] = appendPart(having[string(value)], i, ids)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return having, nil
}

// addRunFacets writes the facets of one kind.
func (l *Ledger) addRunFacets(ctx context.Context, r run, kind int, having map[string][]byte) error {
	values := slices.Sorted(maps.Keys(having))
	for len(values) > 0 {
		n, size := 0, 0
		for n < min(len(values), facetBatch) && size < runBytes {
			size += len(having[values[n]])
			n++
		}
		err := l.writeBehind(ctx, func(ctx context.Context, c *conn) error {
			for _, v := range values[:n] {
				if _, err := c.addRunFacet.ExecContext(ctx, r.id, kind, []byte(v), having[v]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}
