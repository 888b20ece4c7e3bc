// Package queue is an unbounded first-in-first-out queue between goroutines. A call must not be lost because a reader
// is slow for a moment, and what is queued (events of live calls) is bounded by the calls themselves.
package queue

import "sync"

// Queue passes values from any number of goroutines to one. Use New.
type Queue[T any] struct {
	mu    sync.Mutex
	items []T
	ready chan struct{} // holds one token while items may be waiting
}

// New returns an empty queue.
func New[T any]() *Queue[T] { return &Queue[T]{ready: make(chan struct{}, 1)} }

// Push adds v. It never blocks.
func (q *Queue[T]) Push(v T) {
	q.mu.Lock()
	q.items = append(q.items, v)
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// Ready is readable when Take may have something.
func (q *Queue[T]) Ready() <-chan struct{} { return q.ready }

// Take removes and returns everything, oldest first; nil when the queue is empty.
func (q *Queue[T]) Take() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items = nil
	return items
}
