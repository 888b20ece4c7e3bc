package rules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// combine makes one decision of what the rules in force want:
// any deny wins; without an allow the call is refused; a require that is not met makes a challenge; limits take the
// smallest; two different routes are no answer at all. It depends on nothing but its arguments.
func (b *book) combine(found []member, f *call.Facts) call.Decision {
	if err := b.check(found, enforce); err != nil {
		return b.policyError(err)
	}
	b.sort(found)
	by := map[string][]member{}
	for _, m := range found {
		by[m.head] = append(by[m.head], m)
	}
	d := emptyDecision()
	route, err := b.route(by["route"])
	if err != nil {
		return b.policyError(err)
	}
	b.settle(&d, by, f)
	for _, m := range by["notify"] {
		d.Notify = append(d.Notify, call.Notice{Rule: m.rule, To: m.to, Text: b.text(m.rule, m.reason)})
	}
	for _, m := range by["sanction"] {
		m.penalty.Rule, m.penalty.Text = m.rule, b.text(m.rule, m.reason)
		d.Sanctions = append(d.Sanctions, m.penalty)
	}
	if d.Action != call.Deny {
		d.Route = route
		b.reason(&d, by["limit"]...)
		b.reason(&d, by["route"]...)
		limit(&d, by["limit"])
	}
	return d
}

// settle finds the action, the rule that settles it, and why.
func (b *book) settle(d *call.Decision, by map[string][]member, f *call.Facts) {
	met, unmet := sortOut(by["require"], f.Credentials)
	switch {
	case len(by["deny"]) > 0:
		m := by["deny"][0]
		d.Action, d.Rule = call.Deny, m.rule
		d.Prompt, d.Cause = b.refusal(m.rule, call.PromptRefused, call.CauseCallRejected)
		d.Prompt, d.Cause = cmp.Or(m.prompt, d.Prompt), cmp.Or(m.cause, d.Cause)
		b.reason(d, by["deny"]...)
	case len(by["allow"]) == 0:
		d.Action, d.Rule = call.Deny, call.RuleNoAllow
		d.Prompt, d.Cause = b.refusal(d.Rule, call.PromptRefused, call.CauseCallRejected)
		d.Reasons = append(d.Reasons, call.Reason{Rule: d.Rule, Text: b.text(d.Rule, "")})
		if !f.Caller.Known {
			d.Reasons = append(d.Reasons, call.Reason{Rule: d.Rule, Text: b.text(d.Rule, unlistedPhone)})
		}
	case len(unmet) > 0:
		d.Action, d.Rule, d.Prompt = call.Challenge, unmet[0].rule, unmet[0].prompt
		for _, m := range unmet {
			d.Requires = append(d.Requires, call.Requirement{Rule: m.rule, AnyOf: m.anyOf, Approvers: m.approvers})
		}
		b.reason(d, unmet...)
	case len(met) > 0:
		d.Action, d.Rule = call.Allow, met[0].rule
		b.reason(d, met...)
		b.reason(d, by["allow"]...)
	default:
		d.Action, d.Rule = call.Allow, by["allow"][0].rule
		b.reason(d, by["allow"]...)
	}
}

// sortOut separates the requirements that are met from those that are not.
func sortOut(requires []member, have call.Credentials) (met, unmet []member) {
	for _, m := range requires {
		if slices.ContainsFunc(m.anyOf, have.Has) {
			met = append(met, m)
		} else {
			unmet = append(unmet, m)
		}
	}
	return met, unmet
}

// limit takes the smallest of each limit; zero is none. A warning that would come before the call began is none.
func limit(d *call.Decision, limits []member) {
	least := func(have, want int) int {
		if have == 0 || want > 0 && want < have {
			return want
		}
		return have
	}
	for _, m := range limits {
		if have := d.MaxSeconds; least(have, m.maxSeconds) != have {
			d.MaxSeconds, d.CapRule = m.maxSeconds, m.rule
		}
		d.WarnSeconds = least(d.WarnSeconds, m.warn)
		d.RingSeconds = least(d.RingSeconds, m.ring)
	}
	if d.WarnSeconds >= d.MaxSeconds {
		d.WarnSeconds = 0
	}
}

