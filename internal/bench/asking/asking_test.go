package asking

import (
	"context"
	"strings"
	"testing"
)

// The log has what the questions are about: contradictory filters find nothing, the others something, but for those that are
// too rare for a short log.
func TestRun(t *testing.T) {
	var told, printed strings.Builder
	r, err := Run(context.Background(), Options{Rows: 70_000, Times: 1, Dir: t.TempDir(), Log: &told})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Asked {
		none := false
		for _, word := range []string{"contradictory", "the same", "there is not", "of another", "later"} {
			none = none || strings.Contains(a.Question, word)
		}
		rare := strings.Contains(a.Question, "day, holder") || strings.Contains(a.Question, ", rare rule")
		if (a.Found == 0) != none && !rare {
			t.Errorf("%s finds %d", a.Question, a.Found)
		}
	}
	if err := r.Print(&printed); err != nil || !strings.Contains(printed.String(), "a rare rule, newest first") {
		t.Errorf("printed %q, %v", printed.String(), err)
	}
}
