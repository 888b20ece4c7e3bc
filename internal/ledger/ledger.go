package ledger

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// The errors that callers can tell apart; each comes wrapped with what happened.
var (
	// ErrLocked is returned by Open while another process has the ledger open for writing.
	ErrLocked = errors.New("another process writes this ledger")
	// ErrWrongKey is returned by Open if the ledger's PINs were hashed, or its checkpoints signed, under another key.
	ErrWrongKey = errors.New("not the key of this ledger")
	// ErrUnwritable is returned by every writing method while the file cannot be written.
	ErrUnwritable = errors.New("the ledger cannot be written")
	// ErrClosed is returned by every writing method after Close.
	ErrClosed = errors.New("the ledger is closed")
	// ErrNotFound is returned for an id or a revision that the ledger does not have.
	ErrNotFound = errors.New("not in the ledger")
	// ErrPINTaken is returned by AddPIN and ChangePIN for digits that are, or were, a PIN or a token. Whose, it does not tell.
	ErrPINTaken = errors.New("this PIN is taken: choose another")
	// ErrPINTrivial is returned by AddPIN and ChangePIN for digits that are easy to guess; the text around it says why.
	ErrPINTrivial = errors.New("choose a PIN that is harder to guess")
	// ErrPINDisabled is returned by ChangePIN for a PIN that was taken away.
	ErrPINDisabled = errors.New("the PIN was taken away: give a new one")
)

// readConnections is how many of the ledger's own look-ups (Prove, OpenCalls …) run at once.
const readConnections = 2

// Ledger is the one writer of a ledger file. Its methods may be called from any goroutine.
type Ledger struct {
	path string
	key  Key
	now  func() time.Time

	lock  *os.File
	file  os.FileInfo // the file as opened, to notice that it was moved away
	reads *sql.DB
	queue *queue
	state state

	checkpoints string // the file apart; empty for none
	migration   func(Migration)
	tell        func(call.Change)         // told what is spent; may be nil
	sanctioned  func(call.SanctionChange) // told of what was imposed and lifted; nil: nobody is
	// allowanceAlert makes the alert of an account that has reached a percentage; may be nil
	allowanceAlert func(x call.AccountChange, percent int) call.Alert
	report         func(error) // told how checkpoints fare; nil where none are written
	pace           pace
	committed      atomic.Int64  // the chain's last entry
	grown          chan struct{} // of one element: the chain has grown
	commits        atomic.Int64  // so far
	copied         chan struct{} // closed when the log is copied no more
	stop           chan struct{} // closed when no more checkpoints are wanted
	signed         chan struct{} // closed when none will be written

	indexing  indexing
	stopIndex context.CancelFunc
	indexed   chan struct{} // closed when no more facets will be built

	conn    *conn         // the writer goroutine's; nil after a fault, until the next request
	end     link          // of the chain, as committed; the writer goroutine's
	before  int64         // the newest decision when it was opened
	stopped chan struct{} // closed when the writer goroutine has ended
}

// Option changes how a ledger is opened.
type Option func(*Ledger)

// WithClock makes the ledger take the time from now, for recorded_at, created_at and the like.
func WithClock(now func() time.Time) Option { return func(l *Ledger) { l.now = now } }

// WithSanctions makes the ledger tell report what was imposed and lifted, when that is durable and before the method that
// wrote it returns. It is called from any goroutine.
func WithSanctions(report func(call.SanctionChange)) Option {
	return func(l *Ledger) { l.sanctioned = report }
}

// Open opens the ledger at path as its one writer. It creates the file (mode 0600) if there is none and brings its
// schema up to date. The directory must exist. The key is the one that PINs are hashed under.
//
// Errors: ErrLocked if another process has it open for writing; ErrWrongKey if there are PINs that were hashed
// under another key, or checkpoints that were signed with one; and plain ones if the file is no ledger, is of a newer schema, or cannot be opened.
func Open(path string, key Key, options ...Option) (*Ledger, error) {
	l, err := open(path, key, options)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	return l, nil
}

