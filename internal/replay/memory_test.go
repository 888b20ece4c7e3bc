package replay

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestReader decodes an input as encoding/json does, however it is written, and again when it comes back.
func TestReader(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 15, 0, 0, time.UTC)
	whole, err := json.Marshal(call.Facts{
		Time:    call.ClockAt(at, time.UTC),
		Caller:  call.Caller{Extension: "101", Holder: "a \"}{\\ b", Known: true},
		Callee:  call.Callee{Number: call.Number{Digits: "62345678", Class: call.Local, Risk: []string{"a}"}}, Lists: []string{}},
		Usage:   call.Usage{AttemptsLastHour: 3},
		Attempt: call.Attempt{Channel: "1.1", At: at},
	})
	if err != nil {
		t.Fatal(err)
	}
	var r reader
	for name, src := range map[string]string{
		"as recorded":             string(whole),
		"nothing":                 `{}`,
		"a part":                  `{"usage":{"attempts_last_hour":3}}`,
		"white space":             ` { "usage": {"attempts_last_hour":3} } `,
		"another case":            `{"USAGE":{"attempts_last_hour":3}}`,
		"an escape in a name":     `{"\u0075sage":{"attempts_last_hour":3}}`,
		"twice":                   `{"usage":{"attempts_last_hour":3},"usage":{"pending_calls":1}}`,
		"null":                    `{"usage":null}`,
		"a name that is not ours": `{"weather":{"rain":true},"usage":{"attempts_last_hour":3}}`,
		"another kind":            `{"usage":[]}`,
		"a wrong type inside":     `{"usage":{"attempts_last_hour":"3"}}`,
		"cut off":                 string(whole[:len(whole)-20]),
		"cut off inside":          `{"usage":{"attempts_last_hour":3`,
		"more behind":             `{"usage":{"attempts_last_hour":3}}}`,
		"a comma too many":        `{"usage":{"attempts_last_hour":3},}`,
		"no comma":                `{"usage":{}"line":{}}`,
		"not JSON inside":         `{"usage":{"attempts_last_hour":3,}}`,
		"no object":               `[]`,
		"empty":                   ``,
	} {
		var want call.Facts
		wrong := json.Unmarshal([]byte(src), &want) != nil
		for range 2 {
			got, err := r.facts([]byte(src))
			if (err != nil) != wrong || !wrong && !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, want)
			}
		}
	}
	if len(r.usage.known) == 0 || len(r.callers.known) == 0 {
		t.Error("nothing is remembered")
	}
}

// TestMemoryIsBounded forgets rather than grow for ever.
func TestMemoryIsBounded(t *testing.T) {
	var m memory[int]
	for i := range maxKept + 5 {
		m.keep([]byte{byte(i), byte(i >> 8), byte(i >> 16)}, i)
	}
	if v, ok := m.get([]byte{0, 0, 0}); ok || len(m.known) != 5 {
		t.Errorf("got %d, %v of %d", v, ok, len(m.known))
	}
}
