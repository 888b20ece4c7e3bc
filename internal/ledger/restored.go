package ledger

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Restored is the statement that a ledger was restored from a backup. It has an entry of its own in the chain, right
// behind the last one of the backup, and is signed like a checkpoint: only who has the key can say that entries which
// checkpoints speak of are rightly missing.
type Restored struct {
	Seq       int64 `json:"seq"` // of its own entry
	At        Time  `json:"at"`
	Entry     int64 `json:"entry"`      // the last one of the backup
	Hash      Hex   `json:"hash"`       // of that entry
	Common    int64 `json:"common"`     // the last one that the backup and what it replaced had in common
	Known     int64 `json:"known"`      // the last one of what it replaced, as far as was known
	KnownHash Hex   `json:"known_hash"` // of that entry; empty: not known
	Key       Hex   `json:"key"`        // as in a checkpoint
	Signature Hex   `json:"signature"`
}

// kindRestore is the kind of the entry; it refers to itself, and the statement is kept in meta.
const (
	kindRestore   = "restore"
	restorePrefix = "restore:"
)

func (s Restored) values() []any {
	return []any{s.At, s.Entry, []byte(s.Hash), s.Common, s.Known, []byte(s.KnownHash)}
}

func (s Restored) digest() hash { return rowDigest(kindRestore, s.values()) }

func (s Restored) genuine(public ed25519.PublicKey) bool {
	return bytes.Equal(s.Key, keyID(public)) && ed25519.Verify(public, begin("restored").add(s.values()...), s.Signature)
}

// text is how the statement is kept.
func (s Restored) text() []byte {
	text, _ := json.Marshal(s) // numbers, bytes and a moment always have a form
	return text
}

// replaced reports whether the checkpoint is of a history that this restore has put an end to.
func (s Restored) replaced(c Checkpoint) bool {
	return c.Seq > s.Common && c.Seq <= s.Known && !c.At.After(s.At.Time)
}

// checkpoint is what the statement says of the backup, to be held like any other.
func (s Restored) checkpoint() Checkpoint {
	return Checkpoint{Seq: s.Entry, At: s.At, Hash: s.Hash, origin: fmt.Sprintf("the statement of entry %d", s.Seq)}
}

// stateRestore adds the statement, signed, with its entry. Seq, Entry and Hash are filled in.
func (l *Ledger) stateRestore(ctx context.Context, s Restored) (Restored, error) {
	err := l.write(ctx, func(ctx context.Context, c *conn) error {
		s.Seq, s.Entry, s.Hash = c.end.seq+1, c.end.seq, bytes.Clone(c.end.hash[:])
		s.Key = keyID(l.key.Public())
		s.Signature = ed25519.Sign(l.key.signing(), begin("restored").add(s.values()...))
		_, err := c.ExecContext(ctx, "INSERT INTO meta (key, value) VALUES (?, ?)", restorePrefix+strconv.FormatInt(s.Seq, 10), s.text())
		if err != nil {
			return err
		}
		return c.append(ctx, kindRestore, s.Seq, s.digest())
	})
	return s, err
}

// restores reads the statements, the oldest first. What was found is told; it is not among them.
func (r *Reader) restores(ctx context.Context, public ed25519.PublicKey) (all []Restored, found []Finding, err error) {
	type kept struct {
		key  string
		text []byte
	}
	rows, err := list(ctx, r.db, "SELECT key, value FROM meta WHERE key >= ? AND key < ? ORDER BY length(key), key",
		[]any{restorePrefix, "restore;"}, func(scan func(...any) error) (k kept, err error) {
			err = scan(&k.key, &k.text)
			return k, err
		})
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		seq, _ := strconv.ParseInt(strings.TrimPrefix(row.key, restorePrefix), 10, 64)
		var s Restored
		var digest []byte
		err := r.db.QueryRowContext(ctx, "SELECT digest FROM chain WHERE seq = ? AND kind = ? AND ref = seq", seq, kindRestore).Scan(&digest)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, nil, err
		}
		said := s.digest()
		if json.Unmarshal(row.text, &s) == nil {
			said = s.digest()
		}
		switch {
		case digest == nil:
			found = append(found, Finding{kindRestore, seq, fmt.Sprintf("the statement of a restore was put in: the chain has no entry %d of it", seq)})
		case s.Seq != seq || s.Entry != seq-1 || !bytes.Equal(digest, said[:]):
			found = append(found, Finding{kindRestore, seq, fmt.Sprintf("the statement of a restore, entry %d, was changed", seq)})
		case public != nil && !s.genuine(public):
			found = append(found, Finding{kindRestore, seq, fmt.Sprintf("the statement of a restore, entry %d, is not signed with this ledger's key", seq)})
		default:
			all = append(all, s)
		}
	}
	return all, found, nil
}

// stated finds entries of restores whose statements are gone.
func (v *verifier) stated(ctx context.Context) error {
	seqs, err := list(ctx, v.reader.db, "SELECT seq FROM chain WHERE kind = ? AND seq <= ? AND NOT EXISTS (SELECT 1 FROM meta WHERE key = ? || seq) ORDER BY seq",
		[]any{kindRestore, v.last.seq, restorePrefix}, func(scan func(...any) error) (seq int64, err error) {
			err = scan(&seq)
			return seq, err
		})
	for _, seq := range seqs {
		v.found(kindRestore, seq, "the statement of a restore, entry %d, was removed", seq)
	}
	return err
}

// replaced reports whether a checkpoint that does not hold is of a history that a restore has put an end to.
func (v *verifier) replaced(c Checkpoint) bool {
	for _, s := range v.result.Restores {
		if s.replaced(c) {
			return true
		}
	}
	return v.proof.provisional != nil && v.proof.provisional.replaced(c)
}
