package replay

import (
	"slices"

	"github.com/dialwarden/dialwarden/internal/call"
)

// compareShadow finds what rules in mode shadow would do to the call that those of before would not have done, and was
// not done either, and which rule; empty where there is nothing.
func compareShadow(before, after *Outcome) (Category, string) {
	if len(before.Shadow)+len(after.Shadow) == 0 { // as nearly always
		return "", ""
	}
	was, _ := wouldBe(before)
	is, rule := wouldBe(after)
	switch {
	case is != was && (done(is, before) || done(was, after)): // another mode, not another outcome
		return "", ""
	case is != was && is != "":
		return is, rule
	}
	old, now := effects(before), effects(after)
	for _, s := range slices.Concat(after.Shadow, before.Shadow) {
		if e := (effect{s.Rule, s.Head}); old[e] != now[e] {
			return ShadowChanged, s.Rule
		}
	}
	return "", ""
}

// wouldBe says what the rules in shadow would make of a call, and which of them; empty where they would not change
// whether it is released. Whether a proof that was given would do for them is not known, so they are not said to ask a
// caller who was asked anyway.
func wouldBe(o *Outcome) (Category, string) {
	by := func(heads ...string) string {
		at := slices.IndexFunc(o.Shadow, func(s call.Shadowed) bool { return slices.Contains(heads, s.Head) })
		if at < 0 {
			return ""
		}
		return o.Shadow[at].Rule
	}
	refuses := by("deny", "") // no head: rules that fail refuse every call
	switch {
	case o.Action == call.Deny && o.Rule == call.RuleNoAllow && by("allow") != "" && refuses == "":
		return ShadowAllowed, by("allow")
	case o.Action == call.Deny:
		return "", ""
	case refuses != "":
		return ShadowRefused, refuses
	case by("require") != "" && !o.Asked:
		return ShadowAsked, by("require")
	}
	return "", ""
}

// done reports whether the call fares in truth as rules in shadow would have it.
func done(would Category, o *Outcome) bool {
	switch would {
	case ShadowRefused:
		return o.Action == call.Deny
	case ShadowAsked:
		return o.Asked || o.Action == call.Deny
	case ShadowAllowed:
		return o.Action != call.Deny
	}
	return false
}

// effect is what a rule in shadow does, without its words.
type effect struct{ rule, head string }

// effects are those that would make a difference to the call: to a refused one, only who is told and what it costs.
func effects(o *Outcome) map[effect]bool {
	found := map[effect]bool{}
	for _, s := range o.Shadow {
		if s.Head == "notify" || s.Head == "sanction" || s.Head != "allow" && o.Action != call.Deny {
			found[effect{s.Rule, s.Head}] = true
		}
	}
	return found
}
