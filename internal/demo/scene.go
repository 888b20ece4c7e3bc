package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

const (
	sceneTakes  = 45 * time.Second // at the most
	latestEntry = 5 * time.Second  // after a call, until everything about it is in the ledger
)

// scene is one call and what must come of it.
type scene struct {
	from, dials string
	whom        string // the number in a few words
	does        act

	class    call.Class
	action   call.Action
	rule     string
	source   call.Source
	answered bool // by the called party
	pin      bool // a PIN was accepted
	cap      int  // in seconds; 0 if it does not matter
}

// pinHolder is the extension whose holder gets the PIN, and the holder.
const (
	pinExtension = "103"
	pinHolder    = "Wang Fang"
)

// scenes are the six calls of the demo, in their order.
func scenes() []scene {
	return []scene{
		{
			from: "101", dials: "962345678", whom: "a number in town", does: through("62345678"),
			class: call.Local, action: call.Allow, rule: "local", source: call.SourceARI, answered: true,
		},
		{
			from: "102", dials: "916812345", whom: "a premium-rate line", does: refused,
			class: call.Premium, action: call.Deny, rule: "premium", source: call.SourceARI,
		},
		{
			from: pinExtension, dials: "902112345678", whom: "Shanghai", does: rightPIN("02112345678"),
			class: call.National, action: call.Allow, rule: "long_distance", source: call.SourceARI, answered: true, pin: true,
		},
		{
			from: "104", dials: "9075512345678", whom: "Shenzhen", does: threeWrong,
			class: call.National, action: call.Deny, rule: "long_distance", source: call.SourceARI,
		},
		{
			from: "105", dials: "120", whom: "the ambulance", does: through("120"),
			class: call.Emergency, action: call.Allow, rule: call.RuleEmergency, source: call.SourceDialplan, answered: true,
		},
		{
			from: "106", dials: "913800138000", whom: "a mobile phone", does: cut("13800138000"),
			class: call.Mobile, action: call.Allow, rule: "local", source: call.SourceARI, answered: true, cap: capSeconds,
		},
	}
}

// play places the scene's call, prints the decision when it is in the ledger and what the phone saw when the call is
// over, and checks both. It returns the decision's id, or an error that says what did not go as told, which is on the
// screen already. An error of ctx is not printed.
func (s *stage) play(ctx context.Context, sc scene) (int64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, sceneTakes, fmt.Errorf("nothing after %v", sceneTakes))
	defer cancel()
	s.screen.now("%s dials %s, %s", sc.from, sc.dials, sc.whom)
	reached := len(s.lab.Carrier.Calls())
	c, err := s.lab.Phone(sc.from).Dial(ctx, sc.dials)
	if err != nil {
		return 0, err
	}
	deciding, undecided := context.WithCancelCause(ctx)
	defer undecided(nil)
	type performance struct {
		saw string
		err error
	}
	over := make(chan performance, 1)
	go func() {
		saw, err := sc.does(ctx, s, c)
		over <- performance{saw, err}
		time.AfterFunc(latestEntry, func() { undecided(errors.New("the call is over, and no decision about it is in the ledger")) })
	}()
	d, missing := s.decision(deciding, sc)
	p := <-over
	if ctx.Err() != nil && s.ctx.Err() != nil {
		return d.ID, context.Cause(s.ctx)
	}
	faults := []error{missing, p.err}
	if p.err != nil {
		faults = append(faults, c.Hangup(ctx))
	}
	if p.saw != "" {
		s.screen.saw(p.saw + sc.aside())
	}
	if missing == nil {
		faults = append(faults, s.verify(ctx, sc, d.ID))
	}
	if reached != len(s.lab.Carrier.Calls()) && sc.action == call.Deny {
		faults = append(faults, errors.New("the call was refused, and yet it reached the carrier"))
	}
	if err := errors.Join(faults...); err != nil {
		s.screen.fault(err.Error())
		return d.ID, err
	}
	return d.ID, nil
}

// aside is what must be known of a scene to understand it.
func (sc scene) aside() string {
	if sc.source == call.SourceDialplan {
		return " (let out by the dialplan itself)"
	}
	return ""
}

// decision waits for the decision about the scene's call and prints it; any other that comes is printed, too.
func (s *stage) decision(ctx context.Context, sc scene) (ledger.Decision, error) {
	for {
		d, err := s.ledger.next(ctx)
		if err != nil {
			return ledger.Decision{}, err
		}
		if d.Extension == sc.from && d.Dialled == sc.dials {
			s.screen.row(d, sc.whom)
			return d, nil
		}
		s.screen.row(d, "")
	}
}

// verify waits until the ledger knows the end of a call that is over, and compares it with the scene.
func (s *stage) verify(ctx context.Context, sc scene, id int64) error {
	ctx, cancel := context.WithTimeoutCause(ctx, latestEntry, fmt.Errorf("not within %v", latestEntry))
	defer cancel()
	d, err := s.ledger.ended(ctx, id)
	if err != nil {
		return err
	}
	return sc.compare(d.Decision)
}

// compare returns what the ledger says differently from the scene.
func (sc scene) compare(d ledger.Decision) error {
	var faults []error
	expect := func(what string, got, want any) {
		if got != want {
			faults = append(faults, fmt.Errorf("the ledger says %s %v; it should be %v", what, got, want))
		}
	}
	expect("class", d.Class, sc.class)
	expect("action", d.Action, sc.action)
	expect("rule", d.Rule, sc.rule)
	expect("source", d.Source, sc.source)
	expect("answered", !d.Call.AnsweredAt.IsZero(), sc.answered)
	expect("a PIN was accepted:", d.PINID != 0, sc.pin)
	if sc.cap != 0 {
		expect("longest call", d.MaxSeconds, sc.cap)
	}
	return errors.Join(faults...)
}
