package call

import "errors"

// Prompts of errands.
const (
	PromptChangeOld     = "change_old"
	PromptChangeNew     = "change_new"
	PromptChangeAgain   = "change_again"
	PromptChangeDiffers = "change_differs" // the two entries are not the same
	PromptChangeTrivial = "change_trivial" // these digits are no good
	PromptChangeDone    = "change_done"
	PromptChangeRefused = "change_refused"
	PromptGrantClosed   = "grant_closed"
	PromptGrantNone     = "grant_none"
)

// Purpose is what a service code is for.
type Purpose string

// The purposes.
const (
	ForChangePIN  Purpose = "change_pin"
	ForCloseGrant Purpose = "close_grant"
)

// Errand is the conversation with somebody who dialled a service code: he changes his PIN, or closes the phone that his
// PIN has opened. Like Machine it does nothing itself; it never lets a call out.
type Errand struct {
	keypad
	purpose  Purpose
	state    errandState
	decision Decision
	proved   Proved
	chosen   Secret // the new PIN, once
	tries    int
	id       int64
	talking  bool
	gone     bool
}

type errandState int

const (
	errandWaiting   errandState = iota // for Arrived
	errandJudging                      // for Judged: the facts are put together
	errandAnswering                    // for Answered
	errandOld                          // for the keys of the old PIN
	errandVerifying                    // for Verified
	errandNew                          // for the keys of the new PIN
	errandAgain                        // for the same keys once more
	errandChanging                     // for Changed
	errandRecording                    // for Recorded
	errandTelling                      // for HandedOver
	errandFinished
)

// NewErrand returns the machine of a service call that has not arrived yet.
func NewErrand(p Purpose, d Dialogue) *Errand {
	return &Errand{purpose: p, keypad: keypad{dialogue: d}}
}

// Finished reports whether nothing more is to be expected.
func (m *Errand) Finished() bool { return m.state == errandFinished }

// Step takes one event and returns the commands that follow from it, in order.
func (m *Errand) Step(e Event) []Command {
	switch e := e.(type) {
	case HungUp:
		return m.hungUp()
	case Stopping:
		return m.stop()
	case Digit:
		return m.digit(e.Key)
	case PromptEnded:
		if m.ended(e.Seq) && m.listening() {
			return []Command{StartTimer{TimerKey, m.dialogue.FirstKey}}
		}
		return nil
	case Expired:
		return m.expired(e.Timer)
	}
	switch m.state {
	case errandWaiting:
		if _, ok := e.(Arrived); ok {
			m.state = errandJudging
			return []Command{AskPolicy{}}
		}
	case errandJudging:
		if e, ok := e.(Judged); ok {
			return m.begin(e)
		}
	case errandAnswering:
		return m.answered(e)
	case errandVerifying:
		if e, ok := e.(Verified); ok {
			return m.verified(e)
		}
	case errandChanging:
		if e, ok := e.(Changed); ok {
			return m.changed(e.Err)
		}
	case errandRecording:
		if e, ok := e.(Recorded); ok {
			return m.recorded(e)
		}
	case errandTelling:
		return m.told(e)
	}
	return nil
}

// begin does what was dialled. The policy's answer is of no account: only its revision is kept. A phone that no digits are
// taken from is not even answered.
func (m *Errand) begin(j Judged) []Command {
	m.decision = Decision{
		Action: Deny, Rule: RuleServiceCode, Requires: []Requirement{}, Shadow: []Shadowed{}, Notify: []Notice{},
		Sanctions: []Penalty{}, PolicyRevision: j.Decision.PolicyRevision, Elapsed: j.Decision.Elapsed,
	}
	if m.gone {
		return m.settle(Deny, "the caller hung up", "", CauseNormalClearing)
	}
	if m.purpose == ForCloseGrant {
		m.state = errandChanging
		return []Command{CloseGrant{}}
	}
	if j.Locked {
		return m.locked()
	}
	m.state = errandAnswering
	return []Command{Answer{}}
}

func (m *Errand) answered(e Event) []Command {
	switch e.(type) {
	case Answered:
		m.talking = true
		return append([]Command{StartTimer{TimerTotal, m.dialogue.Total}}, m.askFor(errandOld, PromptChangeOld)...)
	case LineFailed:
		return m.settle(Deny, "the caller's line could not be answered", PromptUnavailable, CauseTemporaryFailure)
	}
	return nil
}

// locked turns away somebody whose phone is locked.
func (m *Errand) locked() []Command {
	return m.settle(Deny, whyNot[PromptPINLocked], PromptPINLocked, CauseCallRejected)
}

// askFor asks for the digits of a state.
func (m *Errand) askFor(s errandState, prompts ...string) []Command {
	m.state = s
	out := m.ask(prompts...)
	return append(out, m.replay(m.listening, m.digit)...)
}

// listening reports whether keys are waited for.
func (m *Errand) listening() bool {
	return m.state == errandOld || m.state == errandNew || m.state == errandAgain
}

func (m *Errand) digit(key byte) []Command {
	switch {
	case m.state == errandAnswering, m.state == errandVerifying, m.state == errandChanging:
		m.early(key)
		return nil
	case !m.listening() || key == '#' && m.keys == 0:
		return nil
	}
	out, what := m.key(key)
	return append(out, m.entered(what)...)
}

