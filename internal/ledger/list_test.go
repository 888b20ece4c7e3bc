package ledger

import (
	"context"
	"math/rand/v2"
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
		strings.HasPrefix(r.Facts.Callee.Key(), f.NumberPrefix) &&
		id > f.AfterID && (f.BeforeID == 0 || id < f.BeforeID)
}

func TestFilters(t *testing.T) {
	l := newLedger(t)
	r := readerOf(t, l)
	const n = 2*page + 137
	records := varied(t, l, n)
	filters := []Filter{
		{},
		{Action: call.Deny},
		{Rule: "cap"},
		{Extension: "7"},
		{Extension: "70"},
		{Class: call.Premium},
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
	for _, f := range filters {
		for _, limit := range []int{0, 1, 7, page, page + 1} {
			for _, reverse := range []bool{false, true} {
				f.Limit, f.Reverse = limit, reverse
				var want []int64
				for id := int64(1); id <= n; id++ {
					if selects(f, id, records[id]) {
						want = append(want, id)
					}
				}
				if n, err := r.Count(context.Background(), f); n != len(want) || err != nil {
					t.Errorf("%+v counts %d, %v; want %d", f, n, err, len(want))
				}
				if reverse {
					slices.Reverse(want)
				}
				if limit > 0 && len(want) > limit {
					want = want[:limit]
				}
				if got := ids(t, r, f); !slices.Equal(got, want) {
					t.Errorf("%+v gives %d ids, want %d\n%.200v\n%.200v", f, len(got), len(want), got, want)
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

func TestNoFullScan(t *testing.T) {
	r := readerOf(t, newLedger(t))
	rowid := "SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
	for _, test := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, rowid},
		{Filter{Since: moment, Until: moment}, rowid},
		{Filter{Since: moment}, rowid},
		{Filter{Extension: "101"}, "SEARCH d USING INDEX decisions_extension (extension=? AND rowid>? AND rowid<?)"},
		{Filter{Action: call.Deny}, "SEARCH d USING INDEX decisions_action (action=? AND rowid>? AND rowid<?)"},
		{Filter{Rule: "cap"}, "SEARCH d USING INDEX decisions_rule (rule=? AND rowid>? AND rowid<?)"},
		{Filter{Class: call.Premium}, "SEARCH d USING INDEX decisions_class (class=? AND rowid>? AND rowid<?)"},
		{Filter{NumberPrefix: "+8613800138"}, "SEARCH d USING INDEX decisions_number (number>? AND number<?)"},
		{Filter{NumberPrefix: "+86"}, rowid},
		{
			Filter{Extension: "101", Rule: "cap", Action: call.Deny, Class: call.Local, Since: moment, NumberPrefix: "+86"},
			"SEARCH d USING INDEX decisions_extension (extension=? AND rowid>? AND rowid<?)",
		},
	} {
		for _, test.filter.Reverse = range []bool{false, true} {
			text, args := test.filter.sql(selectDecision, idRange{1, 1000}, page)
			lines := plan(t, r, text, args)
			if lines[0] != test.want {
				t.Errorf("%+v: %s\nwant %s", test.filter, lines[0], test.want)
			}
			for _, line := range lines {
				sorts := strings.Contains(line, "TEMP B-TREE") && len(test.filter.NumberPrefix) < wholeNumber
				if strings.HasPrefix(line, "SCAN") || sorts {
					t.Errorf("%+v: %s", test.filter, line)
				}
			}
			text, args = test.filter.boundsSQL()
			for _, line := range plan(t, r, text, args) {
				if strings.HasPrefix(line, "SCAN") {
					t.Errorf("the bounds of %+v: %s", test.filter, line)
				}
			}
		}
	}
}
