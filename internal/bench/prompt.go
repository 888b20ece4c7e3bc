package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// What a phone dials to be asked for digits: by Asterisk alone, and by the gate, which asks for a PIN.
const (
	askedByAsterisk = "authenticate"
	askedByGate     = "902162345678"
)

// askingDialplan asks as a dialplan does that has nobody to ask.
const askingDialplan = `
[phones](+)
exten => ` + askedByAsterisk + `,1,Answer()
 same => n,Authenticate(583921)
 same => n,Hangup(21)
`

// Prompt is how long a caller waits, from the INVITE to the first sound of the question for his PIN.
type Prompt struct {
	Authenticate Times `json:"authenticate_us"` // Asterisk's own application
	Gate         Times `json:"gate_us"`
}

// prompts measures both, one call after the other, in turn.
func (b *bench) prompts(ctx context.Context) (p Prompt, err error) {
	if b.Prompts == 0 {
		return p, nil
	}
	d, err := startDaemon(ctx, b.Program, filepath.Join(b.dir, "site-prompt"), b.lab)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	b.say("measuring the time to the first prompt: %d calls each", b.Prompts)
	took := map[string][]time.Duration{}
	for i := range 2 * (b.Prompts + 1) {
		dialled := []string{askedByAsterisk, askedByGate}[i%2]
		waited, err := b.firstSound(ctx, phones[i%len(phones)], dialled)
		if err != nil {
			return p, fmt.Errorf("waiting for the prompt of %s: %w", dialled, err)
		}
		if i >= 2 { // the first two warm up
			took[dialled] = append(took[dialled], waited)
		}
	}
	return Prompt{Authenticate: timesOf(took[askedByAsterisk]), Gate: timesOf(took[askedByGate])}, nil
}

// firstSound dials and waits for the first sound.
func (b *bench) firstSound(ctx context.Context, phone, dialled string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	c, err := b.lab.Phone(phone).Dial(ctx, dialled)
	if err != nil {
		return 0, err
	}
	if err := c.WaitAudio(ctx); err != nil {
		return 0, err
	}
	before, after := c.HeardAudio()
	return firstOf(before, after).Sub(c.At), c.Hangup(ctx)
}

// firstOf is when the first sound was heard.
func firstOf(before, after lab.Audio) time.Time {
	if before.First.IsZero() {
		return after.First
	}
	return before.First
}
