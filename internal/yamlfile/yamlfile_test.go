package yamlfile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

func TestDecodeNamesFileAndLine(t *testing.T) {
	type part struct {
		Name  string         `yaml:"name"`
		Count int            `yaml:"count"`
		List  []string       `yaml:"list"`
		Map   map[string]int `yaml:"map"`
	}
	type doc struct {
		Part part `yaml:"part"`
	}
	tests := map[string]struct {
		in   string
		line int
		want string
	}{
		"unknown field": {"part:\n  name: a\n  naem: b\n", 3, `unknown field "naem"; did you mean "name"?`},
		"text for int":  {"part:\n  count: many\n", 2, "whole number"},
		"list for text": {"part:\n  name: [a]\n", 2, "text"},
		"duplicate key": {"part:\n  name: a\n  name: b\n", 3, "name"},
		"syntax":        {"part:\n  name: \"a\n", 2, ""},
		"text for list": {"part:\n  list: a\n", 2, "list"},
		"text for map":  {"part: a\n", 1, "mapping"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var d doc
			err := yamlfile.Decode("x.yaml", []byte(tt.in), &d)
			var ye *yamlfile.Error
			if !errors.As(err, &ye) {
				t.Fatalf("got %v, want an *Error", err)
			}
			t.Log(err)
			if ye.Line != tt.line || !strings.Contains(ye.Message, tt.want) || !strings.HasPrefix(err.Error(), "x.yaml:") {
				t.Errorf("got %q (line %d), want line %d and %q", err, ye.Line, tt.line, tt.want)
			}
		})
	}
}

func TestDecodeEmptyKeepsDefaults(t *testing.T) {
	d := struct{ A int }{7}
	for _, in := range []string{"", "# only a comment\n", "---\n"} {
		if err := yamlfile.Decode("x.yaml", []byte(in), &d); err != nil || d.A != 7 {
			t.Errorf("%q: %v, %d", in, err, d.A)
		}
	}
	if err := yamlfile.Decode("x.yaml", []byte("a: 1\n---\na: 2\n"), &d); err == nil {
		t.Error("two documents were accepted")
	}
}

func TestAtFindsTheLine(t *testing.T) {
	const doc = "# head\nsite:\n  name: x\n  zone: nowhere\n"
	if err := yamlfile.At("x.yaml", []byte(doc), "site.zone", "no such zone"); err.Error() != "x.yaml:4:9: site.zone: no such zone" {
		t.Error(err)
	}
	if err := yamlfile.At("x.yaml", []byte(doc), "site.area", "is missing"); err.Error() != "x.yaml: site.area: is missing" {
		t.Error(err)
	}
}

func TestParseRefusesWhatIsReadAsSomethingElse(t *testing.T) {
	for doc, want := range map[string]string{
		"a: 1\nb: 010\n":           `x.yaml:2:4: 010 is read as 8; put digits that are dialled into quotes: "010"`,
		"a: 1_000\n":               `x.yaml:1:4: 1_000 is read as 1000; put digits that are dialled into quotes: "1_000"`,
		"a: .inf\n":                `x.yaml:1:4: .inf is no number that a rule can use`,
		"a: &x 1\nb: 2\n":          `x.yaml:1:4: anchors, aliases and merge keys are not read here; write it out`,
		"a: !!str 1\n":             `x.yaml:1:4: tags are not read here; put texts into quotes`,
		"true: 1\n":                `x.yaml:1:1: put the key into quotes: "true"`,
		"a: 10\nb: \"010\"\n":      "",
		"":                         "",
		"# only a comment\n":       "",
		"a: [broken\n":             `x.yaml:1:4: a comma is missing here, or the ] of a list that begins with [`,
		"a: 1\n---\nb: 010\n":      `x.yaml:3:1: the file holds more than one YAML document; one is read`,
		"a: 1\n---\n":              "",
		"a: 1\na: 2\n":             `x.yaml:2:1: "a" is given twice, first in line 1`,
		"a: {b: 1, b: 2}\n":        `x.yaml:1:11: "b" is given twice, first in line 1`,
		"a: ! 1\n":                 `x.yaml:1:4: tags are not read here; put texts into quotes`,
		"a: &x {}\nb: *x\n":        `x.yaml:1:4: anchors, aliases and merge keys are not read here; write it out`,
		"a:\n  <<: {b: 1}\n":       `x.yaml:2:3: anchors, aliases and merge keys are not read here; write it out`,
		"010: a\n":                 `x.yaml:1:1: 010 is read as 8; put digits that are dialled into quotes: "010"`,
		"~: a\n":                   `x.yaml:1:1: put the key into quotes: "~"`,
		"[a]: b\n":                 `x.yaml:1:1: this is a list; a key is a text`,
		"{a:1}\n":                  `x.yaml:1:2: there is no space behind the colon in a:1; write one, or put the key into quotes`,
		"101: a\n\"a:1\": b\n":     "",
		"a: .nan\n":                `x.yaml:1:4: .nan is no number that a rule can use`,
		"list: [1, two, {x: y}]\n": "",
	} {
		_, odd := yamlfile.Parse("x.yaml", []byte(doc))
		var got string
		if len(odd) > 0 {
			got = odd[0].Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", doc, got, want)
		}
	}
}

