package speech_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/dialplan"
	"github.com/dialwarden/dialwarden/internal/speech"
	"github.com/dialwarden/dialwarden/policy"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		prompt string
		want   []string
	}{
		{"ask_pin_or_token", []string{"dialwarden/ask_pin_or_token"}},
		{"my_prompt2", []string{"dialwarden/my_prompt2"}},
		{"", nil},
		{"../../etc/passwd", nil},
		{"refused&tt-monkeys", nil},
		{"a,sound:b", nil},
		{"Refused", nil},
		{"密码", nil},
	} {
		if got := speech.Of(c.prompt); !slices.Equal(got, c.want) {
			t.Errorf("Of(%q) = %q, want %q", c.prompt, got, c.want)
		}
	}
}

func TestDigits(t *testing.T) {
	want := strings.Fields("dialwarden/plus dialwarden/8 dialwarden/6 dialwarden/0 dialwarden/star dialwarden/hash dialwarden/9")
	if got := speech.Digits("+86 (0)*#-9x,/..九"); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := speech.Digits(""); got != nil {
		t.Errorf("got %q", got)
	}
}

// Every name of the table in dialplan/ is known here, and nothing else.
func TestFilesAreThoseOfTheTable(t *testing.T) {
	table, err := dialplan.FS.ReadFile("sounds/prompts.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(table)) {
		if name, _, ok := strings.Cut(line, " | "); ok && !strings.HasPrefix(line, "#") {
			want = append(want, speech.Dir+name)
		}
	}
	slices.Sort(want)
	if got := speech.Files(); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	for _, prompt := range promptsOfCalls(t) {
		if !slices.Contains(want, speech.Dir+prompt) {
			t.Errorf("a conversation has the prompt %s, which is not in the table", prompt)
		}
	}
}

// promptsOfCalls are the prompts of package call.
func promptsOfCalls(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, file := range []string{"../call/question.go", "../call/errand.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`\n\tPrompt\w+ += "([a-z_]+)"`).FindAllStringSubmatch(string(text), -1) {
			found = append(found, match[1])
		}
	}
	if len(found) < 25 {
		t.Fatalf("found %q only", found)
	}
	return found
}

// The prompts of the shipped rules are spoken.
func TestRulesHavePrompts(t *testing.T) {
	named := regexp.MustCompile(`"?\bprompt"?: "?([a-z0-9_]+)`)
	found := 0
	err := fs.WalkDir(policy.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path != "data/rules.yaml" && !strings.HasPrefix(path, "rules/") {
			return err
		}
		text, err := fs.ReadFile(policy.FS, path)
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			found++
			if !slices.Contains(speech.Files(), speech.Dir+match[1]) {
				t.Errorf("%s: there is no prompt %s", path, match[1])
			}
		}
		return err
	})
	if err != nil || found < 10 {
		t.Errorf("found %d prompts, %v", found, err)
	}
}

func TestInPlaceOf(t *testing.T) {
	for file, want := range map[string]string{
		"dialwarden/ask_pin": "confbridge-pin", "dialwarden/approver_hello": "priv-callpending extension",
		"dialwarden/class_local": "beep", "dialwarden/my_prompt": "beep", "vm-goodbye": "vm-goodbye",
	} {
		if got := strings.Join(speech.InPlaceOf(file), " "); got != want {
			t.Errorf("InPlaceOf(%s) = %s, want %s", file, got, want)
		}
	}
}
