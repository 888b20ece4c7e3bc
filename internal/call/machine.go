package call

import "errors"

// state is where a call stands: what the machine waits for.
type state int

const (
	waiting    state = iota // for Arrived
	judging                 // for Judged
	announcing              // for Recorded of Announce
	answering               // for Answered
	asking                  // for keys
	verifying               // for Verified
	seeking                 // for ApprovalAnswer
	telling                 // for PromptEnded of the word that the call is approved
	recording               // for Recorded of WriteDown
	releasing               // for HandedOver of LetGo
	refusing                // for HandedOver of TurnAway
	finished
)

// Settings are what a conversation begins with.
type Settings struct {
	Dialogue Dialogue
	Grant    Credential // the PIN that the phone is open by; not Valid: none
	Operator string     // the extension that a lone 0 reaches; empty: none
}

// Machine is the conversation with one caller, from dialling to release or refusal. It does nothing itself: Step takes
// what happened and returns what has to be done. It decides, records and acts, in that order: LetGo and TurnAway come
// only after WriteDown was answered, and nothing is asked of a caller before Announce was.
//
// A machine is owned by one goroutine.
type Machine struct {
	keypad
	operator string
	state    state
	decision Decision // the policy's last answer, then the final decision
	question question // what the caller is asked for
	proved   Proved
	cap      int // seconds that the token allows; 0: as the policy says
	tries    int
	outrun   int   // how often others were faster to take the rest of an allowance
	id       int64 // of the durable decision
	talking  bool  // the line is answered, the timers run
	overtime bool  // the whole time ran out while digits were looked up
	gone     bool
	stopping bool
}

// NewMachine returns the machine of a call that has not arrived yet.
func NewMachine(s Settings) *Machine {
	m := &Machine{keypad: keypad{dialogue: s.Dialogue}, operator: s.Operator}
	m.proved.Credentials.PIN, m.proved.Granted = s.Grant, s.Grant.Valid
	return m
}

// Finished reports whether nothing more is to be expected.
func (m *Machine) Finished() bool { return m.state == finished }

// Step takes one event and returns the commands that follow from it, in order. An event that means nothing in the
// present state returns none.
func (m *Machine) Step(e Event) []Command {
	switch e := e.(type) {
	case HungUp:
		return m.hungUp()
	case Stopping:
		return m.stop()
	case Digit:
		return m.digit(e.Key)
	case PromptEnded:
		return m.promptEnded(e.Seq)
	case Expired:
		return m.expired(e.Timer)
	}
	switch m.state {
	case waiting:
		if _, ok := e.(Arrived); ok {
			return m.askPolicy()
		}
	case judging:
		if e, ok := e.(Judged); ok {
			return m.judged(e)
		}
	case announcing:
		if e, ok := e.(Recorded); ok {
			return m.announced(e.Err)
		}
	case answering:
		return m.answered(e)
	case verifying:
		if e, ok := e.(Verified); ok {
			return m.verified(e)
		}
	case seeking:
		if e, ok := e.(ApprovalAnswer); ok {
			return m.approvalAnswered(e)
		}
	case recording:
		if e, ok := e.(Recorded); ok {
			return m.recorded(e)
		}
	case releasing, refusing:
		return m.handedOver(e)
	}
	return nil
}

func (m *Machine) askPolicy() []Command {
	m.state = judging
	return []Command{AskPolicy{Credentials: m.proved.Credentials}}
}

// judged goes on with the policy's answer: settle it, or ask the caller for what it wants.
func (m *Machine) judged(j Judged) []Command {
	m.decision = j.Decision
	switch j.Decision.Action {
	case Challenge:
		return m.challenged(means{locked: j.Locked, approval: j.CanApprove, approvers: j.Approvers})
	case Allow:
		if m.gone {
			return m.settle(m.noted("the caller hung up before he was let go"))
		}
		return m.settle(m.capped())
	case Deny:
		if m.proved.Granted { // with the PIN of an earlier call; another one may do
			m.proved.Granted, m.proved.Credentials.PIN = false, Credential{}
			return m.askPolicy()
		}
		return m.settle(m.decision)
	}
	m.decision.Rule = RulePolicyError
	return m.settle(m.refused("the policy answered neither allow nor deny nor challenge", PromptUnavailable))
}

// challenged asks the caller for what the policy requires, if it can be asked.
func (m *Machine) challenged(with means) []Command {
	q, refusal := firstQuestion(m.decision.Requires, with)
	switch {
	case m.gone:
		return m.settle(m.noted("the caller hung up before he was asked"))
	case m.stopping:
		return m.settle(m.unavailable("the daemon is shutting down"))
	case refusal != "":
		return m.settle(m.refused(whyNot[refusal], refusal))
	case m.talking:
		return m.askAgain(q)
	}
	m.question, m.state = q, announcing
	return []Command{Announce{Decision: m.decision, Proved: m.proved}}
}

// whyNot says why nothing is asked of a caller.
var whyNot = map[string]string{
	PromptPINLocked:      "too many wrong PINs or tokens were entered before; the phone is locked for them",
	PromptApprovalAway:   "nobody can be asked for approval: Asterisk's REST interface is away",
	PromptApprovalNobody: "nobody is named who may approve the call: see data/approvers.yaml",
	PromptCannotAsk:      "the policy wants a proof that cannot be given on the handset",
}

