package agi

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// wholeTime is for how long an answered caller may be asked, at most: then the dialplan refuses him, whatever became of us.
// Until he is answered the dialplan waits much shorter. It is what the dialplan gives to ARI.
const wholeTime = 300 // seconds

// Line is a caller's channel that is in our hands. It satisfies gate.Line.
type Line struct {
	s     *session
	entry string
	plays func(file string) bool
}

// ask has the owner of the session do something and waits until it is done.
func (l *Line) ask(ctx context.Context, r request) error {
	r.done = make(chan error, 1)
	select {
	case l.s.requests <- r:
	case <-l.s.over:
		return call.ErrGone
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-l.s.over:
		select {
		case err := <-r.done: // the last thing that was done
			return err
		default:
			return call.ErrGone
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Answer takes the channel up.
func (l *Line) Answer(ctx context.Context) error {
	return l.ask(ctx, request{do: func(s *session) error {
		if _, _, err := s.command(0, "SET VARIABLE", "TIMEOUT(absolute)", strconv.Itoa(wholeTime)); err != nil {
			return err
		}
		result, _, err := s.command(0, "ANSWER")
		if err == nil && result < 0 {
			err = fmt.Errorf("ANSWER: %w", call.ErrGone)
		}
		s.up = err == nil
		s.reacting = time.Now().Add(reaction) // the first prompt comes at once, and need not wait for a slice to end
		return err
	}})
}

// Play speaks sound files, one after the other, after what is being spoken.
func (l *Line) Play(ctx context.Context, sounds []string, seq int) error {
	return l.ask(ctx, request{play: &prompt{sounds: sounds, seq: seq}})
}

// Silence stops the prompt of seq. That it has already ended is no error.
func (l *Line) Silence(ctx context.Context, seq int) error {
	return l.ask(ctx, request{silence: seq})
}

// Release sends the channel to [dialwarden-released], which dials.
func (l *Line) Release(ctx context.Context, r call.Release) error {
	if r.Warning != "" && !l.plays(r.Warning) {
		r.Warning = ""
	}
	return l.ask(ctx, request{do: func(s *session) error {
		if r.Trunk != "" {
			if _, _, err := s.command(0, "SET VARIABLE", "DIALWARDEN_VIA", "_"+r.Trunk); err != nil {
				return err
			}
		}
		return s.goOn(call.ContextReleased, r.Extension(l.entry))
	}})
}

// Refuse sends the channel to [dialwarden-refused], which speaks the prompt and hangs up with the cause.
func (l *Line) Refuse(ctx context.Context, r call.Refusal) error {
	return l.ask(ctx, request{do: func(s *session) error { return s.goOn(call.ContextRefused, r.Extension()) }})
}

// goOn lets the channel go on in the dialplan; it is not ours any more.
func (s *session) goOn(dialplanContext, extension string) error {
	result, _, err := s.command(0, "EXEC", "Goto", dialplanContext+","+extension+",1")
	if err == nil && result != 0 {
		err = fmt.Errorf("EXEC Goto: asterisk replies %d", result)
	}
	s.left = s.left || err == nil
	return err
}

// HangUp ends the channel. That it has already ended is no error.
func (l *Line) HangUp(ctx context.Context, cause int) error {
	err := l.ask(ctx, request{atOnce: true, do: func(s *session) error {
		s.left = true
		_, _, err := s.command(0, "EXEC", "Hangup", strconv.Itoa(cause))
		return err
	}})
	return unlessGone(err)
}
