package speech_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/dialplan"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/speech"
	"github.com/dialwarden/dialwarden/policy"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		prompt string
		want   []string
	}{
		{call.PromptPIN, []string{"dialwarden/ask_pin"}},
		{call.PromptPINAgain, []string{"dialwarden/wrong", "dialwarden/ask_pin"}},
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
	for _, prompt := range []string{
		call.PromptPIN, call.PromptPINAgain, call.PromptPINRefused, call.PromptUnavailable, call.PromptInvalid, call.PromptRefused,
	} {
		for _, file := range speech.Of(prompt) {
			if !slices.Contains(want, file) {
				t.Errorf("%s is spoken by %s, which is not in the table", prompt, file)
			}
		}
	}
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
