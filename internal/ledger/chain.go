package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// hash is a SHA-256.
type hash [sha256.Size]byte

// hashOf reads a hash. Bytes of another length, which only a stranger can have written, come to one that nothing else has.
func hashOf(b []byte) hash {
	if len(b) != sha256.Size {
		return sha256.Sum256(b)
	}
	return hash(b)
}

// saltSize is the length of the salt of a group of fields, in bytes. A seal of another length is a digest.
const saltSize = 16

// The kinds of entries of the chain.
const (
	kindDecision     = "decision"
	kindEnd          = "end"
	kindCorrection   = "correction"
	kindPolicy       = "policy"
	kindErasure      = "erasure"
	kindLook         = "look"
	kindIntervention = "intervention"
)

// canonical writes values so that no two lists of values are written alike: n; for NULL, i and the decimal digits and ;
// for an integer, t or b, the length in bytes, : and the bytes for a text and a blob.
type canonical []byte

// spare are texts that were summed up and can be written over: a verification makes five for each decision.
var spare = sync.Pool{New: func() any { return new(canonical) }}

// begin starts a text that says what it is for, so that no hash can stand for another; values are to be added to it.
func begin(what string) canonical {
	c := spare.Get().(*canonical) //nolint:errcheck // nothing else is put in
	return append(append(append((*c)[:0], "dialwarden "...), what...), " 1\n"...)
}

func (c canonical) add(values ...any) canonical {
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			c = append(c, "n;"...)
		case int64:
			c = c.integer(v)
		case int:
			c = c.integer(int64(v))
		case bool:
			c = c.integer(map[bool]int64{true: 1}[v])
		case string:
			c = append(append(c.length('t', len(v)), v...), ';')
		case []byte:
			c = append(append(c.length('b', len(v)), v...), ';')
		case hash:
			c = append(append(c.length('b', len(v)), v[:]...), ';')
		case Time:
			if v.IsZero() {
				c = append(c, "n;"...)
			} else {
				c = c.add(v.String())
			}
		default:
			panic(fmt.Sprintf("ledger: a value of type %T has no canonical form", v))
		}
	}
	return c
}

func (c canonical) integer(n int64) canonical {
	return append(strconv.AppendInt(append(c, 'i'), n, 10), ';')
}

func (c canonical) length(kind byte, n int) canonical {
	return append(strconv.AppendInt(append(c, kind), int64(n), 10), ':')
}

func (c canonical) sum() hash { return sha256.Sum256(c) }

// end is sum for a text that is not needed any more.
func (c canonical) end() hash {
	h := c.sum()
	if cap(c) <= 64<<10 {
		spare.Put(&c)
	}
	return h
}

// The columns of decisions that are chained, in three groups: those that stay, those that a number can be seen in, and
// those that tell who called. The last two, and the evaluation, can be taken away and leave their digests.
var (
	lastingColumns = []string{
		"at", "recorded_at", "source", "channel", "adopted", "class", "action", "rule", "max_seconds", "pin_id", "policy_revision",
	}
	numbersColumns      = []string{"dialled", "dialled_raw", "number", "reason", "shadow"}
	personColumns       = []string{"extension", "holder", "department"}
	sealColumns         = []string{"numbers_seal", "person_seal", "evaluation_seal"}
	laterColumns        = []string{"token_id", "matter", "approver", "approver_seal"} // since schema 8; see later
	evaluationColumns   = []string{"evaluated_at", "evaluation_us", "input", "decision"}
	callColumns         = []string{"decision_id", "answered_at", "ended_at", "seconds", "cost_minor", "cause", "end_source"}
	correctionColumns   = []string{"at", "decision_id", "who", "reason", "seconds", "cost_minor"}
	policyColumns       = []string{"at", "revision", "trigger", "error"}
	erasureColumns      = []string{"at", "who", "what", "reason", "ids", "content"}
	lookColumns         = []string{"at", "who", "what", "filter"}
	interventionColumns = []string{"at", "decision_id", "who", "what", "max_seconds", "reason"}
)

// seals are what keeps the digests of a decision's groups from being guessed, or the digests themselves.
type seals struct{ numbers, person, evaluation []byte }

