package approval

import (
	"slices"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Dialogue says how long and how often an approver is asked.
type Dialogue struct {
	Ring     time.Duration // a phone rings so long, where the request does not say
	Times    int           // the request is spoken so often to somebody who presses no key, or a wrong one
	Tries    int           // wrong or missing PINs
	MaxKeys  int           // longest PIN; more keys make it wrong
	Prompt   time.Duration // no prompt lasts longer; the word that it has ended may be lost with a connection
	FirstKey time.Duration // from the end of a prompt to the first key
	NextKey  time.Duration // between two digits of a PIN; then what was typed counts as entered
	Phone    time.Duration // the whole conversation on one phone
	Wait     time.Duration // for approvers who are engaged with other calls
}

// DefaultDialogue gives people time to listen, and does not keep a caller waiting for somebody's voice mail.
func DefaultDialogue() Dialogue {
	return Dialogue{
		Ring: 20 * time.Second, Times: 3, Tries: 3, MaxKeys: 12, Prompt: 40 * time.Second, FirstKey: 10 * time.Second,
		NextKey: 5 * time.Second, Phone: 2 * time.Minute, Wait: time.Minute,
	}
}

// state is where a search stands: what the machine waits for.
type state int

const (
	starting  state = iota // for Begun
	ringing                // for the phone to be answered
	listening              // for 1, 2 or 3
	typing                 // for the keys of a PIN
	verifying              // for Verified
	settling               // for Settled
	queued                 // for an approver to be free
	parting                // for the end of the last prompt
	finished
)

// Machine is one search for an approval. It does nothing itself: Step takes what happened and returns what has to be done.
// A machine is owned by one goroutine.
type Machine struct {
	dialogue Dialogue
	request  call.ApprovalRequest
	holder   func(extension string) call.Caller

	state   state
	waiting []string // approvers not yet asked
	engaged []string // approvers that were engaged when it was their turn
	turned  bool     // the engaged ones were tried again, and nothing has changed since
	patient bool     // the time to wait for them is running
	over    bool     // and has run out

	at      string // whose phone it is
	phone   bool   // it rings, or he is on it
	seq     int    // of the last prompt
	playing bool
	times   int // how often he has heard the request without a good key
	tries   int
	entered call.Secret
	keys    int
	outcome call.ApprovalOutcome
}

// NewMachine returns the machine of a request; holder looks up whose phone an extension is.
func NewMachine(d Dialogue, r call.ApprovalRequest, holder func(extension string) call.Caller) *Machine {
	m := &Machine{dialogue: d, request: r, holder: holder}
	if r.Ring > 0 {
		m.dialogue.Ring = r.Ring
	}
	for _, extension := range r.Approvers {
		if !slices.Contains(m.waiting, extension) && extension != r.Caller.Extension && !m.isCaller(holder(extension).Holder) {
			m.waiting = append(m.waiting, extension)
		}
	}
	return m
}

// isCaller reports whether a holder is the one who wants to call.
func (m *Machine) isCaller(holder string) bool { return sameName(holder, m.request.Caller.Holder) }

// sameName compares names as people write them; nobody has an empty one.
func sameName(a, b string) bool {
	a, b = strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " ")
	return a != "" && strings.EqualFold(a, b)
}

// Finished reports whether nothing more is to be expected.
func (m *Machine) Finished() bool { return m.state == finished }

// Step takes one event and returns the commands that follow from it, in order. An event that means nothing in the
// present state returns none.
func (m *Machine) Step(e Event) []Command {
	switch e := e.(type) {
	case GivenUp:
		return m.overtaken(PromptGone)
	case Outside:
		m.outcome = e.Outcome
		return m.overtaken(m.farewell())
	case Stopping:
		return m.stop()
	case call.PhoneEnded:
		return m.phoneEnded()
	case call.Digit:
		return m.digit(e.Key)
	case call.PromptEnded:
		return m.promptEnded(e.Seq)
	case Expired:
		return m.expired(e.Timer)
	case Verified:
		return m.verified(e)
	}
	return m.proceed(e)
}

// proceed takes the events that one state waits for.
func (m *Machine) proceed(e Event) []Command {
	switch e := e.(type) {
	case Begun:
		if m.state == starting {
			return m.next()
		}
	case NotRung:
		if m.state == ringing {
			return m.notRung(e.Why)
		}
	case call.Answered:
		if m.state == ringing {
			return append([]Command{StartTimer{TimerPhone, m.dialogue.Phone}}, m.ask()...)
		}
	case Freed:
		if m.state == queued {
			m.turned = false
			return m.next()
		}
	case Settled:
		if m.state == settling {
			return m.part(m.farewell())
		}
	}
	return nil
}

