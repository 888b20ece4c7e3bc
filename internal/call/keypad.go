package call

import "time"

// Dialogue says how long and how often a caller is asked for digits.
type Dialogue struct {
	MaxTries int           // wrong or missing entries until the caller is refused
	MaxKeys  int           // longest entry; more keys make it wrong
	Prompt   time.Duration // no prompt lasts longer; the word that it has ended may be lost with a connection
	FirstKey time.Duration // from the end of the prompt to the first key
	NextKey  time.Duration // between two keys; then what was typed counts as entered
	Total    time.Duration // all questions together
	Approval time.Duration // until somebody approves
}

// DefaultDialogue is what a caller gets who is not in a hurry.
func DefaultDialogue() Dialogue {
	return Dialogue{
		MaxTries: 3, MaxKeys: 12, Prompt: 15 * time.Second, FirstKey: 10 * time.Second, NextKey: 5 * time.Second,
		Total: 60 * time.Second, Approval: 150 * time.Second,
	}
}

// entry is what came of a key or of waiting for one.
type entry int

const (
	unfinished entry = iota
	submitted        // the digits are in typed
	tooLong          // more keys than any code has
	bare             // # and nothing else
	silent           // nothing was typed in time
	restart          // * : from the beginning
)

// mostAhead is how many keys are kept for questions to come.
const mostAhead = 64

// keypad speaks a question and takes the keys of its answer. Keys count from the moment the line is answered, also while
// a prompt is spoken, and while what was typed before is looked up.
type keypad struct {
	dialogue Dialogue
	typed    Secret
	keys     int
	ahead    Secret // keys that were typed before their question was asked
	playing  bool
	seq      int // of the last prompt
}

// ask speaks prompts and waits for keys; where keys were typed ahead, which the caller of ask has to replay, it only waits
// for the rest of them.
func (k *keypad) ask(prompts ...string) []Command {
	if k.ahead.Len() > 0 {
		return []Command{StartTimer{TimerKey, k.dialogue.NextKey}}
	}
	return append([]Command{StartTimer{TimerKey, k.dialogue.Prompt + k.dialogue.FirstKey}}, k.speak(prompts...)...)
}

// speak speaks prompts and waits for nothing.
func (k *keypad) speak(prompts ...string) []Command {
	k.seq++
	k.playing = true
	return []Command{Play{Prompts: prompts, Seq: k.seq}}
}

// silence stops the prompt that is spoken.
func (k *keypad) silence() []Command {
	if !k.playing {
		return nil
	}
	k.playing = false
	return []Command{Silence{Seq: k.seq}}
}

// ended tells that a prompt was spoken to its end, and reports whether it was the present one.
func (k *keypad) ended(seq int) bool {
	if !k.playing || seq != k.seq {
		return false
	}
	k.playing = false
	return true
}

// clear forgets what was typed.
func (k *keypad) clear() { k.typed, k.keys, k.ahead = Secret{}, 0, Secret{} }

// early keeps a key for the next question. A # that ends nothing is none.
func (k *keypad) early(key byte) {
	means := '0' <= key && key <= '9' || k.ahead.Len() > 0 && (key == '#' || key == '*')
	if means && k.ahead.Len() < mostAhead {
		k.ahead = k.ahead.With(key)
	}
}

// replay gives the keys that were typed ahead to take, as long as somebody listens for them.
func (k *keypad) replay(listens func() bool, take func(key byte) []Command) []Command {
	var out []Command
	for k.ahead.Len() > 0 && listens() {
		keys := k.ahead.Reveal()
		k.ahead = NewSecret(keys[1:])
		out = append(out, take(keys[0])...)
	}
	return out
}

func (k *keypad) add(key byte) {
	k.keys++
	if k.keys <= k.dialogue.MaxKeys {
		k.typed = k.typed.With(key)
	}
}

// key takes a key in answer to the question. Keys A to D mean nothing.
func (k *keypad) key(key byte) ([]Command, entry) {
	switch {
	case key == '#':
		return k.submit(bare)
	case key == '*':
		out := append(k.silence(), StopTimer{TimerKey})
		k.clear()
		return out, restart
	case key < '0' || key > '9':
		return nil, unfinished
	}
	k.add(key)
	return append(k.silence(), StartTimer{TimerKey, k.dialogue.NextKey}), unfinished
}

// late tells that no key came in time: what was typed counts.
func (k *keypad) late() ([]Command, entry) { return k.submit(silent) }

// submit ends the entry; without a key it is what none says.
func (k *keypad) submit(none entry) ([]Command, entry) {
	out := append(k.silence(), StopTimer{TimerKey})
	switch {
	case k.keys == 0:
		return out, none
	case k.keys > k.dialogue.MaxKeys:
		return out, tooLong
	}
	return out, submitted
}

// take returns what was typed and forgets it.
func (k *keypad) take() Secret {
	typed := k.typed
	k.typed, k.keys = Secret{}, 0
	return typed
}
