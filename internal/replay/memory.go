package replay

import (
	"encoding/json"

	"github.com/dialwarden/dialwarden/internal/call"
)

// memory keeps what was found for a key, so that it is found once. It belongs to one goroutine.
type memory[V any] struct{ known map[string]V }

// maxKept bounds a memory; a month of calls differs in less where it is worth remembering.
const maxKept = 20_000

func (m *memory[V]) get(key []byte) (V, bool) {
	v, ok := m.known[string(key)]
	return v, ok
}

func (m *memory[V]) keep(key []byte, v V) {
	if m.known == nil || len(m.known) >= maxKept {
		m.known = map[string]V{}
	}
	m.known[string(key)] = v
}

// read decodes JSON that may have been seen before. What it returns is shared and not to be changed.
func (m *memory[V]) read(src []byte) (v V, err error) {
	v, ok := m.get(src)
	if ok {
		return v, nil
	}
	if err := json.Unmarshal(src, &v); err != nil {
		return v, err
	}
	m.keep(src, v)
	return v, nil
}

// reader decodes what a ledger keeps of calls. Most of it comes back from call to call: who called, what usage counted,
// what was answered. So the parts of an input are decoded by themselves, each text once.
type reader struct {
	callers     memory[call.Caller]
	callees     memory[call.Callee]
	lines       memory[call.Line]
	usage       memory[call.Usage]
	sanctions   memory[call.Sanction]
	credentials memory[call.Credentials]
	answers     memory[call.Decision]
}

// facts decodes an input as json.Unmarshal does.
func (r *reader) facts(input []byte) (f call.Facts, err error) {
	if r.parts(input, &f) {
		return f, nil
	}
	f = call.Facts{}
	err = json.Unmarshal(input, &f)
	return f, err
}

// parts decodes an input that is written as json.Marshal does; it reports false for any other.
func (r *reader) parts(input []byte, f *call.Facts) bool {
	seen := map[string]bool{}
	return members(input, func(name string, value []byte) (ok bool) {
		if seen[name] {
			return false
		}
		seen[name] = true
		err := error(nil)
		switch name {
		case call.SparseMark:
		case "time":
			err = json.Unmarshal(value, &f.Time)
		case "caller":
			f.Caller, err = r.callers.read(value)
		case "callee":
			f.Callee, err = r.callees.read(value)
		case "line":
			f.Line, err = r.lines.read(value)
		case "usage":
			f.Usage, err = r.usage.read(value)
		case "sanction":
			f.Sanction, err = r.sanctions.read(value)
		case "credentials":
			f.Credentials, err = r.credentials.read(value)
		case "attempt":
			err = json.Unmarshal(value, &f.Attempt)
		default:
			return false
		}
		return err == nil
	})
}

// members cuts an object without white space, whose values are objects, into its members. It reports false if it is
// anything else, or if one is not wanted; whether the values are JSON is not looked at.
func members(src []byte, each func(name string, value []byte) bool) bool {
	if len(src) < 2 || src[0] != '{' {
		return false
	}
	for at := 1; ; at++ {
		name, colon := word(src[at:])
		at += colon
		if colon == 0 || at >= len(src) || src[at] != ':' {
			return false
		}
		at++
		length := object(src[at:])
		if length == 0 || !each(name, src[at:at+length]) {
			return false
		}
		at += length
		switch {
		case at == len(src)-1 && src[at] == '}':
			return true
		case at >= len(src) || src[at] != ',':
			return false
		}
	}
}

// word returns the plain name in quotes that src begins with, and its length with them; 0 where there is none.
func word(src []byte) (string, int) {
	if len(src) == 0 || src[0] != '"' {
		return "", 0
	}
	for i := 1; i < len(src); i++ {
		switch c := src[i]; {
		case c == '"':
			return string(src[1:i]), i + 1
		case c < 'a' || c > 'z':
			return "", 0
		}
	}
	return "", 0
}

// object returns the length of the object that src begins with, 0 where there is none.
func object(src []byte) int {
	if len(src) == 0 || src[0] != '{' {
		return 0
	}
	depth, quoted := 0, false
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
