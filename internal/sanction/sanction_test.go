package sanction

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// kept is what a ledger gives back.
type kept struct {
	all []call.Sanctioned
	err error
}

func (k kept) RunningSanctions(context.Context, time.Time) ([]call.Sanctioned, error) {
	return k.all, k.err
}

func TestRegister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		zone := time.FixedZone("CST", 8*3600)
		r, err := Open(t.Context(), kept{all: []call.Sanctioned{
			{ID: 1, Rule: "premium", Extension: "101", Until: now.Add(time.Hour).Round(0)},
			{ID: 2, Rule: "late", Extension: "101", Until: now.Add(2 * time.Hour).Round(0)},
			{ID: 3, Rule: "sharing", Extension: "102", PINID: 7, Until: now.Add(time.Hour).Round(0)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		want := call.Sanction{Suspended: true, Until: now.Add(2 * time.Hour).In(zone).Format(time.RFC3339), Rule: "late"}
		if got := r.On("101", 0, zone); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got := r.On("102", 0, zone); got != (call.Sanction{}) {
			t.Errorf("the phone of a suspended PIN is %+v", got)
		}
		if got := r.On("103", 7, zone); got.Suspended || !got.PINSuspended || got.PINRule != "sharing" || got.PINUntil == "" {
			t.Errorf("a suspended PIN at another phone is %+v", got)
		}
		r.Change(call.SanctionChange{Lifted: []int64{2}})
		if got := r.On("101", 0, zone); got.Rule != "premium" {
			t.Errorf("after the lift of one of two: %+v", got)
		}
		r.Change(call.SanctionChange{Imposed: &call.Sanctioned{ID: 4, Rule: "x", Extension: "104"}}) // a fine
		r.Change(call.SanctionChange{Imposed: &call.Sanctioned{ID: 5, Rule: "y", Extension: "105", Until: now.Add(time.Minute).Round(0)}})
		if r.On("104", 0, zone).Suspended || !r.On("105", 0, zone).Suspended {
			t.Error("what is imposed does not count at once, or a fine suspends")
		}
		time.Sleep(time.Minute - time.Nanosecond) // of the bubble
		if !r.On("105", 0, zone).Suspended {
			t.Error("it ended before its time")
		}
		time.Sleep(time.Hour)
		if r.On("105", 0, zone) != (call.Sanction{}) || r.On("101", 7, zone) != (call.Sanction{}) || len(r.extensions)+len(r.pins) != 0 {
			t.Errorf("it does not end by itself, or is remembered: %v %v", r.extensions, r.pins)
		}
	})
	fault := errors.New("unreadable")
	if _, err := Open(t.Context(), kept{err: fault}); !errors.Is(err, fault) {
		t.Errorf("got %v", err)
	}
}
