package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

const (
	ringing   = 700 * time.Millisecond // until the carrier's side answers
	talking   = time.Second            // until the caller hangs up
	listening = 700 * time.Millisecond // to a prompt, before typing into it
)

// wrongPINs have four digits; the only PIN there is has six.
var wrongPINs = []string{"4711", "4712", "4713"}

// brisk is how fast PINs are typed.
var brisk = lab.Keys{Tone: 80 * time.Millisecond, Gap: 60 * time.Millisecond}

// An act is what a person does at a phone after dialling. It returns what the phone saw, as the end of a sentence. An
// error says what did not happen as it should.
type act func(ctx context.Context, s *stage, c *lab.Call) (saw string, err error)

// through talks to whom the carrier connects and hangs up. number is what the carrier must get.
func through(number string) act {
	return func(ctx context.Context, s *stage, c *lab.Call) (string, error) {
		if err := c.WaitAnswered(ctx); err != nil {
			return "", err
		}
		out, err := s.talk(ctx, c, number)
		if err != nil {
			return "", err
		}
		end, err := out.WaitEnded(ctx)
		return fmt.Sprintf("the carrier answered after %s; talked for %s", seconds(c.AnsweredAt().Sub(c.At)),
			seconds(end.At.Sub(out.AnsweredAt()))), err
	}
}

// talk waits until the carrier has the call, listens for a while and hangs up. It returns the carrier's side.
func (s *stage) talk(ctx context.Context, c *lab.Call, number string) (*lab.Call, error) {
	out, err := s.lab.Carrier.WaitCall(ctx, number)
	if err != nil {
		return nil, err
	}
	if err := out.WaitAnswered(ctx); err != nil {
		return nil, fmt.Errorf("the carrier's side: %w", err)
	}
	if err := c.WaitAudio(ctx); err != nil {
		return nil, err
	}
	if err := pause(ctx, talking); err != nil {
		return nil, err
	}
	return out, c.Hangup(ctx)
}

// refused listens to the refusal, which must be spoken before any answer, so that it costs nothing.
func refused(ctx context.Context, _ *stage, c *lab.Call) (string, error) {
	end, err := c.WaitEnded(ctx)
	if err != nil {
		return "", err
	}
	before, _ := c.HeardAudio()
	saw := fmt.Sprintf("heard %s of spoken refusal, unbilled; then SIP %d, cause %d", seconds(before.Duration), end.SIPStatus, end.Cause)
	switch {
	case !c.AnsweredAt().IsZero():
		return saw, errors.New("the refused call was answered: somebody would pay for it")
	case end.SIPStatus < 400 || end.Cause != 21:
		return saw, errors.New("it should have ended with a SIP error and cause 21")
	case before.Duration < time.Second:
		return saw, errors.New("the refusal should have been spoken")
	}
	return saw, nil
}

// rightPIN types the PIN into the prompt, then talks.
func rightPIN(number string) act {
	return func(ctx context.Context, s *stage, c *lab.Call) (string, error) {
		if err := c.WaitAudio(ctx); err != nil {
			return "", fmt.Errorf("no prompt: %w", err)
		}
		if err := pause(ctx, listening); err != nil {
			return "", err
		}
		s.screen.now("%s hears the prompt, and types ••••••#", c.From)
		if err := c.SendKeys(s.pin+"#", brisk); err != nil {
			return "", err
		}
		typed := time.Now()
		out, err := s.talk(ctx, c, number)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("asked for a PIN, typed the right one into the prompt; the carrier answered %s later",
			seconds(out.AnsweredAt().Sub(typed))), nil
	}
}

// threeWrong types three PINs that nobody has. The first key silences a prompt, so that what is heard after the last one
// is the next.
func threeWrong(ctx context.Context, s *stage, c *lab.Call) (string, error) {
	for i, pin := range wrongPINs {
		if err := c.WaitAudio(ctx); err != nil {
			return "", fmt.Errorf("no prompt for PIN %d: %w", i+1, err)
		}
		if err := pause(ctx, listening); err != nil {
			return "", err
		}
		s.screen.now("%s hears the prompt, and types wrong PIN %d of %d", c.From, i+1, len(wrongPINs))
		if err := c.SendKeys(pin+"#", brisk); err != nil {
			return "", fmt.Errorf("typing PIN %d: %w", i+1, err)
		}
	}
	end, err := c.WaitEnded(ctx)
	if err != nil {
		return "", err
	}
	_, heard := c.HeardAudio()
	saw := fmt.Sprintf("asked for a PIN, typed %d wrong ones; heard %s of prompts, hung up with cause %d",
		len(wrongPINs), seconds(heard.Duration), end.Cause)
	if !end.ByRemote || end.Cause != 21 {
		return saw, errors.New("it should have been hung up with cause 21")
	}
	return saw, nil
}

// cut talks until the call is cut.
func cut(number string) act {
	return func(ctx context.Context, s *stage, c *lab.Call) (string, error) {
		if err := c.WaitAnswered(ctx); err != nil {
			return "", err
		}
		s.screen.now("%s talks for as long as the cap allows", c.From)
		end, err := c.WaitEnded(ctx)
		if err != nil {
			return "", err
		}
		lasted := end.At.Sub(c.AnsweredAt())
		saw := fmt.Sprintf("answered after %s; cut after %s by its cap of %d s", seconds(c.AnsweredAt().Sub(c.At)), seconds(lasted), capSeconds)
		out, err := s.lab.Carrier.WaitCall(ctx, number)
		if err != nil {
			return saw, err
		}
		if _, err := out.WaitEnded(ctx); err != nil {
			return saw, fmt.Errorf("the carrier's side was not cut: %w", err)
		}
		if off := (lasted - capSeconds*time.Second).Abs(); !end.ByRemote || off > time.Second {
			return saw, fmt.Errorf("it should have been cut after %d s", capSeconds)
		}
		return saw, nil
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
