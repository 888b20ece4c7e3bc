package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// sheetRows is how many rows a sheet has at most, by the format.
var sheetRows = excelize.TotalRows

// workbook writes XLSX. Numbers are numbers, everything else is text, which no program takes for a formula. What does not
// fit on a sheet goes on on the next.
type workbook struct {
	to     io.Writer
	file   *excelize.File
	sheet  *excelize.StreamWriter
	sheets int
	rows   int // on this sheet
}

func newWorkbook(w io.Writer) (Writer, error) {
	b := &workbook{to: w, file: excelize.NewFile()}
	if err := b.next(); err != nil {
		return nil, errors.Join(err, b.file.Close())
	}
	return b, nil
}

// next begins a sheet, with the header.
func (b *workbook) next() (err error) {
	if b.sheet != nil {
		if err := b.sheet.Flush(); err != nil {
			return err
		}
	}
	b.sheets++
	name := "decisions"
	if b.sheets == 1 {
		err = b.file.SetSheetName("Sheet1", name)
	} else {
		name = fmt.Sprintf("decisions %d", b.sheets)
		_, err = b.file.NewSheet(name)
	}
	if err != nil {
		return err
	}
	if b.sheet, err = b.file.NewStreamWriter(name); err != nil {
		return err
	}
	err = b.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
	if err != nil {
		return err
	}
	header := make([]any, len(Columns))
	for i, c := range Columns {
		header[i] = c
	}
	b.rows = 1
	return b.sheet.SetRow("A1", header)
}

func (b *workbook) Write(d ledger.Decision) error {
	values, err := row(d)
	if err != nil {
		return err
	}
	if b.rows == sheetRows {
		if err := b.next(); err != nil {
			return err
		}
	}
	for i, v := range values {
		if raw, ok := v.(json.RawMessage); ok {
			values[i] = string(raw)
		}
	}
	b.rows++
	cell, err := excelize.CoordinatesToCellName(1, b.rows)
	if err != nil {
		return err
	}
	return b.sheet.SetRow(cell, values)
}

// Flush does nothing: a workbook is written as a whole.
func (b *workbook) Flush() error { return nil }

func (b *workbook) Close() error {
	err := b.sheet.Flush()
	if err == nil {
		_, err = b.file.WriteTo(b.to)
	}
	return errors.Join(err, b.file.Close())
}
