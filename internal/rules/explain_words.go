package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dialwarden/dialwarden/internal/call"
)

// proofNames are the kinds of proof in words.
var proofNames = map[string]texts{
	string(call.PIN):      {En: "a PIN", Zh: "密码"},
	string(call.Token):    {En: "a token", Zh: "令牌"},
	string(call.Approval): {En: "an approval", Zh: "审批"},
	string(call.Matter):   {En: "a matter code", Zh: "事项编号"},
}

// list joins words with the last two joined by and, or or.
func (e *Explanation) list(words []string, en, zh string) string {
	if e.language == "zh" {
		return strings.Join(words, zh)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + en + " " + words[len(words)-1]
}

// proofsText names proofs; level is that of the PIN among them, 0 for any.
func (e *Explanation) proofsText(kinds []string, level int, en, zh string) string {
	names := make([]string, len(kinds))
	for n, k := range kinds {
		names[n] = proofNames[k].in(e.language)
		if k == string(call.PIN) && level > 0 {
			names[n] = fmt.Sprintf(e.words("a PIN of level %d", "%d 级密码"), level)
		}
	}
	return e.list(names, en, zh)
}

// kindsText names the kinds that meet a requirement.
func (e *Explanation) kindsText(kinds []call.CredentialKind) string {
	names := make([]string, len(kinds))
	for n, k := range kinds {
		names[n] = string(k)
	}
	return e.proofsText(names, 0, "or", "或")
}

// requirementText names what meets a requirement, and who is asked for an approval where the rule names them.
func (e *Explanation) requirementText(kinds []call.CredentialKind, approvers []string) string {
	text := e.kindsText(kinds)
	if len(approvers) > 0 {
		text += fmt.Sprintf(e.words(" (of %s)", "（审批人：%s）"), e.list(approvers, "or", "、"))
	}
	return text
}

// capital makes the first letter of a sentence a large one.
func capital(s string) string {
	for _, r := range s {
		return string(unicode.ToUpper(r)) + s[utf8.RuneLen(r):]
	}
	return s
}

// changeText says a change in one sentence.
func (e *Explanation) changeText(c Change, d call.Decision) string {
	if c.What == "proof" {
		proofs := e.proofsText(c.Values, c.Level, "together with", "加上")
		return fmt.Sprintf(e.words("%s would allow it.", "%s可放行此通话。"), capital(proofs))
	}
	return e.condition(c) + e.then(d)
}

// condition is the first half of the sentence.
func (e *Explanation) condition(c Change) string {
	values := e.list(c.Values, "or", "或")
	switch c.What {
	case "without":
		_, name, _ := strings.Cut(proofNames[c.Values[0]].En, " ")
		return fmt.Sprintf(e.words("Without the %s, ", "若没有%s，"), e.words(name, proofNames[c.Values[0]].Zh))
	case "unsuspended":
		return e.words("If the phone were not suspended, ", "若该话机未被停用，")
	case "listed":
		return e.words("If the phone were in the directory (data/directory.yaml), ", "若该话机登记在通讯录（data/directory.yaml）中，")
	case "class_of_service":
		return fmt.Sprintf(e.words("If the phone had the class of service %s, ", "若该话机的服务等级为 %s，"), values)
	case "grade":
		return fmt.Sprintf(e.words("If the phone had the grade %s, ", "若该话机的职级为 %s，"), values)
	case "line":
		return fmt.Sprintf(e.words("If the line were of the kind %s, ", "若线路类型为 %s，"), values)
	case "lists":
		return fmt.Sprintf(e.words("If the number were on the list %s (data/lists.yaml), ", "若该号码在名单 %s（data/lists.yaml）中，"), values)
	case "usage":
		return e.words("Without the other calls that are counted in input.usage, ", "若没有 input.usage 中计入的其他呼叫，")
	case "allowance":
		return e.words("If no allowance limited the call, ", "若此通话不受话费额度限制，")
	case "first_to_region":
		return e.words("If it were not the first call to this country, ", "若不是首次拨打该国家或地区，")
	case "time":
		t, err := time.Parse(time.RFC3339, c.Values[0])
		if err != nil {
			return values
		}
		if e.language == "zh" {
			return "自 " + t.Format("2006-01-02 15:04") + " 起，"
		}
		return "From " + t.Format("Monday 2006-01-02 15:04") + ", "
	}
	return ""
}

// then is the second half of the sentence.
func (e *Explanation) then(d call.Decision) string {
	switch d.Action {
	case call.Allow:
		return fmt.Sprintf(e.words("it would be allowed by rule %s.", "将按规则 %s 放行。"), d.Rule)
	case call.Challenge:
		var wanted []string
		for _, r := range d.Requires {
			if text := e.requirementText(r.AnyOf, r.Approvers); !slices.Contains(wanted, text) {
				wanted = append(wanted, text)
			}
		}
		return fmt.Sprintf(e.words("the caller would be asked for %s.", "将要求主叫提供%s。"),
			strings.Join(wanted, e.words(", and for ", "，以及")))
	default:
		return fmt.Sprintf(e.words("it would be refused by rule %s.", "将按规则 %s 拒绝。"), d.Rule)
	}
}
