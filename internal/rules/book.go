package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// mode says how a rule is applied.
type mode string

// The modes of data/rules.yaml.
const (
	enforce mode = "enforce"
	shadow  mode = "shadow" // evaluated and recorded, not applied
	off     mode = "off"    // not evaluated
)

// texts is one text in the languages that Dialwarden speaks.
type texts struct {
	En string `yaml:"en"`
	Zh string `yaml:"zh"`
}

// in returns the text in a language, or in English where it is not translated.
func (t texts) in(language string) string {
	if language == "zh" && t.Zh != "" {
		return t.Zh
	}
	return t.En
}

// entry is what data/rules.yaml says about a rule.
type entry struct {
	Title   string           `yaml:"title"`
	Text    texts            `yaml:"text"`
	Reasons map[string]texts `yaml:"reasons"`
	Mode    mode             `yaml:"mode"`
	Rank    *int             `yaml:"rank"`
	Prompt  string           `yaml:"prompt"`
	Cause   int              `yaml:"cause"`
}

// rule is all that is known about a rule besides its Rego.
type rule struct {
	id    string
	entry entry
	title string                     // of its METADATA
	heads map[string][]*ast.Location // where it adds to allow, deny and so on
}

// book holds the rules of a policy and what they say, in one language.
type book struct {
	rules    map[string]*rule
	language string
	unread   bool // rules.yaml could not be read
}

// unlistedPhone is the key of the reason that no_rule_allows gives for a phone that is not in the directory.
const unlistedPhone = "unlisted_phone"

// reserved are ids that Dialwarden itself decides by; rules.yaml words them, and no file may have their names.
// A rule named emergency may exist: it can add a notice to an emergency call.
var reserved = []string{
	call.RulePolicyError, call.RuleNoAllow, call.RuleUnavailable, call.RuleInvalidNumber, call.RuleOperator, call.RuleToken, call.RuleServiceCode, call.RuleBypass,
}

// defaultRank stands where rules.yaml gives none.
const defaultRank = 100

// readBook reads data/rules.yaml strictly.
func readBook(files map[string]*dataFile, language string, bad *faults) *book {
	b := &book{rules: map[string]*rule{}, language: language}
	entries := map[string]entry{}
	if f := files["rules"]; f != nil && f.broken {
		b.unread = true
	} else if f != nil {
		if err := f.tree.Decode(&entries); err != nil {
			bad.add(err)
			b.unread = true
		}
		for _, id := range slices.Sorted(maps.Keys(entries)) {
			checkEntry(f, id, entries[id], bad)
		}
	}
	b.fill(entries)
	return b
}

// fill makes a rule of each entry, and of what Dialwarden decides by itself, so far as the entries do not word it.
func (b *book) fill(entries map[string]entry) {
	for id, e := range entries {
		b.rules[id] = &rule{id: id, entry: e, heads: map[string][]*ast.Location{}}
	}
	for id, own := range builtIn() {
		if b.rules[id] == nil {
			b.rules[id] = &rule{id: id, heads: map[string][]*ast.Location{}}
		}
		e := &b.rules[id].entry
		if e.Text == (texts{}) {
			e.Text = own.Text
		}
		if e.Reasons == nil {
			e.Reasons = own.Reasons
		}
	}
}

// builtIn are the texts of what Dialwarden decides by itself, for a rules.yaml that does not word them.
func builtIn() map[string]entry {
	return map[string]entry{
		call.RuleEmergency: {Text: texts{En: "Emergency calls always go out."}},
		call.RuleNoAllow: {
			Text:    texts{En: "No rule allows this call."},
			Reasons: map[string]texts{unlistedPhone: {En: "The phone is not in the directory."}},
		},
		call.RulePolicyError: {Text: texts{En: "The policy gave no usable answer"}},
		call.RuleOperator:    {Text: texts{En: "The caller asked for the operator instead.", Zh: "主叫改为接通总机。"}},
		call.RuleToken:       {Text: texts{En: "The token that was used limits the call.", Zh: "此通话受所用令牌限制。"}},
		call.RuleServiceCode: {Text: texts{En: "This is a service code for the phone itself; it calls nobody.", Zh: "此为话机功能码，不呼叫任何号码。"}},
		call.RuleBypass:      {Text: texts{En: "The call went past Dialwarden and was hung up.", Zh: "此呼叫未经审批直接外呼，已被挂断。"}},
	}
}

func checkEntry(f *dataFile, id string, e entry, bad *faults) {
	modes := []string{string(enforce), string(shadow), string(off)}
	if e.Mode != "" && !slices.Contains(modes, string(e.Mode)) {
		f.fault(bad, []string{id, "mode"}, "there is no mode %q%s; there are %s",
			e.Mode, didYouMean(string(e.Mode), modes), strings.Join(modes, ", "))
	}
	if e.Prompt != "" && !promptName.MatchString(e.Prompt) {
		f.fault(bad, []string{id, "prompt"}, "a prompt's name has at most 32 small letters, digits and _ and begins with a letter")
	}
	if e.Cause < 0 || e.Cause > maxCause {
		f.fault(bad, []string{id, "cause"}, "a Q.850 cause is a number from 1 to %d", maxCause)
	}
}

// mode returns how the rule is applied.
func (r *rule) mode() mode {
	if r.entry.Mode == "" {
		return enforce
	}
	return r.entry.Mode
}

// rank orders rules; a lower one comes first.
func (b *book) rank(id string) int {
	if r := b.rules[id]; r != nil && r.entry.Rank != nil {
		return *r.entry.Rank
	}
	return defaultRank
}

// text says in words what a rule has to say: the reason that it gave, or else the text of rules.yaml, its title, the
// title of its METADATA, its id.
func (b *book) text(id, reason string) string {
	r := b.rules[id]
	if r == nil {
		return reason
	}
	if t, ok := r.entry.Reasons[reason]; ok && t.in(b.language) != "" {
		return t.in(b.language)
	}
	for _, s := range []string{reason, r.entry.Text.in(b.language), r.entry.Title, r.title} {
		if s != "" {
			return s
		}
	}
	return id
}

// refusal returns the prompt and the cause that rules.yaml gives for a rule, or the given ones where it gives none.
func (b *book) refusal(id, prompt string, cause int) (string, int) {
	if r := b.rules[id]; r != nil {
		if r.entry.Prompt != "" {
			prompt = r.entry.Prompt
		}
		if r.entry.Cause != 0 {
			cause = r.entry.Cause
		}
	}
	return prompt, cause
}

// where names a head of a rule by file and line, for messages.
func (b *book) where(id, head string) string {
	r := b.rules[id]
	if r == nil || len(r.heads[head]) == 0 {
		return ""
	}
	loc := r.heads[head][0]
	return fmt.Sprintf("%s:%d", loc.File, loc.Row)
}

// everywhere names all places where a rule has a head, as where does.
func (b *book) everywhere(id, head string) string {
	r := b.rules[id]
	if r == nil {
		return ""
	}
	var places []string
	for _, loc := range r.heads[head] {
		places = append(places, fmt.Sprintf("%s:%d", loc.File, loc.Row))
	}
	return strings.Join(places, ", ")
}
