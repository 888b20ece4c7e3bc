package rules

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// Dead is a rule, or one body of it, that can never add a member to its set.
type Dead struct {
	Rule   string
	Head   string
	File   string
	Line   int
	Column int
	Why    DeadReason
}

// DeadReason says why a rule can never fire.
type DeadReason string

// The reasons. The first is a mistake in the rule; the others are what an admin chose in data.
const (
	Contradiction DeadReason = "contradiction" // its conditions exclude one another whatever the data are
	DataTurnsOff  DeadReason = "data"          // an empty list, a 0 or a word in data
	ModeOff       DeadReason = "mode_off"      // rules.yaml
)

// FindDead returns what can never fire, in the order of files and lines. The error is Load's.
func FindDead(fsys fs.FS) ([]Dead, error) {
	bad := &faults{}
	s := read(fsys, bad)
	if bad.any() {
		return nil, bad.err()
	}
	c := compile(s.modules, s.schemas, bad)
	if bad.any() {
		return nil, bad.err()
	}
	whatever, _ := impossible(c.Modules, ast.NewObject())
	found := []Dead{}
	for _, name := range slices.Sorted(maps.Keys(s.modules)) {
		for i, x := range s.modules[name].Rules {
			if !isHead(nameOf(x)) {
				continue
			}
			d := Dead{Rule: ruleID(name), Head: nameOf(x), File: x.Location.File, Line: x.Location.Row, Column: x.Location.Col}
			switch {
			case whatever[name][i] || contradicts(c.Modules[name].Rules[i]):
				d.Why = Contradiction
			case s.book.rules[d.Rule].mode() == off:
				d.Why = ModeOff
			case s.idle[name][i]:
				d.Why = DataTurnsOff
			default:
				continue
			}
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(a, b Dead) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	return found, nil
}

// UnusedEntries returns the ids of data/rules.yaml for which there is no rule file and which Dialwarden does not word by
// itself, each with the id of a rule that is written almost so, or an empty text. The files are those of a policy.
func UnusedEntries(files map[string][]byte) map[string]string {
	var entries map[string]any
	unused := map[string]string{}
	if yamlfile.Decode("data/rules.yaml", files["data/rules.yaml"], &entries) != nil {
		return unused
	}
	used := append([]string{call.RuleEmergency}, reserved...)
	for name := range files {
		if strings.HasPrefix(name, "rules/") && !isTest(name) {
			used = append(used, ruleID(name))
		}
	}
	slices.Sort(used)
	for id := range entries {
		if !slices.Contains(used, id) {
			unused[id] = nearest(id, used)
		}
	}
	return unused
}

// contradicts reports whether a compiled body wants two different constants of one place in the input.
func contradicts(x *ast.Rule) bool {
	wanted := map[string]ast.Value{}
	for _, e := range x.Body {
		terms, ok := e.Terms.([]*ast.Term)
		if !ok || e.Negated || len(e.With) > 0 || len(terms) != 3 || !e.IsEquality() && e.Operator().String() != "equal" {
			continue
		}
		ref, value := terms[1], terms[2]
		if _, ok := ref.Value.(ast.Ref); !ok {
			ref, value = value, ref
		}
		r, ok := ref.Value.(ast.Ref)
		if !ok || !r[0].Equal(ast.InputRootDocument) || !r.IsGround() {
			continue
		}
		switch value.Value.(type) {
		case ast.String, ast.Number, ast.Boolean:
		default:
			continue
		}
		have, seen := wanted[r.String()]
		if seen && have.Compare(value.Value) != 0 {
			return true
		}
		wanted[r.String()] = value.Value
	}
	return false
}

// Fired is what one rule in force added to the sets.
type Fired struct {
	Rule string
	Head string // allow, deny and so on
	// What a limit sets, in seconds; 0 is nothing.
	MaxSeconds, RingSeconds int
}

// Fired returns which rules in force fire for a call, before they are combined. The error is one that Judge would turn
// into a refusal.
func (p *Policy) Fired(ctx context.Context, f call.Facts) ([]Fired, error) {
	found, err := p.enforced.find(ctx, &f, p.words, p.deadline)
	if err != nil {
		return nil, fmt.Errorf("the policy failed: %w", err)
	}
	fired := make([]Fired, len(found))
	for i, m := range found {
		fired[i] = Fired{Rule: m.rule, Head: m.head, MaxSeconds: m.maxSeconds, RingSeconds: m.ring}
	}
	return fired, nil
}
