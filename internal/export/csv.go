package export

import (
	"encoding/csv"
	"io"
	"strings"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// csvWriter writes RFC 4180: UTF-8 without a byte order mark, lines that end with CR LF.
type csvWriter struct{ w *csv.Writer }

func newCSV(w io.Writer, appended bool) (Writer, error) {
	c := csvWriter{csv.NewWriter(w)}
	c.w.UseCRLF = true
	if appended {
		return c, nil
	}
	return c, c.w.Write(Columns)
}

func (c csvWriter) Write(d ledger.Decision) error {
	values, err := row(d)
	if err != nil {
		return err
	}
	cells := make([]string, len(values))
	for i, v := range values {
		cells[i] = plain(v)
		if _, ok := v.(string); ok {
			cells[i] = defused(cells[i])
		}
	}
	return c.w.Write(cells)
}

func (c csvWriter) Flush() error {
	c.w.Flush()
	return c.w.Error()
}

func (c csvWriter) Close() error { return c.Flush() }

// starters are what a spreadsheet takes for the beginning of a formula; the wide ones are what Excel does in Chinese and
// Japanese.
const starters = "=+-@\t\r\n＝＋－＠"

// defused returns a text that no spreadsheet computes: with an apostrophe before what would begin a formula. A sign with
// nothing but digits behind it computes nothing, and stays: +8610….
func defused(s string) string {
	t := strings.TrimLeft(s, " \u3000")
	if t == "" || !strings.ContainsAny(firstRune(t), starters) {
		return s
	}
	if digits := t[1:]; (t[0] == '+' || t[0] == '-') && t == s && digits != "" && strings.Trim(digits, "0123456789") == "" {
		return s
	}
	return "'" + s
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
