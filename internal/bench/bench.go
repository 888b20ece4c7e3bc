package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// Options say what is measured. Use Default, and change it.
type Options struct {
	Subject
	Calls   int           // a way, for the set-up times
	Rate    int           // calls a second in all, for the set-up times
	Bound   time.Duration // of the p99 of a rate that is held
	Highest int           // rate that is tried; zero to try none
	Prompts int           // calls each, for the time to the first prompt; zero to measure none
}

// Default returns options that take about a minute and a half.
func Default() Options {
	return Options{Calls: 600, Rate: 100, Bound: 50 * time.Millisecond, Highest: 2000, Prompts: 30}
}

// check finds options that cannot be meant.
func (o Options) check() error {
	if err := o.Subject.check(); err != nil {
		return err
	}
	switch {
	case o.Calls < 1 || o.Rate < 1:
		return fmt.Errorf("%d calls at %d a second: both must be at least 1", o.Calls, o.Rate)
	case o.Bound <= 0:
		return fmt.Errorf("a bound of %v: it must be more than nothing", o.Bound)
	case o.Prompts < 0:
		return fmt.Errorf("%d prompts: it must not be negative", o.Prompts)
	case o.Highest < 0:
		return fmt.Errorf("a highest rate of %d: it must not be negative", o.Highest)
	}
	return nil
}

// ways are in the order of the report: plain and floor first, because the others are compared with them.
var ways = []Way{Plain, Floor, Durable, Gate}

// phones are extensions of the shipped directory, which may call local numbers.
var phones = []string{"101", "102", "103", "104", "105", "106", "107", "108"}

// bench is a run.
type bench struct {
	Options
	lab    *lab.Lab
	dir    string
	floor  *floor
	daemon *daemon
	rounds int
}

// Run measures. The error says what could not be done; a slow result is none.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	b := &bench{Options: o}
	if err := o.check(); err != nil {
		return nil, err
	}
	var leave func() error
	if b.dir, leave, err = b.settle("dialwarden-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, leave()) }()
	b.say("starting Asterisk")
	b.lab, err = lab.Start(ctx, lab.Options{
		Globals: map[string]string{"DIALWARDEN_TRUNK": trunk}, ExtraDialplan: dialplan + askingDialplan, Quiet: true,
		Modules: []string{"app_authenticate"},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.lab.Close()) }()
	r := &Report{Calls: o.Calls, Rate: o.Rate}
	if r.Machine, err = look(ctx, b.lab, b.dir); err != nil {
		return nil, err
	}
	if err := b.setups(ctx, r); err != nil {
		return nil, err
	}
	if err := b.rates(ctx, r); err != nil {
		return nil, err
	}
	if r.Prompt, err = b.prompts(ctx); err != nil {
		return nil, err
	}
	r.compare()
	return r, nil
}

// setups measures the set-up times of all ways, alternating, with everything attached.
func (b *bench) setups(ctx context.Context, r *Report) (err error) {
	if b.daemon, err = startDaemon(ctx, b.Program, filepath.Join(b.dir, "site"), b.lab); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.daemon.stop()) }()
	if b.floor, err = startFloor(ctx, b.lab, b.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.floor.close()) }()
	b.say("measuring set-up times: %d calls each of %v, %d a second", b.Calls, ways, b.Rate)
	if _, err := b.burst(ctx, min(b.Rate, b.Calls), ways); err != nil { // connections, caches and the ledger's log are warm after it
		return err
	}
	setup := map[Way][]time.Duration{}
	for left := b.Calls * len(ways); left > 0; left -= b.Rate {
		samples, err := b.burst(ctx, min(b.Rate, left), ways)
		if err != nil {
			return err
		}
		for _, s := range samples {
			way, _, _ := strings.Cut(s.tag, "-")
			setup[Way(way)] = append(setup[Way(way)], s.setup())
		}
	}
	for _, w := range ways {
		r.Ways = append(r.Ways, Result{Way: w, Setup: timesOf(setup[w])})
	}
	return nil
}

// burst places n calls within a second, the ways in turn, and returns their samples. A call that does not come to the
// far end is an error.
func (b *bench) burst(ctx context.Context, n int, ways []Way) ([]sample, error) {
	b.rounds++
	var tags []string
	for _, w := range ways {
		tags = append(tags, fmt.Sprintf("%s-%d-", w, b.rounds))
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := b.lab.Burst(ctx, n, phones, func(i int) string { return tags[i%len(tags)] + fmt.Sprint(i) })
	if err != nil {
		return nil, err
	}
	patience, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	samples, err := b.collect(patience, tags, n)
	if err != nil && b.floor != nil {
		err = errors.Join(err, b.floor.fault)
	}
	return samples, err
}
