package ledger

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// layout is how moments are written: RFC 3339 in UTC with milliseconds, of one length, so that they sort as text.
const layout = "2006-01-02T15:04:05.000Z"

// Time is a moment as the ledger keeps it: UTC, to the millisecond. The zero Time is NULL in SQL and null in JSON.
type Time struct{ time.Time }

// String returns the moment as 2026-11-23T09:00:00.123Z, or an empty string for the zero Time.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + t.String() + `"`), nil
}

// Value implements driver.Valuer.
func (t Time) Value() (driver.Value, error) {
	if t.IsZero() {
		return nil, nil
	}
	return t.String(), nil
}

// Scan implements sql.Scanner.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = Time{}
		return nil
	case string:
		at, err := time.Parse(layout, v)
		if err != nil {
			return fmt.Errorf("%q is no moment of the form %s", v, layout)
		}
		*t = Time{at}
		return nil
	default:
		return fmt.Errorf("a moment is text, not %T", src)
	}
}

// checkTimes refuses moments that the layout cannot write.
func checkTimes(moments ...time.Time) error {
	for _, t := range moments {
		if y := t.UTC().Year(); y < 0 || y > 9999 {
			return fmt.Errorf("a moment in the year %d: want 0 to 9999", y)
		}
	}
	return nil
}

// printable returns s as text that is safe to store and to show: bytes that are not UTF-8, control characters and
// the characters that turn the direction of writing become \xNN or \uNNNN. Anything else stays as it is.
func printable(s string) string {
	if isPrintable(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !harmful(r):
			b.WriteString(s[i : i+size])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return utf8.ValidString(s) && !strings.ContainsFunc(s, harmful)
		}
	}
	return true
}

func harmful(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// oneLine is printable for texts that people wrote, which may be of several lines.
func oneLine(s string) string {
	return printable(strings.Join(strings.Fields(s), " "))
}
