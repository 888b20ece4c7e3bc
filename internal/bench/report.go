package bench

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// Report is what a run found. Times are in microseconds.
type Report struct {
	Machine Machine  `json:"machine"`
	Calls   int      `json:"calls"` // a way
	Rate    int      `json:"rate"`  // calls a second while set-up times were measured
	Ways    []Result `json:"ways"`
	Prompt  Prompt   `json:"prompt"`
}

// Result is what one way takes.
type Result struct {
	Way   Way   `json:"way"`
	Setup Times `json:"setup_us"`
	// Added is Setup less that of plain.
	Added Times `json:"added_us"`
	// ToFloor is Added divided by that of the floor.
	ToFloor Ratios `json:"to_floor"`
	// Held is the highest rate that was held, in calls a second; zero if it was not looked for.
	Held int `json:"held"`
}

// Times are quantiles in microseconds.
type Times struct {
	P50 int64 `json:"p50"`
	P90 int64 `json:"p90"`
	P99 int64 `json:"p99"`
}

// Ratios are quotients of quantiles.
type Ratios struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
}

func timesOf(setups []time.Duration) Times {
	s := sorted(setups)
	return Times{quantile(s, 50).Microseconds(), quantile(s, 90).Microseconds(), quantile(s, 99).Microseconds()}
}

func (t Times) less(o Times) Times { return Times{t.P50 - o.P50, t.P90 - o.P90, t.P99 - o.P99} }

func (t Times) dividedBy(o Times) Ratios {
	ratio := func(a, b int64) float64 {
		if b <= 0 {
			return 0
		}
		return float64(a) / float64(b)
	}
	return Ratios{ratio(t.P50, o.P50), ratio(t.P90, o.P90), ratio(t.P99, o.P99)}
}

func sorted(d []time.Duration) []time.Duration {
	s := slices.Clone(d)
	slices.Sort(s)
	return s
}

// quantile returns the value that percent of the sorted values do not exceed; zero of nothing.
func quantile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}

// compare fills in what follows from the set-up times.
func (r *Report) compare() {
	var plain, base Times
	for i := range r.Ways {
		w := &r.Ways[i]
		if w.Way == Plain {
			plain = w.Setup
		}
		w.Added = w.Setup.less(plain)
		if w.Way == Floor {
			base = w.Added
		}
	}
	for i := range r.Ways {
		r.Ways[i].ToFloor = r.Ways[i].Added.dividedBy(base)
	}
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	m := r.Machine
	_, err := fmt.Fprintf(w, `Asterisk %s, Linux %s, %d CPUs (%s)
disk: one page durable in p50 %d µs, p99 %d µs
%d calls a way, the ways alternating, %d calls a second in all; µs from the caller's first step to the far end's

way        set-up                     added to plain             of what the floor adds     held
              p50      p90      p99      p50      p90      p99     p50    p90    p99        calls/s
`, m.Asterisk, m.Kernel, m.CPUs, m.Processor, m.SyncP50, m.SyncP99, r.Calls, r.Rate)
	for _, x := range r.Ways {
		if err != nil {
			return err
		}
		held := "-"
		if x.Held > 0 {
			held = fmt.Sprint(x.Held)
		}
		_, err = fmt.Fprintf(w, "%-8s %8d %8d %8d %8d %8d %8d %7.2f%7.2f%7.2f %14s\n", x.Way,
			x.Setup.P50, x.Setup.P90, x.Setup.P99, x.Added.P50, x.Added.P90, x.Added.P99,
			x.ToFloor.P50, x.ToFloor.P90, x.ToFloor.P99, held)
	}
	if err != nil || r.Prompt == (Prompt{}) {
		return err
	}
	a, g := r.Prompt.Authenticate, r.Prompt.Gate
	_, err = fmt.Fprintf(w, `
from the INVITE to the first sound of the question for a PIN; ms
                     p50      p90      p99
Authenticate()  %8.1f %8.1f %8.1f
gate            %8.1f %8.1f %8.1f
more            %8.1f %8.1f %8.1f
`, ms(a.P50), ms(a.P90), ms(a.P99), ms(g.P50), ms(g.P90), ms(g.P99), ms(g.P50-a.P50), ms(g.P90-a.P90), ms(g.P99-a.P99))
	return err
}

func ms(µs int64) float64 { return float64(µs) / 1000 }
