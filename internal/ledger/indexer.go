package ledger

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// indexing is how facets are built: the default, or what a test wants.
type indexing struct {
	block int64         // ids to a block, at most blockSize
	every time.Duration // how often it is looked whether there is something to do
	one   *sync.Mutex   // held while they are built
}

// facetBatch is how many facets are written in one transaction of their own. A decision that comes meanwhile waits for
// no more than that: one or two milliseconds.
const facetBatch = 256

// indexer builds the facets of full blocks until the ledger is closed. A failure is not told here: where the file cannot
// be written, everything else says so; and a list without facets is slower, but whole.
func (l *Ledger) indexer(ctx context.Context) {
	defer close(l.indexed)
	tick := time.NewTicker(l.indexing.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = l.index(ctx, false)
		}
	}
}

// Index builds the facets of all full blocks that have none, and of those in which a decision was changed or removed, and
// the runs of blocks. The ledger does that by itself every few seconds; this is for who cannot wait.
func (l *Ledger) Index(ctx context.Context) error { return l.index(ctx, true) }

// index builds the blocks, and then the runs: at once, or only when there was no block to build, so that runs are not built
// again and again while decisions are being masked or removed.
func (l *Ledger) index(ctx context.Context, atOnce bool) error {
	l.indexing.one.Lock()
	defer l.indexing.one.Unlock()
	for quiet := true; ; quiet = false {
		first, last, err := l.nextBlock(ctx)
		if err != nil {
			return err
		}
		if first == 0 {
			if quiet || atOnce {
				return l.indexRuns(ctx)
			}
			return nil
		}
		if err := l.buildBlock(ctx, first, last); err != nil {
			return err
		}
	}
}

// nextBlock returns the first and the last id of the block to build next, or 0 if there is none: one that was begun, a
// stale one, a new one.
func (l *Ledger) nextBlock(ctx context.Context) (first, last int64, err error) {
	err = l.reads.QueryRowContext(ctx, "SELECT first, last FROM blocks WHERE built = 0 OR stale = 1 ORDER BY built, first LIMIT 1").
		Scan(&first, &last)
	if !errors.Is(err, sql.ErrNoRows) {
		return first, last, err
	}
	var newest int64
	err = l.reads.QueryRowContext(ctx, "SELECT coalesce(max(last), 0) + 1, (SELECT coalesce(max(id), 0) FROM decisions) FROM blocks").
		Scan(&first, &newest)
	if last = first + l.indexing.block - 1; err != nil || last > newest {
		return 0, 0, err
	}
	return first, last, nil
}

// removeFacets removes some facets of a block.
const removeFacets = `DELETE FROM facets WHERE (block, facet, value) IN
	(SELECT block, facet, value FROM facets WHERE block = ? LIMIT ?)`

// buildBlock writes the facets of a block in many small transactions. Until the last of them, lists look at its rows. A run
// that the block is in is out of date with the first.
func (l *Ledger) buildBlock(ctx context.Context, first, last int64) error {
	err := l.writeBehind(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.ExecContext(ctx, `INSERT INTO blocks (first, last, from_quarter, to_quarter, built, stale) VALUES (?, ?, 0, 0, 0, 0)
			ON CONFLICT DO UPDATE SET built = 0, stale = 0`, first, last)
		if err == nil {
			_, err = c.ExecContext(ctx, "UPDATE runs SET state = 2 WHERE first <= ? AND last >= ?", first, last)
		}
		return err
	})
	for more := true; more && err == nil; { // what is left of an earlier building
		err = l.writeBehind(ctx, func(ctx context.Context, c *conn) error {
			r, err := c.ExecContext(ctx, removeFacets, first, facetBatch)
			if err == nil {
				var n int64
				n, err = r.RowsAffected()
				more = n > 0
			}
			return err
		})
	}
	if err != nil {
		return err
	}
	having, quarters, err := l.readFacets(ctx, first, last)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(slices.SortedFunc(maps.Keys(having), compareFacets), facetBatch) {
		if err := l.writeBehind(ctx, func(ctx context.Context, c *conn) error {
			return addFacets(ctx, c, first, batch, having)
		}); err != nil {
			return err
		}
	}
	return l.writeBehind(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.ExecContext(ctx, "UPDATE blocks SET from_quarter = ?, to_quarter = ?, built = 1 WHERE first = ?",
			quarters.first, quarters.last, first)
		return err
	})
}

func addFacets(ctx context.Context, c *conn, block int64, batch []facet, having map[facet][]uint16) error {
	for _, f := range batch {
		if _, err := c.addFacet.ExecContext(ctx, block, f.kind, []byte(f.value), encodeIDs(having[f])); err != nil {
			return err
		}
	}
	return nil
}

// readFacets reads a block and returns the offsets of the ids that have each facet, in order, and between which quarters
// of an hour it lies.
func (l *Ledger) readFacets(ctx context.Context, first, last int64) (map[facet][]uint16, idRange, error) {
	having := map[facet][]uint16{}
	var quarters idRange
	rows, err := l.reads.QueryContext(ctx, `SELECT id, coalesce(unixepoch(at), 0), extension, holder, department, class,
		action, rule, number FROM decisions WHERE id BETWEEN ? AND ? ORDER BY id`, first, last)
	if err != nil {
		return nil, quarters, err
	}
	for begun := false; rows.Next(); begun = true {
		var id, unix int64
		var v [6]string
		var number string
		if err := rows.Scan(&id, &unix, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &number); err != nil {
			return nil, quarters, errors.Join(err, rows.Close())
		}
		offset, q := uint16(id-first), quarterOf(unix)
		if !begun {
			quarters = idRange{q, q}
		}
		quarters = idRange{min(quarters.first, q), max(quarters.last, q)}
		add := func(kind int, value string) {
			if value != "" { // a filter cannot ask for it
				f := facet{kind, value}
				having[f] = append(having[f], offset)
			}
		}
		for i, value := range v {
			add(facetExtension+i, value)
		}
		add(facetQuarter, quarterKey(q))
		for n := 1; n <= min(longPrefix, len(number)); n++ {
			add(facetPrefix, number[:n])
		}
		if len(number) > longPrefix {
			add(facetNumber, number)
		}
	}
	addLongPrefixes(having)
	return having, quarters, errors.Join(rows.Err(), rows.Close())
}
