package ledger

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkRecord is a decision made durable while so many callers come one after the other without a pause.
// Compare its decisions/s with those of BenchmarkBareCommit at the same number, run beside it.
func BenchmarkRecord(b *testing.B) {
	for _, callers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			l := newLedger(b)
			var next atomic.Int64
			took := make([]time.Duration, b.N)
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						began := time.Now()
						if _, err := l.Record(context.Background(), sample(int(n))); err != nil {
							b.Error(err)
							return
						}
						took[n-1] = time.Since(began)
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkBareCommit is the floor: the same rows into the same tables by a bare loop that commits so many at a time,
// with nothing between it and SQLite.
func BenchmarkBareCommit(b *testing.B) {
	ctx := context.Background()
	for _, rows := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "bare.db")
			openTest(b, path)
			c, err := openConn(ctx, path, anything)
			if err != nil {
				b.Fatal(err)
			}
			defer c.close()
			if err := c.prepare(ctx); err != nil {
				b.Fatal(err)
			}
			encoded := make([]*row, rows)
			for i := range encoded {
				if encoded[i], err = encode(sample(i), moment); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for n := 0; n < b.N; n += rows {
				if err := bareCommit(ctx, c, encoded); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

func bareCommit(ctx context.Context, c *conn, rows []*row) error {
	if _, err := c.begin.ExecContext(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		if _, _, err := r.insert(ctx, c); err != nil {
			return err
		}
	}
	_, err := c.commit.ExecContext(ctx)
	return err
}
