package replay

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Report is what a replay found.
type Report struct {
	Calls       int `json:"calls"`   // that were looked at
	Changed     int `json:"changed"` // what rules in shadow would do changes no decision
	Unchanged   int `json:"unchanged"`
	NotReplayed int `json:"not_replayed"`

	Categories   map[Category]Tally `json:"categories"` // every category is there
	ByRule       []Group            `json:"by_rule"`    // groups: by category, the most calls first
	ByDepartment []Group            `json:"by_department"`
	ByExtension  []Group            `json:"by_extension"`
	Unreplayed   []Unreplayed       `json:"unreplayed"`
	Examples     []Example          `json:"examples"` // the newest calls of each category, the newest first
}

// Tally counts calls and what the change means for them.
type Tally struct {
	Calls   int `json:"calls"`
	Seconds int `json:"seconds"` // talked; under a shorter cap, only those beyond it
	// CostMinor is the recorded cost of Seconds, in proportion under a shorter cap; nil where no cost is known.
	CostMinor *int64 `json:"cost_minor"`
	Unpriced  int    `json:"unpriced"` // calls of Seconds whose cost is not known
}

// Group counts the calls of a category that have a rule, department or extension in common.
type Group struct {
	Category Category `json:"category"`
	Name     string   `json:"name"`          // the rule that the change is due to, the department, or the extension
	Was      string   `json:"was,omitempty"` // the rule before, where it is known
	Tally
}

// Unreplayed counts the calls that could not be decided once more.
type Unreplayed struct {
	Reason string `json:"reason"`
	Calls  int    `json:"calls"`
	LastID int64  `json:"last_id"` // the newest of them
}

// Example is one call whose decision changes.
type Example struct {
	ID         int64     `json:"id"` // of the decision
	At         time.Time `json:"at"`
	Category   Category  `json:"category"`
	Extension  string    `json:"extension"`
	Department string    `json:"department"`
	Dialled    string    `json:"dialled"` // printable
	Before     Outcome   `json:"before"`
	After      Outcome   `json:"after"`
	Seconds    int       `json:"seconds"` // as in Tally
	CostMinor  *int64    `json:"cost_minor"`
}

// dimension is what groups have in common.
type dimension int

const (
	byRule dimension = iota
	byDepartment
	byExtension
)

// place is where a call is counted.
type place struct {
	by        dimension
	category  Category
	name, was string
}

// sheet is what one worker has found so far.
type sheet struct {
	calls, unchanged int
	categories       map[Category]*Tally
	groups           map[place]*Tally
	unreplayed       map[string]*Unreplayed
	examples         map[Category][]Example
	keep             int // examples of a category
}

func newSheet(examples int) *sheet {
	return &sheet{
		categories: map[Category]*Tally{}, groups: map[place]*Tally{}, unreplayed: map[string]*Unreplayed{},
		examples: map[Category][]Example{}, keep: examples,
	}
}

// in returns what stands in a map under a key, after putting it there if nothing does.
func in[K comparable, V any](m map[K]*V, key K) *V {
	v := m[key]
	if v == nil {
		v = new(V)
		m[key] = v
	}
	return v
}

// skip counts a call that could not be decided once more.
func (s *sheet) skip(id int64, reason string) {
	s.calls++
	u := in(s.unreplayed, reason)
	u.Reason, u.Calls, u.LastID = reason, u.Calls+1, max(u.LastID, id)
}

// count counts a call: what becomes of its decision, and what rules in shadow would newly do.
func (s *sheet) count(c *call.Decided, before, after Outcome) {
	s.calls++
	if category := compare(&before, &after); category == "" {
		s.unchanged++
	} else {
		rule, was := ruleOf(category, &before, &after)
		s.change(c, category, rule, was, before, after)
	}
	if category, rule := compareShadow(&before, &after); category != "" {
		s.change(c, category, rule, "", before, after)
	}
}

