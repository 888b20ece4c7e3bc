package replay

import (
	"cmp"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Category says how a decision changes.
type Category string

// The categories. A call is counted in one, the first that fits.
const (
	NewlyRefused  Category = "newly_refused"   // would be refused, and was released or asked for a proof
	NewlyAllowed  Category = "newly_allowed"   // would be released, and was refused
	NewlyAsked    Category = "newly_asked"     // would be asked for a proof, and was not, or for one that was not given
	NoLongerAsked Category = "no_longer_asked" // would be released without the proof that was asked for
	CapShorter    Category = "cap_shorter"     // would be cut sooner
	CapLonger     Category = "cap_longer"      // would be cut later or never
	RouteChanged  Category = "route_changed"   // would be dialled otherwise
	DetailChanged Category = "detail_changed"  // another rule, prompt, cause, ring limit, warning, notice or sanction
)

// The categories of what rules in mode shadow would do, were they in force. A call is counted in one at most, beside what
// becomes of its decision.
const (
	ShadowRefused Category = "shadow_refused" // would newly be refused
	ShadowAsked   Category = "shadow_asked"   // would newly be asked for a proof
	ShadowAllowed Category = "shadow_allowed" // no rule allows it, and one in shadow newly would
	ShadowChanged Category = "shadow_changed" // other members of rules in shadow, or none any more
)

// Categories lists all, the gravest first, those of rules in shadow at the end.
func Categories() []Category {
	return []Category{
		NewlyRefused, NewlyAllowed, NewlyAsked, NoLongerAsked, CapShorter, CapLonger, RouteChanged, DetailChanged,
		ShadowRefused, ShadowAsked, ShadowAllowed, ShadowChanged,
	}
}

// IsShadow reports whether the category is about rules in mode shadow.
func (c Category) IsShadow() bool { return strings.HasPrefix(string(c), "shadow_") }

// compare finds the category; it is empty where nothing changes.
func compare(before, after *Outcome) Category {
	switch {
	case before.Action != after.Action:
		return otherAction(before, after)
	case after.Asked && !before.Asked:
		return NewlyAsked
	case before.Asked && !after.Asked && after.Action == call.Allow:
		return NoLongerAsked
	case after.Action == call.Deny:
	case shorter(after.MaxSeconds, before.MaxSeconds):
		return CapShorter
	case shorter(before.MaxSeconds, after.MaxSeconds):
		return CapLonger
	case before.To != after.To, before.Inside != after.Inside, before.Trunk != after.Trunk:
		return RouteChanged
	}
	if !sameDetails(before, after) {
		return DetailChanged
	}
	return ""
}

func otherAction(before, after *Outcome) Category {
	switch {
	case after.Action == call.Deny:
		return NewlyRefused
	case after.Action == call.Challenge:
		return NewlyAsked
	case before.Action == call.Challenge && !after.Asked:
		return NoLongerAsked
	}
	return NewlyAllowed
}

// shorter reports whether cap a cuts sooner than b; 0 is no cap.
func shorter(a, b int) bool { return a > 0 && (b == 0 || a < b) }

// affected returns the seconds that were talked and that the change is about, of how many were talked: those beyond a
// shorter cap, else all.
func affected(c Category, after *Outcome, talked int) int {
	if c == CapShorter {
		return max(0, talked-after.MaxSeconds)
	}
	return talked
}

// ruleOf names the rule that a change is due to, and the one that settled the matter before. A recorded decision does
// not say which rule its cap was of.
func ruleOf(c Category, before, after *Outcome) (rule, was string) {
	b, a := &before.decision, &after.decision
	switch c {
	case CapShorter, CapLonger:
		return cmp.Or(a.CapRule, b.CapRule, after.Rule), b.CapRule
	case RouteChanged:
		return cmp.Or(a.Route.Rule, b.Route.Rule, after.Rule), b.Route.Rule
	}
	return after.Rule, before.Rule
}
