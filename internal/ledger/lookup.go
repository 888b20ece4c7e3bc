package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// fewLeft is up to how many decisions of a block are rather read than looked for among its whole numbers.
const fewLeft = 4

// facetQuery asks for the facets of blocks, many times, each for some microseconds.
type facetQuery struct {
	s      *search
	ctx    context.Context // without an end: watching for it would take longer than the query
	q      *sql.Tx
	blocks []block // that are to be searched
	runs   []run
	at     *runSets // what was found out of the run that the last block was in
	looked int      // into how many blocks

	one, all, inRun *sql.Stmt
}

const selectRuns = "state = 1 AND first <= ? AND last >= ?"

// facetQuery prepares to ask about these blocks.
func (s *search) facetQuery(ctx context.Context, q *sql.Tx, blocks []block) (x *facetQuery, err error) {
	x = &facetQuery{s: s, ctx: context.WithoutCancel(ctx), q: q, blocks: blocks}
	if len(blocks) > 1 && len(s.facets) > 0 {
		x.runs, err = readRuns(ctx, q, selectRuns, s.ids.last, s.ids.first)
	}
	return x, err
}

func (x *facetQuery) close() {
	for _, s := range []*sql.Stmt{x.one, x.all, x.inRun} {
		if s != nil {
			_ = s.Close()
		}
	}
}

// in returns the ids of the block that have all that is wanted, and whether there are any.
func (x *facetQuery) in(b block) (set idSet, some bool, err error) {
	s := x.s
	if !s.possible(b) {
		return set, false, nil
	}
	run, err := x.runOf(b)
	if err != nil {
		return set, false, err
	}
	s.begin(&set, b)
	if run != nil {
		k := run.ordinal(b)
		if !run.some[k] {
			return set, false, nil
		}
		set = run.sets[k]
	}
	for _, want := range s.facets {
		if run != nil && (want.kind != facetNumber || run.called[run.ordinal(b)]) {
			continue
		}
		if want.kind == facetNumber {
			some, err = x.keepNumber(&set, b, want)
		} else {
			some, err = x.keep(&set, b, want)
		}
		if err != nil || !some {
			return set, some, err
		}
	}
	if s.timed && (b.quarters.first < s.quarter.first || b.quarters.last > s.quarter.last) {
		some, err = x.keep(&set, b, facetRange{facetQuarter, quarterKey(s.quarter.first), quarterKey(s.quarter.last)})
		return set, some, err
	}
	return set, true, nil
}

// possible reports whether anything in the block can be within the time filter, and have the number.
func (s *search) possible(b block) bool {
	return b.ids.first <= b.ids.last && (!s.timed || b.quarters.last >= s.quarter.first && b.quarters.first <= s.quarter.last) &&
		(!s.few || len(s.calledIn(b.ids)) > 0)
}

// begin puts all of the block in, or those that have the number where these are few.
func (s *search) begin(set *idSet, b block) {
	if !s.few {
		set.fill()
		return
	}
	for _, id := range s.calledIn(b.ids) {
		if o := id - b.ids.first; o < blockSize {
			set[o/64] |= 1 << (o % 64)
		}
	}
}

// runSets is what the blocks of a run have of all that is wanted, but for what runs do not have.
type runSets struct {
	run
	sets []idSet
	some []bool // whether there is anything in the set
	// called says in which blocks a long prefix of a number was frequent: those were looked for.
	called []bool
}

// singly is how many blocks of a page are looked into by themselves before runs are: most often they are enough.
const singly = 2

// runOf returns the run that a block is in, or nil where it is to be looked into by itself.
func (x *facetQuery) runOf(b block) (*runSets, error) {
	if x.looked < singly {
		x.looked++
		return nil, nil
	}
	if x.at == nil || b.ids.first < x.at.ids.first || b.ids.last > x.at.ids.last {
		x.at = nil
		for _, r := range x.runs {
			if b.ids.first >= r.ids.first && b.ids.last <= r.ids.last {
				var err error
				x.at, err = x.lookThrough(r)
				return x.at, err
			}
		}
	}
	return x.at, nil
}

