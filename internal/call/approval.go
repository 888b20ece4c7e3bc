package call

import (
	"errors"
	"time"
)

// ApprovalRequest is a caller's wish that somebody approve his call now.
type ApprovalRequest struct {
	Channel   string // the caller's
	Caller    Caller
	Number    Number
	Rule      string // which wants the approval
	Reason    string // its text
	Approvers []string
	Ring      time.Duration // each phone rings so long
	PIN       bool          // the approver must enter his PIN
	Level     int           // that PIN's lowest level
}

// ApprovalOutcome is what became of a request.
type ApprovalOutcome string

// The outcomes.
const (
	Approved            ApprovalOutcome = "approved"
	ApprovalRefused     ApprovalOutcome = "refused"
	ApprovalNobody      ApprovalOutcome = "nobody"      // none of the approvers could be reached, or wanted to say
	ApprovalUnavailable ApprovalOutcome = "unavailable" // nobody can be asked: Asterisk's REST interface is away
)

// ApprovalAnswer ends a request. It is an event of the call.
type ApprovalAnswer struct {
	Outcome ApprovalOutcome
	// Approver is who answered; not Valid where nobody did. Its ID is that of his PIN, or 0.
	Approver  Credential
	Extension string // the approver's, empty where he did not answer on a phone
	Via       string // how he answered: ViaHandset, ViaAPI, ViaCommand; empty where nobody did
	Reason    string // in his words; empty on a handset
}

// Name says who answered, like "104 Zhang Min".
func (a ApprovalAnswer) Name() string {
	switch {
	case a.Extension == "":
		return a.Approver.Holder
	case a.Approver.Holder == "":
		return a.Extension
	}
	return a.Extension + " " + a.Approver.Holder
}

// How an approver answered.
const (
	ViaHandset = "handset" // on his phone
	ViaAPI     = "api"     // over the web listener
	ViaCommand = "command" // with dialwarden approval
)

// PhoneEnded tells that an approver's phone rings no more, or that its call is over; cause is Q.850. It is an event of
// that phone.
type PhoneEnded struct{ Cause int }

func (PhoneEnded) event() {}

// Ringing is what is wanted of an approver's phone.
type Ringing struct {
	Extension string        // the approver's
	Caller    string        // the extension that the phone shows as the caller's
	Name      string        // what it shows besides; empty: approval
	For       time.Duration // after which the phone stops by itself, should nobody have stopped it
	// Tell takes what happens: Answered, Digit, PromptEnded, and PhoneEnded as the last. It must not block.
	Tell func(Event)
}

// PendingApproval is a request that nobody has answered yet, for those who may answer it.
type PendingApproval struct {
	ID         string    `json:"id"`
	Since      time.Time `json:"since"`
	Extension  string    `json:"extension"` // the caller's
	Holder     string    `json:"holder"`
	Department string    `json:"department"`
	Number     string    `json:"number"` // whole: E.164 where it is known, else the digits
	Class      Class     `json:"class"`
	Rule       string    `json:"rule"`
	Reason     string    `json:"reason"`
	Approvers  []string  `json:"approvers"` // extensions, in the order in which they are asked; never nil
	Asking     string    `json:"asking"`    // whose phone rings or is talked to; empty between two
}

// ApprovalReply is how somebody answers a pending request elsewhere than on a phone.
type ApprovalReply struct {
	Allow  bool
	Who    string // who answers
	Reason string // in his words; may be empty
	Via    string // ViaAPI or ViaCommand
}

// Errors of answering a pending approval.
var (
	ErrNoApproval       = errors.New("no approval of this id is pending")
	ErrApprovalAnswered = errors.New("already answered")
	ErrApprovalOver     = errors.New("the caller waits no longer")
	ErrOwnApproval      = errors.New("nobody approves his own call")
	ErrApprovalReply    = errors.New("the answer is not complete")
)

// Prompts on an approver's phone; the adapters know how they sound.
const (
	PromptApproverHello   = "approver_hello"   // this is the telephone control; extension …
	PromptApproverWants   = "approver_wants"   // … wants to call …
	PromptApproverKeys    = "approver_keys"    // to allow it, press 1; to refuse, 2; to hear this again, 3
	PromptApproverPIN     = "approver_pin"     // enter your PIN, then press hash
	PromptApproverWrong   = "wrong"            // that was not right
	PromptApproverAllowed = "approver_allowed" // the call is allowed
	PromptApproverRefused = "approver_refused" // the call is refused
	PromptApproverGone    = "approver_gone"    // the caller has hung up
)
