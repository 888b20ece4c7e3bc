package ledger

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// moment is when the tests take place.
var moment = time.Date(2026, 11, 23, 17, 0, 0, 123_456_789, time.FixedZone("CST", 8*3600))

// testKey returns a key of nothing but b.
func testKey(b byte) Key {
	k := Key{path: fmt.Sprintf("key-%d", b)}
	copy(k.secret[:], bytes.Repeat([]byte{b}, KeySize))
	return k
}

// openTest opens the ledger at path for the length of the test, with a clock that stands at moment.
func openTest(t testing.TB, path string, options ...Option) *Ledger {
	t.Helper()
	options = append([]Option{WithClock(func() time.Time { return moment })}, options...)
	l, err := Open(path, testKey(1), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// newLedger opens a ledger in a directory of its own.
func newLedger(t testing.TB) *Ledger {
	t.Helper()
	return openTest(t, filepath.Join(t.TempDir(), "dialwarden.db"))
}

// readerOf opens the file of l for reading.
func readerOf(t testing.TB, l *Ledger) *Reader {
	t.Helper()
	r, err := OpenReader(l.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// sample returns the record of an ordinary long-distance call, the nth.
func sample(n int) call.Record {
	a := call.Attempt{
		Source: call.SourceARI, Channel: fmt.Sprintf("1763888400.%d", n), Extension: fmt.Sprintf("%d", 1000+n*7919%9000),
		Dialled: "9013800138000", At: moment.Add(time.Duration(n) * time.Second),
	}
	number := call.Number{
		Dialled: a.Dialled, Digits: "013800138000", E164: fmt.Sprintf("+86138%08d", n*104729%100000000),
		Class: call.Mobile, Region: "CN", Risk: []string{},
	}
	return call.Record{
		Attempt: a,
		Facts: call.Facts{
			Time: call.ClockAt(a.At, time.FixedZone("Asia/Shanghai", 8*3600)),
			Caller: call.Caller{
				Extension: a.Extension, Known: true, Holder: "王芳", Department: "Finance", Grade: "clerk",
				ClassOfService: "national",
			},
			Callee: call.Callee{Number: number},
			Line:   call.Line{Kind: "phone"}, Attempt: a,
		},
		Decision: call.Decision{
			Action: call.Allow, Rule: "local",
			Reasons:  []call.Reason{{Rule: "cap", Text: "Calls are cut"}, {Rule: "local", Text: "Mobile calls are free"}},
			Requires: []call.Requirement{}, MaxSeconds: 180, WarnSeconds: 30,
			Shadow:         []call.Shadowed{{Rule: "night", Head: "deny", Reason: "It is night"}},
			PolicyRevision: "3f6c1a90e2b44f0d", Elapsed: 37 * time.Microsecond,
		},
	}
}

// record records r, which must work.
func record(t testing.TB, l *Ledger, r call.Record) int64 {
	t.Helper()
	id, err := l.Record(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
