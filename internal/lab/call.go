package lab

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Call is one SIP call of a phone or of the carrier, placed or received.
type Call struct {
	// Number is the user part of the request URI: what was dialled, as sent or as received.
	Number string
	// From is the user part of the From header: the caller's number.
	From string
	// CallID is the SIP Call-ID; for a placed call Asterisk shows it as the channel's protocol_id.
	CallID string
	// At is when the INVITE was sent, or received.
	At time.Time

	station  *Station
	outgoing bool
	media    *media   // nil for a call without sound
	offered  payloads // placed calls: of the INVITE

	invite    *sip.Request // received calls: the INVITE
	origin    *net.UDPAddr // received calls: where responses go
	branch    string       // placed calls: of the INVITE
	localTag  string
	replied   chan struct{} // placed calls: closed at the first response to the INVITE
	confirmed chan struct{} // received calls: closed at the ACK

	mu         sync.Mutex
	cseq       int
	remoteTag  string
	target     string // URI for requests inside the dialog
	hangingUp  bool   // Hangup was called before the answer
	cancelled  bool   // CANCEL was sent
	final      []byte // received calls: the last response, for a repeated INVITE
	responses  []Response
	pending    map[string]*exchange // requests inside the dialog that wait for a response, by branch
	progressed *moment
	answered   *moment
	ended      *moment
	end        End
}

// Response is a response to a placed call's INVITE.
type Response struct {
	Status int
	At     time.Time
}

// End is how a call ended.
type End struct {
	// SIPStatus is the final response to the INVITE: 200 for a call that was answered; zero if none came.
	SIPStatus int
	// Cause is the Q.850 cause of the Reason header with which the other side ended or refused the call; zero for none.
	Cause int
	// ByRemote says that the other side ended it, by BYE, CANCEL or a refusal.
	ByRemote bool
	At       time.Time
}

// EndedError says that a call ended while something else was waited for.
type EndedError struct {
	Waiting string
	End     End
}

// Error implements error.
func (e *EndedError) Error() string {
	return fmt.Sprintf("the call ended while waiting for %s: SIP %d, Q.850 cause %d, by the other side: %v",
		e.Waiting, e.End.SIPStatus, e.End.Cause, e.End.ByRemote)
}

// moment is something that happens once.
type moment struct {
	once sync.Once
	done chan struct{}
	at   time.Time
}

func newMoment() *moment { return &moment{done: make(chan struct{})} }

func (m *moment) happen(at time.Time) {
	m.once.Do(func() {
		m.at = at
		close(m.done)
	})
}

// time is when it happened; zero if it has not.
func (m *moment) time() time.Time {
	select {
	case <-m.done:
		return m.at
	default:
		return time.Time{}
	}
}

func newCall(s *Station) *Call {
	return &Call{
		station: s, localTag: token(), cseq: 1,
		replied: make(chan struct{}), confirmed: make(chan struct{}), pending: map[string]*exchange{},
		progressed: newMoment(), answered: newMoment(), ended: newMoment(),
	}
}

// WaitProgress waits until the called side rings, sends early media or answers.
func (c *Call) WaitProgress(ctx context.Context) error {
	return c.wait(ctx, c.progressed, "ringing or early media")
}

// WaitAnswered waits until the call is answered (200). If it ends first, the error is an *EndedError.
func (c *Call) WaitAnswered(ctx context.Context) error {
	return c.wait(ctx, c.answered, "an answer")
}

// WaitEnded waits until the call has ended and says how.
func (c *Call) WaitEnded(ctx context.Context) (End, error) {
	select {
	case <-c.ended.done:
		return c.end, nil
	case <-ctx.Done():
		return End{}, fmt.Errorf("waiting for the end of the call to %q: %w (responses so far: %v)",
			c.Number, context.Cause(ctx), c.Responses())
	}
}

func (c *Call) wait(ctx context.Context, m *moment, what string) error {
	select { // what has happened counts, even if the call has ended since
	case <-m.done:
		return nil
	default:
	}
	select {
	case <-m.done:
		return nil
	case <-c.ended.done:
		if !m.time().IsZero() {
			return nil
		}
		return &EndedError{Waiting: what, End: c.end}
	case <-ctx.Done():
		return fmt.Errorf("waiting for %s on the call to %q: %w (responses so far: %v)",
			what, c.Number, context.Cause(ctx), c.Responses())
	}
}

// ProgressAt is when the called side first rang, sent early media or answered; zero if it has not.
func (c *Call) ProgressAt() time.Time { return c.progressed.time() }

// AnsweredAt is when the call was answered; zero if it was not.
func (c *Call) AnsweredAt() time.Time { return c.answered.time() }

// Responses returns the responses to a placed call's INVITE so far, the oldest first.
func (c *Call) Responses() []Response {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Response(nil), c.responses...)
}

// Hangup ends the call as a person would: CANCEL before the answer, BYE after it, a refusal (603) if it rings here.
// It waits until the other side has confirmed. Hanging up a call that has ended is no error.
func (c *Call) Hangup(ctx context.Context) error {
	c.mu.Lock()
	c.hangingUp = true
	c.mu.Unlock()
	switch {
	case !c.ended.time().IsZero():
		return nil
	case !c.answered.time().IsZero():
		c.bye()
	case c.outgoing:
		c.cancel()
	default:
		c.respond(603, "Decline", false)
		c.finish(End{SIPStatus: 603})
	}
	_, err := c.WaitEnded(ctx)
	return err
}

// bye ends an answered call; the response to it finishes the call.
func (c *Call) bye() {
	bye := c.request("BYE", "", "")
	go func() {
		select {
		case <-bye.done:
			c.finish(End{SIPStatus: 200, Cause: 16})
		case <-c.ended.done:
		}
	}()
}

// finish ends the call, once.
func (c *Call) finish(end End) {
	if end.At.IsZero() {
		end.At = time.Now()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended.time().IsZero() {
		return
	}
	c.end = end
	c.ended.happen(end.At)
	if c.media != nil {
		c.media.close()
	}
	// A request that comes late (a repeated BYE) still finds the call for a while.
	time.AfterFunc(5*time.Second, func() { c.station.forget(c) })
}

// cause returns the Q.850 cause of a message's Reason header; zero for none.
func cause(headers []sip.Header) int {
	for _, h := range headers {
		var code int
		if protocol, rest, ok := strings.Cut(h.Value(), ";"); ok && strings.EqualFold(strings.TrimSpace(protocol), "Q.850") {
			for param := range strings.SplitSeq(rest, ";") {
				if _, err := fmt.Sscanf(strings.TrimSpace(param), "cause=%d", &code); err == nil {
					return code
				}
			}
		}
	}
	return 0
}
