package export

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// longest is longer than any row.
const longest = 4 << 20

// LastID returns the id of the last whole row of a file that was exported before, 0 if there is none, and the length of
// the file up to the end of that row: what is behind it was cut off while it was written. It is an error if the last row
// is none of the format's, or if the header is that of an earlier version, which had fewer columns.
func LastID(f *os.File, format Format) (id, length int64, err error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return 0, 0, err
	}
	if format == CSV {
		if err := checkHeader(f, size); err != nil {
			return 0, 0, err
		}
	}
	from := max(0, size-longest)
	tail := make([]byte, size-from)
	if _, err := f.ReadAt(tail, from); err != nil {
		return 0, 0, err
	}
	end := bytes.LastIndexByte(tail, '\n')
	if end < 0 && from > 0 {
		return 0, 0, errors.New("it has no lines: it is no export")
	}
	length = from + int64(end) + 1
	tail = tail[:end+1]
	start := bytes.LastIndexByte(bytes.TrimSuffix(tail, []byte("\n")), '\n') + 1
	line := tail[start:]
	digits, stop := line, byte(',')
	if format == JSONL {
		digits = bytes.TrimPrefix(line, []byte(`{"id":`))
	} else if len(line) == 0 || bytes.HasPrefix(line, []byte("id,at,")) {
		return 0, length, nil
	}
	if len(line) == 0 {
		return 0, length, nil
	}
	digits, _, _ = bytes.Cut(digits, []byte{stop})
	if id, err = strconv.ParseInt(string(digits), 10, 64); err != nil {
		return 0, 0, fmt.Errorf("its last line is no row of a %s export", format)
	}
	return id, length, nil
}

// checkHeader refuses a header that rows of today's columns do not go under. A file may have none.
func checkHeader(f *os.File, size int64) error {
	header := strings.Join(Columns, ",") + "\r\n"
	head := make([]byte, min(size, int64(len(header))))
	if _, err := f.ReadAt(head, 0); err != nil {
		return err
	}
	if bytes.HasPrefix(head, []byte("id,at,")) && string(head) != header[:len(head)] {
		return errors.New("its columns are not those of this version: export to a new file")
	}
	return nil
}
