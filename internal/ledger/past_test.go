package ledger

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

func TestPast(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	at := func(n int, action call.Action, region string) call.Record {
		r := sample(n)
		r.Attempt.At = moment.Add(time.Duration(n) * time.Minute)
		r.Decision.Action, r.Facts.Callee.Region = action, region
		return r
	}
	record(t, l, at(0, call.Allow, "JM"))
	second := record(t, l, at(2, call.Allow, "CN"))
	first := record(t, l, at(1, call.Deny, "JP"))
	record(t, l, at(3, call.Allow, "CN"))
	if err := errors.Join(answered(moment)(l, second), ended(call.End{EndedAt: moment.Add(5 * time.Second)})(l, second)); err != nil {
		t.Fatal(err)
	}
	if err := ended(call.End{EndedAt: moment})(l, first); err != nil {
		t.Fatal(err)
	}
	got, err := l.Past(ctx, moment.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	ms := func(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
	var want []call.PastCall
	for n, c := range []call.PastCall{
		1: {EndedAt: ms(moment)},
		2: {Answered: true, Seconds: 5, EndedAt: ms(moment.Add(5 * time.Second))},
		3: {},
	} {
		if n == 0 {
			continue
		}
		r := at(n, call.Allow, "")
		c.At, c.Extension, c.Number, c.Class = ms(r.Attempt.At), r.Attempt.Extension, r.Facts.Callee.Key(), r.Facts.Callee.Class
		c.Holder, c.Department = r.Facts.Caller.Holder, r.Facts.Caller.Department
		want = append(want, c)
	}
	if !reflect.DeepEqual(got.Calls, want) {
		t.Errorf("got  %+v\nwant %+v", got.Calls, want)
	}
	if !reflect.DeepEqual(got.Regions, []string{"CN", "JM"}) {
		t.Errorf("the countries are %v", got.Regions)
	}
}