func (m *Errand) expired(t Timer) []Command {
	switch {
	case !m.listening():
		return nil
	case t == TimerTotal:
		return m.settle(Deny, "the PIN was not changed in time", PromptChangeRefused, CauseCallRejected)
	}
	out, what := m.late()
	return append(out, m.entered(what)...)
}

// entered goes on with what came of a key.
func (m *Errand) entered(what entry) []Command {
	switch {
	case what == unfinished:
		return nil
	case what == restart:
		return m.askFor(m.state, m.prompt())
	case what == silent:
		return m.failed(m.state, "nothing was entered", m.prompt())
	case m.state == errandOld && what == tooLong:
		return m.failed(errandOld, "a wrong PIN was entered", PromptWrong, PromptChangeOld)
	case m.state == errandOld:
		m.state = errandVerifying
		return []Command{Verify{Kinds: []CredentialKind{PIN}, Digits: m.take()}}
	case what == tooLong:
		return m.failed(errandNew, "a PIN was chosen that is no good", PromptChangeTrivial, PromptChangeNew)
	case m.state == errandNew:
		m.chosen = m.take()
		return m.askFor(errandAgain, PromptChangeAgain)
	}
	if m.take() != m.chosen {
		return m.failed(errandNew, "the two entries of the new PIN differ", PromptChangeDiffers, PromptChangeNew)
	}
	m.state = errandChanging
	return []Command{ChangePIN{ID: m.proved.Credentials.PIN.ID, Digits: m.chosen}}
}

// prompt asks for what is waited for.
func (m *Errand) prompt() string {
	return map[errandState]string{
		errandOld: PromptChangeOld, errandNew: PromptChangeNew, errandAgain: PromptChangeAgain,
	}[m.state]
}

// failed asks again, or gives up when it was the last try.
func (m *Errand) failed(next errandState, why string, prompts ...string) []Command {
	m.clear()
	if next == errandNew {
		m.chosen = Secret{}
	}
	m.tries++
	if m.tries >= m.dialogue.MaxTries {
		return m.settle(Deny, "too many tries: "+why, PromptChangeRefused, CauseCallRejected)
	}
	return m.askFor(next, prompts...)
}

func (m *Errand) verified(v Verified) []Command {
	switch {
	case m.gone:
		return m.settle(Deny, "the caller hung up", "", CauseNormalClearing)
	case v.Err != nil:
		return m.settle(Deny, "the PIN could not be looked up", PromptUnavailable, CauseTemporaryFailure)
	case v.Locked:
		return m.locked()
	case v.Verdict.Fault != "" || !v.Verdict.Credential.Valid:
		return m.failed(errandOld, "a wrong PIN was entered", PromptWrong, PromptChangeOld)
	}
	m.proved.Credentials.PIN = v.Verdict.Credential
	return m.askFor(errandNew, PromptChangeNew)
}

func (m *Errand) changed(err error) []Command {
	switch {
	case m.purpose == ForCloseGrant && errors.Is(err, ErrNothingOpen):
		return m.settle(Allow, "the phone was not open", PromptGrantNone, CauseNormalClearing)
	case m.purpose == ForCloseGrant && err == nil:
		return m.settle(Allow, "the phone was closed", PromptGrantClosed, CauseNormalClearing)
	case errors.Is(err, ErrPINUnfit) && !m.gone:
		return m.failed(errandNew, "a PIN was chosen that is no good", PromptChangeTrivial, PromptChangeNew)
	case err != nil:
		return m.settle(Deny, "the PIN could not be changed", PromptUnavailable, CauseTemporaryFailure)
	}
	return m.settle(Allow, "the PIN was changed", PromptChangeDone, CauseNormalClearing)
}

// settle writes down what came of it; the prompt tells the caller.
func (m *Errand) settle(a Action, text, prompt string, cause int) []Command {
	var out []Command
	if m.talking {
		out = append(m.silence(), StopTimer{TimerKey}, StopTimer{TimerTotal})
	}
	m.clear()
	m.chosen = Secret{}
	m.state = errandRecording
	m.decision = m.decision.noted(RuleServiceCode, text)
	m.decision.Action, m.decision.Prompt, m.decision.Cause = a, prompt, cause
	return append(out, WriteDown{Decision: m.decision, Proved: m.proved})
}

// recorded tells the caller what came of it, also where it could not be written down: a PIN that is changed is changed.
func (m *Errand) recorded(r Recorded) []Command {
	m.id = r.ID
	if m.gone {
		m.state = errandFinished
		return []Command{Finish{}}
	}
	m.state = errandTelling
	return []Command{TurnAway{ID: m.id, Decision: m.decision}}
}

func (m *Errand) told(e Event) []Command {
	switch e.(type) {
	case HandedOver:
		m.state = errandFinished
		return []Command{Finish{}}
	case LineFailed:
		m.state = errandFinished
		return []Command{Drop{}, Finish{}}
	}
	return nil
}

func (m *Errand) hungUp() []Command {
	if m.gone {
		return nil
	}
	m.gone = true
	m.playing = false
	switch {
	case m.state == errandAnswering || m.listening():
		return m.settle(Deny, "the caller hung up", "", CauseNormalClearing)
	case m.state == errandWaiting || m.state == errandTelling:
		m.state = errandFinished
		return []Command{Finish{}}
	}
	return nil
}

func (m *Errand) stop() []Command {
	if m.state == errandAnswering || m.listening() {
		return m.settle(Deny, "the daemon is shutting down", PromptUnavailable, CauseTemporaryFailure)
	}
	return nil
}
