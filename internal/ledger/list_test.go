package ledger

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// ids lists what f selects.
func ids(t *testing.T, r *Reader, f Filter) []int64 {
	t.Helper()
	var all []int64
	for d, err := range r.Decisions(context.Background(), f) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d.ID)
	}
	return all
}

// varied records n decisions of few rules, classes and extensions, the times nearly in order, and returns them by id.
func varied(t *testing.T, l *Ledger, n int) []call.Record {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	records := make([]call.Record, n+1)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range n {
		r := sample(i)
		r.Attempt.At = r.Attempt.At.Add(time.Duration(random.IntN(600)-300) * time.Second)
		if i%100 == 99 { // the clock was wrong
			r.Attempt.At = r.Attempt.At.Add(time.Duration(random.IntN(3)-1) * 24 * time.Hour)
		}
		r.Attempt.Extension = []string{"101", "102", "103", "7"}[random.IntN(4)]
		r.Facts.Caller.Holder = []string{"王芳", "李强", ""}[random.IntN(3)]
		r.Facts.Caller.Department = []string{"Finance", "Sales"}[random.IntN(2)]
		r.Decision.Rule = []string{"local", "premium", "cap"}[random.IntN(3)]
		r.Decision.Action = []call.Action{call.Allow, call.Deny, call.Challenge}[random.IntN(3)]
		r.Facts.Callee.Class = []call.Class{call.Mobile, call.Premium, call.Local}[random.IntN(3)]
		r.Facts.Callee.E164 = []string{"+8613800138000", "+8613800138001", "+861380013", "+442071838750", ""}[random.IntN(5)]
		wg.Go(func() {
			id := record(t, l, r)
			mu.Lock()
			defer mu.Unlock()
			records[id] = r
		})
	}
	wg.Wait()
	return records
}

// selects is what Filter means, said once more.
func selects(f Filter, id int64, r call.Record) bool {
	at := r.Attempt.At.Truncate(time.Millisecond)
	return (f.Since.IsZero() || !at.Before(f.Since.Truncate(time.Millisecond))) && (f.Until.IsZero() || at.Before(f.Until)) &&
		(f.Action == "" || f.Action == r.Decision.Action) && (f.Rule == "" || f.Rule == r.Decision.Rule) &&
		(f.Extension == "" || f.Extension == r.Attempt.Extension) && (f.Class == "" || f.Class == r.Facts.Callee.Class) &&
		(f.Holder == "" || f.Holder == r.Facts.Caller.Holder) && (f.Department == "" || f.Department == r.Facts.Caller.Department) &&
		strings.HasPrefix(r.Facts.Callee.Key(), f.NumberPrefix) &&
		id > f.AfterID && (f.BeforeID == 0 || id < f.BeforeID)
}

// filterCases are filters of records that varied made.
func filterCases(records []call.Record) []Filter {
	n := int64(len(records) - 1)
	return []Filter{
		{},
		{Action: call.Deny},
		{Rule: "cap"},
		{Extension: "7"},
		{Extension: "70"},
		{Class: call.Premium},
		{Holder: "李强"},
		{Holder: "李"},
		{Department: "Sales", Until: moment.Add(10 * time.Minute)},
		{Department: "Sales", Holder: "王芳", Class: call.Mobile, Action: call.Allow, Rule: "local", Extension: "103"},
		{NumberPrefix: "+"},
		{NumberPrefix: "+8613800"},
		{NumberPrefix: "+86138001"},
		{NumberPrefix: "+44207", Department: "Finance"},
		{NumberPrefix: "+86"},
		{NumberPrefix: "+861380013"},
		{NumberPrefix: "+8613800138001"},
		{NumberPrefix: "013"},
		{NumberPrefix: "%"},
		{NumberPrefix: "\xff"},
		{AfterID: 100},
		{AfterID: n},
		{BeforeID: 100},
		{BeforeID: 1},
		{AfterID: 100, BeforeID: 700},
		{Since: moment.Add(10 * time.Minute)},
		{Until: moment.Add(10 * time.Minute)},
		{Until: moment.Add(-48 * time.Hour)},
		{Since: records[5].Attempt.At, Until: records[5].Attempt.At.Add(1)},
		{Since: moment.Add(5 * time.Minute), Until: moment.Add(9 * time.Minute)},
		{Since: moment.Add(9 * time.Minute), Until: moment.Add(5 * time.Minute)},
		{Since: moment, Until: moment.Add(20 * time.Minute), Extension: "101", Action: call.Allow, AfterID: 20, BeforeID: 1000},
		{Extension: "102", Rule: "cap", Class: call.Local, Action: call.Deny, NumberPrefix: "+8613800138"},
	}
}

