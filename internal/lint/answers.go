package lint

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// findings tells what the answers show.
func (a *Answers) findings(content map[string][]byte) []Finding {
	found := a.shadowed(content)
	found = append(found, a.uncovered()...)
	return append(found, a.levels(content)...)
}

// shadowed tells rules whose every allow came to nothing: a call that is denied is denied whatever allows it. A deny
// that another deny of a lower rank hides is none of these; it stays a deny.
func (a *Answers) shadowed(content map[string][]byte) []Finding {
	var found []Finding
	for _, rule := range slices.Sorted(maps.Keys(a.allowed)) {
		if a.denied[rule] < a.allowed[rule] {
			continue
		}
		name := "rules/" + rule + ".rego"
		line := 1
		if at := bytes.Index(content[name], []byte("allow contains")); at >= 0 {
			line += bytes.Count(content[name][:at], []byte("\n"))
		}
		found = append(found, Finding{
			Level: Warning, Check: "shadowed_allow", File: name, Line: line, Column: 1,
			What: fmt.Sprintf("rule %s allows nothing: every call that it allows is refused by %s", rule, strings.Join(slices.Sorted(maps.Keys(a.by[rule])), ", ")),
			Why:  "a deny wins over every allow, so the rule has no effect", Do: "narrow the deny, or remove the allow",
		})
	}
	return found
}

// uncovered tells classes of numbers that nobody may call because no rule is about them.
func (a *Answers) uncovered() []Finding {
	var found []Finding
	for _, class := range call.Classes() {
		if class == call.Emergency || class == call.Invalid || a.let[class] > 0 || a.refused[class] == 0 {
			continue
		}
		found = append(found, Finding{
			Level: Hint, Check: "uncovered_class", File: "rules",
			What: fmt.Sprintf("no rule allows numbers of the class %s; they are refused by %s", class, call.RuleNoAllow),
			Why:  "what no rule allows is refused, without a word of its own", Do: "nothing, if nobody is to call them; else add the class to data/local.yaml or data/long_distance.yaml",
		})
	}
	return found
}

// levels tells levels of PINs for classes that no phone may call with any proof.
func (a *Answers) levels(content map[string][]byte) []Finding {
	f := files(content)["long_distance"]
	levels, _ := f.value["pin_level"].(map[string]any)
	var found []Finding
	for _, class := range slices.Sorted(maps.Keys(levels)) {
		if n := a.asked[call.Class(class)]; n > 0 && a.let[call.Class(class)] == 0 {
			found = append(found, f.finding(Warning, "unreachable_level", []string{"pin_level", class},
				fmt.Sprintf("there is a PIN level for %s, and no phone may call such numbers with any proof", class),
				"callers are given a PIN that is good for nothing", "remove the level, or what denies the class"))
		}
	}
	return found
}
