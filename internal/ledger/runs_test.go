package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

// called makes n decisions; the numbers have long prefixes that are frequent, and rare ones.
func called(t *testing.T, l *Ledger, n int) {
	t.Helper()
	fill(t, l, n)
	if _, err := shell(t, l.path).Exec(`DROP TRIGGER decisions_no_update;
		UPDATE decisions SET number = CASE id % 5 WHEN 0 THEN '+49' || id WHEN 1 THEN '+8613800138000' WHEN 2 THEN '+86138001380'
			ELSE '+861380013' || (id * 7919 % 10000) END,
		holder = 'holder ' || id % 7, rule = iif(id % 90 = 1, 'rare', 'common'), action = iif(id < 3000, 'deny', 'allow')`); err != nil {
		t.Fatal(err)
	}
}

// found searches by facets alone: as if the wanted number were frequent.
func found(t *testing.T, r *Reader, f Filter) []int64 {
	t.Helper()
	ctx := context.Background()
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	s, err := r.search(ctx, f)
	if err != nil {
		t.Fatal(err)
	}
	s.called, s.few, s.facets = nil, false, f.facets()
	candidates, err := s.next(ctx, tx, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	text, args, err := f.sql("SELECT d.id FROM decisions d", candidates)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := list(ctx, tx, text, args, scanID)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// byRows are the ids that a filter selects, by the rows alone.
func byRows(t *testing.T, r *Reader, f Filter) []int64 {
	t.Helper()
	text, args := f.rowsSQL(idRange{max(1, f.AfterID+1), 1 << 40}, 1<<20)
	ids, err := list(context.Background(), r.db, text, args, scanID)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// What runs of blocks find is what the rows say, in runs of every size and beside them, also for long prefixes of numbers.
func TestRuns(t *testing.T) {
	ctx := context.Background()
	l := openTest(t, t.TempDir()+"/dialwarden.db", inBlocks(100))
	r := readerOf(t, l)
	called(t, l, 8050)
	if err := l.Index(ctx); err != nil {
		t.Fatal(err)
	}
	db := shell(t, l.path)
	runs := func() string {
		return textOf(t, db, "SELECT group_concat(first || '-' || last, ' ' ORDER BY first) FROM runs WHERE state = 1")
	}
	if got := runs(); got != "1-6400 6401-7200 7201-8000" {
		t.Fatalf("the runs are %s", got)
	}
	if got := textOf(t, db, "SELECT count(*) FROM facets WHERE facet = ? AND length(value) > ?", facetPrefix, longPrefix); got == "0" {
		t.Fatal("no long prefix is frequent")
	}
	check := func() {
		t.Helper()
		for _, prefix := range []string{
			"", "+49", "+491", "+86138001", "+8613800138", "+86138001380", "+861380013800", "+8613800138000", "+86138001380001", "+861380013777",
			"+8613801", "+861380013\xff", "+8613800138000000000000000000000000000",
		} {
			for _, f := range []Filter{
				{}, {Holder: "holder 3"}, {Holder: "nobody"}, {Rule: "rare", Action: call.Allow}, {Action: call.Deny, AfterID: 2000},
				{Holder: "holder 3", Rule: "rare", Reverse: true}, {Extension: "101", Holder: "holder 0", Rule: "rare", Action: call.Deny, AfterID: 17},
			} {
				f.NumberPrefix = prefix
				want := byRows(t, r, f)
				if got := found(t, r, f); !slices.Equal(got, want) {
					t.Errorf("%+v: facets find %d decisions, want %d", f, len(got), len(want))
				}
				if got := ids(t, r, f); !slices.Equal(got, want) {
					t.Errorf("%+v: the list has %d decisions, want %d", f, len(got), len(want))
				}
			}
		}
	}
	check()
	// A change within a run: the block is built anew, and the run goes and comes back.
	if _, err := db.Exec("UPDATE decisions SET holder = 'nobody', number = '+861380013777' WHERE id IN (150, 6500)"); err != nil {
		t.Fatal(err)
	}
	if err := l.index(ctx, false); err != nil {
		t.Fatal(err)
	}
	if got := runs(); got != "7201-8000" {
		t.Errorf("after a change the runs are %s", got)
	}
	check()
	if err := l.index(ctx, false); err != nil {
		t.Fatal(err)
	}
	if got := runs(); got != "1-6400 6401-7200 7201-8000" {
		t.Errorf("at last the runs are %s", got)
	}
	if got := textOf(t, db, "SELECT count(*) FROM run_facets WHERE run NOT IN (SELECT id FROM runs)"); got != "0" {
		t.Errorf("%s facets were left behind", got)
	}
	check()
	// A run that was begun and left is begun anew.
	if _, err := db.Exec("UPDATE runs SET state = 0; DELETE FROM run_facets WHERE facet = ?", facetRule); err != nil {
		t.Fatal(err)
	}
	check()
	if err := l.Index(ctx); err != nil {
		t.Fatal(err)
	}
	if got := runs(); got != "1-6400 6401-7200 7201-8000" {
		t.Errorf("begun anew the runs are %s", got)
	}
	check()
}

// Bytes that no ledger wrote are read as far as they make sense.
func TestRunParts(t *testing.T) {
	stored := appendPart(appendPart(nil, 3, []byte("abcd")), 63, nil)
	for _, test := range []struct{ stored, want string }{
		{string(stored), "3=abcd 63= "},
		{string(stored[:5]), ""},
		{string(stored) + "\x40\x00\x00\x01\x00\x00", "3=abcd 63= "},
		{string(stored) + "\x01\xff", "3=abcd 63= "},
	} {
		got := ""
		parts([]byte(test.stored), func(k int, ids []byte) { got += fmt.Sprintf("%d=%s ", k, ids) })
		if got != test.want {
			t.Errorf("%q is read as %q, want %q", test.stored, got, test.want)
		}
	}
}