// A list is the same whether its facets are there or not: of none, of some blocks, and of all.
func TestFilters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	l := openTest(t, path, inBlocks(100))
	r := readerOf(t, l)
	const n = 2*page + 137
	records := varied(t, l, n)
	checkFilters(t, r, records)
	if err := l.Index(context.Background()); err != nil {
		t.Fatal(err)
	}
	db := shell(t, path)
	if got := textOf(t, db, "SELECT count(*) || ' to ' || max(last) FROM blocks WHERE built = 1"); got != "11 to 1100" {
		t.Fatalf("there are blocks %s", got)
	}
	if got := textOf(t, db, "SELECT group_concat(first || ' to ' || last || ' in ' || state) FROM runs"); got != "1 to 800 in 1" {
		t.Fatalf("there are runs %s", got)
	}
	checkFilters(t, r, records)
	if _, err := db.Exec("UPDATE blocks SET built = 0 WHERE first IN (201, 301, 1001); DELETE FROM facets WHERE block = 301"); err != nil {
		t.Fatal(err)
	}
	checkFilters(t, r, records)
	if err := l.Index(context.Background()); err != nil { // goes on with what was begun
		t.Fatal(err)
	}
	if got := textOf(t, db, "SELECT count(*) FROM blocks WHERE built = 1"); got != "11" {
		t.Errorf("%s blocks are built", got)
	}
	checkFilters(t, r, records)
}

// inBlocks makes a ledger build facets when it is told to, so many ids to a block.
func inBlocks(ids int64) Option {
	return func(l *Ledger) { l.indexing = indexing{ids, time.Hour, &sync.Mutex{}} }
}

// checkFilters compares every list with what it should be.
func checkFilters(t *testing.T, r *Reader, records []call.Record) {
	t.Helper()
	for _, f := range filterCases(records) {
		for _, limit := range []int{0, 7, page + 1} {
			for _, reverse := range []bool{false, true} {
				f.Limit, f.Reverse = limit, reverse
				var want []int64
				for id := int64(1); id < int64(len(records)); id++ {
					if selects(f, id, records[id]) {
						want = append(want, id)
					}
				}
				if limit == 0 && !reverse {
					if n, err := r.Count(context.Background(), f); n != len(want) || err != nil {
						t.Errorf("%+v counts %d, %v; want %d", f, n, err, len(want))
					}
				}
				if reverse {
					slices.Reverse(want)
				}
				if limit > 0 && len(want) > limit {
					want = want[:limit]
				}
				if got := ids(t, r, f); !slices.Equal(got, want) {
					t.Errorf("%+v gives %d ids, want %d", f, len(got), len(want))
				}
			}
		}
	}
}

func TestListEnds(t *testing.T) {
	l := newLedger(t)
	r := readerOf(t, l)
	for range r.Decisions(context.Background(), Filter{}) {
		t.Error("something in an empty ledger")
	}
	for i := range 3 {
		record(t, l, sample(i))
	}
	var got []int64
	for d, err := range r.Decisions(context.Background(), Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, d.ID)
		record(t, l, sample(int(d.ID))) // comes too late for this list
	}
	if !slices.Equal(got, []int64{1, 2, 3}) {
		t.Errorf("the list is %v, want 1 to 3", got)
	}
	for range r.Decisions(context.Background(), Filter{}) {
		break // must not go on
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range r.Decisions(ended, Filter{}) {
		if err == nil {
			t.Error("the context has ended, the list goes on")
		}
	}
}

