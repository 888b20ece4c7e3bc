package rules_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
	"unicode/utf8"

	"github.com/dialwarden/dialwarden/internal/rules"
)

var rewrite = flag.Bool("rewrite", false, "write what was got into testdata/bad as what is wanted")

// policyOf is a small policy directory, changed by the files given; an empty text removes nothing, it empties the file.
func policyOf(files map[string]string) fstest.MapFS {
	all := map[string]string{
		"rules/base.rego": "package dialwarden.outbound\n\nallow contains \"base\" if input.callee.class == \"local\"\n",
		"data/rules.yaml": "base: {title: Base}\nx: {title: X}\na: {title: A}\n",
	}
	maps.Copy(all, files)
	fsys := fstest.MapFS{}
	for name, text := range all {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// fixture reads a file of sections that begin with "-- name --".
func fixture(t *testing.T, name string) (files map[string]string, want string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	section := ""
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "-- "); ok {
			section = strings.TrimSuffix(strings.TrimSpace(rest), " --")
			files[section] = ""
			continue
		}
		files[section] += line
	}
	want = files["want"]
	delete(files, "want")
	return files, want
}

// TestLoadRefuses holds one bad policy per fault to the exact words in which it is refused.
func TestLoadRefuses(t *testing.T) {
	names, err := filepath.Glob("testdata/bad/*.txt")
	if err != nil || len(names) < 60 {
		t.Fatalf("%d fixtures, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			files, want := fixture(t, name)
			_, err := rules.Load(policyOf(files), rules.Options{})
			if err == nil {
				t.Fatal("the policy was accepted")
			}
			got := err.Error() + "\n"
			if *rewrite {
				data, _ := os.ReadFile(name)
				head, _, _ := strings.Cut(string(data), "-- want --\n")
				if err := os.WriteFile(name, []byte(head+"-- want --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}

// TestLoadCountsManyMistakes: a script that writes the directory makes the same mistake in every line.
func TestLoadCountsManyMistakes(t *testing.T) {
	var directory strings.Builder
	directory.WriteString("extensions:\n")
	for n := range 2_000 {
		fmt.Fprintf(&directory, "  \"%d\": {grad: staff}\n", 3000+n)
	}
	_, err := rules.Load(policyOf(map[string]string{
		"rules/a.rego":        "package dialwarden.outbound\n\nallow contains \"a\"\n",
		"data/directory.yaml": directory.String(),
	}), rules.Options{})
	lines := strings.Split(fmt.Sprint(err), "\n")
	if last := lines[len(lines)-1]; len(lines) != 501 || last != "and 1500 more mistakes" {
		t.Errorf("%d lines, the last: %s", len(lines), last)
	}
	if want := `data/directory.yaml:2:12: unknown field "grad"; did you mean "grade"?`; lines[0] != want {
		t.Errorf("got %s, want %s", lines[0], want)
	}
}

// TestGarbageIsPrintable refuses files of garbage in words that a terminal can show.
func TestGarbageIsPrintable(t *testing.T) {
	const junk = "\x1b[2J\x00\xff\xfe\u202e\x7f\u009b"
	for name, text := range map[string]string{
		"rules/x.rego":           junk,
		"rules/y.rego":           "package dialwarden.outbound\n\ndeny contains \"" + junk + "\"\n",
		"rules/z.rego":           "package dialwarden.outbound\n\ndeny contains \"a\\u001b[2J\\u009b\"\n",
		"rules/w.rego":           "package dialwarden.outbound\n\ndeny contains \"w\" if input.callee.class == \"\\u001b]\"\n",
		"data/x.yaml":            junk,
		"data/y.yaml":            "a: \"" + junk + "\"\n",
		"data/" + junk + ".yaml": "a: [1\n",
	} {
		_, err := rules.Load(fstest.MapFS{
			"rules/base.rego": {Data: []byte("package dialwarden.outbound\n\nallow contains \"base\"\n")},
			"data/rules.yaml": {Data: []byte("base: {}\nx: {}\ny: {}\nz: {}\nw: {}\n")},
			name:              {Data: []byte(text)},
		}, rules.Options{})
		if err == nil || strings.ContainsFunc(err.Error(), func(r rune) bool { return r == utf8.RuneError || r != '\n' && r != '\t' && !unicode.IsGraphic(r) }) {
			t.Errorf("%q: %q", name, err)
		}
	}
}
