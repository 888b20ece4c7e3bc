package rules

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Change is one thing that would have changed the answer, found by judging again with other facts.
type Change struct {
	// What is one of proof, without (a proof that was given), unsuspended, listed (in the directory), class_of_service,
	// grade, line, lists, allowance (none limits the call), usage, first_to_region, time.
	What   string      `json:"what"`
	Values []string    `json:"values"` // kinds of proof, names of classes, a time in RFC 3339
	Level  int         `json:"level"`  // the lowest of the PIN that is enough, if a PIN is among the kinds
	Action call.Action `json:"action"` // the answer then
	Rule   string      `json:"rule"`   // that settles it
	Text   string      `json:"text"`   // all of it in words
}

// maxLevel is the highest level of a PIN that is tried.
const maxLevel = 9

// maxTried is how many values of one fact are tried.
const maxTried = 50

// judging tries other facts on a policy.
type judging struct {
	*Policy
	ctx   context.Context
	facts *call.Facts
	was   call.Decision
	e     *Explanation
}

// changes finds what would have changed the answer: for a call that was not let out, what would let it out or at least
// have the caller asked for a proof; for one that was, what would have stopped it.
func (p *Policy) changes(ctx context.Context, f *call.Facts, was call.Decision, e *Explanation) {
	enforced := *p
	enforced.shadowed = nil // what is in shadow changes nothing
	j := &judging{&enforced, ctx, f, was, e}
	if was.Action == call.Allow {
		j.withoutProof()
	} else {
		j.proofs()
		j.entries()
		j.history()
	}
	j.times()
	switch {
	case ctx.Err() != nil:
		e.note("Not everything that could change the answer was tried: it would have taken too long.",
			"未能试遍所有可能改变结果的情况：耗时过长。")
	case was.Action != call.Allow && !slices.ContainsFunc(e.Changes, func(c Change) bool { return c.Action == call.Allow }):
		e.Hopeless = true
	}
}

// try judges with changed facts; the answer is an error if the time is over.
func (j *judging) try(change func(f *call.Facts)) (call.Decision, bool) {
	if j.ctx.Err() != nil {
		return call.Decision{}, false
	}
	f := *j.facts
	change(&f)
	d := j.judge(j.ctx, &f)
	return d, d.Rule != call.RulePolicyError
}

// better reports whether an answer lets more through than the one that was given.
func (j *judging) better(d call.Decision) bool {
	order := []call.Action{call.Deny, call.Challenge, call.Allow}
	return slices.Index(order, d.Action) > slices.Index(order, j.was.Action)
}

// add keeps a change with its text.
func (j *judging) add(c Change, d call.Decision) {
	c.Action, c.Rule = d.Action, d.Rule
	c.Text = j.e.changeText(c, d)
	j.e.Changes = append(j.e.Changes, c)
}

// proofs finds the smallest sets of proofs that let the call out, on top of those that were given.
func (j *judging) proofs() {
	kinds := []call.CredentialKind{call.PIN, call.Token, call.Approval, call.Matter}
	var enough [][]call.CredentialKind
	for size := 1; size <= len(kinds); size++ {
		for _, set := range subsets(kinds, size) {
			if slices.ContainsFunc(enough, func(have []call.CredentialKind) bool {
				return !slices.ContainsFunc(have, func(k call.CredentialKind) bool { return !slices.Contains(set, k) })
			}) {
				continue
			}
			if j.proof(set) {
				enough = append(enough, set)
			}
		}
	}
}

// subsets are all of a size, in order.
func subsets(kinds []call.CredentialKind, size int) [][]call.CredentialKind {
	if size == 0 {
		return [][]call.CredentialKind{nil}
	}
	var out [][]call.CredentialKind
	for n := range kinds {
		for _, rest := range subsets(kinds[n+1:], size-1) {
			out = append(out, append([]call.CredentialKind{kinds[n]}, rest...))
		}
	}
	return out
}

// proof tries a set of proofs of the caller himself, a PIN with the lowest level first.
func (j *judging) proof(set []call.CredentialKind) bool {
	given := j.facts.Credentials
	highest := 0
	if slices.Contains(set, call.PIN) {
		highest = maxLevel
	}
	for level := 0; level <= highest; level++ {
		if slices.Contains(set, call.PIN) && given.PIN.Valid && level == given.PIN.Level {
			continue
		}
		d, ok := j.try(func(f *call.Facts) {
			for _, k := range set {
				held := call.Credential{Valid: true, Holder: f.Caller.Holder, Department: f.Caller.Department}
				if k == call.PIN {
					if given.PIN.Valid {
						held = given.PIN
					}
					held.Level = level
				}
				f.Credentials.Set(k, held)
			}
		})
		if ok && d.Action == call.Allow {
			values := make([]string, len(set))
			for n, k := range set {
				values[n] = string(k)
			}
			j.add(Change{What: "proof", Values: values, Level: level}, d)
			return true
		}
	}
	return false
}

