package ledger

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Finding is something that is not as it was written.
type Finding struct {
	What    string `json:"what"` // decision, end, correction, account, policy, restore, entry, checkpoint, schema or file
	ID      int64  `json:"id"`   // of the row, or the entry's number
	Problem string `json:"problem"`
}

// Verification is what Verify found.
type Verification struct {
	OK          bool  `json:"ok"`
	Entries     int64 `json:"entries"`
	Head        Hex   `json:"head"` // the hash of the last entry
	Checkpoints int   `json:"checkpoints"`
	SignedUntil int64 `json:"signed_until"` // the last entry that a genuine checkpoint holds
	Unsigned    int64 `json:"unsigned"`     // entries after that one: a cut among them would not show
	// Restores are the times when the ledger was restored from a backup, the oldest first.
	Restores []Restored `json:"restores,omitempty"`
	Findings []Finding  `json:"findings"`
	More     int64      `json:"more"` // findings that are not listed
}

// maxFindings is how many findings are listed; the others are counted.
const maxFindings = 1000

// Proof is what the ledger is held against.
type Proof struct {
	Public      ed25519.PublicKey // checkpoints are signed with; nil: signatures are not looked at
	Checkpoints string            // the file apart; empty: there is none
	Progress    func(rows int)    // is told of every piece that was read, of Rows in all; may be nil

	provisional *Restored // that is about to be made
	apart       *held     // what the file apart held at a moment, instead of what it holds
}

// Verify reads the whole ledger and tells which rows are not as they were written: changed, removed, put in between, or
// cut off at the end. It can be asked beside the daemon. The error is one of reading; what was found is none.
func (r *Reader) Verify(ctx context.Context, p Proof) (Verification, error) {
	v := &verifier{reader: r, proof: p, counts: map[string]int64{}}
	if err := v.run(ctx); err != nil {
		return Verification{}, fmt.Errorf("ledger: not verified: %w", err)
	}
	slices.SortStableFunc(v.result.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.ID, b.ID))
	})
	v.result.OK = len(v.result.Findings) == 0
	v.result.Unsigned = max(0, v.last.seq-v.result.SignedUntil)
	return v.result, nil
}

// verifier is one run of Verify.
type verifier struct {
	reader *Reader
	proof  Proof
	last   link                // of the chain, when it began
	counts map[string]int64    // of entries, by kind
	erased map[string]idRanges // what erasures took away, by what

	mu     sync.Mutex
	result Verification
}

func (v *verifier) found(what string, id int64, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.result.Findings) == maxFindings {
		v.result.More++
		return
	}
	v.result.Findings = append(v.result.Findings, Finding{what, id, fmt.Sprintf(format, args...)})
}

