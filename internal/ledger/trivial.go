package ledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// CheckPIN says what makes digits no good for a new PIN of somebody with this extension ("" for none), without telling
// one. What a thief tries first is ErrPINTrivial: equal digits, runs, repeated and mirrored pieces, lines on the keypad,
// years and dates, the holder's extension.
func CheckPIN(pin call.Secret, extension string) error {
	digits := pin.Reveal()
	if len(digits) < MinPIN || len(digits) > MaxPIN || strings.Trim(digits, "0123456789") != "" {
		return fmt.Errorf("a PIN is %d to %d digits, nothing but 0 to 9", MinPIN, MaxPIN)
	}
	for _, rule := range []struct {
		breaks bool
		why    string
	}{
		{isRun(digits, 0), "all digits are the same"},
		{isRun(digits, 1) || isRun(digits, 9), "the digits are a run up or down"},
		{isOfExtension(digits, extension), "the digits are the holder's extension, a part of it, or it repeated or filled up"},
		{isRepeated(digits), "the digits are a piece that repeats itself"},
		{isOfBlocks(digits), "every digit stands there as often as the others, one after another"},
		{isMirrored(digits), "the second half mirrors the first"},
		{keypadLines[digits], "the digits are a line or the corners of the keypad"},
		{isYear(digits), "the digits are a year that somebody may be born in"},
		{isDate(digits), "the digits are a date"},
	} {
		if rule.breaks {
			return fmt.Errorf("%s: %w", rule.why, ErrPINTrivial)
		}
	}
	return nil
}

// isRun reports whether each digit is step above the one before, 0 following 9.
func isRun(digits string, step byte) bool {
	for i := 1; i < len(digits); i++ {
		if (digits[i-1]-'0'+step)%10 != digits[i]-'0' {
			return false
		}
	}
	return true
}

// isRepeated finds 1212 and 123123.
func isRepeated(digits string) bool {
	for n := 2; n <= len(digits)/2; n++ {
		if len(digits)%n == 0 && strings.Repeat(digits[:n], len(digits)/n) == digits {
			return true
		}
	}
	return false
}

// isOfBlocks finds 1122, 112233 and 111222: blocks of the same length, at least two, of equal digits.
func isOfBlocks(digits string) bool {
	for n := 2; n <= len(digits)/2; n++ {
		if len(digits)%n != 0 {
			continue
		}
		equal := true
		for i := range digits {
			equal = equal && digits[i] == digits[i/n*n]
		}
		if equal {
			return true
		}
	}
	return false
}

// isMirrored finds 1221 and 123321.
func isMirrored(digits string) bool {
	for i := range len(digits) / 2 {
		if digits[i] != digits[len(digits)-1-i] {
			return false
		}
	}
	return len(digits)%2 == 0
}

// isOfExtension finds the extension itself, its beginning or end, repeated, and with one digit, perhaps many times, before
// or behind it.
func isOfExtension(digits, extension string) bool {
	extension = strings.Trim(extension, "*#+")
	switch {
	case extension == "":
		return false
	case len(digits) < len(extension):
		return strings.HasPrefix(extension, digits) || strings.HasSuffix(extension, digits)
	case strings.Repeat(extension, len(digits)/len(extension)+1)[:len(digits)] == digits:
		return len(extension) > 1
	case len(extension) < 3: // too short to be seen in other digits
		return false
	}
	for i := range len(digits) - len(extension) + 1 {
		if digits[i:i+len(extension)] == extension && isRun(digits[:i]+digits[i+len(extension):], 0) {
			return true
		}
	}
	return false
}

// keypadLines are what a finger does on the keypad without being told.
var keypadLines = func() map[string]bool {
	lines := map[string]bool{}
	for _, line := range []string{
		"2580", "1470", "3690", "1590", "3570", "1379", "1397", "3971", "9713", "7139",
		"147258", "258369", "147369", "159357", "159753", "147258369", "258369147", "147369258", "1472583690",
	} {
		lines[line] = true
		lines[reversed(line)] = true
	}
	return lines
}()

func reversed(s string) string {
	b := []byte(s)
	for i := range b {
		b[len(b)-1-i] = s[i]
	}
	return string(b)
}

// The years that somebody who has a PIN may be born in, or that are on everybody's mind.
const (
	firstYear = "1900"
	lastYear  = "2039"
)

func isYear(digits string) bool {
	return len(digits) == len(firstYear) && digits >= firstYear && digits <= lastYear
}

// isDate finds days of those years, written YYYYMMDD, DDMMYYYY, MMDDYYYY, YYMMDD, DDMMYY or MMDDYY.
func isDate(digits string) bool {
	for _, layout := range []string{"20060102", "02012006", "01022006"} {
		if at, err := time.Parse(layout, digits); err == nil && isYear(fmt.Sprint(at.Year())) {
			return true
		}
	}
	for _, layout := range []string{"060102", "020106", "010206"} {
		if _, err := time.Parse(layout, digits); err == nil {
			return true
		}
	}
	return false
}
