package call

import "time"

// Event is something that happened to a call.
type Event interface{ event() }

// The events of a call.
type (
	// Arrived starts the call: the caller has dialled and waits.
	Arrived struct{}
	// Judged answers AskPolicy.
	Judged struct{ Decision Decision }
	// Recorded answers Announce and WriteDown. ID is the decision's id (0 after Announce); Err means that nothing
	// is durable.
	Recorded struct {
		ID  int64
		Err error
	}
	// Answered tells that the caller's channel is up: he can hear and type without being charged for a call.
	Answered struct{}
	// Digit is one DTMF key: 0-9, *, # or A-D. It is never logged.
	Digit struct{ Key byte }
	// PromptEnded tells that the prompt of Play with the same Seq was spoken to its end.
	PromptEnded struct{ Seq int }
	// Verified answers Verify. Err means that the credential could not be looked up.
	Verified struct {
		Credential Credential
		Err        error
	}
	// Expired tells that a timer ran out.
	Expired struct{ Timer Timer }
	// HungUp tells that the caller is gone.
	HungUp struct{}
	// LineFailed tells that the line did not do what the last action wanted of it.
	LineFailed struct{ Err error }
	// HandedOver tells that LetGo or TurnAway was carried out.
	HandedOver struct{}
	// Stopping tells that the daemon is shutting down and the caller cannot be asked any longer.
	Stopping struct{}
)

func (Arrived) event()     {}
func (Judged) event()      {}
func (Recorded) event()    {}
func (Answered) event()    {}
func (Digit) event()       {}
func (PromptEnded) event() {}
func (Verified) event()    {}
func (Expired) event()     {}
func (HungUp) event()      {}
func (LineFailed) event()  {}
func (HandedOver) event()  {}
func (Stopping) event()    {}

// Timer names one of the machine's timers.
type Timer string

// The timers of a conversation.
const (
	TimerKey   Timer = "key"   // until the next key
	TimerTotal Timer = "total" // for the whole conversation
)

// Command is something that has to be done for a call.
type Command interface{ command() }

// The commands for a call.
type (
	// AskPolicy asks for a decision with the credentials so far; answered by Judged.
	AskPolicy struct{ Credentials Credentials }
	// Announce makes durable that the caller is about to be asked for a credential; answered by Recorded.
	Announce struct{ Decision Decision }
	// Answer takes the caller's line up; answered by Answered or LineFailed.
	Answer struct{}
	// Play speaks a prompt; followed by PromptEnded when it has been spoken to its end.
	Play struct {
		Prompt string
		Seq    int
	}
	// Silence stops the prompt of that Seq.
	Silence struct{ Seq int }
	// StartTimer starts a timer, or starts it anew; followed by Expired unless it is stopped.
	StartTimer struct {
		Timer Timer
		After time.Duration
	}
	// StopTimer stops a timer.
	StopTimer struct{ Timer Timer }
	// Verify looks up what the caller has typed; answered by Verified.
	Verify struct {
		Kind   CredentialKind
		Secret Secret
	}
	// WriteDown makes the decision durable; answered by Recorded.
	WriteDown struct{ Decision Decision }
	// LetGo lets the call out; answered by HandedOver or LineFailed.
	LetGo struct {
		ID       int64
		Decision Decision
	}
	// TurnAway speaks the decision's prompt and hangs up with its cause; answered by HandedOver or LineFailed.
	TurnAway struct {
		ID       int64
		Decision Decision
	}
	// Drop hangs up at once: the last resort when the line does nothing else.
	Drop struct{}
	// Finish ends the conversation; no event is expected any more.
	Finish struct{}
)

func (AskPolicy) command()  {}
func (Announce) command()   {}
func (Answer) command()     {}
func (Play) command()       {}
func (Silence) command()    {}
func (StartTimer) command() {}
func (StopTimer) command()  {}
func (Verify) command()     {}
func (WriteDown) command()  {}
func (LetGo) command()      {}
func (TurnAway) command()   {}
func (Drop) command()       {}
func (Finish) command()     {}
