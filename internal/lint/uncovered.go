package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// uncovered tells classes of numbers that nobody may call because no rule is about them, and countries and risks within
// the others.
func (a *Answers) uncovered() []Finding {
	const why = "what no rule allows is refused, without a word of its own"
	var found []Finding
	for _, class := range call.Classes() {
		c := a.of(class)
		if class == call.Emergency || class == call.Invalid {
			continue
		}
		var but, not []string
		for _, name := range slices.Sorted(maps.Keys(c.parts)) {
			switch v := c.parts[name]; {
			case v.let > 0:
				but = append(but, name)
			case v.unallowed > 0:
				not = append(not, name)
			}
		}
		switch {
		case c.plain.let == 0 && c.plain.unallowed > 0:
			what := fmt.Sprintf("no rule allows numbers of the class %s; they are refused by %s", class, call.RuleNoAllow)
			if len(but) > 0 {
				what += ", but for those " + strings.Join(but, " and those ")
			}
			found = append(found, Finding{
				Level: Hint, Check: "uncovered_class", File: "rules", What: what, Why: why,
				Do: "nothing, if nobody is to call them; else add the class to data/local.yaml or data/long_distance.yaml",
			})
		case c.plain.let > 0 && len(not) > 0:
			found = append(found, Finding{
				Level: Hint, Check: "uncovered_numbers", File: "rules",
				What: fmt.Sprintf("no rule allows numbers of the class %s %s; they are refused by %s", class,
					strings.Join(not, " or "), call.RuleNoAllow),
				Why: why, Do: "nothing, if nobody is to call them; else let a rule allow them",
			})
		}
	}
	return found
}

// levels tells levels of PINs for classes that no phone may call with any proof.
func (a *Answers) levels(f dataFile) []Finding {
	levels, _ := f.value["pin_level"].(map[string]any)
	var found []Finding
	for _, class := range slices.Sorted(maps.Keys(levels)) {
		c := a.of(call.Class(class))
		if c.plain.asked > 0 && c.plain.let == 0 {
			found = append(found, f.finding(Warning, "unreachable_level", []string{"pin_level", class},
				fmt.Sprintf("there is a PIN level for %s, and no phone may call such numbers with any proof", class),
				"callers are given a PIN that is good for nothing", "remove the level, or what denies the class"))
		}
	}
	return found
}