// lookThrough finds out what the blocks of a run have.
func (x *facetQuery) lookThrough(r run) (*runSets, error) {
	found := &runSets{run: r, sets: make([]idSet, r.blocks), some: make([]bool, r.blocks), called: make([]bool, r.blocks)}
	for _, b := range x.blocks {
		if b.ids.first >= r.ids.first && b.ids.last <= r.ids.last && x.s.possible(b) {
			k := found.ordinal(b)
			found.some[k] = true
			x.s.begin(&found.sets[k], b)
		}
	}
	for _, want := range x.s.facets {
		if err := x.keepInRun(found, want); err != nil {
			return nil, err
		}
		if !slices.Contains(found.some, true) {
			break
		}
	}
	return found, nil
}

// keepInRun leaves in the sets what has a wanted facet; of a long prefix of a number, where it is frequent.
func (x *facetQuery) keepInRun(found *runSets, want facetRange) error {
	some := make([]bool, len(found.some))
	kind := want.kind
	if kind == facetNumber {
		kind = facetPrefix
		copy(some, found.some)
	}
	err := x.each(&x.inRun, selectRunFacet, func(stored []byte) {
		parts(stored, func(k int, ids []byte) {
			if k < len(some) && found.some[k] {
				var having idSet
				having.add(ids)
				some[k] = found.sets[k].keep(&having)
				found.called[k] = want.kind == facetNumber
			}
		})
	}, found.id, kind, []byte(want.first))
	found.some = some
	return err
}

// The queries for facets: for one value, or for a range of them. SQLite needs to know which, to plan each well.
const (
	selectFacet    = "SELECT ids FROM facets WHERE block = ? AND facet = ? AND value = ?"
	selectFacets   = "SELECT ids FROM facets WHERE block = ? AND facet = ? AND value >= ? AND value <= ?"
	selectRunFacet = "SELECT ids FROM run_facets WHERE run = ? AND facet = ? AND value = ?"
)

// keep leaves in the set what has a wanted facet, and reports whether anything is left.
func (x *facetQuery) keep(set *idSet, b block, want facetRange) (some bool, err error) {
	stmt, text, args := &x.one, selectFacet, []any{b.ids.first, want.kind, []byte(want.first)}
	if want.first != want.last {
		stmt, text, args = &x.all, selectFacets, append(args, []byte(want.last))
	}
	var having idSet
	err = x.each(stmt, text, having.add, args...)
	return set.keep(&having), err
}

// keepNumber leaves in the set what has a number that begins with a long prefix: where that is frequent it has a facet, and
// else few numbers begin so. Where only few decisions are left, it does not look.
func (x *facetQuery) keepNumber(set *idSet, b block, want facetRange) (some bool, err error) {
	var having idSet
	frequent := false
	err = x.each(&x.one, selectFacet, func(stored []byte) {
		having.add(stored)
		frequent = true
	}, b.ids.first, facetPrefix, []byte(want.first))
	switch {
	case err != nil:
		return false, err
	case frequent:
		return set.keep(&having), nil
	case set.atMost(fewLeft):
		return true, nil
	}
	return x.keep(set, b, want)
}

// each hands every set that a query finds to with, which must not keep it. The query is prepared when it is first needed.
func (x *facetQuery) each(stmt **sql.Stmt, text string, with func(stored []byte), args ...any) (err error) {
	if *stmt == nil {
		if *stmt, err = x.q.PrepareContext(x.ctx, text); err != nil {
			return err
		}
	}
	rows, err := (*stmt).QueryContext(x.ctx, args...)
	if err != nil {
		return err
	}
	var stored sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&stored); err != nil {
			return errors.Join(err, rows.Close())
		}
		with(stored)
	}
	return errors.Join(rows.Err(), rows.Close())
}
