package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// Options say what is measured.
type Options struct {
	Dir    string        // a directory on the disk that is measured; nothing is left in it
	Slice  time.Duration // how long each way runs at a time
	Rounds int           // how often each way has its turn
	// Samples is how many decisions the bare loops write before they come to the first again. With few, the index by time
	// does not grow at its end, as that of a ledger does.
	Samples int
	Log     io.Writer
}

// callers are how many wait at the same time.
var callers = []int{1, 8, 64, 256}

// Run measures. The error says what could not be done; a slow result is none.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	dir, err := os.MkdirTemp(o.Dir, "dialwarden-ledger-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	key, err := ledger.LoadOrCreateKey(filepath.Join(dir, "key"))
	if err != nil {
		return nil, err
	}
	rows, err := sampleRows(ctx, dir, key, o.Samples)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	for _, n := range callers {
		_, _ = fmt.Fprintf(o.Log, "%d callers: the ledger, a bare loop, single commits and the disk, in turn\n", n)
		row, err := o.measure(ctx, filepath.Join(dir, fmt.Sprint(n)), key, rows, n)
		if err != nil {
			return nil, err
		}
		r.Rows = append(r.Rows, row)
	}
	return r, nil
}

// measure lets all ways have their turns with so many callers.
func (o Options) measure(ctx context.Context, dir string, key ledger.Key, rows *sample, n int) (_ Row, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return Row{}, err
	}
	l, err := ledger.Open(filepath.Join(dir, "own.db"), key)
	if err != nil {
		return Row{}, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	many, err := openBare(ctx, filepath.Join(dir, "bare.db"), key, rows)
	if err != nil {
		return Row{}, err
	}
	defer func() { err = errors.Join(err, many.close()) }()
	alone, err := openBare(ctx, filepath.Join(dir, "single.db"), key, rows)
	if err != nil {
		return Row{}, err
	}
	defer func() { err = errors.Join(err, alone.close()) }()
	file, err := os.Create(filepath.Join(dir, "sync.pages"))
	if err != nil {
		return Row{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	ways := []func(time.Duration) (slice, error){
		func(d time.Duration) (slice, error) { return record(ctx, l, n, d) },
		func(d time.Duration) (slice, error) { return repeat(d, n, func() error { return many.commit(ctx, n) }) },
		func(d time.Duration) (slice, error) {
			return repeat(d, 1, func() error { return alone.commit(ctx, 1) })
		},
		func(d time.Duration) (slice, error) { return repeat(d, 1, func() error { return writePage(file) }) },
	}
	sums := make([]slice, len(ways))
	for round := range o.Rounds + 1 {
		for i, way := range ways {
			s, err := way(o.Slice)
			if err != nil {
				return Row{}, err
			}
			if round > 0 { // the first is to warm up
				sums[i].add(s)
			}
		}
	}
	return rowOf(n, sums), nil
}

// slice is what was done in some time.
type slice struct {
	done int
	in   time.Duration
	took []time.Duration // of each decision, or each commit
}

func (s *slice) add(o slice) {
	s.done += o.done
	s.in += o.in
	s.took = append(s.took, o.took...)
}

// repeat does one after the other for a while; each is n decisions.
func repeat(d time.Duration, n int, do func() error) (s slice, err error) {
	for began := time.Now(); s.in < d; s.in = time.Since(began) {
		before := time.Now()
		if err := do(); err != nil {
			return s, err
		}
		s.took = append(s.took, time.Since(before))
		s.done += n
	}
	return s, nil
}

// record has n callers record decisions for a while, each one after the other without a pause.
func record(ctx context.Context, l *ledger.Ledger, n int, d time.Duration) (slice, error) {
	var (
		all  = make([]slice, n)
		errs = make([]error, n)
		next atomic.Int64
		wg   sync.WaitGroup
	)
	began := time.Now()
	for i := range n {
		wg.Go(func() {
			for time.Since(began) < d {
				before := time.Now()
				if _, err := l.Record(ctx, decision(next.Add(1))); err != nil {
					errs[i] = err
					return
				}
				all[i].took = append(all[i].took, time.Since(before))
				all[i].done++
			}
		})
	}
	wg.Wait()
	sum := slice{in: time.Since(began)}
	for _, s := range all {
		sum.add(s)
	}
	return sum, errors.Join(errs...)
}

const page = 4096

// writePage makes one page durable, where one was before.
func writePage(f *os.File) error {
	if _, err := f.WriteAt(make([]byte, page), 0); err != nil {
		return err
	}
	return syscall.Fdatasync(int(f.Fd()))
}

// quantile returns the q-th hundredth of sorted times.
func quantile(sorted []time.Duration, q int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*q/100, len(sorted)-1)]
}

func sorted(took []time.Duration) []time.Duration { return slices.Sorted(slices.Values(took)) }

// decision is the n-th: a mobile call of one of many extensions, with all that the shipped policy says of it.
func decision(n int64) call.Record {
	at := time.Now()
	a := call.Attempt{
		Source: call.SourceARI, Channel: fmt.Sprintf("1763888400.%d", n), Extension: fmt.Sprint(1000 + n*7919%9000),
		Dialled: "9013800138000", At: at,
	}
	number := call.Number{
		Dialled: a.Dialled, Digits: "013800138000", E164: fmt.Sprintf("+86138%08d", n*104729%100_000_000),
		Class: call.Mobile, Region: "CN", Risk: []string{},
	}
	return call.Record{
		Attempt: a,
		Facts: call.Facts{
			Time:   call.ClockAt(at, time.UTC),
			Caller: call.Caller{Extension: a.Extension, Known: true, Holder: "Wang Fang", Department: "Finance", Grade: "clerk", ClassOfService: "national"},
			Callee: call.Callee{Number: number}, Line: call.Line{Kind: "phone"}, Attempt: a,
		},
		Decision: call.Decision{
			Action: call.Allow, Rule: "mobile", Reasons: []call.Reason{{Rule: "mobile", Text: "Mobile calls are free"}},
			Requires: []call.Requirement{}, MaxSeconds: 180, WarnSeconds: 30, PolicyRevision: "3f6c1a90e2b44f0d",
			Elapsed: 37 * time.Microsecond,
		},
	}
}