// next rings the next approver. Those who were engaged come last; while all that are left are engaged, it waits.
func (m *Machine) next() []Command {
	m.phone, m.playing, m.times, m.tries = false, false, 0, 0
	m.clear()
	if len(m.waiting) == 0 && !m.turned && !m.over {
		m.waiting, m.engaged, m.turned = m.engaged, nil, true
	}
	switch {
	case len(m.waiting) > 0:
		m.at, m.waiting = m.waiting[0], m.waiting[1:]
		m.state, m.phone = ringing, true
		return []Command{StartTimer{TimerStep, m.dialogue.Ring}, Ring{m.at}}
	case len(m.engaged) == 0, m.over:
		return m.settle(call.ApprovalAnswer{Outcome: call.ApprovalNobody})
	}
	m.state = queued
	if m.patient {
		return []Command{StopTimer{TimerStep}}
	}
	m.patient = true
	return []Command{StopTimer{TimerStep}, StartTimer{TimerWait, m.dialogue.Wait}}
}

func (m *Machine) notRung(why Hindrance) []Command {
	m.phone = false
	switch why {
	case Away:
		return m.settle(call.ApprovalAnswer{Outcome: call.ApprovalUnavailable})
	case Engaged:
		m.engaged = append(m.engaged, m.at)
	default:
		m.turned = false
	}
	return m.next()
}

// drop leaves an approver who does not answer, and goes on to the next.
func (m *Machine) drop() []Command {
	m.turned = false
	return append(append(m.silence(), StopTimer{TimerPhone}, HangUp{}), m.next()...)
}

// phoneEnded goes on to the next when somebody refuses the call, or hangs up without an answer.
func (m *Machine) phoneEnded() []Command {
	m.playing = false
	switch m.state {
	case ringing, listening, typing:
		m.turned = false
		return append([]Command{StopTimer{TimerPhone}}, m.next()...)
	case verifying, settling:
		m.phone = false // what he has pressed counts
	case parting:
		return m.finish()
	}
	return nil
}

// settle answers the request; nothing is said to the approver before it is known that nobody was faster.
func (m *Machine) settle(a call.ApprovalAnswer) []Command {
	out := append(m.silence(), StopTimer{TimerStep}, StopTimer{TimerPhone}, StopTimer{TimerWait})
	m.clear()
	m.state, m.outcome = settling, a.Outcome
	return append(out, Settle{Answer: a})
}

// answer is what the approver on the phone says; by is whose PIN he entered, or whose phone it is.
func (m *Machine) answer(outcome call.ApprovalOutcome, by call.Credential) []Command {
	if !by.Valid {
		c := m.holder(m.at)
		by = call.Credential{Valid: true, Holder: c.Holder, Department: c.Department}
	}
	return m.settle(call.ApprovalAnswer{Outcome: outcome, Approver: by, Extension: m.at, Via: call.ViaHandset})
}

func (m *Machine) farewell() Prompt {
	if m.outcome == call.Approved {
		return PromptAllowed
	}
	return PromptRefused
}

// overtaken ends the search because somebody else has answered, or the caller has given up.
func (m *Machine) overtaken(farewell Prompt) []Command {
	switch m.state {
	case ringing:
		return append([]Command{HangUp{}}, m.finish()...)
	case starting, queued:
		return m.finish()
	case listening, typing, verifying, settling:
		out := append(m.silence(), StopTimer{TimerPhone})
		m.clear()
		return append(out, m.part(farewell)...)
	}
	return nil
}

// part says the last word on the phone.
func (m *Machine) part(farewell Prompt) []Command {
	if !m.phone {
		return m.finish()
	}
	m.state = parting
	return m.say(farewell, 0)
}

func (m *Machine) finish() []Command {
	m.state, m.phone = finished, false
	return []Command{Finish{}}
}

func (m *Machine) stop() []Command {
	if m.state == finished {
		return nil
	}
	var out []Command
	if m.state != parting {
		out = append(out, Settle{call.ApprovalAnswer{Outcome: call.ApprovalUnavailable}})
	}
	if m.phone {
		out = append(out, HangUp{})
	}
	return append(out, m.finish()...)
}

func (m *Machine) expired(t Timer) []Command {
	switch {
	case t == TimerWait:
		m.over = true
		if m.state == queued {
			return m.next()
		}
	case t == TimerPhone && (m.state == listening || m.state == typing):
		return m.drop()
	case t == TimerPhone:
	case m.state == ringing:
		return m.drop()
	case m.state == listening:
		return m.again()
	case m.state == typing && m.keys > 0:
		return m.submit()
	case m.state == typing:
		return m.failedTry()
	case m.state == parting:
		return append([]Command{HangUp{}}, m.finish()...)
	}
	return nil
}
