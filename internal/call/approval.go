package call

import "time"

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
	Via       string // how he answered: handset, api
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
