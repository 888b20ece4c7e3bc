package rules

import "github.com/dialwarden/dialwarden/internal/call"

// relevance says which calls the rules of a head can be about.
type relevance struct {
	any bool // every call
	// by has the rules by the field of their best guard and its values: the other guards of each.
	by map[*subject]map[string][][]condition
}

// condition is a guard that can be held against a call.
type condition struct {
	field   *subject
	values  map[string]bool
	negated bool
}

func (g guard) condition() condition {
	c := condition{g.field, map[string]bool{}, g.negated}
	for _, v := range g.values {
		c.values[v] = true
	}
	return c
}

// add makes calls relevant that a rule can be about.
func (r *relevance) add(gs []guard) {
	if len(gs) == 0 {
		r.any = true
		return
	}
	var others []condition
	for _, g := range gs[1:] {
		others = append(others, g.condition())
	}
	if r.by == nil {
		r.by = map[*subject]map[string][][]condition{}
	}
	field := gs[0].field
	if r.by[field] == nil {
		r.by[field] = map[string][][]condition{}
	}
	for _, v := range gs[0].values {
		r.by[field][v] = append(r.by[field][v], others)
	}
}

// to reports whether some rule can be about the call.
func (r *relevance) to(f *call.Facts) bool {
	if r.any {
		return true
	}
	for field, rules := range r.by {
		if field.texts == nil {
			if anyHolds(rules[field.text(f)], f) {
				return true
			}
			continue
		}
		for _, v := range field.texts(f) {
			if anyHolds(rules[validText(v)], f) {
				return true
			}
		}
	}
	return false
}

// anyHolds reports whether all conditions of one of the rules hold.
func anyHolds(rules [][]condition, f *call.Facts) bool {
next:
	for _, conditions := range rules {
		for _, c := range conditions {
			if !c.holds(f) {
				continue next
			}
		}
		return true
	}
	return false
}

func (c condition) holds(f *call.Facts) bool {
	if c.field.texts == nil {
		return c.values[c.field.text(f)] != c.negated
	}
	for _, v := range c.field.texts(f) {
		if c.values[validText(v)] {
			return !c.negated
		}
	}
	return c.negated
}
