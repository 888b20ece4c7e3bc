package call

// Prompts of the conversation; the adapters know how they sound.
const (
	PromptPIN         = "pin"         // enter your PIN
	PromptPINAgain    = "pin_again"   // that was wrong, enter it again
	PromptPINRefused  = "pin_refused" // that was wrong too often
	PromptUnavailable = "unavailable" // nothing can be decided now
	PromptInvalid     = "invalid"     // that is no number
	PromptRefused     = "refused"     // this call is not allowed
)

// state is where a call stands: what the machine waits for.
type state int

const (
	waiting    state = iota // for Arrived
	judging                 // for Judged
	announcing              // for Recorded of Announce
	answering               // for Answered
	asking                  // for keys
	verifying               // for Verified
	recording               // for Recorded of WriteDown
	releasing               // for HandedOver of LetGo
	refusing                // for HandedOver of TurnAway
	finished
)

// Machine is the conversation with one caller, from dialling to release or refusal. It does nothing itself: Step takes
// what happened and returns what has to be done. It decides, records and acts, in that order: LetGo and TurnAway come
// only after WriteDown was answered, and nothing is asked of a caller before Announce was.
//
// A machine is owned by one goroutine.
type Machine struct {
	dialogue Dialogue
	state    state
	decision Decision // the policy's last answer, then the final decision
	proved   Credentials
	entered  Secret
	keys     int
	tries    int
	playing  bool
	seq      int   // of the last prompt
	id       int64 // of the durable decision
	talking  bool  // the line is answered, the timers run
	overtime bool  // the whole time ran out while a PIN was looked up
	gone     bool
	stopping bool
}

// NewMachine returns the machine of a call that has not arrived yet.
func NewMachine(d Dialogue) *Machine { return &Machine{dialogue: d} }

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
			return m.judged(e.Decision)
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
	return []Command{AskPolicy{Credentials: m.proved}}
}

// judged goes on with the policy's answer: settle it, or ask the caller for what it wants.
func (m *Machine) judged(d Decision) []Command {
	m.decision = d
	switch {
	case d.Action == Challenge && m.gone:
		return m.settle(m.noted("the caller hung up before he was asked"))
	case d.Action == Challenge && m.stopping:
		return m.settle(m.unavailable("the daemon is shutting down"))
	case d.Action == Challenge && !canAsk(d.Requires):
		return m.settle(m.refused("the policy wants a proof that cannot be given on the handset", PromptRefused))
	case d.Action == Challenge:
		m.state = announcing
		return []Command{Announce{Decision: d}}
	case m.gone && d.Action == Allow:
		return m.settle(m.noted("the caller hung up before he was let go"))
	case d.Action == Allow, d.Action == Deny:
		return m.settle(d)
	}
	m.decision.Rule = RulePolicyError
	return m.settle(m.refused("the policy answered neither allow nor deny nor challenge", PromptUnavailable))
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

// settle writes the final decision down; what follows waits for it to be durable.
func (m *Machine) settle(d Decision) []Command {
	var out []Command
	if m.talking {
		out = append(m.silence(), StopTimer{TimerKey}, StopTimer{TimerTotal})
	}
	m.clear()
	m.state = recording
	m.decision = d
	return append(out, WriteDown{Decision: d})
}

// recorded acts on the durable decision. A decision that could not be written releases nobody but an emergency call.
func (m *Machine) recorded(r Recorded) []Command {
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
	switch m.state {
	case answering, asking:
		m.playing = false
		return m.settle(m.noted("the caller hung up at the prompt"))
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
	case answering, asking:
		return m.settle(m.unavailable("the daemon is shutting down"))
	}
	return nil
}

// noted returns the present decision with one more reason.
func (m *Machine) noted(text string) Decision {
	d := m.decision
	d.Reasons = append(d.Reasons[:len(d.Reasons):len(d.Reasons)], Reason{Rule: d.Rule, Text: text})
	return d
}

// refused turns the present decision into a denial by the rule that asked.
func (m *Machine) refused(text, prompt string) Decision {
	d := m.noted(text)
	d.Action, d.Prompt, d.Cause = Deny, prompt, CauseCallRejected
	return d
}

// unavailable turns the present decision into a denial that is nobody's fault but ours.
func (m *Machine) unavailable(text string) Decision {
	d := m.decision
	d.Rule = RuleUnavailable
	d.Reasons = append(d.Reasons[:len(d.Reasons):len(d.Reasons)], Reason{Rule: RuleUnavailable, Text: text})
	d.Action, d.Prompt, d.Cause = Deny, PromptUnavailable, CauseTemporaryFailure
	return d
}
