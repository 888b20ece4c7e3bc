package ledger

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// step is one thing that happens to a call.
type step func(*Ledger, int64) error

func answered(at time.Time) step {
	return func(l *Ledger, id int64) error { return l.Answered(context.Background(), id, call.Pickup{At: at}) }
}

func ended(e call.End) step {
	return func(l *Ledger, id int64) error { return l.Ended(context.Background(), id, e) }
}

func TestEndsOfCalls(t *testing.T) {
	after := moment.Add
	at := func(d time.Duration) Time { return Time{after(d).UTC().Truncate(time.Millisecond)} }
	normal := call.End{EndedAt: after(9 * time.Second), Cause: 16, Source: "ari"}
	for name, test := range map[string]struct {
		steps []step
		want  Call
	}{
		"nothing yet": {nil, Call{}},
		"answered":    {[]step{answered(after(time.Second))}, Call{AnsweredAt: at(time.Second)}},
		"answered twice": {
			[]step{answered(after(time.Second)), answered(after(2 * time.Second))},
			Call{AnsweredAt: at(time.Second)},
		},
		"answered now": {[]step{answered(time.Time{})}, Call{AnsweredAt: at(0)}},
		"not answered": {
			[]step{ended(normal)},
			Call{EndedAt: at(9 * time.Second), Cause: 16, EndSource: "ari"},
		},
		"answered and ended": {
			[]step{answered(after(time.Second)), ended(normal)},
			Call{AnsweredAt: at(time.Second), EndedAt: at(9 * time.Second), Seconds: 8, Cause: 16, EndSource: "ari"},
		},
		"the end knows the answer": {
			[]step{ended(call.End{AnsweredAt: after(time.Second), EndedAt: after(9 * time.Second), Cause: 16})},
			Call{AnsweredAt: at(time.Second), EndedAt: at(9 * time.Second), Seconds: 8, Cause: 16},
		},
		"the first answer counts": {
			[]step{answered(after(time.Second)), ended(call.End{AnsweredAt: after(5 * time.Second), EndedAt: after(9 * time.Second)})},
			Call{AnsweredAt: at(time.Second), EndedAt: at(9 * time.Second), Seconds: 8},
		},
		"the first end counts": {
			[]step{ended(normal), ended(call.End{EndedAt: after(time.Minute), Cause: 34, Source: "sweep"})},
			Call{EndedAt: at(9 * time.Second), Cause: 16, EndSource: "ari"},
		},
		"no answer after the end": {
			[]step{ended(normal), answered(after(time.Second))},
			Call{EndedAt: at(9 * time.Second), Cause: 16, EndSource: "ari"},
		},
		"a begun second counts": {
			[]step{answered(after(0)), ended(call.End{EndedAt: after(time.Millisecond)})},
			Call{AnsweredAt: at(0), EndedAt: at(time.Millisecond), Seconds: 1},
		},
		"no more than it took": {
			[]step{answered(after(0)), ended(call.End{EndedAt: after(60 * time.Second)})},
			Call{AnsweredAt: at(0), EndedAt: at(60 * time.Second), Seconds: 60},
		},
		"the clock was set back": {
			[]step{answered(after(0)), ended(call.End{EndedAt: after(-time.Hour)})},
			Call{AnsweredAt: at(0), EndedAt: at(-time.Hour)},
		},
		"ended now": {[]step{ended(call.End{Source: "sweep"})}, Call{EndedAt: at(0), EndSource: "sweep"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t)
			id := record(t, l, sample(0))
			for i, s := range test.steps {
				if err := s(l, id); err != nil {
					t.Fatalf("step %d: %v", i, err)
				}
			}
			d, err := readerOf(t, l).Decision(context.Background(), id)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(d.Call, test.want) {
				t.Errorf("the call is %+v, want %+v", d.Call, test.want)
			}
		})
	}
}

func TestImpossibleEnds(t *testing.T) {
	l := newLedger(t)
	record(t, l, sample(0))
	far := time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, s := range []step{answered(far), ended(call.End{EndedAt: far}), ended(call.End{AnsweredAt: far})} {
		if err := s(l, 1); err == nil {
			t.Error("a call went on in the year 12026")
		}
	}
	for _, s := range []step{answered(moment), ended(call.End{EndedAt: moment})} {
		if err := s(l, 99); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	}
}

func TestOpenCalls(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	refused := sample(2)
	refused.Decision.Action = call.Deny
	first, second, third := record(t, l, sample(1)), record(t, l, refused), record(t, l, sample(3))
	pickup := call.Pickup{At: moment, Leg: "1763888400.9"}
	if err := errors.Join(l.Answered(ctx, third, pickup), ended(call.End{EndedAt: moment})(l, first)); err != nil {
		t.Fatal(err)
	}
	got, err := l.OpenCalls(ctx)
	want := []call.OpenCall{
		{
			DecisionID: second, Channel: "1763888400.2", Extension: refused.Attempt.Extension, Action: call.Deny, Number: refused.Facts.Callee.E164, Class: call.Mobile, MaxSeconds: 180,
			Holder: "王芳", Department: "Finance",
		},
		{
			DecisionID: third, Channel: "1763888400.3", Extension: sample(3).Attempt.Extension, Action: call.Allow,
			Number:     sample(3).Facts.Callee.E164,
			AnsweredAt: moment.UTC().Truncate(time.Millisecond), Leg: "1763888400.9", Class: call.Mobile, MaxSeconds: 180,
			Holder: "王芳", Department: "Finance",
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("open are %+v, %v\nwant %+v", got, err, want)
	}
}
