package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/dialwarden/dialwarden/internal/call"
)

// PolicyEntry is one entry of the policy's history: a revision that came in force, or one that was refused.
type PolicyEntry struct {
	ID        int64        `json:"id"`
	Revision  string       `json:"revision"` // empty where the files could not be read
	Trigger   call.Trigger `json:"trigger"`
	Since     Time         `json:"since"`           // when it came in force, or was refused
	Until     Time         `json:"until"`           // null: in force to this day, or never
	Decisions int64        `json:"decisions"`       // recorded under it in this time
	Error     string       `json:"error,omitempty"` // why it was refused; empty: it came in force
}

// PolicyInForce keeps a revision with its files, and notes that it comes in force now. Where the revision was the last
// one in force already (a daemon that starts again), nothing is noted: its time goes on.
//
// Errors: a plain one if the ledger has other content under the same revision, and those of Record.
func (l *Ledger) PolicyInForce(ctx context.Context, by call.Trigger, revision string, files map[string][]byte) error {
	kept, err := packFiles(files)
	if err == nil {
		err = l.write(ctx, func(ctx context.Context, c *conn) error {
			now := Time{l.now()}
			if err := keep(ctx, c, revision, now, kept); err != nil {
				return err
			}
			var last string
			err := c.QueryRowContext(ctx, "SELECT revision FROM policy_history WHERE error = '' ORDER BY id DESC LIMIT 1").Scan(&last)
			if last == revision || err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			return note(ctx, c, now, revision, by, "")
		})
	}
	if err != nil {
		return fmt.Errorf("ledger: policy revision %s not noted as in force: %w", revision, err)
	}
	return nil
}

// PolicyRefused notes a revision that did not come in force, and why. Its files are kept where there are any. The
// errors are those of PolicyInForce.
func (l *Ledger) PolicyRefused(ctx context.Context, by call.Trigger, revision, why string, files map[string][]byte) error {
	kept, err := packFiles(files)
	if err == nil {
		err = l.write(ctx, func(ctx context.Context, c *conn) error {
			now := Time{l.now()}
			if len(files) > 0 {
				if err := keep(ctx, c, revision, now, kept); err != nil {
					return err
				}
			}
			return note(ctx, c, now, revision, by, why)
		})
	}
	if err != nil {
		return fmt.Errorf("ledger: refused policy revision %s not noted: %w", revision, err)
	}
	return nil
}

func note(ctx context.Context, c *conn, at Time, revision string, by call.Trigger, fault string) error {
	_, err := c.insert(ctx, kindPolicy, "policy_history", policyColumns, at, revision, string(by), fault)
	return err
}

// Probe writes something of no meaning, and so tells whether the ledger can be written: nil, ErrUnwritable, ErrClosed,
// or the end of ctx.
func (l *Ledger) Probe(ctx context.Context) error {
	size := l.state.probeSize()
	return l.write(ctx, func(ctx context.Context, c *conn) error {
		_, err := c.ExecContext(ctx, "REPLACE INTO meta (key, value) VALUES ('probe', randomblob(?))", size)
		return err
	})
}

// Reader returns a reader on the ledger's own connections. It must not be closed, and ends with the ledger.
func (l *Ledger) Reader() *Reader { return &Reader{l.reads, l.path} }

// A revision's time lasts until the next one comes in force. Decisions belong to the last time of their revision that
// had begun when they were recorded: a call in the middle of a reload is recorded under the revision that it began with.
const policyHistory = `
WITH reigns AS (
  SELECT id,
         lead(at) OVER (ORDER BY id) AS until,
         lead(at) OVER (PARTITION BY revision ORDER BY id) AS again,
         CASE row_number() OVER (PARTITION BY revision ORDER BY id) WHEN 1 THEN '' ELSE at END AS since
  FROM policy_history WHERE error = '')
SELECT h.id, h.revision, h.trigger, h.at, r.until, h.error,
       CASE WHEN r.id IS NULL THEN 0 ELSE
         (SELECT count(*) FROM decisions d WHERE d.policy_revision = h.revision
          AND d.recorded_at >= r.since AND d.recorded_at < coalesce(r.again, '~')) END
FROM policy_history h LEFT JOIN reigns r ON r.id = h.id
ORDER BY h.id DESC LIMIT ?`

