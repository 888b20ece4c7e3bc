package cdr

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"
)

const (
	block  = 1 << 20  // bytes that are read at once
	mostly = 64 << 20 // bytes that are read at most
)

// Since reads the records in the file of calls that ended at that moment or later, the oldest first. It reads the file from
// its end, at most its last 64 MiB, so that a file of years costs no more than a new one. Lines that are no records, and
// one that is still being written, are passed over.
//
// The error is that of opening or reading the file.
func Since(path string, since time.Time) ([]Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("call detail records: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines, _, err := tail(f, since)
	if err != nil {
		return nil, fmt.Errorf("call detail records: %w", err)
	}
	return new(clock).records(lines, since), nil
}

// tail reads the lines that are whole at the end of a file, back to a record of a call that ended before the moment; upTo is
// where they end.
func tail(f *os.File, since time.Time) (lines []byte, upTo int64, err error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, 0, err
	}
	var text []byte
	for from := size; from > 0 && size-from < mostly; {
		n := min(block, from)
		from -= n
		more := make([]byte, n, n+int64(len(text)))
		if _, err := f.ReadAt(more, from); err != nil {
			return nil, 0, err
		}
		text = append(more, text...)
		if first := whole(text, from == 0); from == 0 || begins(first, since) {
			break
		}
	}
	half := len(text) - (bytes.LastIndexByte(text, '\n') + 1)
	return whole(text, int64(len(text)) == size), size - int64(half), nil
}

// whole leaves of a stretch of the file the lines that are in it from their beginning to their end.
func whole(text []byte, fromStart bool) []byte {
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	if fromStart {
		return text
	}
	return text[bytes.IndexByte(text, '\n')+1:]
}

// begins reports whether the lines begin with a record of a call that ended before the moment.
func begins(lines []byte, since time.Time) bool {
	next, stop := iter.Pull(new(clock).read(lines))
	defer stop()
	first, ok := next()
	return ok && first.EndedAt.Before(since)
}

// records reads those of calls that ended at that moment or later, the oldest first.
func (c *clock) records(lines []byte, since time.Time) []Record {
	var all []Record
	for r := range c.read(lines) {
		if !r.EndedAt.Before(since) {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b Record) int { return a.EndedAt.Compare(b.EndedAt) })
	return all
}

// read reads the records of lines, in their order. Asterisk writes no line breaks into a field.
func (c *clock) read(lines []byte) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for line := range bytes.Lines(lines) {
			if c.known {
				break
			}
			_, _ = c.line(line)
		}
		for line := range bytes.Lines(lines) {
			if r, ok := c.line(line); ok && !yield(r) {
				return
			}
		}
	}
}

func (c *clock) line(line []byte) (Record, bool) {
	fields, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil {
		return Record{}, false
	}
	return c.parse(fields)
}
