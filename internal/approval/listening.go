package approval

import (
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// ask speaks the request and waits for a key.
func (m *Machine) ask() []Command {
	m.state = listening
	return m.say(PromptRequest, m.dialogue.FirstKey)
}

// say speaks a prompt; keys count from its first word. Behind it there is so much time.
func (m *Machine) say(p Prompt, more time.Duration) []Command {
	out := m.silence()
	m.seq++
	m.playing = true
	return append(out, StartTimer{TimerStep, m.dialogue.Prompt + more}, Play{Prompt: p, Seq: m.seq})
}

func (m *Machine) silence() []Command {
	if !m.playing {
		return nil
	}
	m.playing = false
	return []Command{Silence{Seq: m.seq}}
}

func (m *Machine) promptEnded(seq int) []Command {
	if !m.playing || seq != m.seq {
		return nil
	}
	m.playing = false
	switch m.state {
	case listening, typing:
		return []Command{StartTimer{TimerStep, m.dialogue.FirstKey}}
	case parting:
		return append([]Command{HangUp{}}, m.finish()...)
	}
	return nil
}

func (m *Machine) digit(key byte) []Command {
	switch {
	case m.state == listening:
		return m.choose(key)
	case m.state == typing && key == '*' && m.keys == 0:
		return m.ask()
	case m.state == typing && key == '*':
		m.clear()
		return m.say(PromptPIN, m.dialogue.FirstKey)
	case m.state == typing && key == '#' && m.keys > 0:
		return m.submit()
	case m.state == typing && key >= '0' && key <= '9':
		m.keys++
		if m.keys <= m.dialogue.MaxKeys {
			m.entered = m.entered.With(key)
		}
		return append(m.silence(), StartTimer{TimerStep, m.dialogue.NextKey})
	}
	return nil
}

// choose takes a key of the request: 1 allows, 2 refuses, 3 and * have it spoken again.
func (m *Machine) choose(key byte) []Command {
	switch {
	case key == '1' && m.request.PIN:
		m.state = typing
		return m.say(PromptPIN, m.dialogue.FirstKey)
	case key == '1':
		return m.answer(call.Approved, call.Credential{})
	case key == '2': // a refusal needs no PIN: it opens nothing
		return m.answer(call.ApprovalRefused, call.Credential{})
	case key == '3', key == '*':
		return m.ask()
	case key >= 'A' && key <= 'D': // no person presses these
		return nil
	}
	return m.again()
}

// again speaks the request to somebody who has pressed nothing, or something else, until he has heard it often enough.
func (m *Machine) again() []Command {
	m.times++
	if m.times >= m.dialogue.Times {
		return m.drop()
	}
	return m.ask()
}

// clear forgets what was typed.
func (m *Machine) clear() { m.entered, m.keys = call.Secret{}, 0 }

// submit has what was typed looked up.
func (m *Machine) submit() []Command {
	out := append(m.silence(), StopTimer{TimerStep})
	if m.keys > m.dialogue.MaxKeys {
		return append(out, m.failedTry()...)
	}
	secret := m.entered
	m.clear()
	m.state = verifying
	return append(out, Verify{Secret: secret})
}

// verified takes a PIN that is good for this request. That of the caller is not, on whosever phone it was typed.
func (m *Machine) verified(v Verified) []Command {
	switch c := v.Credential; {
	case m.state != verifying:
		return nil
	case v.Err == nil && c.Valid && c.Level >= m.request.Level && !m.isCaller(c.Holder):
		return m.answer(call.Approved, c)
	case !m.phone:
		return append([]Command{StopTimer{TimerPhone}}, m.next()...)
	case v.Err != nil:
		return m.drop()
	}
	return m.failedTry()
}

// failedTry asks for the PIN once more, or goes on to the next approver when it was the last try.
func (m *Machine) failedTry() []Command {
	m.clear()
	m.tries++
	if m.tries >= m.dialogue.Tries {
		return m.drop()
	}
	m.state = typing
	return m.say(PromptPINAgain, m.dialogue.FirstKey)
}