// PolicyHistory lists the last entries of the policy's history, the newest first; 0 means all.
func (r *Reader) PolicyHistory(ctx context.Context, limit int) ([]PolicyEntry, error) {
	if limit <= 0 {
		limit = -1
	}
	all, err := list(ctx, r.db, policyHistory, []any{limit}, func(scan func(...any) error) (e PolicyEntry, err error) {
		err = scan(&e.ID, &e.Revision, &e.Trigger, &e.Since, &e.Until, &e.Error, &e.Decisions)
		return e, err
	})
	if err != nil {
		return nil, r.fail("history of the policy", err)
	}
	return all, nil
}

// PolicyChanges lists the entries of the policy's history behind the one with the id after, the oldest first; of many,
// the newest limit, 0 means all. Until and Decisions are not filled in.
func (r *Reader) PolicyChanges(ctx context.Context, after int64, limit int) ([]PolicyEntry, error) {
	if limit <= 0 {
		limit = -1
	}
	all, err := list(ctx, r.db, "SELECT id, revision, trigger, at, error FROM policy_history WHERE id > ? ORDER BY id DESC LIMIT ?",
		[]any{after, limit}, func(scan func(...any) error) (e PolicyEntry, err error) {
			err = scan(&e.ID, &e.Revision, &e.Trigger, &e.Since, &e.Error)
			return e, err
		})
	if err != nil {
		return nil, r.fail("history of the policy", err)
	}
	slices.Reverse(all)
	return all, nil
}

// RevisionBefore returns the revision that a rollback goes back to: the one in force before the present one. A rollback
// takes back what came after the revision it went to, so that rolling back again goes further back. ErrNotFound: there
// is none before.
func (r *Reader) RevisionBefore(ctx context.Context) (string, error) {
	type reign struct {
		revision string
		by       call.Trigger
	}
	reigns, err := list(ctx, r.db, "SELECT revision, trigger FROM policy_history WHERE error = '' ORDER BY id", nil,
		func(scan func(...any) error) (x reign, err error) {
			err = scan(&x.revision, &x.by)
			return x, err
		})
	if err != nil {
		return "", r.fail("history of the policy", err)
	}
	var stack []string
	for _, x := range reigns {
		at := -1
		if x.by == call.ByRollback {
			at = lastIndex(stack, x.revision)
		}
		if at >= 0 {
			stack = stack[:at+1]
		} else {
			stack = append(stack, x.revision)
		}
	}
	if len(stack) < 2 {
		return "", fmt.Errorf("ledger: a policy revision before the present one: %w", ErrNotFound)
	}
	return stack[len(stack)-2], nil
}

func lastIndex(all []string, s string) int {
	for i, x := range slices.Backward(all) {
		if x == s {
			return i
		}
	}
	return -1
}

// FindRevision returns the whole name of the one revision that begins with prefix. Errors: ErrNotFound, and a plain one
// if there are several.
func (r *Reader) FindRevision(ctx context.Context, prefix string) (string, error) {
	found, err := list(ctx, r.db, "SELECT revision FROM revisions WHERE substr(revision, 1, length(?1)) = ?1 ORDER BY revision LIMIT 2",
		[]any{prefix}, func(scan func(...any) error) (s string, err error) {
			err = scan(&s)
			return s, err
		})
	switch {
	case err != nil:
	case len(found) == 0 || prefix == "":
		err = ErrNotFound
	case len(found) == 2 && found[0] != prefix:
		err = fmt.Errorf("there are several that begin so, like %s and %s", found[0], found[1])
	}
	if err != nil {
		return "", r.fail("policy revision "+prefix, err)
	}
	return found[0], nil
}
