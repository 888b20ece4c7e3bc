package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
)

// request is one caller's writing. do runs on the writer's connection inside a transaction, perhaps more than once
// (the time before was rolled back), and must keep nothing from an earlier run.
type request struct {
	do   func(context.Context, *conn) error
	then func() // called by the writer when it is durable; may be nil
	err  error
	done chan error // of one element; receives the result after the commit
}

// queue holds the requests that wait for the next transaction.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	waiting []*request
	behind  []*request // what may wait until nothing else does: one at a time, in a transaction of its own
	passed  int        // how often others went before it
	closed  bool
}

// maxPassed is how often others go before what is behind, so that its turn comes even when there is always somebody waiting.
const maxPassed = 50

func newQueue() *queue {
	q := &queue{}
	q.changed.L = &q.mu
	return q
}

// put adds r, perhaps behind all others, and reports whether the queue was open.
func (q *queue) put(r *request, behind bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return false
	case behind:
		q.behind = append(q.behind, r)
	default:
		q.waiting = append(q.waiting, r)
	}
	q.changed.Signal()
	return true
}

// withdraw takes r out again and reports whether it was still waiting.
func (q *queue) withdraw(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, waiting := range []*[]*request{&q.waiting, &q.behind} {
		if i := slices.Index(*waiting, r); i >= 0 {
			*waiting = slices.Delete(*waiting, i, i+1)
			return true
		}
	}
	return false
}

// wait blocks until something is waiting; it returns false once the queue is closed and empty.
func (q *queue) wait() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting)+len(q.behind) == 0 && !q.closed {
		q.changed.Wait()
	}
	return len(q.waiting)+len(q.behind) > 0
}

// take takes what goes into the next transaction: all that is waiting, or one request from behind.
func (q *queue) take() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.behind) > 0 {
		if len(q.waiting) == 0 || q.passed >= maxPassed {
			first := q.behind[:1:1]
			q.behind, q.passed = q.behind[1:], 0
			return first
		}
		q.passed++
	}
	taken := q.waiting
	q.waiting = nil
	return taken
}

// close lets no more requests in and reports whether it was open.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := !q.closed
	q.closed = true
	q.changed.Signal()
	return was
}

// write runs do in the next transaction and returns when that is durable. While it is still queued, the end of ctx
// withdraws it; once the transaction has taken it, the result is what counts.
func (l *Ledger) write(ctx context.Context, do func(context.Context, *conn) error) error {
	return l.enqueue(ctx, do, nil, false)
}

// writeThen is write; the writer calls then when it is durable, before anybody is told.
func (l *Ledger) writeThen(ctx context.Context, do func(context.Context, *conn) error, then func()) error {
	return l.enqueue(ctx, do, then, false)
}

// writeBehind is write for what nobody waits for: it goes when nobody else is waiting, and never in their transaction.
func (l *Ledger) writeBehind(ctx context.Context, do func(context.Context, *conn) error) error {
	return l.enqueue(ctx, do, nil, true)
}

func (l *Ledger) enqueue(ctx context.Context, do func(context.Context, *conn) error, then func(), behind bool) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("nothing written: %w", err)
	}
	r := &request{do: do, then: then, done: make(chan error, 1)}
	if !l.queue.put(r, behind) {
		return ErrClosed
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		if l.queue.withdraw(r) {
			return fmt.Errorf("nothing written: %w", ctx.Err())
		}
		return <-r.done
	}
}

// run is the writer goroutine: it ends when the ledger is closed and nothing is waiting.
func (l *Ledger) run() {
	defer close(l.stopped)
	for l.queue.wait() {
		l.commitWaiting(context.Background())
	}
}

// commitWaiting writes all that is waiting in one transaction and releases the callers. They are taken from the
// queue only when the transaction has begun, so that waiting for a foreign lock can be given up.
func (l *Ledger) commitWaiting(ctx context.Context) {
	err := l.begin(ctx)
	l.queue.gather()
	batch := l.queue.take()
	if err == nil {
		err = l.fill(ctx, batch)
	}
	if err == nil {
		_, err = l.conn.commit.ExecContext(ctx)
	}
	l.commits.Add(1)
	if err == nil && l.end.seq < l.conn.end.seq {
		l.end = l.conn.end
		l.committed.Store(l.end.seq)
		select {
		case l.grown <- struct{}{}:
		default: // it has been told already
		}
	}
	if err != nil {
		l.afterFault(ctx, err)
		err = fmt.Errorf("%w: %s: %s", ErrUnwritable, l.path, plainly(err))
	}
	l.state.tell(err)
	for _, r := range batch {
		if err != nil {
			r.err = err
		}
		if r.err == nil && r.then != nil {
			r.then()
		}
	}
	for _, r := range batch {
		r.done <- r.err
	}
}

// begin starts a transaction, on a new connection if the last one was given up.
func (l *Ledger) begin(ctx context.Context) error {
	info, err := os.Stat(l.path)
	if err != nil {
		return fmt.Errorf("the file was removed or moved away: put it back: %w", err)
	}
	if !os.SameFile(info, l.file) {
		return errors.New("another file was put in its place: stop Dialwarden before restoring a ledger")
	}
	if l.conn == nil {
		c, err := openConn(ctx, l.path, anything)
		if err != nil {
			return err
		}
		if err := c.prepare(ctx); err != nil {
			return errors.Join(err, c.close())
		}
		if l.end, err = chainOf(ctx, c); err != nil {
			return errors.Join(err, c.close())
		}
		l.conn = c
	}
	l.conn.end = l.end
	_, err = l.conn.begin.ExecContext(ctx)
	return err
}

// fill runs the requests of the batch. If one fails by itself, everything is begun again with a savepoint around
// each, so that the others stand: savepoints cost too much to have them always.
func (l *Ledger) fill(ctx context.Context, batch []*request) error {
	for _, r := range batch {
		r.err = r.do(ctx, l.conn)
		if isFault(r.err) {
			return r.err
		}
		if r.err != nil {
			return l.fillSingly(ctx, batch)
		}
	}
	return nil
}

func (l *Ledger) fillSingly(ctx context.Context, batch []*request) error {
	if _, err := l.conn.rollback.ExecContext(ctx); err != nil {
		return err
	}
	l.conn.end = l.end
	if _, err := l.conn.begin.ExecContext(ctx); err != nil {
		return err
	}
	for _, r := range batch {
		end := l.conn.end
		if _, err := l.conn.savepoint.ExecContext(ctx); err != nil {
			return err
		}
		r.err = r.do(ctx, l.conn)
		if isFault(r.err) {
			return r.err
		}
		if r.err != nil {
			if _, err := l.conn.undo.ExecContext(ctx); err != nil {
				return err
			}
			l.conn.end = end
		}
		if _, err := l.conn.release.ExecContext(ctx); err != nil {
			return err
		}
	}
	return nil
}

// afterFault leaves the transaction, and gives the connection up if what it remembers of the file may be wrong.
func (l *Ledger) afterFault(ctx context.Context, fault error) {
	if l.conn == nil {
		return
	}
	_, _ = l.conn.rollback.ExecContext(ctx) // there may be none, or SQLite has rolled it back
	if isBroken(fault) {
		_ = l.conn.close() // the fault itself is what gets reported
		l.conn = nil
	}
}
