package cdr

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	block  = 1 << 20  // bytes that are read at once
	mostly = 64 << 20 // bytes that are read at most
)

// Since reads the records in the file of calls that ended at that moment or later, the oldest first. It reads the file from
// its end, at most its last 64 MiB, so that a file of years costs no more than a new one. Lines that are no records, and
// one that is still being written, are passed over. What was moved away since then (logrotate), to a name that goes on
// behind its own (Master.csv.1, Master.csv-20261123), is read, too, unless it was compressed.
//
// The error is that of opening or reading the file. That there is none is no error where one was moved away: Asterisk makes
// it with the next call.
func Since(path string, since time.Time) ([]Record, error) {
	var lines []byte
	f, err := os.Open(path)
	if err == nil {
		lines, _, err = tail(f, since)
		_ = f.Close()
	}
	if lines, err = withMoved(path, since, lines, err); err != nil {
		return nil, fmt.Errorf("call detail records: %w", err)
	}
	return new(clock).records(lines, since), nil
}

// withMoved puts before the lines of the file those of what was moved away at that moment or later. The error of reading
// the file stays, unless it says that there is none, and one was moved away.
func withMoved(path string, since time.Time, lines []byte, unread error) ([]byte, error) {
	if unread != nil && !errors.Is(unread, fs.ErrNotExist) {
		return nil, unread
	}
	names, err := moved(path, since)
	if err != nil || len(names) == 0 {
		return lines, cmp.Or(unread, err)
	}
	for _, name := range names {
		f, err := os.Open(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			return nil, err
		}
		before, _, err := tail(f, since)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		lines = append(before, lines...)
	}
	return lines, nil
}

// moved lists the files that had the place of the file and were written at that moment or later, the newest first.
func moved(path string, since time.Time) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	written := map[string]time.Time{}
	for _, entry := range entries {
		behind, ok := strings.CutPrefix(entry.Name(), filepath.Base(path))
		if !ok || !numbered.MatchString(behind) || !entry.Type().IsRegular() {
			continue
		}
		if info, err := entry.Info(); err == nil && !info.ModTime().Before(since) {
			written[entry.Name()] = info.ModTime()
		}
	}
	return slices.SortedFunc(maps.Keys(written), func(a, b string) int { return written[b].Compare(written[a]) }), nil
}

// numbered is what stands behind the name of a file that was moved away: a number or a date.
var numbered = regexp.MustCompile(`^[.-][0-9][0-9.T_:-]*$`)

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
