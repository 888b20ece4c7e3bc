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
	if err := yamlfile.At("x.yaml", []byte(doc), "$.site.zone", "no such zone"); err.Error() != "x.yaml:4:9: site.zone: no such zone" {
		t.Error(err)
	}
	if err := yamlfile.At("x.yaml", []byte(doc), "$.site.area", "is missing"); err.Error() != "x.yaml: site.area: is missing" {
		t.Error(err)
	}
}