// change counts a call in one category.
func (s *sheet) change(c *call.Decided, category Category, rule, was string, before, after Outcome) {
	one := Tally{Calls: 1, Seconds: affected(category, &after, c.Seconds)}
	switch {
	case one.Seconds > 0 && c.CostMinor != nil:
		cost := *c.CostMinor * int64(one.Seconds) / int64(c.Seconds)
		one.CostMinor = &cost
	case one.Seconds > 0:
		one.Unpriced = 1
	}
	in(s.categories, category).add(one)
	in(s.groups, place{byRule, category, rule, was}).add(one)
	in(s.groups, place{byDepartment, category, c.Department, ""}).add(one)
	in(s.groups, place{byExtension, category, c.Extension, ""}).add(one)
	s.example(Example{
		ID: c.ID, At: c.At.UTC(), Category: category, Extension: c.Extension, Department: c.Department, Dialled: c.Shown,
		Before: before, After: after, Seconds: one.Seconds, CostMinor: one.CostMinor,
	})
}

// example keeps a call if it is among the newest.
func (s *sheet) example(e Example) {
	all := s.examples[e.Category]
	at, _ := slices.BinarySearchFunc(all, e.ID, func(x Example, id int64) int { return cmp.Compare(id, x.ID) })
	if at < s.keep {
		all = slices.Insert(all, at, e)
		s.examples[e.Category] = all[:min(len(all), s.keep)]
	}
}

// add adds another tally.
func (t *Tally) add(other Tally) {
	t.Calls += other.Calls
	t.Seconds += other.Seconds
	t.Unpriced += other.Unpriced
	if other.CostMinor != nil {
		sum := *other.CostMinor
		if t.CostMinor != nil {
			sum += *t.CostMinor
		}
		t.CostMinor = &sum
	}
}

// merge adds what another worker has found.
func (s *sheet) merge(other *sheet) {
	s.calls += other.calls
	s.unchanged += other.unchanged
	for c, t := range other.categories {
		in(s.categories, c).add(*t)
	}
	for p, t := range other.groups {
		in(s.groups, p).add(*t)
	}
	for reason, o := range other.unreplayed {
		u := in(s.unreplayed, reason)
		u.Reason, u.Calls, u.LastID = reason, u.Calls+o.Calls, max(u.LastID, o.LastID)
	}
	for _, all := range other.examples {
		for _, e := range all {
			s.example(e)
		}
	}
}

// report puts everything in its order.
func (s *sheet) report() *Report {
	r := &Report{
		Calls: s.calls, Unchanged: s.unchanged, Categories: map[Category]Tally{},
		ByRule: []Group{}, ByDepartment: []Group{}, ByExtension: []Group{}, Unreplayed: []Unreplayed{}, Examples: []Example{},
	}
	for _, c := range Categories() {
		r.Categories[c] = *in(s.categories, c)
		if !c.IsShadow() {
			r.Changed += r.Categories[c].Calls
		}
		r.Examples = append(r.Examples, s.examples[c]...)
	}
	for p, t := range s.groups {
		g := Group{Category: p.category, Name: p.name, Was: p.was, Tally: *t}
		switch p.by {
		case byRule:
			r.ByRule = append(r.ByRule, g)
		case byDepartment:
			r.ByDepartment = append(r.ByDepartment, g)
		case byExtension:
			r.ByExtension = append(r.ByExtension, g)
		}
	}
	for _, groups := range [][]Group{r.ByRule, r.ByDepartment, r.ByExtension} {
		slices.SortFunc(groups, compareGroups)
	}
	for _, reason := range slices.Sorted(maps.Keys(s.unreplayed)) {
		r.Unreplayed = append(r.Unreplayed, *s.unreplayed[reason])
		r.NotReplayed += s.unreplayed[reason].Calls
	}
	return r
}

// compareGroups orders groups by category, then the most calls first.
func compareGroups(x, y Group) int {
	all := Categories()
	return cmp.Or(cmp.Compare(slices.Index(all, x.Category), slices.Index(all, y.Category)),
		cmp.Compare(y.Calls, x.Calls), cmp.Compare(y.Seconds, x.Seconds), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Was, y.Was))
}
