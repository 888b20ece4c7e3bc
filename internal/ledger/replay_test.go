package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestDecided gives back what was seen and answered, over more than a page and beside the writer.
func TestDecided(t *testing.T) {
	l := newLedger(t)
	r := readerOf(t, l)
	const n = page + 3
	odd := sample(1)
	odd.Attempt.Dialled = "6\xff\x1b"
	id := record(t, l, odd)
	at := moment.Add(time.Minute)
	if err := errors.Join(l.Answered(t.Context(), id, call.Pickup{At: at}), l.Ended(t.Context(), id, call.End{EndedAt: at.Add(90 * time.Second), Cause: 16})); err != nil {
		t.Fatal(err)
	}
	for i := range n - 1 {
		record(t, l, sample(i+2))
	}
	seen := int64(0)
	for c, err := range r.Decided(t.Context(), Filter{}) {
		if seen++; err != nil || c.ID != seen {
			t.Fatalf("got %d, %v; want %d", c.ID, err, seen)
		}
		if c.ID > 1 {
			continue
		}
		var f call.Facts
		var d call.Decision
		if err := errors.Join(json.Unmarshal(c.Input, &f), json.Unmarshal(c.Answer, &d)); err != nil {
			t.Fatal(err)
		}
		if c.Dialled != odd.Attempt.Dialled || c.Shown != `6\xff\x1b` || c.Seconds != 90 || c.CostMinor != nil ||
			c.Extension != odd.Attempt.Extension || c.Source != call.SourceARI || c.Department != odd.Facts.Caller.Department ||
			f.Callee.E164 != odd.Facts.Callee.E164 || d.Rule != odd.Decision.Rule || !c.At.Equal(odd.Attempt.At.Truncate(time.Millisecond)) {
			t.Errorf("got %+v", c)
		}
	}
	if seen != n {
		t.Errorf("got %d calls, want %d", seen, n)
	}
	lines := plan(t, r, selectDecided+" WHERE d.id BETWEEN ? AND ? ORDER BY d.id LIMIT ?", []any{1, 2, 3})
	for _, line := range lines {
		if strings.HasPrefix(line, "SCAN") || strings.Contains(line, "TEMP B-TREE") {
			t.Errorf("a page is not read by its ids: %s", line)
		}
	}
}

func TestFindRevision(t *testing.T) {
	l := newLedger(t)
	r := readerOf(t, l)
	ctx := context.Background()
	for _, revision := range []string{"3f2a", "3f2b", "91bc"} {
		if err := l.SaveRevision(ctx, revision, moment, map[string][]byte{"x": []byte(revision)}); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string]string{"9": "91bc", "3f2a": "3f2a"} {
		if got, err := r.FindRevision(ctx, prefix); got != want || err != nil {
			t.Errorf("%s: got %s, %v", prefix, got, err)
		}
	}
	if _, err := r.FindRevision(ctx, "3f"); err == nil || !strings.Contains(err.Error(), "there are several that begin so, like 3f2a and 3f2b") {
		t.Errorf("got %v", err)
	}
	for _, unknown := range []string{"8", "%", "_1bc", "91bcd"} {
		if _, err := r.FindRevision(ctx, unknown); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", unknown, err)
		}
	}
}
