package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
)

// chain walks over the entries.
func (v *verifier) chain(ctx context.Context, checkpoints map[int64][]Checkpoint) error {
	var at link // what the entries so far come to
	var before struct {
		kind string
		ref  int64
	}
	type entry struct {
		seq, ref     int64
		kind         string
		prev, digest hash
	}
	kinds := map[string]string{} // each once in memory
	var kind, prev, digest sql.RawBytes
	v.hold(at, checkpoints[0])
	for {
		entries, err := list(ctx, v.reader.db, "SELECT seq, prev, kind, ref, digest FROM chain WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 5000",
			[]any{at.seq, v.last.seq}, func(scan func(...any) error) (e entry, err error) {
				if err := scan(&e.seq, &prev, &kind, &e.ref, &digest); err != nil {
					return e, err
				}
				if _, known := kinds[string(kind)]; !known {
					kinds[string(kind)] = string(kind)
				}
				e.kind, e.prev, e.digest = kinds[string(kind)], hashOf(prev), hashOf(digest)
				return e, nil
			})
		if err != nil {
			return err
		}
		for _, e := range entries {
			switch {
			case e.seq != at.seq+1:
				v.found("entry", at.seq+1, "%s removed", span("entry", "entries", at.seq+1, e.seq-1))
				at.hash = e.prev
			case e.prev != at.hash:
				v.found("entry", at.seq, "entry %d does not go with entry %d: one of them was changed; entry %d is of %s %d", e.seq, at.seq, at.seq, before.kind, before.ref)
				at.hash = e.prev
			}
			at.seq = e.seq - 1
			at = at.next(e.kind, e.ref, e.digest)
			before.kind, before.ref = e.kind, e.ref
			v.counts[e.kind]++
			v.result.Entries++
			v.hold(at, checkpoints[at.seq])
		}
		v.step(len(entries))
		if len(entries) == 0 {
			v.result.Head = bytes.Clone(at.hash[:])
			return nil
		}
	}
}

// hold holds the chain so far against checkpoints of its last entry.
func (v *verifier) hold(at link, checkpoints []Checkpoint) {
	for _, c := range checkpoints {
		if bytes.Equal(c.Hash, at.hash[:]) {
			v.result.SignedUntil = at.seq
			continue
		}
		if v.replaced(c) {
			v.result.Checkpoints--
			continue
		}
		v.found("entry", at.seq, "entries %d to %d, or one of them, were written anew after %s: the checkpoint in %s has another hash",
			v.result.SignedUntil+1, at.seq, c.At, c.origin)
	}
}

func span(one, many string, first, last int64) string {
	if first == last {
		return fmt.Sprintf("%s %d was", one, first)
	}
	return fmt.Sprintf("%s %d to %d were", many, first, last)
}
