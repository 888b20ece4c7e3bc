package ledger

import (
	"context"
	"database/sql"
	"time"
)

// SQLite copies what is in the log (the -wal file) to the database from time to time, a checkpoint of its own kind. Left
// to itself it does so within some commit, and the callers who wait for that one wait several times as long. So it is done
// beside the writer, on a connection of its own, which keeps nobody waiting; the writer does it itself only where that has
// not kept up.
const (
	moveEvery      = 100 * time.Millisecond
	moveAfter      = 50   // commits; fewer wait for more
	moveLatest     = 10   // times at most
	copiedByWriter = 8000 // pages of the log, 32 MiB, from which a commit copies them itself
)

// copier copies the log to the database until the ledger is closed.
func (l *Ledger) copier() {
	defer close(l.copied)
	tick := time.NewTicker(moveEvery)
	defer tick.Stop()
	last := l.commits.Load()
	for waited := 0; ; {
		select {
		case <-l.stop:
			return
		case <-tick.C:
		}
		now := l.commits.Load()
		if now == last {
			waited = 0
			continue
		}
		if now-last < moveAfter && waited < moveLatest {
			waited++
			continue
		}
		if l.copyLog(context.Background()) == nil {
			last, waited = now, 0
		}
	}
}

// copyLog copies what it can of the log without waiting for anybody. The connection is a new one each time, so that a file
// that was moved away, or put back, is left alone.
func (l *Ledger) copyLog(ctx context.Context) error {
	name, err := dsn(l.path, false)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", name)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing is lost with it
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	return err
}
