package approval

import (
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Event is something that happened to a search: one of those below, or call.Answered, call.Digit, call.PromptEnded and
// call.PhoneEnded of the phone that was rung last.
type Event any

// The events of a search.
type (
	// Begun starts it.
	Begun struct{}
	// NotRung answers Ring where the phone does not ring.
	NotRung struct{ Why Hindrance }
	// Verified answers Verify. Err means that the PIN could not be looked up.
	Verified struct {
		Credential call.Credential
		Err        error
	}
	// Settled answers Settle where nobody was faster. Where somebody was, Outside or GivenUp follows in its place.
	Settled struct{}
	// Outside tells that the request was answered elsewhere than on a phone.
	Outside struct{ Outcome call.ApprovalOutcome }
	// GivenUp tells that the caller waits no longer.
	GivenUp struct{}
	// Freed tells that a phone that was engaged is so no more.
	Freed struct{}
	// Expired tells that a timer ran out.
	Expired struct{ Timer Timer }
	// Stopping tells that the daemon is shutting down.
	Stopping struct{}
)

// Hindrance says why a phone does not ring.
type Hindrance string

// The hindrances.
const (
	Engaged     Hindrance = "engaged"     // it talks to us about another call
	Unreachable Hindrance = "unreachable" // Asterisk cannot ring it: there is none, or it is not registered
	Away        Hindrance = "away"        // Asterisk is away: no phone can be rung
)

// Timer names one of a search's timers.
type Timer string

// The timers.
const (
	TimerStep  Timer = "step"  // for what is expected next: an answer, a key, the end of a prompt
	TimerPhone Timer = "phone" // for the whole conversation on one phone
	TimerWait  Timer = "wait"  // for approvers that are engaged
)

// Command is something that has to be done for a search: one of those below.
type Command any

// The commands of a search.
type (
	// Ring rings an approver's phone; followed by its events, or answered by NotRung.
	Ring struct{ Extension string }
	// Play speaks a prompt; followed by call.PromptEnded when it has been spoken to its end.
	Play struct {
		Prompt Prompt
		Seq    int
	}
	// Silence stops the prompt of that Seq.
	Silence struct{ Seq int }
	// HangUp ends the call to the approver, or stops his phone from ringing; no event of it is expected any more.
	HangUp struct{}
	// Verify looks a PIN up; answered by Verified.
	Verify struct{ Secret call.Secret }
	// Settle answers the request; answered by Settled.
	Settle struct{ Answer call.ApprovalAnswer }
	// StartTimer starts a timer, or starts it anew; followed by Expired unless it is stopped.
	StartTimer struct {
		Timer Timer
		After time.Duration
	}
	// StopTimer stops a timer.
	StopTimer struct{ Timer Timer }
	// Finish ends the search; no event is expected any more.
	Finish struct{}
)

// Prompt is what an approver hears.
type Prompt string

// The prompts.
const (
	PromptRequest  Prompt = "request"   // who wants to call whom, and which keys there are
	PromptPIN      Prompt = "pin"       // enter your PIN
	PromptPINAgain Prompt = "pin_again" // that was wrong, enter it again
	PromptAllowed  Prompt = "allowed"
	PromptRefused  Prompt = "refused"
	PromptGone     Prompt = "gone" // the caller has hung up
)