// plan returns the lines of the query plan.
func plan(t *testing.T, r *Reader, text string, args []any) []string {
	t.Helper()
	lines, err := list(context.Background(), r.db, "EXPLAIN QUERY PLAN "+text, args,
		func(scan func(...any) error) (line string, err error) {
			var id, parent, unused int
			err = scan(&id, &parent, &unused, &line)
			return line, err
		})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// combinations are the filters of every combination of what can be filtered by.
func combinations() []Filter {
	restrict := []func(*Filter){
		func(f *Filter) { f.Since = moment },
		func(f *Filter) { f.Until = moment },
		func(f *Filter) { f.Extension = "101" },
		func(f *Filter) { f.Holder = "王芳" },
		func(f *Filter) { f.Department = "Finance" },
		func(f *Filter) { f.NumberPrefix = "+86" },
		func(f *Filter) { f.NumberPrefix = "+8613800138000" },
		func(f *Filter) { f.Class = call.Mobile },
		func(f *Filter) { f.Action = call.Deny },
		func(f *Filter) { f.Rule = "cap" },
		func(f *Filter) { f.Reverse = true },
	}
	var all []Filter
	for set := range 1 << len(restrict) {
		var f Filter
		for i, restricts := range restrict {
			if set>>i&1 == 1 {
				restricts(&f)
			}
		}
		all = append(all, f)
	}
	return all
}

func TestNoFullScan(t *testing.T) {
	r := readerOf(t, newLedger(t))
	check := func(f Filter, want, text string, args []any) {
		t.Helper()
		lines := plan(t, r, text, args)
		if !slices.Contains(lines, want) {
			t.Errorf("%+v: %q\nwant %s", f, lines, want)
		}
		for _, line := range lines {
			if strings.HasPrefix(line, "SCAN") && !strings.HasPrefix(line, "SCAN json_each") || strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%+v: %s", f, line)
			}
		}
	}
	for _, f := range combinations() {
		text, args, err := f.sql(selectDecision, []int64{1, 2, 3})
		if err != nil {
			t.Fatal(err)
		}
		check(f, "SEARCH d USING INTEGER PRIMARY KEY (rowid=?)", text, args)
		text, args = f.rowsSQL(idRange{1, 1000}, page)
		check(f, "SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", text, args)
	}
	for _, order := range []string{"ASC", "DESC"} {
		check(Filter{}, "SEARCH blocks USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", selectBlocks+order, []any{1, 2, 3})
	}
	check(Filter{}, "SEARCH run_facets USING INDEX run_facets_value (run=? AND facet=? AND value=?)", selectRunFacet, []any{1, 2, "x"})
	check(Filter{}, "SEARCH decisions USING COVERING INDEX decisions_number (number>? AND number<?)", selectCalled, []any{"+86", "+87", 10})
	check(Filter{}, "SEARCH facets USING PRIMARY KEY (block=? AND facet=? AND value=?)", selectFacet, []any{1, 2, "x"})
	check(Filter{}, "SEARCH facets USING PRIMARY KEY (block=? AND facet=? AND value>? AND value<?)", selectFacets, []any{1, 2, "x", "y"})
}

// A list of any filters holds a page of rows at a time, however long it is.
func TestListStreams(t *testing.T) {
	l := openTest(t, filepath.Join(t.TempDir(), "dialwarden.db"), inBlocks(4096))
	r := readerOf(t, l)
	fill(t, l, 40_000)
	if err := l.Index(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, f := range []Filter{{}, {Class: call.Mobile, Action: call.Allow, NumberPrefix: "+86", Since: moment.Add(-time.Hour)}} {
		var before, now runtime.MemStats
		var most uint64
		n := 0
		for _, err := range r.Decisions(context.Background(), f) {
			if err != nil {
				t.Fatal(err)
			}
			switch n++; {
			case n == page:
				runtime.GC()
				runtime.ReadMemStats(&before)
			case n%5000 == 0:
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
		}
		// 40,000 rows held would be some 30 MB.
		if n != 40_000 || most > before.HeapAlloc+4<<20 {
			t.Errorf("%+v: %d decisions; the heap went from %d to %d bytes", f, n, before.HeapAlloc, most)
		}
	}
}

// fill makes n decisions as sample makes them, without the way through the writer.
func fill(t *testing.T, l *Ledger, n int) {
	t.Helper()
	record(t, l, sample(0))
	columns := strings.Join(slices.Concat(lastingColumns, numbersColumns, personColumns), ", ")
	_, err := shell(t, l.path).Exec("INSERT INTO decisions ("+columns+") SELECT "+columns+
		" FROM decisions, (WITH RECURSIVE n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n) WHERE id = 1", n)
	if err != nil {
		t.Fatal(err)
	}
}
