package ledger

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestRevisions(t *testing.T) {
	l := newLedger(t)
	r := readerOf(t, l)
	ctx := context.Background()
	files := map[string][]byte{"rules/local.rego": []byte("package dialwarden.outbound\n"), "data/blob": {0, 0xff}, "empty": {}}
	for range 2 {
		if err := l.SaveRevision(ctx, "abc", moment, files); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.Revision(ctx, "abc")
	if err != nil || !reflect.DeepEqual(got, files) {
		t.Errorf("got back %q, %v", got, err)
	}
	err = l.SaveRevision(ctx, "abc", moment.Add(time.Hour), map[string][]byte{"rules/local.rego": nil})
	if err == nil || !strings.Contains(err.Error(), "other content") {
		t.Errorf("other content under the same revision: %v", err)
	}
	if got := textOf(t, shell(t, l.path), "SELECT count(*) || ' ' || min(at) FROM revisions"); got != "1 2026-11-23T09:00:00.123Z" {
		t.Errorf("revisions: %s", got)
	}
	if _, err := r.Revision(ctx, "abd"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown revision: %v, want ErrNotFound", err)
	}
}
