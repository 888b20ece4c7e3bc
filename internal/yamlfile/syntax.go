package yamlfile

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// plain says in words that need no knowledge of YAML's grammar what the library found. The text mark is what the
// message is about; the mistake stands where it stands in the line.
var plain = []struct{ found, mark, says string }{
	{"found unexpected end of stream", `"`, "a text in quotes is not closed"},
	{"found unexpected document indicator", "", "a text in quotes above is not closed"},
	{"did not find expected alphabetic or numeric", "*", "a text that begins with * or & must be in quotes"},
	{"unknown anchor", "*", "a text that begins with * must be in quotes"},
	{"mapping values are not allowed", ": ", "a colon with a space behind it cannot stand here; put the text into quotes, or check the indentation"},
	{"block sequence entries are not allowed", "- ", "a list with - cannot begin here; put it on lines of its own, or the text into quotes"},
	{"expected ',' or ']'", "[", "a comma is missing here, or the ] of a list that begins with ["},
	{"expected ',' or '}'", "{", "a comma is missing here, or the } of a mapping that begins with {"},
	{"expected node content", "", "there is no value here: a comma or a bracket is too many, a bracket is not closed, or a text must be in quotes"},
	{"could not find expected ':'", "", "there is no colon with a space behind it; write key: value"},
	{"expected key", "", "this does not belong to what stands above it; check the indentation and the quotes"},
	{"expected '-' indicator", "", "this does not belong to the list above it; check the indentation"},
	{"expected <document start>", "", "this does not belong to what stands above it; check the indentation"},
	{"unknown escape character", `\`, `\ has a meaning in "…"; write \\, or put the text into '…'`},
	{"hexdecimal number", `\`, `\x, \u and \U need 2, 4 and 8 hexadecimal digits in "…"; write \\ for \, or put the text into '…'`},
	{"Unicode character escape", `\`, `\u and \U need the number of a character in "…"; write \\ for \, or put the text into '…'`},
	{"YAML document", "%", "the file says that it is of another YAML; leave the line with %YAML out"},
	{"comment or line break", "", "behind | or > nothing can stand in the line; put the text into quotes"},
	{"indentation indicator", "", "behind | or > nothing can stand in the line; put the text into quotes"},
	{"undefined tag handle", "!", noTags},
	{"tag URI", "!", noTags},
	{"expected '!'", "!", noTags},
	{"the expected '>'", "!", noTags},
	{"exceeded max depth", "", tooDeep},
}

const (
	noTags    = "tags are not read here; put texts into quotes"
	anyStart  = "found character that cannot start any token"
	directive = "a line that begins with % cannot stand here; put the text into quotes"
)

// located is what the library writes in front of some messages. The line is that of the mistake, or of what it is in.
var located = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// explain turns the library's error into ours. The library names a line sometimes, which can be another one; the
// mistake is in the first line with which the beginning of the file cannot be read.
func (s *source) explain(name string, err error) *Error {
	message := err.Error()
	var hint int
	if m := located.FindStringSubmatch(message); m != nil {
		hint, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	lines := bytes.SplitAfter(s.data, []byte("\n"))
	line, last := s.faulty(lines, hint, strings.Contains(message, "end of stream"))
	text := strings.TrimRight(string(lines[line-1]), "\r\n")
	mark, says := inWords(message, text)
	if last > line+1 { // the library looks one line ahead
		says += fmt.Sprintf("; it was read as far as line %d", last)
	}
	return &Error{File: name, Line: line, Column: columnOf(text, mark), Message: says}
}

// inWords says what is wrong with a line, and at which text in it.
func inWords(message, line string) (mark, says string) {
	blank := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	if strings.Contains(message, "tab character") || strings.Contains(blank, "\t") {
		return "\t", "there is a tab; YAML is indented with spaces"
	}
	if message == anyStart {
		for _, c := range []string{"@", "`", "%"} {
			if i := strings.Index(line, c); i == 0 && c == "%" {
				return c, directive
			} else if i >= 0 {
				return c, fmt.Sprintf("a text that begins with %s must be in quotes", c)
			}
		}
	}
	for _, p := range plain {
		if strings.Contains(message, p.found) {
			if p.mark == `"` && !strings.Contains(line, `"`) {
				return "'", p.says
			}
			return p.mark, p.says
		}
	}
	return "", message
}

// columnOf returns where the last mark stands in a line, or else where its text begins.
func columnOf(line, mark string) int {
	at := strings.LastIndex(line, mark)
	if mark == "" || at < 0 {
		at = len(line) - len(strings.TrimLeft(line, " "))
	}
	return 1 + utf8.RuneCountInString(line[:at])
}

// The search for a mistake tries so many lines; fewer where they are so many bytes together, but a few always.
const (
	maxTries = 200
	maxBytes = 2 << 20
	minTries = 3
)

// faulty finds the line of a mistake, from 1: the last one before which everything can be read; and the last line that
// the library read. A text without its end is read to the end of the file; last is 0 then, and the hint is where the
// text begins, or no use if that is the first line.
func (s *source) faulty(lines [][]byte, hint int, endless bool) (line, last int) {
	last = min(1+bytes.Count(s.data[:max(s.read-1, 0)], []byte("\n")), len(lines))
	from, tries, otherwise := last, maxTries, last
	if endless {
		from, tries, otherwise, last = min(hint+1, last), minTries, 1, 0
	}
	end, tried := len(bytes.Join(lines[:from], nil)), 0
	for line = from; line > max(from-tries, 0) && (tried < maxBytes || from-line < minTries); line-- {
		end -= len(lines[line-1])
		tried += end
		if readable(s.data[:end]) {
			return line, last
		}
	}
	return otherwise, last
}

// readable reports whether the library can read a file.
func readable(data []byte) bool {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		if n, err := next(dec); n == nil || err != nil {
			return err == nil
		}
	}
}
