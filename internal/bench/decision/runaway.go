package decision

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// Runaway is how soon a rule that would not come to an end is cut; times are in milliseconds.
type Runaway struct {
	Rule     string  `json:"rule"`
	Deadline float64 `json:"deadline_ms"`
	P50      float64 `json:"p50_ms"`
	Longest  float64 `json:"longest_ms"`
	Heap     float64 `json:"heap_mib"` // the most that was in use after a cut, beyond what was before
}

// runaways are bodies of rules that would take minutes, hours or all memory.
var runaways = []struct{ name, body string }{
	{"a comprehension over 10⁸ numbers", `count([x | some i in numbers.range(1, 10000); some j in numbers.range(1, 10000); x := i * j]) > 0`},
	{"a regular expression over a long text, again and again", `count([i | some i in numbers.range(1, 1000000); regex.match("^(a?){200}(a|aa)+$", data.long.text)]) < 0`},
	{"data walked for each of its parts", `count([p | walk(data.deep, [p, _]); walk(data.deep, [_, v]); v == p]) < 0`},
}

// cutting asks policies with runaways, one after the other, a number of times.
func cutting(ctx context.Context, times int) ([]Runaway, error) {
	const deadline = rules.DefaultDeadline
	var all []Runaway
	for _, r := range runaways {
		p, err := rules.Load(fstest.MapFS{
			"rules/runaway.rego": {Data: []byte("package dialwarden.outbound\n\nallow contains \"runaway\" if {\n\tinput.callee.class == \"local\"\n\t" + r.body + "\n}\n")},
			"data/rules.yaml":    {Data: []byte("runaway: {title: Runaway}\n")},
			"data/long.yaml":     {Data: fmt.Appendf(nil, "text: %q\n", strings.Repeat("a", 900))},
			"data/deep.yaml":     {Data: []byte(deep(4))},
		}, rules.Options{Deadline: deadline})
		if err != nil {
			return nil, err
		}
		x, err := cut(ctx, p, times)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		x.Rule, x.Deadline = r.name, milliseconds(deadline)
		all = append(all, x)
	}
	return all, nil
}

// deep is YAML of lists in lists, with ten to the power of depth numbers.
func deep(depth int) string {
	if depth == 0 {
		return "1"
	}
	return "[" + strings.TrimSuffix(strings.Repeat(deep(depth-1)+", ", 10), ", ") + "]"
}

// cut asks a policy that does not answer.
func cut(ctx context.Context, p *rules.Policy, times int) (Runaway, error) {
	var x Runaway
	var f call.Facts
	f.Callee.Class = call.Local
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	took := make([]time.Duration, 0, times)
	for range times {
		began := time.Now()
		d := p.Judge(ctx, f)
		took = append(took, time.Since(began))
		if d.Action != call.Deny || d.Rule != call.RulePolicyError {
			return x, fmt.Errorf("it was not cut: %s by %s", d.Action, d.Rule)
		}
		runtime.ReadMemStats(&after)
		x.Heap = max(x.Heap, float64(int64(after.HeapInuse)-int64(before.HeapInuse))/(1<<20))
	}
	slices.Sort(took)
	x.P50, x.Longest = milliseconds(took[len(took)/2]), milliseconds(took[len(took)-1])
	return x, ctx.Err()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// printRunaways writes for people how soon runaways were cut.
func printRunaways(w io.Writer, all []Runaway) error {
	if len(all) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\na rule that does not end, deadline %.0f ms of processor time; ms by the clock        p50  longest   heap, MiB\n", all[0].Deadline)
	for _, x := range all {
		if err == nil {
			_, err = fmt.Fprintf(w, "%-78s  %7.1f  %7.1f  %10.0f\n", x.Rule, x.P50, x.Longest, x.Heap)
		}
	}
	return err
}
