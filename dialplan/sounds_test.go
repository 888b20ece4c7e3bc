package dialplan_test

import (
	"flag"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/dialplan"
)

// Every prompt of the table is spoken in both languages, there is no other file, and what is in the files is speech.
func TestPrompts(t *testing.T) {
	names := table(t)
	for _, language := range []string{"en", "zh"} {
		dir := path.Join("sounds", language, "dialwarden")
		files, err := fs.ReadDir(dialplan.FS, dir)
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		for _, f := range files {
			name := strings.TrimSuffix(f.Name(), ".gsm")
			there[name] = true
			if _, ok := names[name]; !ok || name == f.Name() {
				t.Errorf("%s/%s is not in prompts.txt", dir, f.Name())
				continue
			}
			sound, err := fs.ReadFile(dialplan.FS, path.Join(dir, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			listen(t, path.Join(dir, f.Name()), sound, longest(name))
		}
		for name := range names {
			if !there[name] {
				t.Errorf("%s is not spoken in %s: run scripts/prompts", name, language)
			}
		}
	}
}

var rewrite = flag.Bool("rewrite", false, "write the table of docs/prompts.md anew")

// TestDocs holds the table of docs/prompts.md to the one that the files are made from.
func TestDocs(t *testing.T) {
	const doc, head = "../docs/prompts.md", "| name | English | Chinese |\n|---|---|---|\n"
	have, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	source, err := dialplan.FS.ReadFile("sounds/prompts.txt")
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(have), head)
	if !ok {
		t.Fatalf("%s has no table that begins with %q", doc, head)
	}
	want := before + head
	for line := range strings.Lines(string(source)) {
		if name, texts, ok := strings.Cut(line, " | "); ok && !strings.HasPrefix(line, "#") {
			want += "| `" + name + "` | " + strings.TrimSpace(texts) + " |\n"
		}
	}
	if *rewrite {
		if err := os.WriteFile(doc, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != string(have) {
		t.Errorf("%s is stale; run: go test ./dialplan -rewrite", doc)
	}
}

// table reads prompts.txt: the name of each prompt with its texts in English and Chinese.
func table(t *testing.T) map[string][2]string {
	t.Helper()
	text, err := dialplan.FS.ReadFile("sounds/prompts.txt")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`^[a-z0-9_]{1,32}$`)
	names := map[string][2]string{}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || !name.MatchString(cells[0]) {
			t.Errorf("prompts.txt:%d: %q is not: name | English | Chinese", i+1, line)
			continue
		}
		if _, twice := names[cells[0]]; twice {
			t.Errorf("prompts.txt:%d: %s is there twice", i+1, cells[0])
		}
		names[cells[0]] = [2]string{cells[1], cells[2]}
	}
	return names
}

// longest is how long a prompt may be: the caller waits for the end of a question before he begins to be impatient, and
// hears a refusal out.
func longest(name string) time.Duration {
	switch {
	case name == "music":
		return 40 * time.Second
	case len(name) == 1, name == "star", name == "hash", name == "plus":
		return time.Second
	case strings.HasPrefix(name, "ask_"):
		return 4 * time.Second
	}
	return 10 * time.Second
}

// A GSM 06.10 frame has 33 bytes and lasts 20 ms.
const (
	frameBytes = 33
	frameTime  = 20 * time.Millisecond
)

// listen checks that a sound begins at once, is heard, and is neither too short nor longer than most.
func listen(t *testing.T, name string, sound []byte, most time.Duration) {
	t.Helper()
	frames := len(sound) / frameBytes
	if long := time.Duration(frames) * frameTime; len(sound)%frameBytes != 0 || long < 250*time.Millisecond || long > most {
		t.Errorf("%s: %d bytes, %v long; whole frames of %d bytes, and at most %v, are wanted", name, len(sound), long, frameBytes, most)
		return
	}
	loud, all := 0, 0
	for i := range frames {
		level := loudness(sound[i*frameBytes:][:frameBytes])
		all += level
		if i < 2 {
			loud = max(loud, level)
		}
	}
	if loud < 2 {
		t.Errorf("%s: begins with silence", name)
	}
	if mean := all / frames; mean < 2 {
		t.Errorf("%s: is silent (%d)", name, mean)
	}
}

// loudness is the largest block amplitude of a frame, 0 to 63: the six bits x_maxc of its four subframes. Silence has 0.
func loudness(frame []byte) int {
	level := 0
	for sub := range 4 {
		at := 4 + 36 + 56*sub + 7 + 2 + 2 // signature, filter, subframes before, lag, gain, grid
		x := 0
		for bit := at; bit < at+6; bit++ {
			x = x<<1 | int(frame[bit/8]>>(7-bit%8)&1)
		}
		level = max(level, x)
	}
	return level
}
