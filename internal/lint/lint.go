// Package lint finds what in a policy is of no use, or does not do what it looks like: rules that can never fire, allows
// whose every call is denied, entries of data that match nothing, numbers that nobody may call. What is found statically
// is exact; what is found by asking the policy about representative calls (Probe) holds for those calls. docs/lint.md
// lists the checks.
package lint

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/rules"
)

// Level says how bad a finding is.
type Level string

// The levels. A warning makes the answer of policy lint no; a hint does not.
const (
	Warning Level = "warning"
	Hint    Level = "hint"
)

// Finding is one thing that is of no use.
type Finding struct {
	Level  Level  `json:"level"`
	Check  string `json:"check"`
	File   string `json:"file"` // relative to the policy directory
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	What   string `json:"what"`
	Why    string `json:"why"` // it matters
	Do     string `json:"do"`
}

// String tells the finding in the form file:line:column: level: what.
func (f Finding) String() string {
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	return fmt.Sprintf("%s: %s: %s [%s]", place, f.Level, f.What, f.Check)
}

// Run returns all findings about a policy, by file and line, as things are now. The content is that of its files
// (rules.Policy.Files).
func Run(dead []rules.Dead, content map[string][]byte, answers *Answers, numbers Numbers, now time.Time) []Finding {
	found := unreachable(dead)
	found = append(found, entries(content, numbers, now)...)
	found = append(found, answers.findings(content)...)
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return found
}

// unreachable tells rules that can never fire.
func unreachable(dead []rules.Dead) []Finding {
	found := []Finding{}
	for _, d := range dead {
		f := Finding{Check: "never_fires", File: d.File, Line: d.Line, Column: d.Column}
		switch d.Why {
		case rules.Contradiction:
			f.Level = Warning
			f.What = fmt.Sprintf("this %s of rule %s can never fire: its conditions exclude one another", d.Head, d.Rule)
			f.Why, f.Do = "it looks like a rule and does nothing", "change the conditions, or remove it"
		case rules.ModeOff:
			f.Level = Hint
			f.What = fmt.Sprintf("this %s of rule %s never fires: the rule's mode is off", d.Head, d.Rule)
			f.Why, f.Do = "it is tested but not in force", "set its mode in data/rules.yaml to shadow or enforce when it is wanted"
		default:
			f.Level = Hint
			f.What = fmt.Sprintf("this %s of rule %s never fires with the data as they are", d.Head, d.Rule)
			f.Why, f.Do = "an empty list, a 0 or a word in a data file turns it off", fmt.Sprintf("fill in the data that rules/%s.rego looks at when it is wanted", d.Rule)
		}
		found = append(found, f)
	}
	return found
}