func (v *verifier) run(ctx context.Context) error {
	v.result.Findings = []Finding{}
	var err error
	if v.last, err = chainOf(ctx, v.reader.db); err != nil {
		return err
	}
	if err := v.schema(ctx); err != nil {
		return err
	}
	if err := v.erasures(ctx); err != nil {
		return err
	}
	checkpoints, err := v.checkpoints(ctx)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make([]error, len(sources)+1)
	wg.Go(func() { errs[len(sources)] = v.chain(ctx, checkpoints) })
	matched := make([]atomic.Int64, len(sources))
	for i, s := range sources {
		wg.Go(func() { errs[i] = v.table(ctx, s, &matched[i]) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := v.money(ctx); err != nil {
		return err
	}
	if v.counts[kindRestore] != int64(len(v.result.Restores)) {
		if err := v.stated(ctx); err != nil {
			return err
		}
	}
	for i, s := range sources {
		if matched[i].Load() != v.counts[s.kind] {
			if err := v.removed(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// table holds the rows of a table against their entries, in as many parts as there are processors.
func (v *verifier) table(ctx context.Context, s source, matched *atomic.Int64) error {
	var last int64
	if err := v.reader.db.QueryRowContext(ctx, "SELECT coalesce(max("+s.id+"), 0) FROM "+s.table).Scan(&last); err != nil {
		return err
	}
	parts := int64(runtime.GOMAXPROCS(0))
	if last < 10_000 {
		parts = 1
	}
	errs := make([]error, parts)
	var wg sync.WaitGroup
	for i := range parts {
		from, to := last/parts*i, last/parts*(i+1)
		if i == 0 {
			from = math.MinInt64
		}
		if i == parts-1 {
			to = math.MaxInt64
		}
		wg.Go(func() { errs[i] = v.rows(ctx, s, from, to, matched) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// step tells how far it is.
func (v *verifier) step(n int) {
	if v.proof.Progress != nil {
		v.proof.Progress(n)
	}
}

// Rows is how many rows Verify reads, about: every entry and every row that has one.
func (r *Reader) Rows(ctx context.Context) (int, error) {
	end, err := chainOf(ctx, r.db)
	return int(2 * end.seq), err
}

// checkpoints reads all checkpoints, those of the ledger and those of the file, and holds them to the key. They are
// returned by the entry that they are about.
func (v *verifier) checkpoints(ctx context.Context) (map[int64][]Checkpoint, error) {
	all, err := list(ctx, v.reader.db, "SELECT seq, at, hash, key, signature FROM checkpoints ORDER BY seq, at", nil,
		func(scan func(...any) error) (c Checkpoint, err error) {
			c.origin = "the ledger"
			err = scan(&c.Seq, &c.At, (*[]byte)(&c.Hash), (*[]byte)(&c.Key), (*[]byte)(&c.Signature))
			return c, err
		})
	if err != nil {
		return nil, err
	}
	apart := v.proof.apart
	if apart == nil && v.proof.Checkpoints != "" {
		apart = &held{}
		if apart.all, apart.found, err = readCheckpoints(v.proof.Checkpoints); err != nil {
			return nil, err
		}
	}
	if apart != nil {
		for _, f := range apart.found {
			v.found(f.What, f.ID, "%s", f.Problem)
		}
		all = append(all, apart.all...)
	}
	restores, found, err := v.reader.restores(ctx, v.proof.Public)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		v.found(f.What, f.ID, "%s", f.Problem)
	}
	by := map[int64][]Checkpoint{}
	for _, s := range restores {
		if s.Seq <= v.last.seq {
			v.result.Restores = append(v.result.Restores, s)
			by[s.Entry] = append(by[s.Entry], s.checkpoint())
		}
	}
	for _, c := range all {
		if v.proof.Public != nil && !c.genuine(v.proof.Public) {
			v.found("checkpoint", c.Seq, "the checkpoint of %s in %s is not signed with this ledger's key", c.At, c.origin)
			continue
		}
		if c.Seq > v.last.seq && v.replaced(c) {
			continue
		}
		v.result.Checkpoints++
		by[c.Seq] = append(by[c.Seq], c)
		if c.Seq > v.last.seq {
			v.found("entry", c.Seq, "the end was cut off: the chain ends with entry %d, and a checkpoint of %s in %s says that there were %d",
				v.last.seq, c.At, c.origin, c.Seq)
		}
	}
	return by, nil
}

// rows holds the rows above one id and up to another against their entries.
func (v *verifier) rows(ctx context.Context, s source, above, to int64, matched *atomic.Int64) error {
	var late []chained
	for above < to {
		rows, err := s.page(ctx, v.reader.db, above, to, 1000)
		if err != nil {
			return err
		}
		for _, r := range rows {
			switch {
			case r.seq > v.last.seq:
				late = append(late, r)
			case r.others:
				v.found(s.kind, r.ref, "%s %d was put in: the chain has no entry of it", s.kind, r.ref)
			case !r.said:
				v.found(s.kind, r.ref, "%s %d was changed", s.kind, r.ref)
				matched.Add(1)
			default:
				matched.Add(1)
			}
			v.justify(r)
			above = r.ref
		}
		v.step(len(rows))
		if len(rows) == 0 {
			break
		}
	}
	return v.later(ctx, s, late)
}

// later looks at rows that came while the ledger was being verified, or pretend to have.
func (v *verifier) later(ctx context.Context, s source, rows []chained) error {
	if len(rows) == 0 {
		return nil
	}
	end, err := chainOf(ctx, v.reader.db)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.seq > end.seq || r.others {
			v.found(s.kind, r.ref, "%s %d was put in: the chain has no entry of it", s.kind, r.ref)
		} else if !r.said {
			v.found(s.kind, r.ref, "%s %d was changed", s.kind, r.ref)
		}
	}
	return nil
}

// removed finds entries whose rows are gone.
func (v *verifier) removed(ctx context.Context, s source) error {
	gone, err := list(ctx, v.reader.db, "SELECT c.ref FROM chain c WHERE c.kind = ? AND c.seq <= ? AND NOT EXISTS (SELECT 1 FROM "+
		s.table+" r WHERE r."+s.id+" = c.ref AND r.seq = c.seq AND "+s.where+") ORDER BY c.seq", []any{s.kind, v.last.seq},
		scanID)
	by := v.erased[eraseRow]
	if s.kind == kindCorrection {
		by = v.erased[eraseCorrection]
	}
	for _, ref := range gone {
		if (s.kind == kindDecision || s.kind == kindEnd || s.kind == kindCorrection) && by.has(ref) {
			continue
		}
		v.found(s.kind, ref, "%s %d was removed", s.kind, ref)
	}
	return err
}
