package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Way is one of the ways that a call goes; it is what the phone dials, followed by a tag.
type Way string

// The ways that are compared.
const (
	Plain   Way = "plain"
	Floor   Way = "floor"
	Durable Way = "durable"
	Gate    Way = "gate"
)

// application is the name of the floor's app in Stasis(…).
const application = "bench"

// number is what the gate is asked about: a local number, which is allowed at once.
const number = "962345678"

// trunk is the far end, as the gate dials it.
const trunk = "Local/NUMBER@bench-end/n"

// dialplan sends a phone's call one of the ways. The tag is dialled; it comes back in the log beside the two times.
const dialplan = `
[phones](+)
exten => _plai[n]!,1,Set(__BENCH_T0=${STRFTIME(,UTC,%s%6q)})
 same => n,Set(__BENCH_TAG=${EXTEN})
 same => n,Dial(Local/s@bench-end/n)
 same => n,Hangup(38)
exten => _floor!,1,Set(__BENCH_T0=${STRFTIME(,UTC,%s%6q)})
 same => n,Set(__BENCH_TAG=${EXTEN})
 same => n,Stasis(bench,floor)
 same => n,Hangup(38)
exten => _durable!,1,Set(__BENCH_T0=${STRFTIME(,UTC,%s%6q)})
 same => n,Set(__BENCH_TAG=${EXTEN})
 same => n,Stasis(bench,durable)
 same => n,Hangup(38)
exten => _gate!,1,Set(__BENCH_T0=${STRFTIME(,UTC,%s%6q)})
 same => n,Set(__BENCH_TAG=${EXTEN})
 same => n,Goto(dialwarden-outbound,` + number + `,1)
[bench-continued]
exten => s,1,Dial(Local/s@bench-end/n)
 same => n,Hangup(38)
[bench-end]
exten => _[s0-9]!,1,Set(BENCH_T1=${STRFTIME(,UTC,%s%6q)})
 same => n,Log(NOTICE,bench ${BENCH_TAG} ${BENCH_T0} ${BENCH_T1}.)
 same => n,Hangup(17)
`

// sample is one call: its tag, and when it began and came to the far end, in µs since 1970.
type sample struct {
	tag    string
	t0, t1 int64
}

func (s sample) setup() time.Duration { return time.Duration(s.t1-s.t0) * time.Microsecond }

// parseSamples finds the samples in Asterisk's log. Lines that say something else are passed over.
func parseSamples(log string) []sample {
	var all []sample
	for line := range strings.Lines(log) {
		_, text, ok := strings.Cut(line, ": bench ")
		fields := strings.Fields(strings.TrimSuffix(strings.TrimSpace(text), "."))
		if !ok || len(fields) != 3 {
			continue
		}
		t0, err0 := strconv.ParseInt(fields[1], 10, 64)
		t1, err1 := strconv.ParseInt(fields[2], 10, 64)
		if err0 == nil && err1 == nil {
			all = append(all, sample{fields[0], t0, t1})
		}
	}
	return all
}

// collect waits until the log holds the samples of all tags with the prefix, n of them.
func (b *bench) collect(ctx context.Context, prefixes []string, n int) ([]sample, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var found []sample
		for _, s := range parseSamples(b.lab.AsteriskLog()) {
			for _, p := range prefixes {
				if strings.HasPrefix(s.tag, p) {
					found = append(found, s)
				}
			}
		}
		if len(found) >= n {
			return found, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return found, fmt.Errorf("%d of %d calls came to the far end: %w", len(found), n, context.Cause(ctx))
		}
	}
}
