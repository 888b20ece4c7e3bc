package yamlfile_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// everything has a field of each kind.
type everything struct {
	Text   string                `yaml:"text"`
	Number int                   `yaml:"number"`
	Small  uint8                 `yaml:"small"`
	Ratio  float64               `yaml:"ratio"`
	Yes    bool                  `yaml:"yes"`
	Time   yamlfile.Duration     `yaml:"time"`
	Maybe  *string               `yaml:"maybe"`
	Count  *int                  `yaml:"count"`
	List   []string              `yaml:"list"`
	Map    map[string]string     `yaml:"map"`
	Sub    struct{ A, B string } `yaml:"-"`
	Part   part                  `yaml:"part"`
	Digits []yamlfile.Digits     `yaml:"digits"`
	Placed []yamlfile.Located[struct {
		N yamlfile.Digits `yaml:"n"`
	}] `yaml:"placed"`
	Any    any `yaml:"any"`
	hidden string
}

type part struct {
	A string `yaml:"a"`
	N int    `yaml:"n"`
}

func defaults() everything {
	return everything{Text: "default", Number: 7, Time: yamlfile.Duration(time.Second), Part: part{"a", 3}, hidden: "h"}
}

func TestDecodeReads(t *testing.T) {
	for in, want := range map[string]func(*everything){
		"text: 5":                         func(e *everything) { e.Text = "5" },
		"text: 089":                       func(e *everything) { e.Text = "089" }, // no octal number, so it is a text
		"text: 1e3":                       func(e *everything) { e.Text = "1e3" },
		"text: 2026-01-01":                func(e *everything) { e.Text = "2026-01-01" },
		"text: 12:30":                     func(e *everything) { e.Text = "12:30" },
		"text: NO":                        func(e *everything) { e.Text = "NO" },
		"text: True":                      func(e *everything) { e.Text = "True" },
		"text: x#67":                      func(e *everything) { e.Text = "x#67" },
		"text: |\n  a\n  b\n":             func(e *everything) { e.Text = "a\nb\n" },
		"text: >-\n  a\n  b\n":            func(e *everything) { e.Text = "a b" },
		"text: \"\\u00e4*67\"":            func(e *everything) { e.Text = "ä*67" },
		"%YAML 1.2\n---\ntext: a\n":       func(e *everything) { e.Text = "a" },
		"text: a\r\nyes: TRUE\r\n":        func(e *everything) { e.Text, e.Yes = "a", true },
		"number: -5\nsmall: 255":          func(e *everything) { e.Number, e.Small = -5, 255 },
		"ratio: 1":                        func(e *everything) { e.Ratio = 1 },
		"ratio: -1.50":                    func(e *everything) { e.Ratio = -1.5 },
		"time: 1h30m":                     func(e *everything) { e.Time = yamlfile.Duration(90 * time.Minute) },
		"maybe:":                          func(*everything) {},
		"maybe: \"\"\ncount: 0":           func(e *everything) { e.Maybe, e.Count = new(string), new(int) },
		"list: []":                        func(e *everything) { e.List = []string{} },
		"list: [a, ~, 3]":                 func(e *everything) { e.List = []string{"a", "", "3"} },
		"list:\n- a\n-\n- c":              func(e *everything) { e.List = []string{"a", "", "c"} },
		"list:":                           func(*everything) {},
		"map: {101: x, \"010\": }":        func(e *everything) { e.Map = map[string]string{"101": "x", "010": ""} },
		"part:":                           func(*everything) {},
		"part: {n: 4}":                    func(e *everything) { e.Part.N = 4 },
		"any: [1, -1, 1.5, a, ~, [], {}]": func(e *everything) { e.Any = []any{uint64(1), int64(-1), 1.5, "a", nil, []any{}, map[string]any{}} },
		"any: {off: on, 7: 18446744073709551615}": func(e *everything) {
			e.Any = map[string]any{"off": "on", "7": uint64(math.MaxUint64)}
		},
		"digits: [5, \"010\", 010, 0a, ~]": func(e *everything) {
			at := func(column int) yamlfile.Position { return yamlfile.Position{Line: 1, Column: column} }
			e.Digits = []yamlfile.Digits{{"5", false, at(10)}, {"010", true, at(13)}, {"010", false, at(20)}, {"0a", true, at(25)}, {"", false, at(29)}}
		},
		"placed:\n  - n: \"1\"\n  - {}\n": func(e *everything) {
			e.Placed = slices.Grow(e.Placed, 2)[:2]
			e.Placed[0].At, e.Placed[1].At = yamlfile.Position{Line: 2, Column: 5}, yamlfile.Position{Line: 3, Column: 5}
			e.Placed[0].Value.N = yamlfile.Digits{Value: "1", Quoted: true, At: yamlfile.Position{Line: 2, Column: 8}}
		},
	} {
		got, expected := defaults(), defaults()
		want(&expected)
		if err := yamlfile.Decode("x.yaml", []byte(in), &got); err != nil || !reflect.DeepEqual(got, expected) {
			t.Errorf("%q: %v\n got %+v\nwant %+v", in, err, got, expected)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"number: \"5\"":               "x.yaml:1:9: number: this is a text; wanted is a whole number",
		"number: 5.0":                 "number: this is a number; wanted is a whole number",
		"number: 010":                 "number: YAML reads 010 as the number 8; write that",
		"number: 9223372036854775808": "number: 9223372036854775808 is too small or too large",
		"number:":                     "number: there is no value; leave the field out for 7",
		"small: 256":                  "small: 256 is too small or too large",
		"small: -1":                   "small: -1 is too small or too large",
		"ratio: x":                    "ratio: this is a text; wanted is a number",
		"yes: 1":                      "yes: this is a whole number; wanted is true or false",
		"yes: yes":                    "yes: this is a text; wanted is true or false",
		"time: 5":                     "x.yaml:1:7: time: must be a time with its unit",
		"time: [5s]":                  "time: must be a time with its unit",
		"time:":                       "time: must be a time with its unit",
		"maybe: 010":                  "maybe: YAML reads 010 as the number 8",
		"list: [a, [b]]":              "x.yaml:1:11: list[1]: this is a list; wanted is a text",
		"map: [a]":                    "map: this is a list; wanted is a mapping",
		"part: {m: 1}":                `unknown field "m"`,
		"part: {tex: 1}":              `unknown field "tex"; did you mean "text"?`,
		"x: 1":                        `x.yaml:1:1: unknown field "x"` + "\n",
		"hidden: x":                   `unknown field "hidden"`,
		"sub: x":                      `unknown field "sub"`,
		"digits: [[a]]":               "digits[0]: this is a list; wanted is a text",
		"placed: [{n: 1}, {m: 1}]":    `x.yaml:1:19: unknown field "m"`,
		"placed: [5]":                 "placed[0]: this is a whole number; wanted is a mapping",
		"any: {a: 1, a: 2}":           `"a" is given twice, first in line 1`,
		"text: {a: " + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "}": "nested more than 64 deep",
	} {
		d := defaults()
		err := yamlfile.Decode("x.yaml", []byte(in), &d)
		if !strings.Contains(fmt.Sprintln(err), want) {
			t.Errorf("%q: got %v, want %s", in, err, want)
		}
	}
}

// TestSyntaxIsExplained holds the place and the words of what is no YAML.
func TestSyntaxIsExplained(t *testing.T) {
	const belongs = "this does not belong to what stands above it"
	for in, want := range map[string]string{
		"a: 1\nb: *67\nc: 2\n": "2:4: a text that begins with * must be in quotes",
		"a:\n  *67: x\n":       "2:3: a text that begins with * must be in quotes",
		"a: *":                 "1:4: a text that begins with * or & must be in quotes",
		"a: @x":                "1:4: a text that begins with @ must be in quotes",
		"a: \"x\nb: y\nc: z\n": "1:4: a text in quotes is not closed",
		"a: \"x\n" + strings.Repeat("b: y\n", 300):       "1:4: a text in quotes is not closed",
		"a: b\nc: \"x\n" + strings.Repeat("b: y\n", 300): "2:4: a text in quotes is not closed",
		"a: 1\nb: 'x\n":            "2:4: a text in quotes is not closed",
		"a: 1\nb: \"x\nc: \"y\"\n": "2:1: " + belongs,
		"a: b: c":                  "1:5: a colon with a space behind it cannot stand here",
		"a:\n  b: c\n   d: e\n":    "3:5: a colon with a space behind it cannot stand here",
		"a:\n  b: c\n d: e\n":      "3:2: " + belongs,
		"a:\n  - b\n - c\n":        "3:2: " + belongs,
		"a:\n  - b\n  c: d\n":      "3:3: this does not belong to the list above it",
		"a: - b":                   "1:4: a list with - cannot begin here",
		"a: [b\n":                  "1:4: a comma is missing here, or the ] of a list",
		"x: 1\na: {b: 1,\n  c: 2\n  d: 3}\ne: 4\n": "2:4: a comma is missing here, or the } of a mapping that begins with {; it was read as far as line",
		"a: [b,,c]":                 "1:1: there is no value here",
		"a: b\nc\nd: e\n":           "2:1: there is no colon with a space behind it",
		"a:\n\tb: c":                "2:1: there is a tab",
		"a: b\n  \tc: d":            "2:3: there is a tab",
		"a: \"\\q\"":                `1:5: \ has a meaning in "…"`,
		"%YAML 3.0\n---\na: b\n":    "1:1: the file says that it is of another YAML",
		"a: !x!y z":                 "1:6: tags are not read here",
		"\ufeffa: b":                "1:1: the file begins with a byte order mark",
		"ä: \xff":                   "1:4: this is no UTF-8",
		"a: b\nc: \"\x00\"":         "2:5: the invisible character U+0000",
		"a: b\rc: d":                "1:5: the invisible character U+000D",
		"a: b\u2028":                "1:5: the invisible character U+2028",
		strings.Repeat("[", 20_000): "nested more than 64 deep",
		strings.Repeat("a: 1\n", 3) + "b: [1, 2\n" + strings.Repeat("c: 1\n", 2_000): "4:4: a comma is missing",
	} {
		var v any
		err := yamlfile.Decode("x.yaml", []byte(in), &v)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: got %v, want %s", in, err, want)
		}
	}
}