func open(path string, key Key, options []Option) (_ *Ledger, err error) {
	if key.isZero() {
		return nil, errors.New("opened without a key: use LoadKey or LoadOrCreateKey")
	}
	path, err = realPath(path)
	if err != nil {
		return nil, err
	}
	l := &Ledger{
		path: path, key: key, now: time.Now, queue: newQueue(), stopped: make(chan struct{}),
		pace: pace{checkpointRows, checkpointQuiet, checkpointEvery}, grown: make(chan struct{}, 1),
		stop: make(chan struct{}), signed: make(chan struct{}), copied: make(chan struct{}),
		indexing: indexing{blockSize, 5 * time.Second, &sync.Mutex{}}, indexed: make(chan struct{}),
	}
	for _, o := range options {
		o(l)
	}
	if l.lock, err = lock(path); err != nil {
		return nil, err
	}
	if err := l.start(context.Background()); err != nil {
		return nil, errors.Join(err, l.release())
	}
	go l.run()
	go l.copier()
	ctx, cancel := context.WithCancel(context.Background())
	l.stopIndex = cancel
	go l.indexer(ctx)
	if l.report == nil {
		close(l.signed)
	} else {
		go l.checkpointer()
	}
	return l, nil
}

// start opens the file and makes it ready.
func (l *Ledger) start(ctx context.Context) error {
	all, err := migrations(embedded)
	if err != nil {
		return err
	}
	if err := create(l.path); err != nil {
		return err
	}
	if l.file, err = os.Stat(l.path); err != nil {
		return err
	}
	l.conn, err = openConn(ctx, l.path, func(ctx context.Context, q querier) error {
		_, err := schemaOf(ctx, q, len(all))
		return err
	})
	if err != nil {
		return errors.New(plainly(err))
	}
	if err := makePrivate(l.path); err != nil {
		return err
	}
	if err := l.bringUpToDate(ctx, all); err != nil {
		return err
	}
	if err := l.conn.prepare(ctx); err != nil {
		return err
	}
	if err := l.checkKey(ctx); err != nil {
		return err
	}
	if l.end, err = chainOf(ctx, l.conn); err != nil {
		return err
	}
	if err := l.conn.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM decisions").Scan(&l.before); err != nil {
		return err
	}
	l.reads, err = openReadPool(ctx, l.path, readConnections)
	return err
}

// checkKey compares the key with the one that the ledger's PINs were hashed under and its checkpoints signed with, and notes
// it while there are none.
func (l *Ledger) checkKey(ctx context.Context) error {
	var noted []byte
	err := l.conn.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = 'key_fingerprint'").Scan(&noted)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if hmac.Equal(noted, l.key.fingerprint()) {
		return nil
	}
	var hashed, signed bool
	err = l.conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pins) OR EXISTS (SELECT 1 FROM tokens), EXISTS (SELECT 1 FROM checkpoints)").Scan(&hashed, &signed)
	switch {
	case err != nil:
		return err
	case hashed:
		return fmt.Errorf("key file %s is %w: the PINs and tokens in it were hashed under another one", l.key.path, ErrWrongKey)
	case signed && noted != nil:
		return fmt.Errorf("key file %s is %w: its checkpoints were signed with another one; put that back, or move the ledger and its file of checkpoints away to begin anew", l.key.path, ErrWrongKey)
	}
	_, err = l.conn.ExecContext(ctx, "REPLACE INTO meta (key, value) VALUES ('key_fingerprint', ?)",
		l.key.fingerprint())
	return err
}

// Close writes what is still waiting and the last checkpoint, closes the file and gives up the lock. Requests that come later get ErrClosed.
// Close may be called again; it does nothing then.
func (l *Ledger) Close() error {
	if !l.queue.close() {
		<-l.stopped
		return nil
	}
	l.stopIndex()
	close(l.stop)
	<-l.signed
	<-l.copied
	<-l.indexed
	<-l.stopped
	return errors.Join(l.lastCheckpoint(context.Background()), l.release())
}

// release gives back whatever was opened, the lock last.
func (l *Ledger) release() error {
	var errs []error
	if l.reads != nil {
		errs = append(errs, l.reads.Close())
	}
	if l.conn != nil {
		errs = append(errs, l.conn.close())
	}
	errs = append(errs, l.lock.Close())
	return errors.Join(errs...)
}
