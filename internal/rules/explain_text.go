package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Line is one line of an explanation for people, before it is wrapped.
type Line struct {
	Indent int // steps
	Text   string
}

// lines collects them.
type lines struct {
	e   *Explanation
	out []Line
}

func (l *lines) say(indent int, text string) { l.out = append(l.out, Line{indent, printable(text)}) }

// Lines tells the explanation in words, in the language of the site. There is nothing in it that a terminal would obey.
func (e *Explanation) Lines() []Line {
	l := &lines{e: e}
	for _, n := range e.Notes {
		l.say(0, n)
	}
	applied := slices.DeleteFunc(slices.Clone(e.Fired), func(b Body) bool {
		return e.Action == call.Deny && b.Mode == string(enforce) && (b.Head == "limit" || b.Head == "route")
	})
	if len(applied) > 0 {
		l.say(0, e.words("rules that fired:", "触发的规则："))
		for _, b := range applied {
			l.fired(b)
		}
	}
	if len(e.Silent) > 0 {
		l.say(0, e.words("rules that could have allowed it:", "本可放行但未触发的规则："))
		for _, b := range furthest(e.Silent) {
			l.silent(b)
		}
	}
	hopeless := e.Hopeless && len(e.Changes) == 0
	if len(e.Changes) > 0 || hopeless {
		l.say(0, e.words("what would change the answer:", "可改变结果的情况："))
		for _, c := range e.Changes {
			l.say(1, c.Text)
		}
	}
	if hopeless {
		l.say(1, e.words(
			"Nothing that was tried would let this call out: no proof, no other entry of the phone, no time within two weeks.",
			"试过的凭证、话机登记项和两周内的时间均不能放行此通话。"))
	}
	return l.out
}

// furthest keeps of each rule the body that got furthest, and puts first the rules that did.
func furthest(bodies []Body) []Body {
	var out []Body
	for _, b := range bodies {
		n := slices.IndexFunc(out, func(have Body) bool { return have.Rule == b.Rule })
		switch {
		case n < 0:
			out = append(out, b)
		case b.reached > out[n].reached:
			out[n] = b
		}
	}
	slices.SortStableFunc(out, func(x, y Body) int { return y.reached - x.reached })
	return out
}

// fired tells what a rule did, and because of what.
func (l *lines) fired(b Body) {
	e := l.e
	what := e.does(b)
	if b.Mode == string(shadow) {
		what = fmt.Sprintf(e.words("%s (in shadow: not applied)", "%s（影子模式：不生效）"), what)
	}
	l.say(1, fmt.Sprintf(e.words("%s %s. %s:%d", "%s%s。%s:%d"), e.named(b), what, b.File, b.Line))
	for _, c := range b.Conditions {
		if c.Expression == "" {
			l.facts(2, c)
			continue
		}
		l.say(2, fmt.Sprintf(e.words("because %s", "因为 %s"), c.Expression))
		if !c.plain() {
			l.facts(3, c)
		}
	}
}

// plain reports whether the only fact of a condition that holds is what the condition says: input.caller.known == true.
func (c Condition) plain() bool {
	return c.Holds && len(c.Facts) == 1 && c.Expression == c.Facts[0].Name+" == "+string(c.Facts[0].Value)
}

// named is a rule with its title.
func (e *Explanation) named(b Body) string {
	if b.Title == "" {
		return b.Rule
	}
	return fmt.Sprintf(e.words("%s (%s)", "%s（%s）"), b.Rule, b.Title)
}

// facts tells what a condition looked at, in one line.
func (l *lines) facts(indent int, c Condition) {
	if len(c.Facts) == 0 {
		return
	}
	parts := make([]string, len(c.Facts))
	for n, f := range c.Facts {
		parts[n] = l.e.factText(f)
	}
	l.say(indent, strings.Join(parts, l.e.words("; ", "；")))
}

// silent tells why a rule did not fire.
func (l *lines) silent(b Body) {
	e := l.e
	for _, c := range b.Conditions {
		l.say(1, fmt.Sprintf(e.words("%s did not: %s does not hold. %s:%d", "%s：%s 不成立。%s:%d"),
			e.named(b), cmp.Or(c.Expression, e.words("the member itself", "成员本身")), b.File, c.Line))
		l.facts(2, c)
	}
}

// does is what a body's members want, in words.
func (e *Explanation) does(b Body) string {
	var details []string
	for _, m := range b.members {
		switch b.Head {
		case "require":
			details = append(details, e.requirementText(m.anyOf, m.approvers))
		case "notify":
			details = append(details, m.to)
		}
	}
	for _, raw := range b.Members {
		if b.Head == "limit" || b.Head == "route" || b.Head == "sanction" {
			details = append(details, memberText(raw))
		}
	}
	detail := strings.Join(details, "; ")
	switch b.Head {
	case "allow":
		return e.words("allows the call", "允许此通话")
	case "deny":
		return e.words("refuses the call", "拒绝此通话")
	case "require":
		if len(b.Met) > 0 {
			detail += fmt.Sprintf(e.words(", and was given %s", "，已提供%s"), e.kindsText(b.Met))
		}
		return e.words("asks for ", "要求提供") + detail
	case "limit":
		return e.words("limits the call: ", "限制此通话：") + detail
	case "route":
		return e.words("routes the call: ", "更改路由：") + detail
	case "notify":
		return e.words("tells ", "通知 ") + detail
	}
	return e.words("imposes ", "处罚：") + detail
}

// memberText is a member without its rule: "max_seconds 180, warn_seconds 30".
func memberText(raw json.RawMessage) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return ""
	}
	var parts []string
	for name, v := range fields {
		if name != "rule" && name != "reason" && name != "prompt" {
			parts = append(parts, name+" "+valueText(v))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// factText is a fact in one sentence.
func (e *Explanation) factText(f Fact) string {
	text := fmt.Sprintf(e.words("%s is %s", "%s 为 %s"), f.Name, e.value(f.Value))
	if f.Missing {
		text = fmt.Sprintf(e.words("there is no %s", "没有 %s"), f.Name)
		if len(f.There) > 0 {
			text += fmt.Sprintf(e.words(", only %s", "，只有 %s"), e.list(f.There, "and", "、"))
		}
	}
	switch {
	case f.Line > 0:
		text += fmt.Sprintf(e.words(" (%s:%d)", "（%s:%d）"), f.File, f.Line)
	case f.File != "":
		text += fmt.Sprintf(e.words(" (%s)", "（%s）"), f.File)
	}
	return text
}

// value is a value in words: what is empty is said to be.
func (e *Explanation) value(raw json.RawMessage) string {
	switch string(raw) {
	case `""`:
		return e.words("empty", "空")
	case "[]", "{}":
		return e.words("an empty list", "空列表")
	}
	return valueText(raw)
}

// valueText is a value as people write it: a text without quotes, a list with commas.
func valueText(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	switch v := v.(type) {
	case string:
		return v
	case []any:
		words := make([]string, 0, len(v))
		for _, x := range v {
			if len(words) == maxNamed {
				words = append(words, "…")
				break
			}
			if s, ok := x.(string); ok {
				words = append(words, s)
				continue
			}
			part, err := json.Marshal(x)
			if err != nil {
				return string(raw)
			}
			words = append(words, string(part))
		}
		return strings.Join(words, ", ")
	}
	if len(raw) > maxLine {
		return string([]rune(string(raw))[:maxLine]) + " …"
	}
	return string(raw)
}

// maxLine is how much of a mapping is shown in a line.
const maxLine = 300

// printable puts escapes in the place of what a terminal would obey.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
