package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// A rule that refuses by a prompt of its own, and one that names a file that nobody has made.
const promptRules = `package dialwarden.outbound

# METADATA
# title: Refusals with prompts
deny contains {"rule": "prompts", "reason": "own", "prompt": "my_prompt"} if input.callee.digits == "62340090"

deny contains {"rule": "prompts", "reason": "none", "prompt": "nobody_made_it"} if input.callee.digits == "62340091"

deny contains {"rule": "prompts", "reason": "invalid", "prompt": "invalid", "cause": 28} if input.callee.digits == "62340092"
`

const promptRuleData = `
prompts:
  title: Refusals with prompts
  text: {en: No., zh: 不行。}
  reasons:
    own: {en: No., zh: 不行。}
    none: {en: No., zh: 不行。}
    invalid: {en: No., zh: 不行。}
  rank: 1
`

// withPrompts adds the rule to a site.
func (s *site) withPrompts() {
	s.t.Helper()
	rules, err := os.ReadFile(filepath.Join(s.dir, "policy/data/rules.yaml"))
	must(s.t, err)
	s.write("policy/data/rules.yaml", string(rules)+promptRuleData)
	s.write("policy/rules/prompts.rego", promptRules)
}

// A refusal is spoken before the answer, by our file in the language of the phone, and ends with the rule's cause.
func TestRefusalsAreSpoken(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{Languages: map[string]string{"102": "zh", "103": "zh_CN"}})
	sounds := filepath.Join(l.Dir(), "data/sounds")
	copyFile(t, filepath.Join(sounds, "zh/dialwarden/change_differs.gsm"), filepath.Join(sounds, "zh/dialwarden/my_prompt.gsm"))
	s := newSite(t, l, "")
	s.withPrompts()
	s.serve()
	t.Cleanup(func() {
		if s.log.count("Asterisk lacks prompts") != 0 {
			t.Error("prompts that are there are said to be missing")
		}
	})
	for _, c := range []struct {
		from, digits string
		files        string // in order
		language     string
		cause        int
	}{
		{"101", "916812345", "premium", "en", 21},
		{"102", "916812345", "premium", "zh", 21},
		{"103", "916812345", "premium", "zh_CN", 21},
		{"102", "962340090", "my_prompt", "zh", 21},
		{"102", "962340091", "refused", "zh", 21},
		{"104", "962340090", "refused", "en", 21}, // the admin has made it in Chinese only
		{"101", "962340092", "invalid", "en", 28},
		{"102", "96234a", "invalid", "zh", 28},
	} {
		t.Run(c.from+"-"+c.digits, func(t *testing.T) {
			t.Parallel()
			phone := dial(t, l, c.from, c.digits)
			must(t, phone.WaitAudio(within(t, 5*time.Second)))
			must(t, l.WaitLog(within(t, 5*time.Second), fmt.Sprintf("> Playing 'dialwarden/%s.gsm' (language '%s')", c.files, c.language)))
			end := endOf(t, phone)
			if before, after := phone.HeardAudio(); before.Duration < 300*time.Millisecond || after.Packets > 0 {
				t.Errorf("heard %v before the answer, %v after it", before.Duration, after.Duration)
			}
			if end.Cause != c.cause || end.SIPStatus == 486 || !end.ByRemote {
				t.Errorf("got %+v, want cause %d", end, c.cause)
			}
		})
	}
}

// A question is asked in the language of the phone, by our file where there is one that the phone can be played.
func TestQuestionInTheLanguageOfThePhone(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{Languages: map[string]string{"106": "zh"}})
	must(t, os.Remove(filepath.Join(l.Dir(), "data/sounds/en/dialwarden/ask_pin_or_token.gsm")))
	s := newSite(t, l, "")
	s.serve()
	for from, file := range map[string]string{
		"106": "> Playing 'dialwarden/ask_pin_or_token.gsm' (language 'zh')", "105": "> Playing 'confbridge-pin.gsm' (language 'en')",
	} {
		c := dial(t, l, from, "902112340001")
		must(t, c.WaitAudio(within(t, 5*time.Second)))
		must(t, l.WaitLog(within(t, 5*time.Second), file))
		hangup(t, c)
	}
}

// A site that has not copied the prompts works with Asterisk's own, and is told what to copy where.
func TestWithoutPrompts(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{NoPrompts: true})
	s := newSite(t, l, "")
	s.serve()
	eventually(t, "the log says what to copy", func() bool {
		return s.log.count("dialplan/sounds/en/dialwarden of the site's directory to ") > 0 &&
			s.log.count(strings.TrimPrefix(filepath.Join(l.Dir(), "data/sounds/en/"), strings.TrimSuffix(l.Root(), "/"))) > 0
	})
	asked := dial(t, l, "106", "902112340001")
	must(t, asked.WaitAudio(within(t, 5*time.Second)))
	must(t, l.WaitLog(within(t, 5*time.Second), "> Playing 'confbridge-pin.gsm' (language 'en')"))
	hangup(t, asked)
	refused := dial(t, l, "101", "916812345")
	must(t, refused.WaitAudio(within(t, 5*time.Second)))
	must(t, l.WaitLog(within(t, 5*time.Second), "> Playing 'feature-not-avail-line.gsm' (language 'en')"))
	if end := endOf(t, refused); end.Cause != 21 {
		t.Errorf("got %+v", end)
	}
	invalid := dial(t, l, "101", "96234a")
	must(t, l.WaitLog(within(t, 5*time.Second), "> Playing 'privacy-incorrect.gsm' (language 'en')"))
	endOf(t, invalid)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, content, 0o600))
}