// route is the one route that all rules agree on.
func (b *book) route(routes []member) (call.Route, error) {
	var have call.Route
	for i, m := range routes {
		if i == 0 {
			have = m.route
			have.Rule = m.rule
			continue
		}
		want := m.route
		want.Rule = have.Rule
		switch {
		case want == have:
		case m.rule == have.Rule:
			return call.Route{}, fmt.Errorf("rule %s routes the call in two ways (%s)", m.rule, b.everywhere(m.rule, "route"))
		default:
			return call.Route{}, fmt.Errorf("rules %s and %s route the call differently (%s, %s)",
				have.Rule, m.rule, b.where(have.Rule, "route"), b.where(m.rule, "route"))
		}
	}
	return have, nil
}

// check refuses members that cannot be used, and members of a rule that has no such head in this mode.
func (b *book) check(found []member, want mode) error {
	var errs []error
	for _, m := range found {
		r := b.rules[m.rule]
		switch {
		case m.fault != nil && m.rule == "":
			errs = append(errs, fmt.Errorf("a member of %s (%s) cannot be used: %w", m.head, b.writers(m.head), m.fault))
		case m.fault != nil:
			errs = append(errs, fmt.Errorf("the %s of rule %s (%s) cannot be used: %w", m.head, m.rule, b.where(m.rule, m.head), m.fault))
		case r == nil || len(r.heads[m.head]) == 0 || r.mode() != want:
			errs = append(errs, fmt.Errorf("a member of %s (%s) names rule %q, which has none", m.head, b.writers(m.head), m.rule))
		}
	}
	slices.SortFunc(errs, func(x, y error) int { return cmp.Compare(x.Error(), y.Error()) })
	if len(errs) > maxFaults {
		errs = append(errs[:maxFaults], errors.New("and more"))
	}
	return errors.Join(errs...)
}

// maxFaults is how many faults of members one decision tells.
const maxFaults = 5

// writers lists where members of a head come from.
func (b *book) writers(head string) string {
	var places []string
	for id := range b.rules {
		if at := b.where(id, head); at != "" {
			places = append(places, at)
		}
	}
	slices.Sort(places)
	return strings.Join(places, ", ")
}

// sort orders members by the rank of their rules; those of one rule keep their order, which is Rego's and always the same.
func (b *book) sort(found []member) {
	slices.SortStableFunc(found, func(x, y member) int {
		return cmp.Or(cmp.Compare(b.rank(x.rule), b.rank(y.rule)), cmp.Compare(x.rule, y.rule))
	})
}

// reason adds what the members' rules say, each text once.
func (b *book) reason(d *call.Decision, from ...member) {
	for _, m := range from {
		r := call.Reason{Rule: m.rule, Text: b.text(m.rule, m.reason)}
		if !slices.Contains(d.Reasons, r) {
			d.Reasons = append(d.Reasons, r)
		}
	}
}

// policyError is the refusal of a call about which the policy gave no usable answer.
func (b *book) policyError(why error) call.Decision {
	d := emptyDecision()
	d.Action, d.Rule = call.Deny, call.RulePolicyError
	d.Prompt, d.Cause = b.refusal(d.Rule, call.PromptUnavailable, call.CauseTemporaryFailure)
	text := b.text(d.Rule, "") + ": " + strings.ReplaceAll(why.Error(), "\n", "; ")
	d.Reasons = append(d.Reasons, call.Reason{Rule: d.Rule, Text: text})
	return d
}

// shadowed records what rules in mode shadow would have done.
func (b *book) shadowed(found []member) []call.Shadowed {
	out := []call.Shadowed{}
	b.sort(found)
	for _, m := range found {
		s := call.Shadowed{Rule: m.rule, Head: m.head, Reason: b.text(m.rule, m.reason)}
		if err := b.check([]member{m}, shadow); err != nil {
			s = call.Shadowed{Rule: cmp.Or(m.rule, call.RulePolicyError), Head: m.head, Reason: err.Error()}
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// emptyDecision has no nil list, so that its JSON form always has the same shape.
func emptyDecision() call.Decision {
	return call.Decision{
		Reasons: []call.Reason{}, Requires: []call.Requirement{}, Shadow: []call.Shadowed{},
		Notify: []call.Notice{}, Sanctions: []call.Penalty{},
	}
}
