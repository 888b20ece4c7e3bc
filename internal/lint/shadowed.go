package lint

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// findings tells what the answers show.
func (a *Answers) findings(content map[string][]byte) []Finding {
	data := files(content)
	found := a.contradictions()
	found = append(found, a.noProof(content)...)
	found = append(found, a.shadowed(content)...)
	found = append(found, a.shadowedClasses(content, data)...)
	found = append(found, a.coveredTwice(content, data)...)
	found = append(append(found, a.uncovered()...), a.unrated()...)
	return append(found, a.levels(data["long_distance"])...)
}

// contradictions tells calls about which the policy has no answer.
func (a *Answers) contradictions() []Finding {
	var found []Finding
	for _, text := range slices.Sorted(maps.Keys(a.faults)) {
		found = append(found, Finding{
			Level: Warning, Check: "no_answer", File: "rules",
			What: fmt.Sprintf("a call to a number of the class %s ends as a policy error: %s", a.faults[text], text),
			Why:  "such calls are refused, whatever the rules mean", Do: "correct the rule that is named, or make rules agree",
		})
	}
	return found
}

// noEffect says what it means that all calls which a head fires for are refused. The other heads do something all the same.
var noEffect = map[string]string{
	"allow":   "allows nothing: every call that it allows is refused by %s",
	"require": "asks nobody: every call that it would ask about is refused by %s",
	"limit":   "limits nothing: every call that it limits is refused by %s",
	"route":   "routes nothing: every call that it routes is refused by %s",
}

// shadowed tells rules of which nothing comes, because others always win: a call that is denied is denied whatever
// allows it, and of limits the smallest counts. A deny that another deny of a lower rank hides is none of these; it stays
// a deny.
func (a *Answers) shadowed(content map[string][]byte) []Finding {
	var found []Finding
	for _, at := range slices.SortedFunc(maps.Keys(a.effects), func(x, y heading) int {
		return cmp.Or(cmp.Compare(x.rule, y.rule), cmp.Compare(x.head, y.head))
	}) {
		e := a.effects[at]
		f := Finding{Level: Warning, Check: "shadowed_" + at.head, Column: 1}
		f.File, f.Line = whereRule(content, at)
		by := strings.Join(slices.Sorted(maps.Keys(e.by)), ", ")
		switch text := noEffect[at.head]; {
		case text != "" && e.refused == e.fired:
			f.What = fmt.Sprintf("rule %s "+text, at.rule, by)
			f.Why = fmt.Sprintf("a deny wins over every %s, so the rule has no effect", at.head)
			f.Do = fmt.Sprintf("narrow the deny, or remove the %s", at.head)
			if e.by[call.RuleNoAllow] {
				f.Why, f.Do = "a call that no rule allows is refused, so the rule has no effect", "let a rule allow such calls, or remove the "+at.head
			}
		case at.head == "limit" && e.limited > 0 && e.least == 0 && len(e.smaller) > 0:
			f.What = fmt.Sprintf("rule %s limits nothing: for every call that it limits there is a smaller limit, of %s", at.rule,
				strings.Join(slices.Sorted(maps.Keys(e.smaller)), ", "))
			f.Why, f.Do = "the smallest limit counts, so the rule has no effect", "make it smaller, or remove it"
		default:
			continue
		}
		found = append(found, f)
	}
	return found
}

// whereRule finds the first line of a head in a rule's file.
func whereRule(content map[string][]byte, at heading) (file string, line int) {
	file, line = "rules/"+at.rule+".rego", 1
	if i := bytes.Index(content[file], []byte(at.head+" contains")); i >= 0 {
		line += bytes.Count(content[file][:i], []byte("\n"))
	}
	return file, line
}

// about is a finding at the place where the data of a rule name a class, or at the rule where they do not.
func about(content map[string][]byte, f dataFile, rule string, class call.Class, found Finding) Finding {
	var keys []string
	walk(f.value, nil, func(at []string, word string) {
		if keys == nil && word == string(class) {
			keys = slices.Clone(at)
		}
	})
	if keys != nil {
		place := f.tree.Place(keys...)
		found.File, found.Line, found.Column = f.name, place.Line, place.Column
	} else {
		found.File, found.Line = whereRule(content, heading{"allow", rule})
		found.Column = 1
	}
	return found
}

// shadowedClasses tells classes that a rule allows in vain, where it allows others with effect.
func (a *Answers) shadowedClasses(content map[string][]byte, data map[string]dataFile) []Finding {
	var found []Finding
	for _, class := range call.Classes() {
		c := a.of(class)
		for _, rule := range slices.Sorted(maps.Keys(c.allowed)) {
			e := a.effects[heading{"allow", rule}]
			if c.let[rule] || e.refused == e.fired {
				continue
			}
			found = append(found, about(content, data[rule], rule, class, Finding{
				Level: Warning, Check: "shadowed_class",
				What: fmt.Sprintf("rule %s allows numbers of the class %s, and every such call is refused by %s", rule, class,
					strings.Join(slices.Sorted(maps.Keys(c.denied[rule])), ", ")),
				Why: "it looks as if they could be called", Do: "take the class out of what allows it, or narrow what refuses it",
			}))
		}
	}
	return found
}

// coveredTwice tells classes that two rules allow, one of them in vain. Where that one asks for nothing and the other for
// a proof, the two contradict one another: the proof is asked for.
func (a *Answers) coveredTwice(content map[string][]byte, data map[string]dataFile) []Finding {
	var found []Finding
	for _, class := range call.Classes() {
		c := a.of(class)
		names := slices.Sorted(maps.Keys(c.allowed))
		for i, x := range names {
			for j, y := range names {
				same := len(c.allowed[x]) == len(c.allowed[y])
				if i == j || !c.let[x] || !c.let[y] || !c.allowed[x].within(c.allowed[y]) {
					continue
				}
				f := Finding{Level: Hint, Check: "covered_twice"}
				switch {
				case len(c.required[x]) == 0 && c.allowed[x].within(c.required[y]):
					f.Level = Warning
					f.What = fmt.Sprintf("rule %s allows numbers of the class %s, and so does %s, which asks for a proof: the proof is asked for", x, class, y)
					f.Why, f.Do = "it looks as if they could be called without a proof", fmt.Sprintf("take the class out of what %s allows, or of what %s asks about", x, y)
				case same && (i > j || c.allowed[y].within(c.required[x])): // told the other way round
					continue
				default:
					f.What = fmt.Sprintf("rule %s allows numbers of the class %s to nobody whom %s does not allow them", x, class, y)
					f.Why, f.Do = "to remove one of the two alone changes less than it seems", "let one rule allow the class"
				}
				found = append(found, about(content, data[x], x, class, f))
			}
		}
	}
	return found
}
