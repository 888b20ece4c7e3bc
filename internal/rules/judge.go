package rules

import (
	"context"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Judge asks the policy about a call. It never fails: an answer that is undefined, of the wrong type, contradictory,
// too late or an error is a refusal with rule policy_error, whose reason says what went wrong. It comes back at the
// deadline even if the evaluation does not, and may be called by many goroutines at once.
//
// The decision depends on the facts and the revision of the policy only. An emergency call is allowed whatever the
// policy says; the caller need not ask.
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
		return d
	}
	if err := checkFacts(f); err != nil {
		return p.book.policyError(err)
	}
	input := inputOf(f)
	var found []member
	if p.enforced != nil {
		var err error
		if found, err = evaluate(ctx, p.enforced, input, p.deadline); err != nil {
			return p.book.policyError(err)
		}
	}
	d := p.book.combine(found, f)
	if p.shadowed != nil {
		d.Shadow = p.shadowOf(ctx, input)
	}
	return d
}

// shadowOf asks the rules in mode shadow. Whatever goes wrong with them is recorded and changes nothing.
func (p *Policy) shadowOf(ctx context.Context, input *ast.Term) []call.Shadowed {
	found, err := evaluate(ctx, p.shadowed, input, p.deadline)
	if err != nil {
		return []call.Shadowed{{Rule: call.RulePolicyError, Reason: err.Error()}}
	}
	return p.book.shadowed(found)
}
