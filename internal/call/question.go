package call

import "slices"

// Prompts of the conversation; package speech knows how they sound. Those that a refusal ends with stand in the dialplan.
const (
	PromptAskPIN          = "ask_pin"
	PromptAskToken        = "ask_token"
	PromptAskPINOrToken   = "ask_pin_or_token" //nolint:gosec // a name, not a token
	PromptAskMatter       = "ask_matter"
	PromptHashForApproval = "hash_for_approval"
	PromptZeroForOperator = "zero_for_operator"
	PromptWrong           = "wrong"
	PromptMatterWrong     = "matter_wrong"
	PromptApprovalWait    = "approval_wait"
	PromptMusic           = "music"
	PromptApprovalGranted = "approval_granted"
	PromptApprovalRefused = "approval_refused"
	PromptApprovalNobody  = "approval_nobody"
	PromptApprovalAway    = "approval_away"
	PromptPINRefused      = "pin_refused" // that was wrong too often
	PromptPINLocked       = "pin_locked"  // too many wrong ones came from this phone, or from all
	PromptMatterRefused   = "matter_refused"
	PromptCannotAsk       = "cannot_ask"      // what the policy wants cannot be given on a handset
	PromptUnavailable     = "unavailable"     // nothing can be decided now
	PromptInvalid         = "invalid"         // that is no number
	PromptRefused         = "refused"         // this call is not allowed
	PromptAllowanceSpent  = "allowance_spent" // the allowance does not pay for the call
)

// question is what a caller is asked for: any one of the proofs.
type question struct {
	rule      string           // that wants it
	digits    []CredentialKind // PIN, Token, or both; or Matter alone
	approval  bool             // somebody may approve
	approvers []string
}

// asks reports whether the question is for a kind of digits.
func (q question) asks(k CredentialKind) bool { return slices.Contains(q.digits, k) }

// prompts speak the question.
func (q question) prompts(operator bool) []string {
	var out []string
	switch {
	case q.asks(Matter):
		out = append(out, PromptAskMatter)
	case q.asks(PIN) && q.asks(Token):
		out = append(out, PromptAskPINOrToken)
	case q.asks(Token):
		out = append(out, PromptAskToken)
	default:
		out = append(out, PromptAskPIN)
	}
	if q.approval {
		out = append(out, PromptHashForApproval)
	}
	if operator {
		out = append(out, PromptZeroForOperator)
	}
	return out
}

// means is which proofs can be given at this moment.
type means struct {
	locked    bool     // digits are not taken from this phone now
	approval  bool     // somebody can be asked
	approvers []string // where a requirement names none
}

// firstQuestion returns what to ask for first, of what the policy requires: a proof of who calls, one for as many of the
// requirements as one can meet, and the matter last. Where nothing can be asked, it returns the prompt that says so.
func firstQuestion(requires []Requirement, m means) (question, string) {
	var first question
	for _, r := range requires {
		q, refusal := r.question(m)
		switch {
		case refusal != "":
			return q, refusal
		case first.rule == "":
			first = q
		case first.asks(Matter) && !q.asks(Matter):
			first = q
		default:
			first = first.both(q)
		}
	}
	if first.rule == "" {
		return first, PromptCannotAsk
	}
	return first, ""
}

// question returns what meets a requirement on a handset, or the prompt that says why nothing does.
func (r Requirement) question(m means) (question, string) {
	q := question{rule: r.Rule, approvers: r.Approvers}
	if len(q.approvers) == 0 {
		q.approvers = m.approvers
	}
	wants := func(k CredentialKind) bool { return slices.Contains(r.AnyOf, k) }
	for _, k := range []CredentialKind{PIN, Token} {
		if wants(k) && !m.locked {
			q.digits = append(q.digits, k)
		}
	}
	q.approval = wants(Approval) && m.approval && len(q.approvers) > 0
	switch {
	case len(q.digits) > 0 || q.approval:
		return q, ""
	case wants(Matter):
		q.digits = []CredentialKind{Matter}
		return q, ""
	case wants(PIN) || wants(Token):
		return q, PromptPINLocked
	case wants(Approval) && m.approval:
		return q, PromptApprovalNobody
	case wants(Approval):
		return q, PromptApprovalAway
	}
	return q, PromptCannotAsk
}

// both narrows a question to the proofs that meet another one, too; where there are none, it stays as it is.
func (q question) both(other question) question {
	common := q
	common.digits = nil
	for _, k := range q.digits {
		if other.asks(k) {
			common.digits = append(common.digits, k)
		}
	}
	common.approval = q.approval && other.approval
	if len(common.digits) == 0 && !common.approval {
		return q
	}
	return common
}
