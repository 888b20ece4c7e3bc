package agi

import (
	"io"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// speak speaks the next file of the first prompt. A key ends the prompt.
func (s *session) speak() {
	p := s.prompts[0]
	stopped := len(p.sounds) == 0
	if !stopped {
		file := p.sounds[0]
		p.sounds = p.sounds[1:]
		stopped = s.stream(file) || len(p.sounds) == 0
	}
	if stopped && len(s.prompts) > 0 && s.prompts[0] == p {
		s.prompts = s.prompts[1:]
		s.deliver(call.PromptEnded{Seq: p.seq})
	}
}

// stream speaks a file and reports whether a key has ended it. A file that cannot be spoken is passed over: the caller may
// know what is wanted.
func (s *session) stream(file string) (typed bool) {
	s.speaking = true
	longest := longFile
	if s.pending != nil {
		longest = patience
	}
	result, value, err := s.command(longest, "STREAM FILE", file, escapeKeys)
	s.speaking = false
	if s.noops > 0 && !strings.HasPrefix(value, "endpos=") {
		s.noops-- // it was replied to in place of the file
	}
	s.settle()
	if err != nil && s.broken == nil {
		return false
	}
	return s.typed(result, err)
}

// interrupt stops the file that is being spoken: Asterisk ends it when the next command comes. Then only that one is
// replied to, unless the file had just ended by itself.
func (s *session) interrupt() {
	if !s.speaking {
		return
	}
	s.speaking = false
	if s.pending != nil {
		s.prompts = nil
	}
	s.deadline, s.nudging = time.Now().Add(replyTime), firstNudge/2
	s.nudge()
}

// nudge sends a NOOP. Asterisk reads through a buffer and waits at the socket: a NOOP that it has read together with the
// command before it lies in the buffer, unseen, until something more comes. Each is replied to in the end.
func (s *session) nudge() {
	s.noops++
	s.nudging *= 2
	_ = s.conn.SetWriteDeadline(s.deadline)
	_, _ = io.WriteString(s.conn, "NOOP\n") // a connection that cannot be written to will not be read from
}

// settle waits for the replies to the NOOPs, so that what is sent next lies in no buffer.
func (s *session) settle() {
	s.nudging = laterNudge
	for ; s.noops > 0 && s.broken == nil; s.noops-- {
		s.deadline = time.Now().Add(replyTime)
		if _, err := s.next(); err != nil {
			s.broken = err
			s.close()
		}
	}
}
