package ledger

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestRetainDoubtsTheClock erases nothing because of a clock that got ahead at once, however often the daemon starts and
// checkpoints are written by that clock; it does so when the clock has stood for a week, or was always right.
func TestRetainDoubtsTheClock(t *testing.T) {
	const hour, day, years = time.Hour, 24 * time.Hour, 10 * 365 * 24 * time.Hour
	for name, test := range map[string]struct {
		steps  []time.Duration // from one checkpoint to the next
		now    time.Duration   // from the last of them
		unseen time.Duration
	}{
		"no checkpoint":                      {nil, 0, 0},
		"it went on":                         {[]time.Duration{hour, hour, 23 * hour}, hour, 0},
		"three days ahead":                   {[]time.Duration{hour}, 3 * day, 3 * day},
		"years ahead":                        {[]time.Duration{hour, hour}, years, years},
		"years ahead, and checkpoints":       {[]time.Duration{hour, years, hour, hour}, hour, years},
		"years ahead, off, started again":    {[]time.Duration{hour, years, hour, 2 * day, hour}, hour, years + 2*day},
		"ahead, and put right":               {[]time.Duration{hour, years, hour, hour - years}, hour, 0},
		"back, and put right":                {[]time.Duration{hour, -3 * day, hour, 3 * day}, hour, 3 * day},
		"back":                               {[]time.Duration{hour, -years}, hour, 0},
		"ahead for six days":                 {[]time.Duration{hour, years, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour}, hour, years},
		"ahead for more than a week":         {[]time.Duration{hour, years, hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour}, hour, 0},
		"years ahead long ago, then a break": {[]time.Duration{years, hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour, 20 * hour}, 4 * day, 4 * day},
	} {
		t.Run(name, func(t *testing.T) {
			now := moment
			l := openTest(t, filepath.Join(t.TempDir(), "dialwarden.db"), WithClock(func() time.Time { return now }))
			for i, step := range test.steps {
				now = now.Add(step)
				r := sample(i)
				r.Attempt.At, r.Decision.Action, r.Facts.Callee.Class = now, call.Allow, call.Mobile
				id := record(t, l, r)
				if err := l.Ended(t.Context(), id, call.End{EndedAt: now}); err != nil {
					t.Fatal(err)
				}
				if _, err := l.checkpoint(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			now = now.Add(test.now)
			if got, err := l.Unseen(t.Context()); got != test.unseen || err != nil {
				t.Errorf("%v is unseen, %v; want %v", got, err, test.unseen)
			}
			n, err := l.Retain(context.Background(), call.Retention{call.KeepAllowed: {FullDays: 12, Days: 12}})
			if erases := name == "ahead for more than a week"; (n > 0) != erases || err != nil {
				t.Errorf("%d decisions were erased, %v", n, err)
			}
			check(t, l)
		})
	}
}
