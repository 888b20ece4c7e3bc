package ledger

import (
	"context"
	"reflect"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

func TestIntervene(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	id := record(t, l, sample(1))
	for _, bad := range []call.Intervention{
		{DecisionID: id, What: call.Terminate, Who: "Li"},
		{DecisionID: id, What: call.Terminate, Reason: "x"},
		{DecisionID: id, What: "pause", Who: "Li", Reason: "x"},
	} {
		if err := l.Intervene(ctx, bad); err == nil {
			t.Errorf("%+v is recorded", bad)
		}
	}
	for _, good := range []call.Intervention{
		{DecisionID: id, What: call.Extend, MaxSeconds: 600, Who: "Li", Reason: "needed\nnow"},
		{DecisionID: id, What: call.Terminate, Who: "Li", Reason: "enough"},
	} {
		if err := l.Intervene(ctx, good); err != nil {
			t.Error(err)
		}
	}
	open, err := l.OpenCalls(ctx)
	if err != nil || len(open) != 1 || open[0].MaxSeconds != 600 {
		t.Errorf("open are %+v, %v", open, err)
	}
	d, err := readerOf(t, l).Decision(ctx, id)
	want := []Intervention{
		{ID: 1, At: Time{moment.UTC()}, Who: "Li", What: call.Extend, MaxSeconds: 600, Reason: "needed now"},
		{ID: 2, At: Time{moment.UTC()}, Who: "Li", What: call.Terminate, Reason: "enough"},
	}
	for i := range d.Interventions {
		d.Interventions[i].At = want[min(i, 1)].At // the ledger's clock
	}
	if err != nil || !reflect.DeepEqual(d.Interventions, want) {
		t.Errorf("got %+v, %v", d.Interventions, err)
	}
	check(t, l)
}
