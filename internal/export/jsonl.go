package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// jsonWriter writes an object a line, with the fields in the order of Columns.
type jsonWriter struct{ w *bufio.Writer }

func newJSONL(w io.Writer) Writer { return jsonWriter{bufio.NewWriterSize(w, 64<<10)} }

func (j jsonWriter) Write(d ledger.Decision) error {
	values, err := row(d)
	if err != nil {
		return err
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	for i, v := range values {
		line.WriteByte("{,"[min(i, 1)])
		line.WriteString(strconv.Quote(Columns[i]) + ":")
		if err := enc.Encode(v); err != nil {
			return err
		}
		line.Truncate(line.Len() - 1) // the line feed that Encode adds
	}
	line.WriteString("}\n")
	_, err = j.w.Write(line.Bytes())
	return err
}

func (j jsonWriter) Flush() error { return j.w.Flush() }

func (j jsonWriter) Close() error { return j.w.Flush() }
