package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// hostile are texts that people, or phones, may have chosen.
var hostile = map[string]string{ // to what a CSV has
	"+861062345678":        "+861062345678",
	"-5":                   "-5",
	"110":                  "110",
	"":                     "",
	"=1+1":                 "'=1+1",
	"+1+cmd|' /C calc'!A0": "'+1+cmd|' /C calc'!A0",
	"-2+3":                 "'-2+3",
	"@SUM(A1)":             "'@SUM(A1)",
	"\t=1":                 "'\t=1",
	" =1":                  "' =1",
	"＝1+1":                 "'＝1+1",
	"+":                    "'+",
	`王 "芳", 市场`:            `王 "芳", 市场`,
	"two\nlines":           "two\nlines",
}

func decision(id int64, holder string) ledger.Decision {
	cost := int64(0)
	return ledger.Decision{
		ID: id, At: ledger.Time{Time: time.Date(2026, 11, 23, 9, 0, 0, 0, time.FixedZone("", 8*3600))}, Holder: holder,
		Shadow: []call.Shadowed{{Rule: "x"}}, Call: ledger.Call{CostMinor: &cost},
	}
}

func written(t *testing.T, f Format, all ...ledger.Decision) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := New(&b, f, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if err := w.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestHostileTexts come back from each format as they were, in CSV defused.
func TestHostileTexts(t *testing.T) {
	for text, want := range hostile {
		d := decision(7, text)
		rows, err := csv.NewReader(bytes.NewReader(written(t, CSV, d))).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != len(Columns) || rows[1][4] != want {
			t.Errorf("CSV of %q: %q, %v; want %q", text, rows, err, want)
		}
		var fields map[string]any
		if err := json.Unmarshal(written(t, JSONL, d), &fields); err != nil || fields["holder"] != text || len(fields) != len(Columns) {
			t.Errorf("JSON of %q: %v, %v", text, fields, err)
		}
		book, err := excelize.OpenReader(bytes.NewReader(written(t, XLSX, d)))
		if err != nil {
			t.Fatal(err)
		}
		value, err := book.GetCellValue("decisions", "E2")
		formula, _ := book.GetCellFormula("decisions", "E2")
		if err != nil || value != text || formula != "" {
			t.Errorf("XLSX of %q: %q, formula %q, %v", text, value, formula, err)
		}
	}
}

// TestValues has moments in UTC, a cost of nothing apart from no cost, and no seconds of a call that has not ended.
func TestValues(t *testing.T) {
	line := string(written(t, JSONL, decision(7, "X")))
	for _, want := range []string{
		`{"id":7,"at":"2026-11-23T01:00:00.000Z",`, `"shadow":[{"`, `"seconds":null,"cost_minor":0,"cause":null,`, `"max_seconds":null`,
	} {
		if !strings.Contains(line, want) {
			t.Errorf("%s lacks %s", line, want)
		}
	}
	if _, err := New(io.Discard, "pdf", false); err == nil {
		t.Error("there is such a format")
	}
}

// TestWorkbookGoesOnOnTheNextSheet where a sheet is full.
func TestWorkbookGoesOnOnTheNextSheet(t *testing.T) {
	defer func(n int) { sheetRows = n }(sheetRows)
	sheetRows = 3
	book, err := excelize.OpenReader(bytes.NewReader(written(t, XLSX, decision(1, "a"), decision(2, "b"), decision(3, "c"))))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(book.GetSheetList(), ","); got != "decisions,decisions 2" {
		t.Errorf("the sheets are %s", got)
	}
	for cell, want := range map[string]string{"A1": "id", "A2": "3", "E2": "c", "A3": ""} {
		if got, err := book.GetCellValue("decisions 2", cell); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", cell, got, err, want)
		}
	}
	if kind, _ := book.GetCellType("decisions 2", "E2"); kind != excelize.CellTypeInlineString {
		t.Errorf("a text is of type %v", kind)
	}
}

// TestLastID finds where an export that was cut off goes on.
func TestLastID(t *testing.T) {
	header := strings.Join(Columns, ",") + "\r\n"
	under := int64(len(header))
	for name, test := range map[string]struct {
		format     Format
		text       string
		id, length int64
		fails      bool
	}{
		"nothing":         {CSV, "", 0, 0, false},
		"half a header":   {CSV, "id,a", 0, 0, false},
		"a header":        {CSV, header, 0, under, false},
		"rows":            {CSV, header + "1,x\r\n22,x\r\n", 22, under + 11, false},
		"half a row":      {CSV, header + "1,x\r\n22,", 1, under + 5, false},
		"fewer columns":   {CSV, strings.TrimSuffix(header, ",matter\r\n") + "\r\n1,x\r\n", 0, 0, true},
		"rows alone":      {CSV, "8,x\r\n9,x\r\n", 9, 10, false},
		"objects":         {JSONL, "{\"id\":8,\"at\":1}\n{\"id\":9,\"at\":1}\n{\"id\":", 9, 32, false},
		"half an object":  {JSONL, "{\"id\":8,\"at\":1}", 0, 0, false},
		"something else":  {CSV, "Dear diary\n", 0, 0, true},
		"something else ": {JSONL, "Dear diary\n", 0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			id, length, err := LastID(f, test.format)
			if id != test.id || length != test.length || (err != nil) != test.fails {
				t.Errorf("got %d, %d, %v", id, length, err)
			}
		})
	}
}
