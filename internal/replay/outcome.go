package replay

import (
	"slices"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Outcome is what one side, before or after, answers about a call.
type Outcome struct {
	Action call.Action `json:"action"` // challenge: asked for a proof that the caller has not given
	Rule   string      `json:"rule"`
	Reason string      `json:"reason"`
	// Asked tells that the caller is asked for a proof, whether he has given it (then Action is allow or deny) or not.
	Asked      bool       `json:"asked"`
	MaxSeconds int        `json:"max_seconds"` // 0: no limit
	Class      call.Class `json:"class"`
	To         string     `json:"to"`     // what is dialled; empty if refused
	Inside     bool       `json:"inside"` // To is an extension
	Trunk      string     `json:"trunk"`  // empty: the usual one
	// Shadow is what rules in mode shadow would have done; never nil.
	Shadow []call.Shadowed `json:"shadow"`

	decision call.Decision
}

// outcomeOf reads a decision about a call with these facts.
func outcomeOf(f *call.Facts, d call.Decision, asked bool) Outcome {
	o := Outcome{
		Action: d.Action, Rule: d.Rule, Reason: d.Reason(), Asked: asked || d.Action == call.Challenge,
		Class: f.Callee.Class, Shadow: d.Shadow, decision: d,
	}
	if o.Shadow == nil {
		o.Shadow = []call.Shadowed{}
	}
	if d.Action == call.Deny {
		return o
	}
	o.MaxSeconds, o.Trunk = d.MaxSeconds, d.Route.Trunk
	switch {
	case d.Route.Redirect != "":
		o.To, o.Inside = d.Route.Redirect, true
	case d.Route.Dial != "":
		o.To = d.Route.Dial
	default:
		o.To, o.Inside = f.Callee.Digits, f.Callee.Class == call.Internal
	}
	return o
}

// recorded is what the ledger says was answered. A refusal at the prompt (wrong PINs, a shutdown) is a challenge: that
// is what the policy answered, and the requirements that were not met tell it. The second value says why it is unknown.
func (r *reader) recorded(f *call.Facts, answer []byte) (Outcome, string) {
	d, err := r.answers.read(answer)
	if err != nil || d.Action == "" {
		return Outcome{}, "the recorded decision cannot be read"
	}
	switch {
	case len(d.Requires) > 0:
		d.Action = call.Challenge
		if d.Rule == call.RuleUnavailable {
			d.Rule = d.Requires[0].Rule
		}
	case d.Rule == call.RuleUnavailable:
		return Outcome{}, "the daemon could not complete the decision"
	}
	return outcomeOf(f, d, f.Credentials != call.Credentials{}), ""
}

// sameDetails reports whether two outcomes with the same action, cap and route are the same to everybody: the caller, the
// log, and those who are told.
func sameDetails(before, after *Outcome) bool {
	b, a := &before.decision, &after.decision
	same := before.Rule == after.Rule && slices.Equal(b.Notify, a.Notify) && slices.Equal(b.Sanctions, a.Sanctions)
	switch before.Action {
	case call.Deny:
		return same && b.Prompt == a.Prompt && b.Cause == a.Cause
	case call.Challenge:
		same = same && slices.EqualFunc(b.Requires, a.Requires, func(x, y call.Requirement) bool {
			return x.Rule == y.Rule && slices.Equal(x.AnyOf, y.AnyOf) && slices.Equal(x.Approvers, y.Approvers)
		})
	}
	return same && b.RingSeconds == a.RingSeconds && b.WarnSeconds == a.WarnSeconds
}