// TestPlaceOfManyKeys goes by the index of a large mapping.
func TestPlaceOfManyKeys(t *testing.T) {
	var doc strings.Builder
	for i := range 50 {
		fmt.Fprintf(&doc, "k%d: {a: 1}\n", i)
	}
	tree, _ := yamlfile.Parse("x.yaml", []byte(doc.String()))
	if got := tree.Place("k30", "a"); got != (yamlfile.Position{Line: 31, Column: 7}) {
		t.Error(got)
	}
	if got := tree.Place("k50"); got != (yamlfile.Position{}) {
		t.Error(got)
	}
	doc.WriteString("k7: 1\n")
	if _, faults := yamlfile.Parse("x.yaml", []byte(doc.String())); len(faults) != 1 || faults[0].Error() != `x.yaml:51:1: "k7" is given twice, first in line 8` {
		t.Error(faults)
	}
}

// FuzzDecode holds that nothing panics, that every error is one of ours with a place in the file, and that a value means
// the same whether its type is known or not.
func FuzzDecode(f *testing.F) {
	for _, in := range []string{
		"", "text: a\nnumber: 5\n", "list: [a, {b: c}]\n", "map:\n  ? a\n  : b\n", "any: &x [*x]\n", "digits: [010, \"1\"]\n",
		"%YAML 1.2\n---\n", "text: \"a\n", "placed:\n- n: 1\n  - {}\n", "a: |2\n b\n", "\ttext: !!x y\n...\n", "{a: [b, c: {", "text: *9 # c\n",
	} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		lines := strings.Count(string(in), "\n") + 2
		ours := func(err error) {
			e, ok := errors.AsType[*yamlfile.Error](err)
			if err != nil && (!ok || e.Line < 1 || e.Line > lines || e.Column < 1 || e.Message == "") {
				t.Fatalf("%q: %v", in, err)
			}
		}
		var free any
		err := yamlfile.Decode("x", in, &free)
		ours(err)
		tree, faults := yamlfile.Parse("x", in)
		for _, e := range faults {
			ours(e)
		}
		if err == nil && len(faults) == 0 {
			tree.Place("map", "a", "0")
			tree.Value("list", "1", "b")
		}
		d := defaults()
		if err := yamlfile.Decode("x", in, &d); err != nil {
			ours(err)
			return
		}
		m, _ := free.(map[string]any)
		if text, ok := m["text"].(string); ok && text != d.Text {
			t.Fatalf("%q: %q and %q", in, text, d.Text)
		}
	})
}
