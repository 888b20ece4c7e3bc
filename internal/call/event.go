package call

import "time"

// Event is something that happened to a call.
type Event interface{ event() }

// The events of a call.
type (
	// Arrived starts the call: the caller has dialled and waits.
	Arrived struct{}
	// Judged answers AskPolicy. Locked says that no digits are taken from this phone now, CanApprove that approvers can
	// be asked; Approvers are those of this caller, where a requirement names none.
	Judged struct {
		Decision           Decision
		Locked, CanApprove bool
		Approvers          []string
	}
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
	// Verified answers Verify. Err means that the digits could not be looked up, Locked that they were not, because too
	// many wrong ones were typed before.
	Verified struct {
		Verdict Verdict
		Locked  bool
		Err     error
	}
	// Changed answers ChangePIN and CloseGrant. Err is ErrPINUnfit where other digits may do.
	Changed struct{ Err error }
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

func (Arrived) event()        {}
func (Judged) event()         {}
func (Changed) event()        {}
func (ApprovalAnswer) event() {}
func (Recorded) event()       {}
func (Answered) event()       {}
func (Digit) event()          {}
func (PromptEnded) event()    {}
func (Verified) event()       {}
func (Expired) event()        {}
func (HungUp) event()         {}
func (LineFailed) event()     {}
func (HandedOver) event()     {}
func (Stopping) event()       {}

// Timer names one of the machine's timers.
type Timer string

// The timers of a conversation.
const (
	TimerKey   Timer = "key"   // until the next key
	TimerTotal Timer = "total" // for the whole conversation
)

// Proved is what a caller has proved, and who answered for him.
type Proved struct {
	Credentials Credentials
	Granted     bool   // the PIN was typed for an earlier call
	Reach       Reach  // of the PIN that was typed
	Approver    string // who allowed or refused the call; empty where nobody did
}

// Command is something that has to be done for a call.
type Command interface{ command() }

// The commands for a call.
type (
	// AskPolicy asks for a decision with the credentials so far; answered by Judged.
	AskPolicy struct{ Credentials Credentials }
	// Announce makes durable that the caller is about to be asked for something; answered by Recorded.
	Announce struct {
		Decision Decision
		Proved   Proved
	}
	// Answer takes the caller's line up; answered by Answered or LineFailed.
	Answer struct{}
	// Play speaks prompts one after the other; followed by PromptEnded when all have been spoken to the end.
	Play struct {
		Prompts []string
		Seq     int
	}
	// Silence stops the prompts of that Seq.
	Silence struct{ Seq int }
	// StartTimer starts a timer, or starts it anew; followed by Expired unless it is stopped.
	StartTimer struct {
		Timer Timer
		After time.Duration
	}
	// StopTimer stops a timer.
	StopTimer struct{ Timer Timer }
	// Verify looks up what the caller has typed, as one of the kinds; answered by Verified.
	Verify struct {
		Kinds  []CredentialKind
		Digits Secret
	}
	// SeekApproval has somebody asked to approve the call; answered by ApprovalAnswer, unless CancelApproval comes first.
	SeekApproval struct {
		Rule      string   // that wants it
		Reason    string   // its text
		Approvers []string // in the order in which they are asked
	}
	// CancelApproval ends what SeekApproval began.
	CancelApproval struct{}
	// ChangePIN gives the PIN with that id other digits; answered by Changed.
	ChangePIN struct {
		ID     int64
		Digits Secret
	}
	// CloseGrant closes the phone that a PIN has opened; answered by Changed, with ErrNothingOpen where it was not open.
	CloseGrant struct{}
	// WriteDown makes the decision durable, and takes a use of the token that it rests on; answered by Recorded.
	WriteDown struct {
		Decision Decision
		Proved   Proved
	}
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

func (AskPolicy) command()      {}
func (Announce) command()       {}
func (SeekApproval) command()   {}
func (ChangePIN) command()      {}
func (CloseGrant) command()     {}
func (CancelApproval) command() {}
func (Answer) command()         {}
func (Play) command()           {}
func (Silence) command()        {}
func (StartTimer) command()     {}
func (StopTimer) command()      {}
func (Verify) command()         {}
func (WriteDown) command()      {}
func (LetGo) command()          {}
func (TurnAway) command()       {}
func (Drop) command()           {}
func (Finish) command()         {}