// withoutProof takes back each proof that was given.
func (j *judging) withoutProof() {
	for _, k := range []call.CredentialKind{call.PIN, call.Token, call.Approval, call.Matter} {
		if !j.facts.Credentials.Has(k) {
			continue
		}
		d, ok := j.try(func(f *call.Facts) {
			f.Credentials.Set(k, call.Credential{})
			if k == call.PIN {
				f.Usage.SamePINCalls = 0
			}
		})
		if ok && d.Action != call.Allow {
			j.add(Change{What: "without", Values: []string{string(k)}}, d)
		}
	}
}

// entries changes what the directory and the lists say.
func (j *judging) entries() {
	f := j.facts
	one := func(what string, change func(f *call.Facts)) {
		if d, ok := j.try(change); ok && j.better(d) {
			j.add(Change{What: what, Values: []string{}}, d)
		}
	}
	if f.Sanction.Suspended {
		one("unsuspended", func(f *call.Facts) { f.Sanction.Suspended = false })
	}
	if !f.Caller.Known {
		one("listed", func(f *call.Facts) { f.Caller.Known = true })
	} else {
		classes, grades := map[string]bool{}, map[string]bool{}
		for _, x := range j.directory {
			classes[x.ClassOfService], grades[x.Grade] = true, true
		}
		j.values("class_of_service", classes, f.Caller.ClassOfService, func(f *call.Facts, v string) { f.Caller.ClassOfService = v })
		j.values("grade", grades, f.Caller.Grade, func(f *call.Facts, v string) { f.Caller.Grade = v })
	}
	j.values("line", setOf(strings.Join(lineKinds, " ")), f.Line.Kind, func(f *call.Facts, v string) { f.Line.Kind = v })
	names := map[string]bool{}
	for _, name := range j.tables.lists.Names() {
		if !slices.Contains(f.Callee.Lists, name) {
			names[name] = true
		}
	}
	j.values("lists", names, "", func(f *call.Facts, v string) {
		f.Callee.Lists = slices.Sorted(slices.Values(append(slices.Clone(f.Callee.Lists), v)))
	})
}

// values tries the values of one fact, and keeps those that have the best answer together.
func (j *judging) values(what string, values map[string]bool, was string, set func(f *call.Facts, v string)) {
	delete(values, "")
	delete(values, was)
	tried := slices.Sorted(maps.Keys(values))
	best := map[call.Action][]string{}
	answer := map[call.Action]call.Decision{}
	for _, v := range tried[:min(len(tried), maxTried)] {
		d, ok := j.try(func(f *call.Facts) { set(f, v) })
		if ok && j.better(d) {
			best[d.Action], answer[d.Action] = append(best[d.Action], v), d
		}
	}
	for _, a := range []call.Action{call.Allow, call.Challenge} {
		if len(best[a]) > 0 {
			j.add(Change{What: what, Values: best[a]}, answer[a])
			return
		}
	}
}

// history forgets what was called before.
func (j *judging) history() {
	if u := j.facts.Usage; u.FirstToRegion {
		if d, ok := j.try(func(f *call.Facts) { f.Usage.FirstToRegion = false }); ok && j.better(d) {
			j.add(Change{What: "first_to_region", Values: []string{}}, d)
		}
	}
	if j.facts.Usage.Limited {
		if d, ok := j.try(func(f *call.Facts) { f.Usage.Limited = false }); ok && j.better(d) {
			j.add(Change{What: "allowance", Values: []string{}}, d)
		}
	}
	u := j.facts.Usage
	quiet := call.Usage{
		FirstToRegion: u.FirstToRegion, Allowances: u.Allowances, Limited: u.Limited, AffordableSeconds: u.AffordableSeconds,
	}
	if reflect.DeepEqual(j.facts.Usage, quiet) {
		return
	}
	if d, ok := j.try(func(f *call.Facts) { f.Usage = quiet }); ok && j.better(d) {
		j.add(Change{What: "usage", Values: []string{}}, d)
	}
}

// timeFields are the fields of input.time that rules in force look at, besides the time zone.
func (p *Policy) timeFields() map[string]bool {
	fields := map[string]bool{}
	i, err := p.inspect()
	if err != nil {
		return fields
	}
	clock := ast.MustParseRef("input.time")
	for name, m := range i.compiler.Modules {
		if p.book.rules[ruleID(name)].mode() != enforce {
			continue
		}
		ast.WalkRefs(m, func(ref ast.Ref) bool {
			switch {
			case !ref[0].Equal(ast.InputRootDocument) || len(ref) > 1 && !ref[1].Equal(clock[1]) && ref[1].IsGround():
			case len(ref) > 2 && ref[2].IsGround():
				name, _ := ref[2].Value.(ast.String)
				fields[string(name)] = true
			default: // all of it
				fields["unix"] = true
			}
			return false
		})
	}
	delete(fields, "timezone")
	return fields
}
