package speech

import (
	"slices"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

func TestDigits(t *testing.T) {
	for number, want := range map[string]string{
		"":         "",
		"+8610*#":  "plus 8 6 1 0 star hash",
		"1 a/../2": "1 2", // nothing but our own files is ever named
	} {
		got := strings.ReplaceAll(strings.Join(Digits(number), " "), "dialwarden/", "")
		if got != want {
			t.Errorf("%q: got %q, want %q", number, got, want)
		}
	}
}

func TestEveryClassHasAName(t *testing.T) {
	for _, c := range call.Classes() {
		if got := Of("class_" + string(c)); !slices.Equal(got, []string{"dialwarden/class_" + string(c)}) {
			t.Errorf("%s: got %v", c, got)
		}
	}
	if got := Of("class_../x"); got != nil {
		t.Errorf("got %v", got)
	}
}
