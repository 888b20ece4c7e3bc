package gate

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/queue"
	"github.com/dialwarden/dialwarden/internal/speech"
)

// conversation is one call being decided. Its goroutine owns everything in it but the inbox and ended.
type conversation struct {
	gate    *Gate
	book    *Book
	attempt call.Attempt
	entry   string
	line    Line
	arrived time.Time
	machine script
	inbox   *queue.Queue[call.Event]
	pending []call.Event // taken from the inbox, not yet passed to the machine
	log     zerolog.Logger
	// recorded tells the tracker of the decision.
	recorded func(id int64, d call.Decision)
	ended    time.Time // zero while it goes on; guarded by the gate's mutex

	facts  call.Facts // of the last evaluation
	bill   bill       // the same
	seated bool       // it has a seat on a trunk that it may have to give back
	cancel func()     // ends the search for an approver; nil while there is none
	key    *time.Timer
	total  *time.Timer
}

// script decides what is done in a conversation: package call has them.
type script interface {
	Step(e call.Event) []call.Command
	Finished() bool
}

// run lives as long as the conversation. Every event passes through the machine; nothing else decides.
func (c *conversation) run() {
	c.key, c.total = stoppedTimer(), stoppedTimer()
	c.step(call.Arrived{})
	for !c.machine.Finished() {
		select {
		case <-c.inbox.Ready():
			c.pending = append(c.pending, c.inbox.Take()...)
			for len(c.pending) > 0 {
				e := c.pending[0]
				c.pending = c.pending[1:]
				c.step(e)
			}
		case <-c.key.C:
			c.step(call.Expired{Timer: call.TimerKey})
		case <-c.total.C:
			c.step(call.Expired{Timer: call.TimerTotal})
		}
	}
	c.key.Stop()
	c.total.Stop()
	c.leaveSeat()
	c.gate.mu.Lock()
	c.ended = time.Now()
	c.gate.mu.Unlock()
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// step passes an event to the machine and does what it commands; a command that is answered at once leads to the next
// step.
func (c *conversation) step(e call.Event) {
	for _, cmd := range c.machine.Step(e) {
		if answer := c.do(cmd); answer != nil {
			c.hearEnd()
			c.step(answer)
		}
	}
}

// hearEnd tells the machine that the caller is gone, or that the daemon stops, if that became known while a command was
// carried out: it must know before it goes on. Keys and prompts wait for their turn. The machine takes each once.
func (c *conversation) hearEnd() {
	c.pending = append(c.pending, c.inbox.Take()...)
	for _, e := range c.pending {
		switch e.(type) {
		case call.HungUp, call.Stopping:
			c.step(e)
		}
	}
}

// do carries out a command. It returns the event that answers it, or nil when the answer comes later or never.
func (c *conversation) do(cmd call.Command) call.Event {
	// A hang-up must not cancel what was begun: the machine hears of it in its turn.
	ctx := context.Background()
	switch cmd := cmd.(type) {
	case call.AskPolicy:
		c.facts, c.bill = c.gate.facts(c.book, c.attempt, cmd.Credentials)
		return c.judged(c.judge(ctx))
	case call.Announce:
		return c.announce(ctx, cmd.Decision, cmd.Proved)
	case call.WriteDown:
		return c.writeDown(ctx, cmd.Decision, cmd.Proved)
	case call.Verify:
		return c.verify(ctx, cmd)
	case call.ChangePIN:
		return c.changePIN(ctx, cmd)
	case call.CloseGrant:
		if !c.gate.Close(c.attempt.Extension) {
			return call.Changed{Err: call.ErrNothingOpen}
		}
		return call.Changed{}
	case call.SeekApproval:
		return c.seek(cmd)
	case call.CancelApproval:
		if c.cancel != nil {
			c.cancel()
			c.cancel = nil
		}
	case call.StartTimer:
		c.timer(cmd.Timer).Reset(cmd.After)
	case call.StopTimer:
		c.timer(cmd.Timer).Stop()
	default:
		return c.doOnLine(ctx, cmd)
	}
	return nil
}

// doOnLine carries out the commands that reach the caller.
func (c *conversation) doOnLine(ctx context.Context, cmd call.Command) call.Event {
	switch cmd := cmd.(type) {
	case call.Answer:
		return c.answer(c.line.Answer(ctx), call.Answered{})
	case call.Play:
		if err := c.line.Play(ctx, speech.Of(cmd.Prompts...), cmd.Seq); err != nil {
			// The caller may know what is wanted; his time to type begins now.
			return c.answer(err, nil, call.PromptEnded{Seq: cmd.Seq})
		}
	case call.Silence:
		if err := c.line.Silence(ctx, cmd.Seq); err != nil {
			c.log.Debug().Err(err).Msg("the prompt could not be stopped")
		}
	case call.LetGo:
		err := c.line.Release(ctx, release(cmd.ID, c.facts, cmd.Decision))
		c.seated = c.seated && err != nil // the seat is the call's own now
		return c.answer(err, call.HandedOver{})
	case call.TurnAway:
		d := cmd.Decision
		return c.answer(c.line.Refuse(ctx, call.Refusal{DecisionID: cmd.ID, Prompt: d.Prompt, Cause: d.Cause}), call.HandedOver{})
	case call.Drop:
		if err := c.line.HangUp(ctx, call.CauseTemporaryFailure); err != nil {
			c.log.Error().Err(err).Msg("the channel could not be hung up; the next sweep will find it")
		}
	}
	return nil
}

// answer turns what the line said into an event: good if all went well, HungUp if the channel is gone, else the
// failure (LineFailed if none is given).
func (c *conversation) answer(err error, good call.Event, failed ...call.Event) call.Event {
	switch {
	case err == nil:
		return good
	case errors.Is(err, call.ErrGone):
		return call.HungUp{}
	}
	c.log.Warn().Err(err).Msg("the line failed")
	if len(failed) > 0 {
		return failed[0]
	}
	return call.LineFailed{Err: err}
}

func (c *conversation) announce(ctx context.Context, d call.Decision, p call.Proved) call.Event {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	err := c.gate.Ledger.Announce(ctx, c.record(d, p))
	if err != nil {
		c.log.Error().Err(err).Msg("the challenge could not be written down")
	}
	return call.Recorded{Err: err}
}

func (c *conversation) writeDown(ctx context.Context, d call.Decision, p call.Proved) call.Event {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	r := c.record(d, p)
	raise := c.gate.raiseInTime(r)
	id, err := c.gate.Ledger.Record(ctx, r)
	if errors.Is(err, call.ErrTokenSpent) || errors.Is(err, call.ErrAllowanceSpent) {
		return call.Recorded{Err: err} // what comes of it is another decision
	}
	c.gate.logDecision(c.log, id, err, r)
	raise(id)
	c.recorded(id, d)
	if err == nil && c.seated {
		c.gate.Seats.Decided(c.attempt.Channel, id)
	}
	if typed := p.Credentials.PIN; err == nil && d.Action == call.Allow && typed.Valid && !p.Granted && c.book.Handset.Grant.Opens(c.facts.Callee.Class) {
		c.gate.open(c.attempt.Extension, typed, p.Reach, c.book.Handset.Grant)
	}
	return call.Recorded{ID: id, Err: err}
}

func (c *conversation) record(d call.Decision, p call.Proved) call.Record {
	r := call.Record{Attempt: c.attempt, Facts: c.facts, Decision: d, PINID: p.Credentials.PIN.ID, Approver: p.Approver}
	if d.Action == call.Allow {
		r.TokenID, r.TokenReturns = p.Credentials.Token.ID, c.book.Handset.TokenReturns
	}
	r.Charge, r.Spent = c.bill.charge(&c.facts, d), c.bill.spent(&c.facts, d)
	if p.Credentials.Matter.Valid {
		r.Matter = p.Credentials.Matter.Code
	}
	r.Alerts = alertsOf(r)
	r.Impose(time.Now(), c.book.Zone, c.book.Currency)
	return r
}

func (c *conversation) timer(t call.Timer) *time.Timer {
	if t == call.TimerTotal {
		return c.total
	}
	return c.key
}
