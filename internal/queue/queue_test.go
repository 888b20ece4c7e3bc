package queue_test

import (
	"sync"
	"testing"

	"github.com/dialwarden/dialwarden/internal/queue"
)

func TestNothingIsLost(t *testing.T) {
	const writers, each = 8, 5000
	q := queue.New[[2]int]()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				q.Push([2]int{w, i})
			}
		})
	}
	var next [writers]int
	for got := 0; got < writers*each; {
		<-q.Ready()
		for _, v := range q.Take() {
			if v[1] != next[v[0]] {
				t.Fatalf("writer %d: got %d, want %d", v[0], v[1], next[v[0]])
			}
			next[v[0]]++
			got++
		}
	}
	wg.Wait()
	if rest := q.Take(); rest != nil {
		t.Errorf("left over: %v", rest)
	}
}
