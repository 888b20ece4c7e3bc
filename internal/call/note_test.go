package call

import (
	"testing"
	"time"
)

func TestReadNote(t *testing.T) {
	at := time.UnixMilli(1795438696865)
	for note, want := range map[string]End{
		"1795438696.1 1795438696865 91 16":  {AnsweredAt: at.Add(-91 * time.Millisecond), EndedAt: at, Cause: 16},
		"1795438696.1 1795438696865 0 17":   {EndedAt: at, Cause: 17},
		"1795438696.11 1795438696865 91 16": {}, // of another call
		"1795438696.1 1795438696865 91 ":    {},
		"1795438696.1 x 91 16":              {},
		"1795438696.1 1795438696865 -1 16":  {},
		"":                                  {},
	} {
		if got, ok := ReadNote(note, "1795438696.1"); got != want || ok != !want.EndedAt.IsZero() {
			t.Errorf("%q: got %+v, %v", note, got, ok)
		}
	}
}
