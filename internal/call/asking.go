package call

import (
	"fmt"
	"time"
)

func (m *Machine) answered(e Event) []Command {
	switch e.(type) {
	case Answered:
		m.talking = true
		return append([]Command{StartTimer{TimerTotal, m.dialogue.Total}}, m.begin()...)
	case LineFailed:
		return m.settle(m.unavailable("the caller's line could not be answered"))
	}
	return nil
}

// begin asks the question: the caller, if he can type something, else those who may approve.
func (m *Machine) begin(before ...string) []Command {
	if len(m.question.digits) == 0 {
		return m.seek()
	}
	m.state = asking
	out := m.ask(append(before, m.question.prompts(m.operator != "")...)...)
	return append(out, m.replay(func() bool { return m.state == asking }, m.digit)...)
}

// askAgain asks for what is still required after a good proof. A proof of the same kinds that did not help counts as a
// wrong one; nobody is asked twice to approve one call.
func (m *Machine) askAgain(q question) []Command {
	before := m.question
	m.question = q
	same := q.rule == before.rule && q.asks(Matter) == before.asks(Matter)
	switch {
	case m.overtime:
		return m.settle(m.refused("no valid "+q.wanted()+" was entered in time", q.refusal()))
	case m.proved.Credentials.Approval.Valid && len(q.digits) == 0:
		return m.settle(m.refused("the approval did not meet the policy", PromptRefused))
	case same:
		return m.failedTry("a proof was entered that did not meet the policy")
	}
	m.tries = 0
	return m.begin()
}

// digit takes a key, from the moment the line is answered.
func (m *Machine) digit(key byte) []Command {
	switch {
	case m.state == answering, m.state == verifying, m.state == judging && m.talking:
		m.early(key)
		return nil
	case m.state == seeking && key == '*' && len(m.question.digits) > 0: // he has thought of a PIN
		out := append([]Command{CancelApproval{}, StartTimer{TimerTotal, m.dialogue.Total}}, m.silence()...)
		return append(out, m.begin()...)
	case m.state != asking || key == '#' && m.keys == 0 && !m.question.approval:
		return nil
	}
	out, what := m.key(key)
	return append(out, m.entered(what)...)
}

func (m *Machine) promptEnded(seq int) []Command {
	if !m.ended(seq) {
		return nil
	}
	switch m.state {
	case asking:
		return []Command{StartTimer{TimerKey, m.dialogue.FirstKey}}
	case seeking:
		return []Command{StartTimer{TimerKey, musicPause}}
	case telling:
		return append([]Command{StopTimer{TimerKey}}, m.askPolicy()...)
	}
	return nil
}

func (m *Machine) expired(t Timer) []Command {
	switch {
	case t == TimerTotal && (m.state == verifying || m.state == judging || m.state == telling):
		m.overtime = true
	case t == TimerTotal && m.state == asking:
		return m.settle(m.refused("no valid "+m.question.wanted()+" was entered in time", m.question.refusal()))
	case t == TimerTotal && m.state == seeking:
		return m.settle(m.refused("nobody answered the question for approval in time", PromptApprovalNobody))
	case t == TimerKey && m.state == asking:
		out, what := m.late()
		return append(out, m.entered(what)...)
	case t == TimerKey && m.state == seeking:
		return append(m.silence(), m.entertain(PromptMusic)...)
	case t == TimerKey && m.state == telling: // the word that the prompt has ended was lost
		return append(m.silence(), m.askPolicy()...)
	}
	return nil
}

// entered goes on with what came of a key.
func (m *Machine) entered(what entry) []Command {
	switch what {
	case submitted:
		return m.verify()
	case tooLong:
		return m.failedTry("a wrong " + m.question.wanted() + " was entered")
	case silent:
		return m.failedTry("no " + m.question.wanted() + " was entered")
	case bare:
		return m.seek()
	case restart:
		return m.begin()
	}
	return nil
}

// verify has what was typed looked up. A lone 0 is nobody's PIN.
func (m *Machine) verify() []Command {
	digits := m.take()
	if m.operator != "" && digits.Reveal() == "0" {
		d := m.noted("the caller pressed 0 for the operator").unlimited()
		d.Action, d.Rule, d.Route = Allow, RuleOperator, Route{Rule: RuleOperator, Redirect: m.operator}
		d.Reasons[len(d.Reasons)-1].Rule = RuleOperator
		return m.settle(d)
	}
	m.state = verifying
	return []Command{Verify{Kinds: m.question.digits, Digits: digits}}
}

