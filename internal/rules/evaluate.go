package rules

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// places bounds the evaluations that run at the same time, in the whole process. Evaluating is work for the processor,
// so more than a few at once gain nothing; and an evaluation that sits in a built-in function beyond its deadline keeps
// its place until it comes back, so that runaways cannot pile up and eat the memory.
var places = make(chan struct{}, max(4, 2*runtime.GOMAXPROCS(0)))

// runaways counts the places that are held by evaluations beyond their deadline.
var runaways atomic.Int32

// patience is how long an evaluation waits for a place. It is no part of the deadline: a caller in a crowd, on a machine
// that is busy, waits a little longer; he is not refused for it.
const patience = 2 * time.Second

// errBusy is the answer while nothing but runaways is running.
var errBusy = errors.New("no evaluation can begin: all that run are beyond their deadline")

// evaluate asks the program, and returns at the deadline in any case; the deadline counts from where it gets a place.
// OPA looks at the deadline between expressions, not within a built-in function. So a program whose built-in functions
// are all quick runs here, and any other on a goroutine of its own, which is left behind at the deadline; the change of
// goroutine costs more than the evaluation.
func evaluate(ctx context.Context, p *program, question ast.Body, input *ast.Term, deadline time.Duration) ([]member, error) {
	if err := enter(ctx); err != nil {
		return nil, err
	}
	var found []member
	var err error
	if p.quick {
		found, err = here(p, question, input, deadline)
		<-places
	} else {
		found, err = aside(ctx, p, question, input, deadline)
	}
	if topdown.IsCancel(err) {
		err = fmt.Errorf("no answer within %v", deadline)
	}
	return found, err
}

// enter takes a place, and waits for one with patience.
func enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return withdrawn(ctx)
	}
	select {
	case places <- struct{}{}:
		return nil
	default:
	}
	if int(runaways.Load()) >= cap(places) {
		return errBusy
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case places <- struct{}{}:
		return nil
	case <-timer.C:
		return fmt.Errorf("no evaluation could begin within %v", patience)
	case <-ctx.Done():
		return withdrawn(ctx)
	}
}

func withdrawn(ctx context.Context) error {
	return fmt.Errorf("the question was withdrawn: %w", context.Cause(ctx))
}

// errLate is OPA's error for an evaluation that was cancelled.
var errLate = &topdown.Error{Code: topdown.CancelErr}

// here evaluates on the caller's goroutine.
func here(p *program, question ast.Body, input *ast.Term, deadline time.Duration) ([]member, error) {
	a, _ := alarms.Get().(*alarm)
	a.set(deadline)
	found, err := p.ask(question, input, a.cancel)
	if a.stop() {
		alarms.Put(a)
	}
	return found, err
}

// aside evaluates on a goroutine of its own, and leaves it behind when the time is over.
func aside(ctx context.Context, p *program, question ast.Body, input *ast.Term, deadline time.Duration) ([]member, error) {
	e := &evaluation{alarm: newAlarm(), done: make(chan struct{})}
	late := e.alarm.late
	go e.run(p, question, input, deadline)
	select {
	case <-e.done:
		return e.found, e.err
	case <-late:
		e.leave()
		return nil, errLate
	case <-ctx.Done():
		e.leave()
		return nil, withdrawn(ctx)
	}
}

// evaluation is one that runs aside.
type evaluation struct {
	alarm *alarm
	done  chan struct{}
	over  atomic.Bool // it has ended, or its caller has left: whoever comes second settles the count of runaways
	found []member
	err   error
}

// run evaluates and gives the place back.
func (e *evaluation) run(p *program, question ast.Body, input *ast.Term, deadline time.Duration) {
	e.alarm.set(deadline)
	e.found, e.err = p.ask(question, input, e.alarm.cancel)
	e.alarm.stop()
	if e.over.Swap(true) {
		runaways.Add(-1)
	}
	<-places // the last: a place that is free is counted no more
	close(e.done)
}

// leave cancels the evaluation and counts it as a runaway until it ends.
func (e *evaluation) leave() {
	e.alarm.cancel.Cancel()
	runaways.Add(1)
	if e.over.Swap(true) {
		runaways.Add(-1) // it ended in this very moment
	}
}
