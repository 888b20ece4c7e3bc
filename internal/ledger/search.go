package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
)

// search finds the ids of the decisions that a filter selects, page by page: block by block by facets, and by the rows
// where there are none. It holds nothing of the file open between pages.
type search struct {
	f       Filter
	ids     idRange // what is still to be searched
	facets  []facetRange
	called  []int64 // the decisions with the wanted number, in order, where it is a long one and they are few
	few     bool    // whether they are
	quarter idRange // of the time filter
	timed   bool
}

// search begins with what is there now.
func (r *Reader) search(ctx context.Context, f Filter) (*search, error) {
	s := &search{f: f, facets: f.facets()}
	s.quarter.first, s.quarter.last, s.timed = f.quarters()
	if err := r.db.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM decisions").Scan(&s.ids.last); err != nil {
		return nil, err
	}
	s.ids.first = max(1, f.AfterID+1)
	if f.BeforeID > 0 {
		s.ids.last = min(s.ids.last, f.BeforeID-1)
	}
	if len(f.NumberPrefix) > longPrefix {
		if err := s.findCalled(ctx, r.db); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// fewCalled is up to how many decisions with a number are found by the index of numbers rather than block by block.
const fewCalled = 20_000

const selectCalled = "SELECT id FROM decisions WHERE number >= ? AND number < ? LIMIT ?"

// findCalled looks for the decisions with the wanted number. Where they are few, their facets are not needed.
func (s *search) findCalled(ctx context.Context, q querier) (err error) {
	s.called, err = list(ctx, q, selectCalled, []any{s.f.NumberPrefix, s.f.NumberPrefix + "\xff", fewCalled + 1}, scanID)
	if s.few = len(s.called) <= fewCalled; !s.few {
		s.called = nil
		return err
	}
	slices.Sort(s.called)
	s.facets = slices.DeleteFunc(s.facets, func(want facetRange) bool { return want.kind == facetPrefix || want.kind == facetNumber })
	return err
}

// calledIn returns those of the few decisions with the wanted number that are in a stretch of ids.
func (s *search) calledIn(ids idRange) []int64 {
	first, _ := slices.BinarySearch(s.called, ids.first)
	end, _ := slices.BinarySearch(s.called, ids.last+1)
	return s.called[first:max(first, end)]
}

// done reports whether there is nothing more to search.
func (s *search) done() bool { return s.ids.first > s.ids.last }

// block is a stretch of ids that have their facets.
type block struct {
	ids      idRange
	quarters idRange // of the moments in it
}

const selectBlocks = `SELECT first, last, from_quarter, to_quarter FROM blocks
	WHERE built = 1 AND first <= ? AND first > ? AND last >= ? ORDER BY first `

// blocks lists those with anything that is still to be searched, in the direction of the search.
func (s *search) blocks(ctx context.Context, q querier) ([]block, error) {
	return list(ctx, q, selectBlocks+s.f.order(), []any{s.ids.last, s.ids.first - blockSize, s.ids.first},
		func(scan func(...any) error) (b block, err error) {
			err = scan(&b.ids.first, &b.ids.last, &b.quarters.first, &b.quarters.last)
			return b, err
		})
}

// next finds the next ids, at most n, in the direction of the search; fewer when it is done. The facets may promise more
// than the rows hold: a row may be gone or masked, or attempted in the right quarter of an hour but too early.
func (s *search) next(ctx context.Context, q *sql.Tx, n int) ([]int64, error) {
	var blocks []block
	var err error
	if len(s.facets) > 0 || s.timed || s.few {
		if blocks, err = s.blocks(ctx, q); err != nil {
			return nil, err
		}
	}
	x, err := s.facetQuery(ctx, q, blocks)
	if err != nil {
		return nil, err
	}
	defer x.close()
	var found []int64
	for _, b := range append(blocks, block{ids: beyond(s.ids, s.f.Reverse)}) {
		if gap := s.before(b.ids); gap.first <= gap.last {
			ids, err := s.rows(ctx, q, gap, n-len(found))
			if err != nil {
				return nil, err
			}
			if found = append(found, ids...); len(found) == n {
				s.ids.skip(found[n-1], s.f.Reverse)
				return found, nil
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		set, some, err := x.in(b)
		if err != nil {
			return nil, err
		}
		if some {
			found = append(found, set.among(b.ids, s.ids, n-len(found), s.f.Reverse)...)
		}
		if len(found) == n {
			s.ids.skip(found[n-1], s.f.Reverse)
			return found, nil
		}
		s.pass(b.ids)
	}
	return found, nil
}

// beyond is an empty stretch behind ids, in the direction of the search.
func beyond(ids idRange, reverse bool) idRange {
	if reverse {
		return idRange{ids.first, ids.first - 1}
	}
	return idRange{ids.last + 1, ids.last}
}

// before returns what is to be searched before the stretch b comes, in the direction of the search.
func (s *search) before(b idRange) idRange {
	if s.f.Reverse {
		return idRange{max(s.ids.first, b.last+1), s.ids.last}
	}
	return idRange{s.ids.first, min(s.ids.last, b.first-1)}
}

// pass leaves the stretch b behind.
func (s *search) pass(b idRange) {
	if s.f.Reverse {
		s.ids.last = min(s.ids.last, b.first-1)
	} else {
		s.ids.first = max(s.ids.first, b.last+1)
	}
}

// rows finds ids in a stretch by the rows themselves.
func (s *search) rows(ctx context.Context, q querier, ids idRange, n int) ([]int64, error) {
	text, args := s.f.rowsSQL(ids, n)
	return list(ctx, q, text, args, func(scan func(...any) error) (id int64, err error) {
		err = scan(&id)
		return id, err
	})
}

// readPage reads the next rows that s finds, at most n, as they are at one moment.
func readPage[T any](ctx context.Context, r *Reader, s *search, selected string, n int,
	one func(scan func(...any) error) (T, error),
) (rows []T, err error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	for len(rows) < n && !s.done() {
		ids, err := s.next(ctx, tx, n-len(rows))
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			break
		}
		text, args, err := s.f.sql(selected, ids)
		if err != nil {
			return nil, err
		}
		more, err := list(ctx, tx, text, args, one)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// sql returns the query of what is selected of the decisions with these ids that f does select.
func (f Filter) sql(selected string, ids []int64) (string, []any, error) {
	text, err := json.Marshal(ids)
	conditions, args := f.conditions()
	return selected + " WHERE d.id IN (SELECT value FROM json_each(?))" + conditions + " ORDER BY d.id " + f.order(),
		append([]any{string(text)}, args...), err
}

// rowsSQL returns the query of the first n ids in a stretch that f selects.
func (f Filter) rowsSQL(ids idRange, n int) (string, []any) {
	conditions, args := f.conditions()
	args = append([]any{ids.first, ids.last}, args...)
	return "SELECT d.id FROM decisions d WHERE d.id BETWEEN ? AND ?" + conditions + " ORDER BY d.id " + f.order() + " LIMIT ?",
		append(args, n)
}
