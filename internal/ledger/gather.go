package ledger

import "runtime"

// gather lets those run who were just released and come back with the next request, as long as more of them come. So
// callers who keep coming share a commit, instead of the first of them starting one for itself; who is alone waits for
// nobody.
func (q *queue) gather() {
	for before := -1; ; {
		n := q.length()
		if n <= before {
			return
		}
		before = n
		runtime.Gosched()
	}
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
