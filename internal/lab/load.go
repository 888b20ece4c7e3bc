package lab

import (
	"context"
	"errors"
	"sync"
	"time"
)

// answerPatience is how long a call of a load may take to be answered.
const answerPatience = 10 * time.Second

// Load is a steady load of calls without sound. Let the Carrier be Mute.
type Load struct {
	Rate   int                // calls placed a second, evenly spread, however long the earlier ones take
	For    time.Duration      // how long calls are placed
	Hold   time.Duration      // how long a call goes on that was answered
	From   []string           // the extensions that call, in turn
	Number func(i int) string // what the i-th call dials
	// Done is told what became of each call, from several goroutines at once. The error says why it was not answered, or
	// not hung up; a call that Asterisk ended has End.ByRemote.
	Done func(i int, r Result, err error)
}

// Load places calls and returns when all have ended. When ctx ends, no more are placed and all that are in progress are hung
// up; that is no error.
func (l *Lab) Load(ctx context.Context, o Load) error {
	if o.Rate <= 0 || len(o.From) == 0 {
		return errors.New("a load needs at least one call a second and one extension")
	}
	var calls sync.WaitGroup
	defer calls.Wait()
	begun := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; ; i++ {
		due := time.Duration(i) * time.Second / time.Duration(o.Rate)
		if due >= o.For {
			return nil
		}
		timer.Reset(time.Until(begun.Add(due)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
		c := newCall(l.phones)
		c.offered = payloads{audio: pcmu, dtmf: telephoneEvent}
		if err := c.place(ctx, o.From[i%len(o.From)], o.Number(i), ""); err != nil {
			return unlessDone(ctx, err)
		}
		calls.Go(func() {
			r, err := c.goOn(ctx, o.Hold)
			o.Done(i, r, err)
		})
	}
}

// goOn waits for the answer, holds the call and hangs it up.
func (c *Call) goOn(ctx context.Context, hold time.Duration) (Result, error) {
	patience, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	fault := unlessDone(ctx, c.WaitAnswered(patience))
	if fault == nil {
		timer := time.NewTimer(hold)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.ended.done:
		case <-ctx.Done():
		}
	}
	r, err := c.over(ctx)
	return r, errors.Join(fault, err)
}

// over hangs the call up, if it has not ended, and says what became of it.
func (c *Call) over(ctx context.Context) (Result, error) {
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerPatience)
	defer cancel()
	fault := c.Hangup(patient)
	end, err := c.WaitEnded(patient)
	return Result{
		Number: c.Number, From: c.From, CallID: c.CallID,
		Sent: c.At, Progress: c.ProgressAt(), Answered: c.AnsweredAt(), End: end,
	}, errors.Join(fault, err)
}

// unlessDone forgives what went wrong because ctx has ended.
func unlessDone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = nil
	}
	return err
}
