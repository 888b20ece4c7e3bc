package ledger

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// SaveRevision keeps the whole content of a policy revision: its files by path. What is kept already stays, with the
// time it was kept first.
//
// Errors: a plain one if the ledger has other content under the same revision, and those of Record.
func (l *Ledger) SaveRevision(ctx context.Context, revision string, at time.Time, files map[string][]byte) error {
	content, err := json.Marshal(files) // keys sorted, so that equal content is equal text
	if err != nil {
		return fmt.Errorf("ledger: policy revision %s not kept: %w", revision, err)
	}
	packed, err := pack(content)
	if err != nil {
		return fmt.Errorf("ledger: policy revision %s not kept: %w", revision, err)
	}
	err = l.write(ctx, func(ctx context.Context, c *conn) error {
		var kept []byte
		err := c.QueryRowContext(ctx, "SELECT files FROM revisions WHERE revision = ?", revision).Scan(&kept)
		if errors.Is(err, sql.ErrNoRows) {
			_, err = c.ExecContext(ctx, "INSERT INTO revisions (revision, at, files) VALUES (?, ?, ?)",
				revision, Time{l.orNow(at)}, packed)
			return err
		}
		if err != nil {
			return err
		}
		if before, err := unpack(kept); err != nil || !bytes.Equal(before, content) {
			return errors.Join(errors.New("the ledger has other content under this revision"), err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("ledger: policy revision %s not kept: %w", revision, err)
	}
	return nil
}

// Revision returns the files of a policy revision by path, as SaveRevision kept them, or ErrNotFound.
func (r *Reader) Revision(ctx context.Context, revision string) (map[string][]byte, error) {
	var packed []byte
	err := r.db.QueryRowContext(ctx, "SELECT files FROM revisions WHERE revision = ?", revision).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	var content []byte
	if err == nil {
		content, err = unpack(packed)
	}
	var files map[string][]byte
	if err == nil {
		err = json.Unmarshal(content, &files)
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: policy revision %s: %w", revision, err)
	}
	return files, nil
}

func pack(content []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(content)
	if err := errors.Join(err, z.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
