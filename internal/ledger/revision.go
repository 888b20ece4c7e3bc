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
	kept, err := packFiles(files)
	if err == nil {
		err = l.write(ctx, func(ctx context.Context, c *conn) error {
			return keep(ctx, c, revision, Time{l.orNow(at)}, kept)
		})
	}
	if err != nil {
		return fmt.Errorf("ledger: policy revision %s not kept: %w", revision, err)
	}
	return nil
}

// packed is the content of a revision, as it is and as it is stored.
type packed struct{ content, stored []byte }

func packFiles(files map[string][]byte) (p packed, err error) {
	if p.content, err = json.Marshal(files); err != nil { // keys sorted, so that equal content is equal text
		return p, err
	}
	p.stored, err = pack(p.content)
	return p, err
}

// keep stores a revision, unless it is stored.
func keep(ctx context.Context, c *conn, revision string, at Time, p packed) error {
	var kept []byte
	err := c.QueryRowContext(ctx, "SELECT files FROM revisions WHERE revision = ?", revision).Scan(&kept)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = c.ExecContext(ctx, "INSERT INTO revisions (revision, at, files) VALUES (?, ?, ?)", revision, at, p.stored)
		return err
	}
	if err != nil {
		return err
	}
	if before, err := unpack(kept); err != nil || !bytes.Equal(before, p.content) {
		return errors.Join(errors.New("the ledger has other content under this revision"), err)
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
		return nil, r.fail("policy revision "+revision, err)
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
