package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

const (
	firstRate = 60  // calls a second
	precision = 0.1 // of the rate that is found
	tries     = 2   // for each rate: one bad second of a shared machine is not the way's fault
	drain     = 10 * time.Second
)

// rates finds what each way holds, each alone: the gate with the daemon attached, the floor and the durable floor with
// the app attached, plain with neither.
func (b *bench) rates(ctx context.Context, r *Report) (err error) {
	if b.Highest == 0 {
		return nil
	}
	for _, w := range ways {
		held, err := b.rateOf(ctx, w)
		if err != nil {
			return fmt.Errorf("looking for the rate that %s holds: %w", w, err)
		}
		i := slices.IndexFunc(r.Ways, func(x Result) bool { return x.Way == w })
		r.Ways[i].Held = held
	}
	return nil
}

// rateOf attaches what the way needs and looks for the highest rate that it holds.
func (b *bench) rateOf(ctx context.Context, w Way) (rate int, err error) {
	switch w {
	case Plain:
	case Gate:
		d, err := startDaemon(ctx, b.Program, filepath.Join(b.dir, "site-rate"), b.lab)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, d.stop()) }()
	default:
		f, err := startFloor(ctx, b.lab, b.dir)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, f.close()) }()
	}
	b.say("looking for the rate that %s holds", w)
	return search(firstRate, b.Highest, func(rate int) (bool, error) { return b.holds(ctx, w, rate) })
}

// search returns the highest rate that holds, to the precision and no higher than highest; zero if not even the
// first does. Rates grow by half until one does not hold, and are bisected then.
func search(first, highest int, holds func(rate int) (bool, error)) (int, error) {
	good, bad := 0, highest+1
	for try := min(first, highest); float64(bad-good) > precision*float64(good) && good < highest; {
		ok, err := holds(try)
		if err != nil {
			return 0, err
		}
		if ok {
			good = try
		} else {
			bad = try
		}
		if good == 0 {
			return 0, nil
		}
		if try = good + good/2; try >= bad {
			try = (good + bad) / 2
		}
	}
	return good, nil
}

// holds reports whether the way holds the rate in one of some tries.
func (b *bench) holds(ctx context.Context, w Way, rate int) (bool, error) {
	for range tries {
		ok, err := b.try(ctx, w, rate)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// try places calls for one second and reports whether all arrived, as quickly as they were asked for, and were set up
// within the bound.
func (b *bench) try(ctx context.Context, w Way, rate int) (bool, error) {
	quiet, cancel := context.WithTimeout(ctx, drain)
	defer cancel()
	samples, lost := b.burst(quiet, rate, []Way{w})
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	setups := make([]time.Duration, len(samples))
	for i, s := range samples {
		setups[i] = s.setup()
	}
	slices.SortFunc(samples, func(a, b sample) int { return cmp.Compare(a.t1, b.t1) })
	arrived := time.Duration(0)
	if len(samples) > 1 {
		arrived = time.Duration(samples[len(samples)-1].t1-samples[0].t1) * time.Microsecond
	}
	p99 := quantile(sorted(setups), 99)
	held := lost == nil && p99 <= b.Bound && arrived <= time.Second+2*b.Bound
	b.say("  %d a second: %d arrived within %v, p99 %v", rate, len(samples), arrived.Round(time.Millisecond), p99)
	if lost != nil {
		b.say("  %v", lost)
	}
	return held, b.lab.WaitIdle(ctx)
}
