package ledger

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Sets of every size come back as they were stored, as a list or as bits.
func TestIDSets(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 2, 2047, 2048, 2049, 20_000, blockSize} {
		offsets := make([]uint16, 0, n)
		for _, o := range random.Perm(blockSize)[:n] {
			offsets = append(offsets, uint16(o))
		}
		slices.Sort(offsets)
		stored := encodeIDs(offsets)
		if len(stored) > setBytes {
			t.Errorf("%d ids take %d bytes", n, len(stored))
		}
		var set idSet
		set.add(stored)
		want := make([]int64, n)
		for i, o := range offsets {
			want[i] = 1000 + int64(o)
		}
		got := set.among(idRange{1000, 1000 + blockSize}, idRange{0, 1 << 40}, blockSize, false)
		if !slices.Equal(got, want) {
			t.Errorf("of %d ids come back %d", n, len(got))
		}
		var all idSet
		all.fill()
		if left := all.keep(&set); left != (n > 0) || all != set {
			t.Errorf("%d ids: what all and these have in common is something else", n)
		}
	}
	var set idSet
	set.add([]byte{1, 0, 0xff, 0xff, 7}) // what was never stored
	if got := set.among(idRange{0, blockSize}, idRange{0, blockSize}, 10, true); !slices.Equal(got, []int64{1}) {
		t.Errorf("got %v", got)
	}
}

// The clock may say anything, also before 1970.
func TestQuarters(t *testing.T) {
	before := ""
	for _, test := range []struct{ unix, want int64 }{{-901, -2}, {-900, -1}, {-1, -1}, {0, 0}, {899, 0}, {900, 1}} {
		got := quarterOf(test.unix)
		if key := quarterKey(got); got != test.want || key < before {
			t.Errorf("%d is in quarter %d, want %d, and in order", test.unix, got, test.want)
		} else {
			before = key
		}
	}
}

// What is masked or removed goes from the facets, and a list never shows what is no longer there.
func TestFacetsFollowChanges(t *testing.T) {
	ctx := context.Background()
	l := openTest(t, t.TempDir()+"/dialwarden.db", inBlocks(10))
	r := readerOf(t, l)
	for i := range 25 {
		rec := sample(i)
		rec.Facts.Callee.E164 = "+8613800138000"
		record(t, l, rec)
	}
	if err := l.Index(ctx); err != nil {
		t.Fatal(err)
	}
	db := shell(t, l.path)
	if _, err := db.Exec(`DROP TRIGGER decisions_no_update; DROP TRIGGER decisions_no_delete; PRAGMA foreign_keys = OFF;
		UPDATE decisions SET number = '+49*', holder = '-' WHERE id IN (3, 25); DELETE FROM decisions WHERE id = 14`); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, r, Filter{NumberPrefix: "+86138001", Holder: "王芳"}); len(got) != 22 {
		t.Errorf("after the change the list is %v", got)
	}
	if err := l.Index(ctx); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, r, Filter{NumberPrefix: "+49*", Holder: "-", Action: call.Allow}); !slices.Equal(got, []int64{3, 25}) {
		t.Errorf("under what they are now there are %v", got)
	}
	if got := ids(t, r, Filter{NumberPrefix: "+8613800138000", Reverse: true, Since: moment.Add(-time.Hour)}); len(got) != 22 || got[0] != 24 {
		t.Errorf("under what they were there are %v", got)
	}
	if got := textOf(t, db, "SELECT hex(ids) FROM facets WHERE block = 11 AND facet = ? AND value = CAST('+8613800138000' AS BLOB)", facetNumber); len(got) != 9*4 {
		t.Errorf("the facet still has what was removed: %s", got)
	}
	if n, err := r.Count(ctx, Filter{}); n != 24 || err != nil {
		t.Errorf("%d decisions, %v", n, err)
	}
}

// What is written behind goes alone, when nobody waits; or after many others, so that its turn comes.
func TestBehind(t *testing.T) {
	q := newQueue()
	behind, call := &request{}, &request{}
	q.put(behind, true)
	for n := range maxPassed {
		q.put(call, false)
		if got := q.take(); len(got) != 1 || got[0] != call {
			t.Fatalf("%d: the caller has to wait", n)
		}
	}
	q.put(call, false)
	if got := q.take(); len(got) != 1 || got[0] != behind {
		t.Fatal("its turn never comes")
	}
	if got := q.take(); len(got) != 1 || got[0] != call {
		t.Fatal("the caller was forgotten")
	}
	q.put(behind, true)
	q.put(behind, true)
	if got := q.take(); len(got) != 1 || !q.withdraw(behind) || len(q.take()) != 0 {
		t.Error("what is behind goes one by one, and can be withdrawn")
	}
}

// The search for what is to be built and the removal of what was built must not read all facets.
func TestIndexerPlans(t *testing.T) {
	r := readerOf(t, newLedger(t))
	for _, query := range []struct {
		text string
		args []any
	}{
		{removeFacets, []any{1, facetBatch}}, {removeRunFacets, []any{1, runRemoved}}, {selectKind, []any{1, 2}},
	} {
		for _, line := range plan(t, r, query.text, query.args) {
			if strings.HasPrefix(line, "SCAN") {
				t.Errorf("%s: %s", query.text, line)
			}
		}
	}
}
