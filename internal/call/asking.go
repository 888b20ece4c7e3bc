package call

import "time"

// Dialogue says how long and how often a caller is asked for digits.
type Dialogue struct {
	MaxTries int           // wrong or missing entries until the caller is refused
	MaxKeys  int           // longest entry; more keys make it wrong
	Prompt   time.Duration // no prompt lasts longer; the word that it has ended may be lost with a connection
	FirstKey time.Duration // from the end of the prompt to the first key
	NextKey  time.Duration // between two keys; then what was typed counts as entered
	Total    time.Duration // the whole conversation
}

// DefaultDialogue is what a caller gets who is not in a hurry.
func DefaultDialogue() Dialogue {
	return Dialogue{
		MaxTries: 3, MaxKeys: 12, Prompt: 15 * time.Second, FirstKey: 10 * time.Second, NextKey: 5 * time.Second, Total: 60 * time.Second,
	}
}

// canAsk reports whether every requirement can be met by typing.
func canAsk(requires []Requirement) bool {
	for _, r := range requires {
		if !r.accepts(PIN) {
			return false
		}
	}
	return len(requires) > 0
}

func (r Requirement) accepts(k CredentialKind) bool {
	for _, kind := range r.AnyOf {
		if kind == k {
			return true
		}
	}
	return false
}

func (m *Machine) answered(e Event) []Command {
	switch e.(type) {
	case Answered:
		m.talking = true
		return append([]Command{StartTimer{TimerTotal, m.dialogue.Total}}, m.ask(PromptPIN)...)
	case LineFailed:
		return m.settle(m.unavailable("the caller's line could not be answered"))
	}
	return nil
}

// ask speaks a prompt and waits for keys; keys that were typed before it count.
func (m *Machine) ask(prompt string) []Command {
	m.state = asking
	if m.keys > 0 {
		return []Command{StartTimer{TimerKey, m.dialogue.NextKey}}
	}
	m.seq++
	m.playing = true
	return []Command{StartTimer{TimerKey, m.dialogue.Prompt + m.dialogue.FirstKey}, Play{Prompt: prompt, Seq: m.seq}}
}

// clear forgets what was typed.
func (m *Machine) clear() { m.entered, m.keys = Secret{}, 0 }

// digit takes a key. Keys count from the moment the line is answered, also while a prompt is spoken.
func (m *Machine) digit(key byte) []Command {
	if m.state != answering && m.state != asking {
		return nil
	}
	var out []Command
	switch {
	case key == '#' && m.state == asking && m.keys > 0:
		return m.submit()
	case key == '*' && m.state == asking:
		out = m.silence()
		m.clear()
		return append(append(out, StopTimer{TimerKey}), m.ask(PromptPIN)...)
	case key < '0' || key > '9':
		return nil
	}
	m.keys++
	if m.keys <= m.dialogue.MaxKeys {
		m.entered = m.entered.With(key)
	}
	if m.state == answering {
		return nil
	}
	return append(m.silence(), StartTimer{TimerKey, m.dialogue.NextKey})
}

func (m *Machine) silence() []Command {
	if !m.playing {
		return nil
	}
	m.playing = false
	return []Command{Silence{Seq: m.seq}}
}

func (m *Machine) promptEnded(seq int) []Command {
	if m.state != asking || !m.playing || seq != m.seq {
		return nil
	}
	m.playing = false
	return []Command{StartTimer{TimerKey, m.dialogue.FirstKey}}
}

func (m *Machine) expired(t Timer) []Command {
	switch {
	case t == TimerTotal && m.state == verifying:
		m.overtime = true
	case t == TimerTotal && m.state == asking:
		return m.settle(m.refused("no valid PIN was entered in time", PromptPINRefused))
	case t == TimerKey && m.state == asking && m.keys > 0:
		return m.submit()
	case t == TimerKey && m.state == asking:
		return append(m.silence(), m.failedTry("no PIN was entered")...)
	}
	return nil
}

// submit has what was typed looked up.
func (m *Machine) submit() []Command {
	out := append(m.silence(), StopTimer{TimerKey})
	if m.keys > m.dialogue.MaxKeys {
		return append(out, m.failedTry("a wrong PIN was entered")...)
	}
	secret := m.entered
	m.clear()
	m.state = verifying
	return append(out, Verify{Kind: PIN, Secret: secret})
}

func (m *Machine) verified(v Verified) []Command {
	switch {
	case m.gone:
		return m.settle(m.noted("the caller hung up at the prompt"))
	case v.Err != nil:
		return m.settle(m.unavailable("the PIN could not be looked up"))
	case m.stopping:
		return m.settle(m.unavailable("the daemon is shutting down"))
	case !v.Credential.Valid:
		return m.failedTry("a wrong PIN was entered")
	}
	m.proved.PIN = v.Credential
	return m.askPolicy()
}

// failedTry asks once more, or refuses when it was the last try.
func (m *Machine) failedTry(why string) []Command {
	m.clear()
	m.tries++
	switch {
	case m.tries >= m.dialogue.MaxTries:
		return m.settle(m.refused(why+" too often", PromptPINRefused))
	case m.overtime:
		return m.settle(m.refused("no valid PIN was entered in time", PromptPINRefused))
	}
	return m.ask(PromptPINAgain)
}
