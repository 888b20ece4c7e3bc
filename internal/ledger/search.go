package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
)

// search finds the ids of the decisions that a filter selects, page by page: block by block by facets, and by the rows
// where there are none. It holds nothing of the file between pages.
type search struct {
	f       Filter
	ids     idRange // what is still to be searched
	facets  []facetRange
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
	return s, nil
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
	if len(s.facets) > 0 || s.timed {
		if blocks, err = s.blocks(ctx, q); err != nil {
			return nil, err
		}
	}
	x := &facetQuery{ctx: context.WithoutCancel(ctx), q: q}
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
		set, some, err := s.in(x, b)
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

// in returns the ids of the block that have all that is wanted, and whether there are any.
func (s *search) in(x *facetQuery, b block) (set idSet, some bool, err error) {
	if b.ids.first > b.ids.last || s.timed && (b.quarters.last < s.quarter.first || b.quarters.first > s.quarter.last) {
		return set, false, nil
	}
	set.fill()
	for _, want := range s.facets {
		if some, err = x.keep(&set, b, want); err != nil || !some {
			return set, some, err
		}
	}
	if s.timed && (b.quarters.first < s.quarter.first || b.quarters.last > s.quarter.last) {
		some, err = x.keep(&set, b, facetRange{facetQuarter, quarterKey(s.quarter.first), quarterKey(s.quarter.last)})
		return set, some, err
	}
	return set, true, nil
}

// selectFacets are asked for one value, or for a range of them. SQLite needs to know which, to plan each well.
const (
	selectFacet  = "SELECT ids FROM facets WHERE block = ? AND facet = ? AND value = ?"
	selectFacets = "SELECT ids FROM facets WHERE block = ? AND facet = ? AND value >= ? AND value <= ?"
)

// facetQuery asks for the facets of blocks, many times, each for some microseconds.
type facetQuery struct {
	ctx      context.Context // without an end: watching for it would take longer than the query
	q        *sql.Tx
	one, all *sql.Stmt
}

func (x *facetQuery) close() {
	for _, s := range []*sql.Stmt{x.one, x.all} {
		if s != nil {
			_ = s.Close()
		}
	}
}

// keep leaves in the set what has a wanted facet, and reports whether anything is left.
func (x *facetQuery) keep(set *idSet, b block, want facetRange) (some bool, err error) {
	stmt, text, args := &x.one, selectFacet, []any{b.ids.first, want.kind, []byte(want.first)}
	if want.first != want.last {
		stmt, text, args = &x.all, selectFacets, append(args, []byte(want.last))
	}
	if *stmt == nil {
		if *stmt, err = x.q.PrepareContext(x.ctx, text); err != nil {
			return false, err
		}
	}
	rows, err := (*stmt).QueryContext(x.ctx, args...)
	if err != nil {
		return false, err
	}
	var having idSet
	var stored sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&stored); err != nil {
			return false, errors.Join(err, rows.Close())
		}
		having.add(stored)
	}
	return set.keep(&having), errors.Join(rows.Err(), rows.Close())
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
