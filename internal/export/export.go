// Package export writes decisions for other programs: as CSV (RFC 4180), as JSON Lines, and as a workbook (XLSX). The
// columns are those of the views decision_log and call_log together, the matter last, each decision in a row of its own, in the order of
// ids. Moments are RFC 3339 in UTC with milliseconds; what has not happened is empty (CSV, XLSX) or null (JSON Lines).
//
// Nothing is kept in memory but the row at hand and a buffer; of a workbook, what is more than some megabytes waits in a
// file of the system's temporary directory until Close.
package export

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// Format is what a file is written as.
type Format string

// The formats.
const (
	CSV   Format = "csv"
	JSONL Format = "jsonl"
	XLSX  Format = "xlsx"
)

// Appendable reports whether rows can be added to a file that was written before.
func (f Format) Appendable() bool { return f == CSV || f == JSONL }

// Columns names the columns, in their order.
var Columns = []string{
	"id", "at", "source", "extension", "holder", "department", "dialled", "number", "class", "action", "rule", "reason",
	"max_seconds", "pin_id", "token_id", "approver", "policy_revision", "shadow",
	"answered_at", "ended_at", "seconds", "cost_minor", "cause", "end_source",
	"matter",
}

// Writer writes decisions.
type Writer interface {
	Write(ledger.Decision) error
	Flush() error // what was written is in the file; a workbook has nothing in it before Close
	Close() error
}

// New returns a writer of the format. A header is written where the format has one, unless rows are appended to some
// that are there. The error is one of the format.
func New(w io.Writer, f Format, appended bool) (Writer, error) {
	switch f {
	case CSV:
		return newCSV(w, appended)
	case JSONL:
		return newJSONL(w), nil
	case XLSX:
		return newWorkbook(w)
	default:
		return nil, fmt.Errorf("format %q: must be %s, %s or %s", f, CSV, JSONL, XLSX)
	}
}

// row is the values of a decision by Columns: nil, int64, string or json.RawMessage.
func row(d ledger.Decision) ([]any, error) {
	shadow, err := json.Marshal(d.Shadow)
	if err != nil {
		return nil, err
	}
	if d.Shadow == nil {
		shadow = []byte("[]")
	}
	c := d.Call
	var seconds, cost any
	if !c.EndedAt.IsZero() {
		seconds = int64(c.Seconds)
	}
	if c.CostMinor != nil {
		cost = *c.CostMinor
	}
	return []any{
		d.ID, moment(d.At), string(d.Source), d.Extension, d.Holder, d.Department, d.Dialled, d.Number, string(d.Class),
		string(d.Action), d.Rule, d.Reason, unless0(int64(d.MaxSeconds)), unless0(d.PINID), unless0(d.TokenID),
		text(d.Approver), d.PolicyRevision, json.RawMessage(shadow), moment(c.AnsweredAt), moment(c.EndedAt), seconds, cost, unless0(int64(c.Cause)), text(c.EndSource), text(d.Matter),
	}, nil
}

func moment(t ledger.Time) any { return text(t.String()) }

// text is s, or nil for nothing.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func unless0(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// plain writes a value as it stands in a cell.
func plain(v any) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		return v
	case json.RawMessage:
		return string(v)
	default:
		return ""
	}
}
