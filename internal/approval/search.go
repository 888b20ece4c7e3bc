package approval

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/queue"
	"github.com/dialwarden/dialwarden/internal/speech"
)

// search is one request being asked for. Its goroutine owns everything in it but the inbox, settled and asking.
type search struct {
	room    *Room
	id      string
	request call.ApprovalRequest
	since   time.Time
	answer  func(call.ApprovalAnswer)
	machine *Machine
	inbox   *queue.Queue[Event]
	log     zerolog.Logger

	settled bool   // guarded by the room's mutex
	asking  string // whose phone it has; guarded by the room's mutex

	phone  Phone
	ring   int // counts the phones, so that what comes late of an earlier one is not taken for this one's
	timers map[Timer]*time.Timer
}

// told is what a phone tells.
type told struct {
	ring  int
	event call.Event
}

// run lives as long as the search, and the last words on the approver's phone.
func (s *search) run() {
	step, phone, wait := stoppedTimer(), stoppedTimer(), stoppedTimer()
	s.timers = map[Timer]*time.Timer{TimerStep: step, TimerPhone: phone, TimerWait: wait}
	s.log.Info().Str("extension", s.request.Caller.Extension).Str("rule", s.request.Rule).
		Strs("approvers", s.request.Approvers).Msg("approval is asked for")
	s.step(Begun{})
	for !s.machine.Finished() {
		select {
		case <-s.inbox.Ready():
			for _, e := range s.inbox.Take() {
				s.hear(e)
			}
		case <-step.C:
			s.step(Expired{TimerStep})
		case <-phone.C:
			s.step(Expired{TimerPhone})
		case <-wait.C:
			s.step(Expired{TimerWait})
		}
	}
	for _, t := range s.timers {
		t.Stop()
	}
	s.room.done(s)
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// hear passes an event from the inbox on.
func (s *search) hear(e Event) {
	if t, ok := e.(told); ok {
		if t.ring != s.ring {
			return
		}
		e = t.event
	}
	if ended, ok := e.(call.PhoneEnded); ok {
		s.log.Info().Str("approver", s.room.asked(s)).Int("cause", ended.Cause).Msg("the approver's phone is on the hook")
		s.phone = nil
		s.room.free(s)
	}
	s.step(e)
}

// step passes an event to the machine and does what it commands; a command that is answered at once leads to the next
// step.
func (s *search) step(e Event) {
	for _, cmd := range s.machine.Step(e) {
		if answer := s.do(cmd); answer != nil {
			s.step(answer)
		}
	}
}

// do carries out a command. It returns the event that answers it, or nil when the answer comes later or never.
func (s *search) do(cmd Command) Event {
	// What was begun is not cancelled: the machine hears of the caller in its turn.
	ctx := context.Background()
	switch cmd := cmd.(type) {
	case Ring:
		return s.doRing(ctx, cmd.Extension)
	case Play:
		return s.play(ctx, cmd)
	case Silence:
		if s.phone != nil {
			if err := s.phone.Silence(ctx, cmd.Seq); err != nil {
				s.log.Debug().Err(err).Msg("the prompt could not be stopped")
			}
		}
	case HangUp:
		s.hangUp(ctx)
	case Verify:
		return s.verify(ctx, cmd.Secret)
	case Settle:
		return s.settle(cmd.Answer)
	case StartTimer:
		s.timers[cmd.Timer].Reset(cmd.After)
	case StopTimer:
		s.timers[cmd.Timer].Stop()
	}
	return nil
}

func (s *search) doRing(ctx context.Context, extension string) Event {
	if !s.room.engage(extension, s) {
		return NotRung{Engaged}
	}
	s.ring++
	ring := s.ring
	phone, err := s.room.Phones.Ring(ctx, call.Ringing{
		Extension: extension, Caller: s.request.Caller.Extension, For: s.machine.dialogue.Ring,
		Tell: func(e call.Event) { s.inbox.Push(told{ring, e}) },
	})
	if err != nil {
		s.room.free(s)
		s.log.Warn().Err(err).Str("approver", extension).Msg("the approver's phone does not ring")
		if errors.Is(err, ErrAway) {
			return NotRung{Away}
		}
		return NotRung{Unreachable}
	}
	s.phone = phone
	s.log.Info().Str("approver", extension).Msg("the approver's phone rings")
	return nil
}

// play begins to speak. Where that fails, the approver's time to press a key begins at once: he may know what is wanted.
func (s *search) play(ctx context.Context, p Play) Event {
	if s.phone == nil {
		return nil
	}
	switch err := s.phone.Play(ctx, s.sounds(p.Prompt), p.Seq); {
	case err == nil, errors.Is(err, call.ErrGone): // that he is gone is told in its turn
		return nil
	default:
		s.log.Warn().Err(err).Msg("nothing could be spoken to the approver")
		return call.PromptEnded{Seq: p.Seq}
	}
}

// sounds are the files that speak a prompt.
func (s *search) sounds(p Prompt) []string {
	switch p {
	case PromptPIN:
		return speech.Of(call.PromptApproverPIN)
	case PromptPINAgain:
		return slices.Concat(speech.Of(call.PromptApproverWrong), speech.Of(call.PromptApproverPIN))
	case PromptAllowed:
		return speech.Of(call.PromptApproverAllowed)
	case PromptRefused:
		return speech.Of(call.PromptApproverRefused)
	case PromptGone:
		return speech.Of(call.PromptApproverGone)
	}
	number := s.request.Number
	digits := number.Digits // as they are known here; with + and country code only where nothing else is known
	if digits == "" {
		digits = number.E164
	}
	return slices.Concat(
		speech.Of(call.PromptApproverHello), speech.Digits(s.request.Caller.Extension),
		speech.Of(call.PromptApproverWants), speech.Digits(digits),
		speech.Of("class_"+string(number.Class)), speech.Of(call.PromptApproverKeys),
	)
}

func (s *search) hangUp(ctx context.Context) {
	if s.phone != nil {
		if err := s.phone.HangUp(ctx, call.CauseNormalClearing); err != nil {
			s.log.Error().Err(err).Msg("the approver's phone could not be hung up; the next sweep will find it")
		}
	}
	s.phone = nil
	s.ring++ // what is told of it from now on is of no interest
	s.room.free(s)
}

func (s *search) verify(ctx context.Context, digits call.Secret) Event {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	c, err := s.room.Verify(ctx, s.room.asked(s), digits)
	if err != nil {
		s.log.Error().Err(err).Msg("the approver's PIN could not be looked up")
	}
	return Verified{Credential: c, Err: err}
}

// settle answers the request, unless somebody was faster.
func (s *search) settle(a call.ApprovalAnswer) Event {
	if !s.room.claim(s, late(a)) {
		return nil
	}
	s.tell(a)
	return Settled{}
}

// tell calls the asker back; the search is settled.
func (s *search) tell(a call.ApprovalAnswer) {
	s.log.Info().Str("outcome", string(a.Outcome)).Str("by", a.Name()).Str("via", a.Via).Str("reason", a.Reason).
		Dur("took_ms", time.Since(s.since)).Msg("approval is answered")
	s.answer(a)
}
