package ledger

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Checkpoint is a signed statement of what the chain was at a moment.
type Checkpoint struct {
	Seq       int64  `json:"seq"` // of the last entry; 0 before the first
	At        Time   `json:"at"`
	Hash      Hex    `json:"hash"`      // of that entry
	Key       Hex    `json:"key"`       // the first 8 bytes of the SHA-256 of the public key
	Signature Hex    `json:"signature"` // Ed25519
	origin    string // the file and line, or the ledger, for messages
}

// Hex is bytes that are written as hexadecimal digits.
type Hex []byte

// MarshalText implements encoding.TextMarshaler.
func (h Hex) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hex) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*h = b
	return err
}

// String returns the digits.
func (h Hex) String() string { return hex.EncodeToString(h) }

// signed is what the signature is over.
func (c Checkpoint) signed() []byte {
	return begin("checkpoint").add(c.Seq, c.At, []byte(c.Hash))
}

// genuine reports whether the checkpoint was signed with the key.
func (c Checkpoint) genuine(public ed25519.PublicKey) bool {
	return bytes.Equal(c.Key, keyID(public)) && ed25519.Verify(public, c.signed(), c.Signature)
}

// keyID tells public keys apart.
func keyID(public ed25519.PublicKey) []byte {
	sum := sha256.Sum256(public)
	return sum[:8]
}

const signingDomain = "dialwarden checkpoint key v1"

// signing returns the key that checkpoints are signed with. It is made of the key file, so that there is one secret to
// keep apart and to keep safe.
func (k Key) signing() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k.sum(signingDomain)) }

// Public returns the key that checkpoints are verified with. It is no secret.
func (k Key) Public() ed25519.PublicKey {
	public, _ := k.signing().Public().(ed25519.PublicKey)
	return public
}

// When a checkpoint is written: when so many entries have none, when it has been quiet for so long since the last of
// them, and in any case after so long.
const (
	checkpointRows  = 1000
	checkpointQuiet = 5 * time.Second
	checkpointEvery = time.Hour
	checkpointAgain = time.Second // after one that failed
)

// pace is when checkpoints are written.
type pace struct {
	rows         int64
	quiet, every time.Duration
}

// WithCheckpoints makes the ledger write its checkpoints to a file apart from the database, too: a line of JSON each,
// appended; without a path only to the ledger. After each attempt report is told how it went. It must not wait.
func WithCheckpoints(path string, report func(error)) Option {
	return func(l *Ledger) { l.checkpoints, l.report = path, report }
}

// checkpointer writes checkpoints until the ledger is closed: the first at once, of what there is at the start.
func (l *Ledger) checkpointer() {
	defer close(l.signed)
	quiet, every := time.NewTimer(0), time.NewTicker(l.pace.every)
	defer quiet.Stop()
	defer every.Stop()
	last := int64(0)
	for {
		select {
		case <-l.stop:
			return
		case <-l.grown:
			if l.committed.Load()-last < l.pace.rows {
				quiet.Reset(l.pace.quiet)
				continue
			}
		case <-quiet.C:
		case <-every.C:
		}
		c, err := l.checkpoint(context.Background())
		if errors.Is(err, ErrClosed) {
			return
		}
		if err == nil || !errors.Is(err, ErrUnwritable) { // that is told of anyway
			l.report(err)
		}
		if err != nil {
			quiet.Reset(checkpointAgain)
			continue
		}
		last = c.Seq
	}
}

// lastCheckpoint is the one of a ledger that is being closed, where there is a connection to write it.
func (l *Ledger) lastCheckpoint(ctx context.Context) error {
	if l.report == nil || l.conn == nil {
		return nil
	}
	l.conn.end = l.end
	c, err := l.sign(ctx, l.conn)
	if err != nil {
		return fmt.Errorf("ledger: no last checkpoint written: %s", plainly(err))
	}
	return l.appendCheckpoint(c)
}

// checkpoint signs the end of the chain, keeps it in the ledger and appends it to the file.
func (l *Ledger) checkpoint(ctx context.Context) (c Checkpoint, err error) {
	err = l.write(ctx, func(ctx context.Context, conn *conn) error {
		c, err = l.sign(ctx, conn)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("ledger: no checkpoint written: %w", err)
	}
	return c, l.appendCheckpoint(c)
}

// sign keeps a signed checkpoint of the end of the chain in the ledger.
func (l *Ledger) sign(ctx context.Context, conn *conn) (Checkpoint, error) {
	c := Checkpoint{Seq: conn.end.seq, At: Time{l.now().Truncate(time.Millisecond)}, Hash: conn.end.hash[:], Key: keyID(l.key.Public())}
	c.Hash = bytes.Clone(c.Hash)
	c.Signature = ed25519.Sign(l.key.signing(), c.signed())
	_, err := conn.ExecContext(ctx, "INSERT INTO checkpoints (seq, at, hash, key, signature) VALUES (?, ?, ?, ?, ?)",
		c.Seq, c.At, []byte(c.Hash), []byte(c.Key), []byte(c.Signature))
	return c, err
}

// appendCheckpoint writes a checkpoint to the file apart, durably.
func (l *Ledger) appendCheckpoint(c Checkpoint) (err error) {
	if l.checkpoints == "" {
		return nil
	}
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(l.checkpoints, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.Write(append(line, '\n'))
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("ledger: checkpoint not written to %s: %w", l.checkpoints, err)
	}
	return nil
}

// readCheckpoints reads the file apart. A last line without an end is one that a crash cut off, and is left out; any
// other line that is no checkpoint is a finding.
func readCheckpoints(path string) (all []Checkpoint, found []Finding, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, []Finding{{What: "file", Problem: fmt.Sprintf("there is no %s; without it, a cut at the end of the ledger can go unnoticed", path)}}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	lines := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return all, found, nil
		}
		if err != nil {
			return nil, nil, err
		}
		c := Checkpoint{origin: fmt.Sprintf("%s:%d", filepath.Base(path), n)}
		if json.Unmarshal(line, &c) != nil || len(c.Hash) != sha256.Size {
			found = append(found, Finding{What: "checkpoint", Problem: c.origin + ": this line is no checkpoint"})
			continue
		}
		all = append(all, c)
	}
}
