package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Explanation tells why the policy answers as it does about a call. It is computed again from the facts; judging keeps
// nothing for it. No list in it is nil.
type Explanation struct {
	// Action and Rule are the policy's answer, computed anew.
	Action call.Action `json:"action"`
	Rule   string      `json:"rule"`
	// Notes are sentences about the whole: that the policy was not asked, or that the explanation is not complete.
	Notes []string `json:"notes"`
	// Fired are the rule bodies that added members, those that are applied before those in shadow.
	Fired []Body `json:"fired"`
	// Silent are the bodies of allow that did not fire; they are told only where nothing allows the call.
	Silent []Body `json:"silent"`
	// Changes are what would have changed the answer, each by itself.
	Changes []Change `json:"changes"`
	// Hopeless tells that nothing that was tried would have let the call out.
	Hopeless bool `json:"hopeless"`

	language string
}

// Body is one body of a rule that fired or did not.
type Body struct {
	Rule  string `json:"rule"`
	Head  string `json:"head"`           // allow, deny, require, limit, route, notify, sanction
	Mode  string `json:"mode"`           // enforce or shadow
	Title string `json:"title"`          // of its METADATA, or else of data/rules.yaml
	File  string `json:"file"`           // rules/local.rego
	Line  int    `json:"line"`           // where the body begins
	Says  string `json:"says,omitempty"` // what the rule has to say to people
	// Members are what the body added to the set, as Rego gave it.
	Members []json.RawMessage `json:"members,omitempty"`
	// Met are the proofs that were given of those that a require asks for.
	Met []call.CredentialKind `json:"met,omitempty"`
	// Conditions are all conditions of a body that fired; of one that did not, the first that does not hold.
	Conditions []Condition `json:"conditions"`

	members []member
	reached int // of a body that did not fire: how many conditions hold before
}

// Condition is one expression of a body, as it is written there.
type Condition struct {
	Expression string `json:"expression"` // empty: the member itself
	Line       int    `json:"line"`
	Holds      bool   `json:"holds"`
	Facts      []Fact `json:"facts"` // what it looked at, and what was not told before
}

// Fact is something that a condition looked at: a place in input or data, or a variable of the rule.
type Fact struct {
	Name  string          `json:"name"` // input.callee.class, data.long_distance.pin_level.national
	Value json.RawMessage `json:"value,omitempty"`
	// Missing tells that there is nothing under the name. There are the keys that stand in its place.
	Missing bool     `json:"missing,omitempty"`
	There   []string `json:"there,omitempty"`
	File    string   `json:"file,omitempty"` // where an admin finds it, if it is data
	Line    int      `json:"line,omitempty"`
}

// explainTime is how long an explanation may take, and half of it the part that tells which bodies fired. What is not
// found by then is left out, and a note says so.
const explainTime = 2 * time.Second

// Explain tells why the policy answers as it does. It takes milliseconds, and two seconds at most (or the deadline of
// the policy, if that is longer), besides compiling the policy for it once. It may be called by many goroutines at once.
// The facts are those that Judge got: as recorded, not computed anew.
func (p *Policy) Explain(ctx context.Context, f call.Facts) Explanation {
	i, broken := p.inspect()
	limit := max(explainTime, p.deadline)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	e := Explanation{
		Notes: []string{}, Fired: []Body{}, Silent: []Body{}, Changes: []Change{}, language: p.book.language,
	}
	if f.Callee.Class != call.Emergency && !call.IsDialString(f.Attempt.Dialled) {
		e.Action, e.Rule = call.Deny, call.RuleInvalidNumber
		e.note("The digits are no number that could be dialled, so the policy was not asked.",
			"所拨字符串不是可拨打的号码，未询问策略。")
		return e
	}
	d := p.judge(ctx, &f)
	e.Action, e.Rule = d.Action, d.Rule
	switch {
	case d.Rule == call.RuleEmergency && f.Callee.Class == call.Emergency:
		e.note("An emergency call is let out before the policy is asked; rules can only name who is told of it.",
			"紧急电话在询问策略之前即放行；规则只能指定通知何人。")
	case d.Rule == call.RulePolicyError:
		for _, r := range d.Reasons {
			e.Notes = append(e.Notes, r.Text)
		}
	}
	if broken != nil { // it was compiled before
		e.Notes = append(e.Notes, broken.Error())
		return e
	}
	p.bodies(ctx, i, &f, &e, limit/2)
	if f.Callee.Class != call.Emergency && d.Rule != call.RulePolicyError {
		p.changes(ctx, &f, d, &e)
	}
	return e
}

// note adds a sentence in the language of the site.
func (e *Explanation) note(en, zh string) { e.Notes = append(e.Notes, e.words(en, zh)) }

// Recorded compares the explanation with the decision that was recorded, which can say more than the policy: that the
// caller gave no PIN, or that the call could not be written down.
func (e *Explanation) Recorded(action call.Action, rule, reason string) {
	if e.Action == action && e.Rule == rule {
		return
	}
	e.Notes = append(e.Notes, fmt.Sprintf(e.words(
		"The policy's answer is %s by rule %s; the decision that was recorded is %s by rule %s: %s",
		"策略的结果为 %s（规则 %s）；记录的决定为 %s（规则 %s）：%s"), e.Action, e.Rule, action, rule, reason))
}

func (e *Explanation) words(en, zh string) string { return texts{En: en, Zh: zh}.in(e.language) }

// bodies finds the bodies that fired, and the silent ones where they matter. OPA is left behind at the end of the time
// even in the middle of a built-in function.
func (p *Policy) bodies(ctx context.Context, i *inspector, f *call.Facts, e *Explanation, limit time.Duration) {
	type found struct {
		fired, silent []Body
		err           error
	}
	ctx, over := context.WithTimeout(ctx, limit)
	defer over()
	cancel := topdown.NewCancel()
	done := make(chan found, 1)
	go func() {
		var x found
		defer func() {
			if r := recover(); r != nil {
				x.err = fmt.Errorf("the evaluation broke down: %v", r)
			}
			done <- x
		}()
		x.fired, x.silent, x.err = i.bodies(ctx, p.book, f, cancel)
	}()
	select {
	case x := <-done:
		e.Fired = append(e.Fired, x.fired...)
		if e.Rule == call.RuleNoAllow {
			e.Silent = append(e.Silent, x.silent...)
		}
		switch {
		case x.err == nil || e.Rule == call.RulePolicyError: // then it is said already
			return
		case !errors.Is(x.err, context.DeadlineExceeded) && !topdown.IsCancel(x.err):
			e.Notes = append(e.Notes, e.words("The explanation is not complete: ", "解释不完整：")+x.err.Error())
			return
		}
	case <-ctx.Done():
	}
	cancel.Cancel()
	e.note("The explanation is not complete: it would have taken too long.", "解释不完整：耗时过长。")
}
