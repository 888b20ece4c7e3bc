package lab

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const cdrFile = "lab.csv"

// cdrFields are the fields of a record, in the order of the CSV file.
var cdrFields = []string{
	"channel", "dstchannel", "src", "dst", "dcontext", "lastapp", "start", "answer", "end", "duration", "billsec",
	"disposition", "userfield", "uniqueid",
}

// CDR is one of Asterisk's call detail records.
type CDR struct {
	Channel, DstChannel   string
	Src, Dst, Context     string
	LastApp               string
	Start, Answer, End    string // as Asterisk writes them: 2026-11-23 09:00:00, or empty
	Duration, BillSeconds int    // seconds
	Disposition           string // ANSWERED, NO ANSWER, BUSY, FAILED, CONGESTION
	UserField             string // holds the decision's id
	UniqueID              string
}

// cdrMapping is the line of cdr_custom.conf that writes cdrFields.
func cdrMapping() string {
	columns := make([]string, len(cdrFields))
	for i, field := range cdrFields {
		columns[i] = "${CSV_QUOTE(${CDR(" + field + ")})}"
	}
	return strings.Join(columns, ",")
}

// CDRs returns the records that Asterisk has written so far, the oldest first. Asterisk writes a record some
// milliseconds after a call's end: WaitCDR waits for it.
func (l *Lab) CDRs() ([]CDR, error) {
	text, err := os.ReadFile(filepath.Join(l.dir, "log", "cdr-custom", cdrFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // the last line may be half written
	reader := csv.NewReader(bytes.NewReader(text))
	reader.FieldsPerRecord = len(cdrFields)
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading Asterisk's call detail records: %w", err)
	}
	records := make([]CDR, 0, len(rows))
	for _, row := range rows {
		records = append(records, newCDR(row))
	}
	return records, nil
}

func newCDR(row []string) CDR {
	seconds := func(s string) int {
		n, _ := strconv.Atoi(s)
		return n
	}
	return CDR{
		Channel: row[0], DstChannel: row[1], Src: row[2], Dst: row[3], Context: row[4], LastApp: row[5],
		Start: row[6], Answer: row[7], End: row[8], Duration: seconds(row[9]), BillSeconds: seconds(row[10]),
		Disposition: row[11], UserField: row[12], UniqueID: row[13],
	}
}

// WaitCDR waits until Asterisk has written a record for which match is true, and returns it.
func (l *Lab) WaitCDR(ctx context.Context, match func(CDR) bool) (CDR, error) {
	var found CDR
	err := poll(ctx, 20*time.Millisecond, func() (bool, error) {
		records, err := l.CDRs()
		for _, r := range records {
			if match(r) {
				found = r
				return true, nil
			}
		}
		return false, err
	})
	if err != nil {
		return CDR{}, fmt.Errorf("waiting for a call detail record: %w", err)
	}
	return found, nil
}

// poll calls done every interval until it says yes or fails, or ctx ends.
func poll(ctx context.Context, interval time.Duration, done func() (bool, error)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
