package ledger

import (
	"errors"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestTrivialPINs refuses what a thief tries first, says why, and tells no digit.
func TestTrivialPINs(t *testing.T) {
	for why, pins := range map[string][]string{
		"all digits are the same":       {"0000", "777777", "999999999999"},
		"a run up or down":              {"1234", "4321", "7890", "0987", "890123", "123456789012"},
		"a piece that repeats itself":   {"1212", "6969", "123123", "121212", "58395839", "583958395839"},
		"as often as the others":        {"1122", "0077", "112233", "111222", "555888", "777755553333"},
		"the second half mirrors":       {"1221", "7447", "583385"},
		"a line or the corners":         {"2580", "0852", "1470", "1397", "7139", "147258", "852741"},
		"a year":                        {"1900", "1987", "2026", "2039"},
		"the digits are a date":         {"19871123", "23111987", "11231987", "871123", "231187", "112387", "20000229"},
		"the digits are the holder's e": {"4711", "47114711", "04711", "47110", "994711", "47119", "471147"},
	} {
		for _, pin := range pins {
			err := CheckPIN(call.NewSecret(pin), "4711")
			if !errors.Is(err, ErrPINTrivial) || !strings.Contains(err.Error(), why) || strings.ContainsAny(err.Error(), "0123456789") {
				t.Errorf("%s: %v, want %q and no digit", pin, err, why)
			}
		}
	}
	for extension, pins := range map[string][]string{
		"":         {"4711", "1899", "2040", "7391", "1123", "0001", "2468", "583921", "20000230", "19870000", "871332"},
		"101":      {"5839", "58101392"},
		"21234567": {"5839", "1345"},
		"7":        {"5837", "7583"},
	} {
		for _, pin := range pins {
			if err := CheckPIN(call.NewSecret(pin), extension); err != nil {
				t.Errorf("%s of extension %q: %v", pin, extension, err)
			}
		}
	}
	for _, c := range []struct{ pin, extension string }{{"1011", "101"}, {"0101", "101"}, {"4567", "21234567"}, {"2123", "21234567"}, {"8610", "+8610"}} {
		if err := CheckPIN(call.NewSecret(c.pin), c.extension); !errors.Is(err, ErrPINTrivial) {
			t.Errorf("%s of extension %q: %v", c.pin, c.extension, err)
		}
	}
}