func (m *Machine) verified(v Verified) []Command {
	switch {
	case m.gone:
		return m.settle(m.noted("the caller hung up at the prompt"))
	case v.Err != nil:
		return m.settle(m.unavailable("the " + m.question.wanted() + " could not be looked up"))
	case m.stopping:
		return m.settle(m.unavailable("the daemon is shutting down"))
	case v.Locked:
		return m.settle(m.refused(whyNot[PromptPINLocked], PromptPINLocked))
	case v.Verdict.Fault != "" || !v.Verdict.Credential.Valid:
		return m.failedTry(m.question.fault(v.Verdict))
	}
	m.proved.Credentials.Set(v.Verdict.Kind, v.Verdict.Credential)
	switch v.Verdict.Kind {
	case PIN:
		m.proved.Granted, m.proved.Reach = false, v.Verdict.Reach
	case Token:
		m.cap = v.Verdict.MaxSeconds
	}
	return m.askPolicy()
}

// failedTry asks once more, or refuses when it was the last try.
func (m *Machine) failedTry(why string) []Command {
	m.clear()
	m.tries++
	switch {
	case m.tries >= m.dialogue.MaxTries:
		return m.settle(m.refused("too many tries: "+why, m.question.refusal()))
	case m.overtime:
		return m.settle(m.refused("no valid "+m.question.wanted()+" was entered in time", m.question.refusal()))
	case m.question.asks(Matter):
		return m.begin(PromptMatterWrong)
	}
	return m.begin(PromptWrong)
}

// wanted names what the question is for.
func (q question) wanted() string {
	switch {
	case q.asks(Matter):
		return "matter code"
	case q.asks(PIN) && q.asks(Token):
		return "PIN or token"
	case q.asks(Token):
		return "token"
	}
	return "PIN"
}

// refusal is the prompt for who cannot answer the question.
func (q question) refusal() string {
	if q.asks(Matter) {
		return PromptMatterRefused
	}
	return PromptPINRefused
}

// fault says what was wrong with digits.
func (q question) fault(v Verdict) string {
	what := map[CredentialKind]string{PIN: "PIN", Token: "token"}[v.Kind]
	says := map[Fault]string{
		FaultDisabled: "that is not in force any more", FaultEarly: "that is not in force yet", FaultExpired: "that has expired",
		FaultClass: "that is not for this class of numbers", FaultNumber: "that is for another number",
		FaultExtension: "that is for another phone", FaultSpent: "that has no use left",
	}[v.Fault]
	if what == "" || says == "" {
		return "a wrong " + q.wanted() + " was entered"
	}
	return fmt.Sprintf("a %s was entered %s", what, says)
}

// While somebody is asked.
const (
	musicPause   = time.Second // before the music begins again: also where it ends at once, because its file is missing
	longestMusic = time.Minute // the word that it has ended may be lost
)

// entertain plays something to a caller who waits.
func (m *Machine) entertain(prompt string) []Command {
	return append([]Command{StartTimer{TimerKey, longestMusic}}, m.speak(prompt)...)
}

// seek has somebody asked to approve the call, and lets the caller wait.
func (m *Machine) seek() []Command {
	m.state, m.overtime = seeking, false
	m.clear()
	out := append([]Command{StartTimer{TimerTotal, m.dialogue.Approval}}, m.entertain(PromptApprovalWait)...)
	return append(out, SeekApproval{
		Rule: m.question.rule, Reason: m.reasonOf(m.question.rule), Approvers: m.question.approvers,
	})
}

// reasonOf is what the policy said about a rule.
func (m *Machine) reasonOf(rule string) string {
	for _, r := range m.decision.Reasons {
		if r.Rule == rule {
			return r.Text
		}
	}
	return ""
}

// approvalAnswered goes on with what an approver said.
func (m *Machine) approvalAnswered(a ApprovalAnswer) []Command {
	m.proved.Approver = a.Name()
	m.state = telling // nothing is left to cancel
	switch a.Outcome {
	case Approved:
		m.proved.Credentials.Approval = a.Approver
		out := append(m.silence(), StartTimer{TimerTotal, m.dialogue.Total}, StartTimer{TimerKey, m.dialogue.Prompt})
		return append(out, m.speak(PromptApprovalGranted)...)
	case ApprovalRefused:
		return m.settle(m.refused(a.Name()+" did not approve the call", PromptApprovalRefused))
	case ApprovalNobody:
		return m.settle(m.refused("nobody who may approve could be reached", PromptApprovalNobody))
	}
	return m.settle(m.refused(whyNot[PromptApprovalAway], PromptApprovalAway))
}
