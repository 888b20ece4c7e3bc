package lint

import (
	"context"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/rules"
)

// calls is a set of calls that were asked about, by their number.
type calls map[int]bool

// within reports whether all of c are in other.
func (c calls) within(other calls) bool {
	for n := range c {
		if !other[n] {
			return false
		}
	}
	return true
}

// heading is a rule, or what it does.
type heading struct{ head, rule string }

// effect is what came of all calls that a rule's head fired for.
type effect struct {
	fired, refused int
	by             map[string]bool // rules that refused them
	smaller        map[string]bool // rules whose limits were smaller
	limited        int             // calls that were released and that the rule limits
	least          int             // of these, those where no other rule's limit was smaller
}

// verdict counts what became of calls.
type verdict struct {
	asked, let int // let: allowed, or would be with a proof
	unallowed  int // refused by no_rule_allows
}

// inClass is what was seen of one class of numbers.
type inClass struct {
	plain    verdict            // of numbers that are in no list
	parts    map[string]verdict // of numbers of a country or with a risk
	allowed  map[string]calls   // by rule, of plain numbers
	required map[string]calls
	denied   map[string]map[string]bool // by a rule that allows: those that refuse, if all its calls are refused
	let      map[string]bool            // rules with an allow of which something came
}

// Answers is what a policy said about representative calls.
type Answers struct {
	Money Money // set it before Run

	count   int
	effects map[heading]*effect
	classes map[call.Class]*inClass
	faults  map[string]call.Class // texts of policy errors
	missing map[wanted]map[call.Class]bool
}

func newAnswers() *Answers {
	a := &Answers{
		effects: map[heading]*effect{}, classes: map[call.Class]*inClass{}, faults: map[string]call.Class{},
		missing: map[wanted]map[call.Class]bool{},
	}
	for _, class := range call.Classes() {
		a.classes[class] = &inClass{
			parts: map[string]verdict{}, allowed: map[string]calls{}, required: map[string]calls{},
			denied: map[string]map[string]bool{}, let: map[string]bool{},
		}
	}
	return a
}

// of is what was seen of a class.
func (a *Answers) of(class call.Class) *inClass {
	if c := a.classes[class]; c != nil {
		return c
	}
	return &inClass{}
}

// ask notes what becomes of one call; part is what sets its number apart, empty for nothing.
func (a *Answers) ask(ctx context.Context, p Policy, f call.Facts, part string) error {
	d := p.Judge(ctx, f)
	c := a.classes[f.Callee.Class]
	if d.Rule == call.RulePolicyError {
		a.faults[d.Reason()] = f.Callee.Class
		return ctx.Err()
	}
	fired, err := p.Fired(ctx, f)
	if err != nil {
		return err
	}
	a.count++
	switch {
	case part == "":
		c.plain = c.plain.add(d)
		c.note(a.count, fired, d)
	case part != listed:
		c.parts[part] = c.parts[part].add(d)
	}
	a.note(fired, d)
	a.unproved(p.Handset(), f, d.Requires)
	return ctx.Err()
}

func (v verdict) add(d call.Decision) verdict {
	v.asked++
	if d.Rule == call.RuleNoAllow {
		v.unallowed++
	}
	if d.Action != call.Deny {
		v.let++
	}
	return v
}

// note remembers which rules allow and require in the class.
func (c *inClass) note(n int, fired []rules.Fired, d call.Decision) {
	add := func(to map[string]calls, rule string) {
		if to[rule] == nil {
			to[rule] = calls{}
		}
		to[rule][n] = true
	}
	for _, x := range fired {
		switch x.Head {
		case "require":
			add(c.required, x.Rule)
		case "allow":
			add(c.allowed, x.Rule)
			c.let[x.Rule] = c.let[x.Rule] || d.Action != call.Deny
			if c.denied[x.Rule] == nil {
				c.denied[x.Rule] = map[string]bool{}
			}
			c.denied[x.Rule][d.Rule] = true
		}
	}
}

// note remembers what came of each rule that fired.
func (a *Answers) note(fired []rules.Fired, d call.Decision) {
	seen := map[heading]bool{}
	for _, x := range fired {
		at := heading{x.Head, x.Rule}
		e := a.effects[at]
		if e == nil {
			e = &effect{by: map[string]bool{}, smaller: map[string]bool{}}
			a.effects[at] = e
		}
		if !seen[at] {
			e.fired++
			if d.Action == call.Deny {
				e.refused++
				e.by[d.Rule] = true
			}
		}
		if x.Head == "limit" && d.Action != call.Deny {
			e.limit(x, fired)
		}
		seen[at] = true
	}
}

// limit remembers whether some limit of the member is the smallest.
func (e *effect) limit(x rules.Fired, fired []rules.Fired) {
	smaller := func(mine int, of func(rules.Fired) int) bool { // than mine, of another rule
		yes := mine == 0
		for _, other := range fired {
			if n := of(other); other.Rule != x.Rule && n > 0 && n < mine {
				e.smaller[other.Rule], yes = true, true
			}
		}
		return yes
	}
	e.limited++
	long := smaller(x.MaxSeconds, func(o rules.Fired) int { return o.MaxSeconds })
	ring := smaller(x.RingSeconds, func(o rules.Fired) int { return o.RingSeconds })
	if !long || !ring {
		e.least++
	}
}
