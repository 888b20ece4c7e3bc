package cdr

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var made = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// line is a record as Asterisk writes it, of a call that began so many seconds after made, by a clock that is so far from UTC.
func line(n int, zone time.Duration, answer, end int, userfield string) string {
	at := func(seconds int) string {
		if seconds < 0 {
			return ""
		}
		return made.Add(zone).Add(time.Duration(seconds) * time.Second).Format(time.DateTime)
	}
	return fmt.Sprintf(`"","101","9119","dialwarden-emergency","""101"" <101>","PJSIP/101-0000002a","PJSIP/carrier-0000002b","Dial",`+
		`"PJSIP/119@carrier,,i","%s","%s","%s",61,60,"ANSWERED","DOCUMENTATION","%d.%d","%s"`+"\n",
		at(0), at(answer), at(end), made.Unix(), n, userfield)
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Master.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSince(t *testing.T) {
	for name, zone := range map[string]time.Duration{"UTC": 0, "China": 8 * time.Hour, "Nepal": 5*time.Hour + 45*time.Minute, "Quito": -5 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "no record\n"+`"half`+"\n"+line(1, zone, 1, 10, "4711")+line(3, zone, -1, 90, "emergency")+
				line(2, zone, 2, 61, "")+strings.TrimSuffix(line(4, zone, 1, 99, ""), "\n"))
			got, err := Since(path, made.Add(11*time.Second))
			if err != nil || len(got) != 2 {
				t.Fatalf("got %+v, %v; want two", got, err)
			}
			first, second := got[0], got[1]
			if want := fmt.Sprintf("%d.2", made.Unix()); first.UniqueID != want || !first.AnsweredAt.Equal(made.Add(2*time.Second)) ||
				!first.EndedAt.Equal(made.Add(61*time.Second)) || !first.StartedAt.Equal(made) {
				t.Errorf("the first is %+v", first)
			}
			want := Record{
				Source: "101", Dialled: "9119", Context: "dialwarden-emergency", Channel: "PJSIP/101-0000002a",
				UniqueID: second.UniqueID, UserField: Emergency, StartedAt: made, Span: Span{EndedAt: second.EndedAt},
			}
			if second != want {
				t.Errorf("the second is %+v, want %+v", second, want)
			}
		})
	}
}

// TestTransferred reads a record that begins long after its channel was made: its times are by the same clock as others.
func TestTransferred(t *testing.T) {
	const zone = 8 * time.Hour
	later := strings.ReplaceAll(line(1, zone+8*time.Minute, 0, 20, "emergency"), "PJSIP/101", "PJSIP/105")
	for name, text := range map[string]string{"behind": line(2, zone, 1, 10, "") + later, "before": later + line(2, zone, 1, 10, "")} {
		got, err := Since(file(t, text), made.Add(11*time.Second))
		if err != nil || len(got) != 1 || !got[0].StartedAt.Equal(made.Add(8*time.Minute)) || !got[0].EndedAt.Equal(made.Add(8*time.Minute+20*time.Second)) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// TestMoved reads what logrotate has moved away, once, and only what is young enough.
func TestMoved(t *testing.T) {
	path := file(t, line(3, 0, 1, 30, ""))
	for name, n := range map[string]int{".1": 2, "-20261122": 1, ".2.gz": 4, ".bak": 5} {
		write(t, path+name, line(n, 0, 1, n*10, ""))
	}
	if err := os.Chtimes(path+"-20261122", made, made.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	got, err := Since(path, made)
	if err != nil || len(got) != 2 || got[0].UniqueID != idOf(2) || got[1].UniqueID != idOf(3) {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got, err := Since(path, made); err != nil || len(got) != 1 || got[0].UniqueID != idOf(2) {
		t.Errorf("before Asterisk makes a new file: %+v, %v", got, err)
	}
}

// TestUndecided puts the tries of an emergency call together.
func TestUndecided(t *testing.T) {
	text := line(1, 0, -1, 1, Emergency) + line(1, 0, -1, 2, Emergency) + line(2, 0, 1, 9, "4711") + line(1, 0, 3, 10, Emergency) +
		line(1, 0, -1, 11, Unavailable+"9123")
	records, err := Since(file(t, text), made)
	got := Undecided(records)
	if err != nil || len(got) != 2 || got[1].UserField != Unavailable+"9123" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if r := got[0]; !r.StartedAt.Equal(made) || !r.AnsweredAt.Equal(made.Add(3*time.Second)) || !r.EndedAt.Equal(made.Add(10*time.Second)) {
		t.Errorf("got %+v", r)
	}
}

// TestSinceReadsTheEnd reads no more of a long file than is asked for, wherever the blocks begin.
func TestSinceReadsTheEnd(t *testing.T) {
	var text strings.Builder
	for i := range 12_000 { // more than two blocks
		text.WriteString(line(i, 0, 1, i+1, "x"))
	}
	path := file(t, text.String())
	for _, n := range []int{1, 2, 4_000, 11_999, 12_000} {
		got, err := Since(path, made.Add(time.Duration(12_000-n+1)*time.Second))
		if err != nil || len(got) != n || got[n-1].UniqueID != fmt.Sprintf("%d.11999", made.Unix()) {
			t.Errorf("%d records, %v; want the last %d", len(got), err, n)
		}
	}
}

func TestSinceWithoutRecords(t *testing.T) {
	if got, err := Since(file(t, ""), made); len(got) != 0 || err != nil {
		t.Errorf("an empty file: %+v, %v", got, err)
	}
	if _, err := Since(filepath.Join(t.TempDir(), "none"), made); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Since(t.TempDir(), made); err == nil {
		t.Error("a directory can be read")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(line(1, 0, 1, 2, "emergency"))
	f.Add(`"a",b,,"` + strings.Repeat(",", 30))
	f.Fuzz(func(t *testing.T, text string) {
		if r, ok := new(clock).line([]byte(text)); ok && (r.EndedAt.IsZero() || r.UniqueID == "") {
			t.Errorf("%q is read as %+v", text, r)
		}
	})
}
