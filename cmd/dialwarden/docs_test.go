package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/config"
)

// block is a fenced block of a Markdown file.
type block struct {
	kind string // its language
	file string // the file that it is, or is appended to
	more bool   // it is appended
	text string
	line int
}

var fileName = regexp.MustCompile("^`([^`]+)`:$")

// blocks reads the fenced blocks of a document. A line of a file's name alone, like `policy/x.yaml`: names the next.
func blocks(t *testing.T, path string) []block {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var all []block
	var open *block
	file := ""
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		switch info, fence := strings.CutPrefix(line, "```"); {
		case fence && open == nil:
			kind, to, more := strings.Cut(info, " append=")
			if !more {
				to, file = file, ""
			}
			open = &block{kind: kind, file: to, more: more, line: n}
		case fence:
			all, open = append(all, *open), nil
		case open != nil:
			open.text += line + "\n"
		case fileName.MatchString(line):
			file = fileName.FindStringSubmatch(line)[1]
		}
	}
	if err := lines.Err(); err != nil || open != nil {
		t.Fatalf("%s: %v, or a block without an end", path, err)
	}
	return all
}

// varying is what another policy would have differently.
var varying = regexp.MustCompile(`[0-9a-f]{16}\b|…|\b\d+ (rules|phones|tests|scenarios|passed)\b`)

// TestFirstRule does what docs/first-rule.md says: it writes its files, types its commands, and sees what it shows.
func TestFirstRule(t *testing.T) {
	document, err := filepath.Abs("../../docs/first-rule.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	all := blocks(t, document)
	commands := 0
	for i, b := range all {
		switch {
		case b.file != "":
			flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
			if b.more {
				flags = os.O_WRONLY | os.O_APPEND
			}
			f, err := os.OpenFile(b.file, flags, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(b.text); err != nil || f.Close() != nil {
				t.Fatal(err)
			}
		case b.kind == "sh":
			commands++
			cmd := exec.Command("bash", "-e", "-c", b.text)
			cmd.Env = append(os.Environ(), "C=dialwarden.yaml")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("line %d: %v\n%s", b.line, err, out)
			}
			want := ""
			if i+1 < len(all) && all[i+1].kind == "text" {
				want = all[i+1].text
			}
			same := func(s string) string { return varying.ReplaceAllString(s, "*") }
			if want == "" || !strings.HasSuffix(same(string(out)), same(want)) {
				t.Errorf("line %d: got\n%s\nwant\n%s", b.line, out, want)
			}
			if commands == 1 {
				t.Chdir("site")
			}
		}
	}
	if commands < 4 {
		t.Errorf("found %d blocks of commands", commands)
	}
}

// TestEveryFieldIsDocumented holds docs/configuration.md to the fields that there are, and to their defaults.
func TestEveryFieldIsDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	documented := len(regexp.MustCompile("(?m)^\\| `[a-z]+\\.[a-z_]+` \\|").FindAllString(text, -1))
	fields := 0
	defaults := reflect.ValueOf(config.Default())
	for i := range defaults.NumField() {
		part := defaults.Type().Field(i)
		if part.Type.Kind() != reflect.Struct {
			continue
		}
		for j := range part.Type.NumField() {
			fields++
			name := part.Tag.Get("yaml") + "." + part.Type.Field(j).Tag.Get("yaml")
			row := regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(name) + "` \\| ([^|]+) \\|").FindStringSubmatch(text)
			if row == nil {
				t.Errorf("%s is not documented", name)
				continue
			}
			if v := defaults.Field(i).Field(j); v.Kind() == reflect.String && v.String() != "" && row[1] != "`"+v.String()+"`" {
				t.Errorf("%s: the default is %q, documented is %s", name, v, row[1])
			}
		}
	}
	if fields != documented {
		t.Errorf("there are %d fields, and %d are documented", fields, documented)
	}
}