func TestPlace(t *testing.T) {
	tree, _ := yamlfile.Parse("x.yaml", []byte("# head\nphones:\n  \"101\":\n    line: duty\n  lists:\n    - a\n    - b: 1\n"))
	for keys, want := range map[string]yamlfile.Position{
		"phones":           {Line: 2, Column: 1},
		"phones/101/line":  {Line: 4, Column: 5},
		"phones/101/grade": {Line: 3, Column: 3}, // the nearest place above
		"phones/lists/0":   {Line: 6, Column: 7},
		"phones/lists/1/b": {Line: 7, Column: 7},
		"phones/lists/1/c": {Line: 7, Column: 7}, // the item that should hold it
		"phones/lists/9":   {Line: 5, Column: 3},
		"phones/lists/-1":  {Line: 5, Column: 3},
		"nothing":          {},
	} {
		if got := tree.Place(strings.Split(keys, "/")...); got != want {
			t.Errorf("%s: got %v, want %v", keys, got, want)
		}
	}
	for keys, want := range map[string]yamlfile.Position{
		"phones/101/line": {Line: 4, Column: 11},
		"phones/101":      {Line: 3, Column: 3},
		"phones/lists/0":  {Line: 6, Column: 7},
		"phones/102/line": {Line: 2, Column: 1},
	} {
		if got := tree.Value(strings.Split(keys, "/")...); got != want {
			t.Errorf("the value of %s: got %v, want %v", keys, got, want)
		}
	}
	if got := (yamlfile.Tree{}).Place("a"); got != (yamlfile.Position{}) {
		t.Errorf("the empty tree has a place %v", got)
	}
}

// TestDecodeMeansWhatIsWritten holds that no text becomes another one on the way from the file.
func TestDecodeMeansWhatIsWritten(t *testing.T) {
	type doc struct {
		Text string            `yaml:"text"`
		None string            `yaml:"none"`
		Map  map[string]string `yaml:"map"`
		List []struct {
			Code string `yaml:"code"`
		} `yaml:"list"`
	}
	for in, want := range map[string]string{
		"text: 010":                           `x.yaml:1:7: text: YAML reads 010 as the number 8; write it in quotes: "010"`,
		"text: 0x1f":                          "as the number 31",
		"text: 1_000":                         "as the number 1000",
		"text: +86":                           "as the number 86",
		"text: 1.50":                          `write it in quotes: "1.50"`,
		"text: .inf":                          `write it in quotes: ".inf"`,
		"text:":                               `text: there is no value; write "" for nothing, or leave the field out for "by default"`,
		"text: ~":                             "there is no value",
		"map:\n  a: 007":                      "x.yaml:2:6: map.a: YAML reads 007",
		"list:\n  - code: a\n  - {code: 010}": "x.yaml:3:12: list[1].code: YAML reads 010",
		"[text]":                              "x.yaml:1:1: this is a list; wanted is a mapping (key: value)",
		"list: {code: a}":                     "list: this is a mapping (key: value); wanted is a list",
	} {
		d := doc{Text: "by default"}
		if err := yamlfile.Decode("x.yaml", []byte(in), &d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", in, err, want)
		}
	}
	d := doc{Text: "by default"}
	if err := yamlfile.Decode("x.yaml", []byte("text: 10\nnone:\nmap: {a: -5, b: \"010\"}\n"), &d); err != nil || d.Text != "10" || d.Map["a"] != "-5" || d.Map["b"] != "010" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestPrintable shows no byte of a file that a terminal would obey.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain 中文 é\tx\ny":        "plain 中文 é\tx\ny",
		"\x1b[2Jx\x00\x7f\r":      `\x1b[2Jx\x00\x7f\x0d`,
		"\xff\xfe a\xe4\xb8":      `\xff\xfe a\xe4\xb8`,
		"\u009b1m\u202e\u2028":    `\xc2\x9b1m\xe2\x80\xae\xe2\x80\xa8`,
		"a real \ufffd is a sign": "a real \ufffd is a sign",
	} {
		e := &yamlfile.Error{File: "f", Line: 1, Column: 2, Message: text}
		if got := e.Error(); got != "f:1:2: "+want {
			t.Errorf("got %q, want %q", got, "f:1:2: "+want)
		}
	}
}