// newSeals returns fresh salts.
func newSeals() seals {
	salt := make([]byte, 3*saltSize)
	_, _ = rand.Read(salt) // never fails
	return seals{salt[:saltSize:saltSize], salt[saltSize : 2*saltSize : 2*saltSize], salt[2*saltSize:]}
}

// sealed is the digest of a group of fields: of the fields themselves with their salt, or the one that was left in
// their place.
func sealed(group string, seal []byte, fields []any) hash {
	if len(seal) == sha256.Size {
		return hash(seal)
	}
	return begin(group).add(seal).add(fields...).end()
}

// later is what decisions have since schema 8. What is NULL is not in the digest, so that rows of earlier schemas keep
// theirs; what is not is there with its name before it.
type later struct {
	token, matter, approver any // NULL: nil
	seal                    []byte
}

// sealedNumbers is the digest of the numbers, with the matter where there is one.
func (l later) sealedNumbers(seal []byte, numbers []any) hash {
	if l.matter != nil {
		numbers = append(slices.Clip(numbers), "matter", l.matter)
	}
	return sealed("numbers", seal, numbers)
}

// sealedApprover is the digest of who approved; false where nobody did, and nobody did before an erasure.
func (l later) sealedApprover() (hash, bool) {
	if l.approver == nil && l.seal == nil {
		return hash{}, false
	}
	return sealed("approver", l.seal, []any{l.approver}), true
}

// newSalt returns a fresh salt.
func newSalt() []byte {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	return salt
}

// decisionDigest is what the chain says of a decision.
func decisionDigest(s seals, lasting, numbers, person, evaluation []any, l later) hash {
	text := begin("decision").add(lasting...).add(
		l.sealedNumbers(s.numbers, numbers), sealed("person", s.person, person), sealed("evaluation", s.evaluation, evaluation),
	)
	if l.token != nil {
		text = text.add("token_id", l.token)
	}
	if approver, is := l.sealedApprover(); is {
		text = text.add("approver", approver)
	}
	return text.end()
}

// rowDigest is what the chain says of a row of another kind.
func rowDigest(kind string, fields []any) hash { return begin(kind).add(fields...).end() }

// link is the end of the chain: the number of its last entry and that entry's hash.
type link struct {
	seq  int64
	hash hash
}

// next returns the end of the chain after one more entry.
func (l link) next(kind string, ref int64, digest hash) link {
	seq := l.seq + 1
	return link{seq, begin("entry").add(seq, l.hash, kind, ref, digest).end()}
}

// errChain is a fault of the chain: what the writer remembers of it is not what is in the file.
var errChain = errors.New("the chain in the file is not as it was left: somebody else has written to the ledger")

// chainOf reads the end of the chain.
func chainOf(ctx context.Context, q querier) (link, error) {
	var seq, ref int64
	var kind string
	var prev, digest []byte
	err := q.QueryRowContext(ctx, "SELECT seq, prev, kind, ref, digest FROM chain ORDER BY seq DESC LIMIT 1").
		Scan(&seq, &prev, &kind, &ref, &digest)
	if errors.Is(err, sql.ErrNoRows) {
		return link{}, nil
	}
	if err != nil {
		return link{}, err
	}
	return link{seq - 1, hashOf(prev)}.next(kind, ref, hashOf(digest)), nil
}

const addEntry = "INSERT INTO chain (seq, prev, kind, ref, digest) VALUES (?, ?, ?, ?, ?)"

// append adds an entry for a row that carries its number, c.end.seq+1, already.
func (c *conn) append(ctx context.Context, kind string, ref int64, digest hash) error {
	next := c.end.next(kind, ref, digest)
	if _, err := c.addEntry.ExecContext(ctx, next.seq, c.end.hash[:], kind, ref, digest[:]); err != nil {
		return fmt.Errorf("%w: %w", errChain, err)
	}
	c.end = next
	return nil
}

// insert adds a row to a table with one group of chained columns and a generated id, and its entry; it returns the id.
func (c *conn) insert(ctx context.Context, kind, table string, columns []string, values ...any) (int64, error) {
	result, err := c.ExecContext(ctx, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+", seq) VALUES ("+
		strings.Repeat("?, ", len(columns))+"?)", append(slices.Clip(values), c.end.seq+1)...)
	if err != nil {
		return 0, err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return 0, err
	}
	return id, c.append(ctx, kind, id, rowDigest(kind, values))
}
