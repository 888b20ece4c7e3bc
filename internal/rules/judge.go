package rules

import (
	"context"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Judge asks the policy about a call. It never fails: an answer that is undefined, of the wrong type, contradictory,
// too late or an error is a refusal with rule policy_error, whose reason says what went wrong. It comes back at the
// deadline even if the evaluation does not, and may be called by many goroutines at once.
//
// The decision depends on the facts and the revision of the policy only. An emergency call is allowed whatever the
// policy says; a rule can only add somebody who is to be told of it, and for that the call waits for
// the deadline at most.
func (p *Policy) Judge(ctx context.Context, f call.Facts) call.Decision {
	start := time.Now()
	d := p.judge(ctx, &f)
	d.PolicyRevision = p.revision
	d.Elapsed = time.Since(start)
	return d
}

func (p *Policy) judge(ctx context.Context, f *call.Facts) call.Decision {
	if f.Callee.Class == call.Emergency {
		d := emptyDecision()
		d.Action, d.Rule = call.Allow, call.RuleEmergency
		d.Reasons = append(d.Reasons, call.Reason{Rule: d.Rule, Text: p.book.text(d.Rule, "")})
		p.notify(ctx, f, &d)
		return d
	}
	if err := checkFacts(f); err != nil {
		return p.book.policyError(err)
	}
	found, err := p.enforced.find(ctx, f, p.words, p.deadline)
	if err != nil {
		return p.book.policyError(err)
	}
	d := p.book.combine(found, f)
	d.Shadow = p.shadowOf(ctx, f)
	return d
}

// notify adds whom an emergency call is to be told to. Whatever goes wrong is noted as a reason and changes nothing.
func (p *Policy) notify(ctx context.Context, f *call.Facts, d *call.Decision) {
	if p.notices == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, p.deadline) // by the clock, and in any case: the call waits
	defer cancel()
	found, err := p.notices.find(ctx, f, p.words, p.deadline)
	p.book.sort(found)
	for _, m := range found {
		if fault := p.book.check([]member{m}, enforce); fault != nil {
			err = fault
			continue
		}
		d.Notify = append(d.Notify, call.Notice{Rule: m.rule, To: m.to})
	}
	if err != nil {
		d.Reasons = append(d.Reasons, call.Reason{Rule: call.RulePolicyError, Text: "nobody could be told: " + err.Error()})
	}
}

// shadowOf asks the rules in mode shadow. Whatever goes wrong with them is recorded and changes nothing.
func (p *Policy) shadowOf(ctx context.Context, f *call.Facts) []call.Shadowed {
	found, err := p.shadowed.find(ctx, f, p.words, p.deadline)
	if err != nil {
		return []call.Shadowed{{Rule: call.RulePolicyError, Reason: err.Error()}}
	}
	if len(p.looked) > 0 { // what is in force is among it, for the rules that look at it
		found = slices.DeleteFunc(found, func(m member) bool {
			r := p.book.rules[m.rule]
			return p.looked[m.head] && r != nil && r.mode() == enforce
		})
	}
	return p.book.shadowed(found)
}