func (m *Machine) announced(err error) []Command {
	switch {
	case err != nil:
		return m.settle(m.unavailable("the ledger could not be written"))
	case m.gone:
		return m.settle(m.noted("the caller hung up before he was asked"))
	case m.stopping:
		return m.settle(m.unavailable("the daemon is shutting down"))
	}
	m.state = answering
	return []Command{Answer{}}
}

// capped is the present decision, with the token's cap where that is shorter.
func (m *Machine) capped() Decision {
	d := m.decision
	if m.cap > 0 && (d.MaxSeconds == 0 || m.cap < d.MaxSeconds) {
		d.MaxSeconds, d.CapRule = m.cap, RuleToken
	}
	return d
}

// settle writes the final decision down; what follows waits for it to be durable.
func (m *Machine) settle(d Decision) []Command {
	var out []Command
	if m.state == seeking {
		out = append(out, CancelApproval{})
	}
	if m.talking {
		out = append(append(out, m.silence()...), StopTimer{TimerKey}, StopTimer{TimerTotal})
	}
	m.clear()
	m.state = recording
	m.decision = d
	return append(out, WriteDown{Decision: d, Proved: m.proved})
}

// recorded acts on the durable decision. A decision that could not be written releases nobody but an emergency call.
func (m *Machine) recorded(r Recorded) []Command {
	if errors.Is(r.Err, ErrTokenSpent) && m.proved.Credentials.Token.Valid {
		m.proved.Credentials.Token = Credential{}
		return m.settle(m.refused("another call took the token's last use", PromptPINRefused))
	}
	if errors.Is(r.Err, ErrAllowanceSpent) {
		return m.outpaced()
	}
	m.id = r.ID
	allowed := m.decision.Action == Allow && (r.Err == nil || m.decision.Rule == RuleEmergency)
	switch {
	case m.gone:
		m.state = finished
		return []Command{Finish{}}
	case allowed:
		m.state = releasing
		return []Command{LetGo{ID: m.id, Decision: m.decision}}
	case r.Err != nil:
		m.decision = m.unavailable("the ledger could not be written")
	}
	m.state = refusing
	return []Command{TurnAway{ID: m.id, Decision: m.decision}}
}

// maxOutrun is how often the policy is asked again because others were faster.
const maxOutrun = 5

// outpaced asks the policy again, with what is left now, where other calls took the rest of an allowance meanwhile.
func (m *Machine) outpaced() []Command {
	if m.outrun++; m.outrun <= maxOutrun && !m.gone && !m.stopping {
		return m.askPolicy()
	}
	d := m.decision.noted(RuleAllowance, "other calls took what was left of the allowance").unlimited()
	d.Action, d.Rule, d.Route, d.Prompt, d.Cause = Deny, RuleAllowance, Route{}, PromptAllowanceSpent, CauseCallRejected
	return m.settle(d)
}

// handedOver ends the conversation; a release that failed becomes a refusal, a refusal that failed a hang-up.
func (m *Machine) handedOver(e Event) []Command {
	switch e.(type) {
	case HandedOver:
		m.state = finished
		return []Command{Finish{}}
	case LineFailed:
		if m.state == releasing {
			m.state = refusing
			return []Command{TurnAway{ID: m.id, Decision: m.unavailable("the call could not be released")}}
		}
		m.state = finished
		return []Command{Drop{}, Finish{}}
	}
	return nil
}

// hungUp ends the conversation as soon as what happened is written down; the record is never cancelled.
func (m *Machine) hungUp() []Command {
	if m.gone {
		return nil
	}
	m.gone = true
	m.playing = false // with the channel
	switch m.state {
	case answering, asking:
		return m.settle(m.noted("the caller hung up at the prompt"))
	case seeking:
		return m.settle(m.noted("the caller hung up while somebody was asked for approval"))
	case telling:
		return m.settle(m.noted("the caller hung up before he was let go"))
	case waiting, releasing, refusing:
		m.state = finished
		return []Command{Finish{}}
	}
	return nil
}

func (m *Machine) stop() []Command {
	if m.stopping {
		return nil
	}
	m.stopping = true
	switch m.state {
	case answering, asking, seeking:
		return m.settle(m.unavailable("the daemon is shutting down"))
	}
	return nil
}

// noted returns the present decision with one more reason.
func (m *Machine) noted(text string) Decision { return m.decision.noted(m.decision.Rule, text) }

// refused turns the present decision into a denial by the rule that asked.
func (m *Machine) refused(text, prompt string) Decision {
	d := m.noted(text).unlimited()
	d.Action, d.Prompt, d.Cause = Deny, prompt, CauseCallRejected
	return d
}

// unavailable turns the present decision into a denial that is nobody's fault but ours.
func (m *Machine) unavailable(text string) Decision {
	d := m.decision.noted(RuleUnavailable, text).unlimited()
	d.Action, d.Rule, d.Prompt, d.Cause = Deny, RuleUnavailable, PromptUnavailable, CauseTemporaryFailure
	return d
}
