package replay_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// BenchmarkReplay replays a ledger of 100,000 calls by the shipped policy: a month of 12 phones, no two calls at the same
// moment.
func BenchmarkReplay(b *testing.B) {
	s := newSite(b)
	const calls = 100_000
	const writers = 256
	todo := make(chan int)
	failed := make(chan error)
	for range writers {
		go func() {
			var err error
			for i := range todo {
				_, e := s.ledger.Record(b.Context(), s.busy(i))
				err = errors.Join(err, e)
			}
			failed <- err
		}()
	}
	for i := range calls {
		todo <- i
	}
	close(todo)
	for range writers {
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for range b.N {
		if r := s.run(nil, s.book); r.Unchanged != calls {
			b.Fatalf("got %+v", r)
		}
	}
	b.ReportMetric(calls*float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// busy decides the i-th call of a month: its moment, phone, number and usage differ from those of its neighbours.
func (s *site) busy(i int) call.Record {
	phones := []string{"101", "102", "103", "104", "105", "106", "107", "108", "201", "202", "203", "777"}
	numbers := []string{
		fmt.Sprintf("9623%05d", i*7919%3000), fmt.Sprintf("9139%08d", i*104729%5000), fmt.Sprintf("9021%08d", 20000000+i*31%700),
		"916812345", fmt.Sprintf("90044207946%04d", i%200), fmt.Sprintf("1%02d", i%8), "995588", fmt.Sprintf("9623%05d", i*13%40),
	}
	a := call.Attempt{
		Source: call.SourceARI, Channel: fmt.Sprintf("1795400000.%d", i), Extension: phones[i*7%len(phones)],
		Dialled: numbers[i*11%len(numbers)], At: s.clock.Add(time.Duration(i) * 26 * time.Second),
	}
	u := call.Usage{AttemptsLastMinute: i % 2, AttemptsLastHour: i % 9, ClassAttemptsLastHour: i % 4, ConcurrentCalls: i % 3 / 2}
	r := call.Record{Attempt: a, Facts: s.book.Book.Facts(a, u, call.Credentials{})}
	r.Decision = s.book.Book.Judge(s.t.Context(), r.Facts)
	if r.Decision.Action == call.Challenge && i%3 > 0 {
		r.Facts.Credentials.PIN = call.Credential{Valid: true, ID: int64(i % 20), Holder: "Li Na", Level: 2}
		r.Decision = s.book.Book.Judge(s.t.Context(), r.Facts)
	}
	return r
}
