// Package yamlfile reads YAML strictly: a field that does not exist, a value of the wrong type or a key given twice
// is an error that names the file and the line. Every file that an admin edits is read through it.
//
// It reads one document of plain YAML 1.2: mappings with texts for keys, lists, and scalars. Anchors, aliases, merge
// keys and tags are refused, and so is a number that YAML reads as another one than is written. The library only finds
// the nodes; what they mean, and what is said about them, is decided here. All of it takes time in proportion to the
// file.
package yamlfile

import (
	"fmt"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is a mistake in a YAML file.
type Error struct {
	File    string
	Line    int // 1-based; 0 where the whole file is meant
	Column  int // 1-based, in characters
	Message string
}

// Error tells where the mistake is and what it is.
func (e *Error) Error() string {
	if e.Line == 0 {
		return Printable(fmt.Sprintf("%s: %s", e.File, e.Message))
	}
	return Printable(fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message))
}

// Printable returns a message that quotes a file as text that a terminal and a log can show: what is no UTF-8 and what
// one cannot see (control characters, changes of direction) as its bytes, \xNN. Ends of lines and tabs stay.
func Printable(s string) string {
	var b strings.Builder
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		part := s[at : at+size]
		at += size
		if r == '\n' || r == '\t' || unicode.IsGraphic(r) && (r != utf8.RuneError || size > 1) {
			b.WriteString(part)
			continue
		}
		for i := range len(part) {
			fmt.Fprintf(&b, `\x%02x`, part[i])
		}
	}
	return b.String()
}

// ReadFile decodes the file name of fsys into v, as Decode does.
func ReadFile(fsys fs.FS, name string, v any) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	return Decode(name, data, v)
}

// Decode decodes data into what v points to, as Tree.Decode does. The name stands in errors.
func Decode(name string, data []byte, v any) error {
	return read(name, data).Decode(v)
}

// At returns an *Error about the value of a field, such as site.timezone, of a document that could be decoded. Where
// the field is not in the document, the error names the file only.
func At(name string, data []byte, field, message string) *Error {
	e := &Error{File: name, Message: field + ": " + message}
	if n := read(name, data).under(strings.Split(field, ".")); n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	return e
}
