package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Result is what became of one call of a burst.
type Result struct {
	Number, From, CallID string

	Sent     time.Time // when the INVITE was sent
	Progress time.Time // when it first rang or sent early media; zero if it did not
	Answered time.Time // when it was answered; zero if it was not
	End      End
}

// Burst places n calls, evenly spread over one second, from the extensions in turn, to number(i) for the i-th. The
// calls have no sound. Each is hung up as soon as it is answered. Burst returns when all have ended; when ctx ends
// before, it hangs up what is left and the error says how many that was. Results are in the order of the calls.
func (l *Lab) Burst(ctx context.Context, n int, from []string, number func(i int) string) ([]Result, error) {
	if n <= 0 || len(from) == 0 {
		return nil, errors.New("a burst needs at least one call and one extension")
	}
	ticker := time.NewTicker(max(time.Second/time.Duration(n), time.Microsecond))
	defer ticker.Stop()
	results := make([]Result, n)
	faults := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		c := newCall(l.phones)
		c.offered = payloads{audio: pcmu, dtmf: telephoneEvent}
		if err := c.place(ctx, from[i%len(from)], number(i), ""); err != nil {
			faults[i] = err
			break
		}
		wg.Go(func() { results[i], faults[i] = c.outcome(ctx) })
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	wg.Wait()
	if err := errors.Join(faults...); err != nil {
		return results, fmt.Errorf("of %d calls %d did not end as they should: %w", n, count(faults), err)
	}
	return results, nil
}

// outcome follows a call to its end, and hangs it up when it is answered or ctx ends.
func (c *Call) outcome(ctx context.Context) (Result, error) {
	var ended *EndedError
	fault := c.WaitAnswered(ctx)
	if errors.As(fault, &ended) {
		fault = nil
	}
	r, err := c.over(ctx)
	return r, errors.Join(fault, err)
}

func count(faults []error) int {
	n := 0
	for _, err := range faults {
		if err != nil {
			n++
		}
	}
	return n
}
