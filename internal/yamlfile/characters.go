package yamlfile

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// checkCharacters refuses what is no UTF-8, and characters that one cannot see or that YAML takes for an end of a line
// and an editor does not.
func checkCharacters(name string, data []byte) *Error {
	for at := 0; at < len(data); {
		c := data[at]
		if c >= ' ' && c < unicode.MaxASCII || c == '\n' || c == '\t' || c == '\r' && bytes.HasPrefix(data[at+1:], []byte("\n")) {
			at++
			continue
		}
		r, size := utf8.DecodeRune(data[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			return characterAt(name, data, at, "this is no UTF-8; save the file in UTF-8")
		case r == '\ufeff' && at == 0:
			return characterAt(name, data, at, "the file begins with a byte order mark; save it in UTF-8 without one")
		case unicode.IsControl(r), r == '\ufeff', r == '\u2028', r == '\u2029', r == '\ufffe', r == '\uffff':
			return characterAt(name, data, at, fmt.Sprintf("the invisible character %U cannot stand here", r))
		}
		at += size
	}
	return nil
}

func characterAt(name string, data []byte, at int, message string) *Error {
	line := bytes.LastIndexByte(data[:at], '\n') + 1
	return &Error{
		File: name, Line: 1 + bytes.Count(data[:at], []byte("\n")), Column: 1 + utf8.RuneCount(data[line:at]), Message: message,
	}
}

// withoutVersion returns a file whose first lines do not say which YAML it is: the library knows only %YAML 1.1.
func withoutVersion(data []byte) []byte {
	for at := 0; at < len(data); {
		line := data[at:]
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			line = line[:end+1]
		}
		text := string(bytes.TrimSpace(line))
		switch {
		case text == "%YAML 1.2", text == "%YAML 1.1":
			data = bytes.Clone(data)
			data[at] = '#'
			return data
		case text != "" && text[0] != '#':
			return data
		}
		at += len(line)
	}
	return data
}

// emptyTags finds what may be an empty tag: a ! in front of a space.
func emptyTags(data []byte) map[Position]bool {
	found := map[Position]bool{}
	at := Position{}
	for line := range bytes.Lines(data) {
		at.Line, at.Column = at.Line+1, 0
		if !bytes.ContainsRune(line, '!') {
			continue
		}
		for i, r := range string(line) {
			at.Column++
			if r == '!' && (i+1 == len(line) || unicode.IsSpace(rune(line[i+1]))) {
				found[at] = true
			}
		}
	}
	return found
}
