package call

import (
	"crypto/rand"
	"time"
)

// AlertKind says what an alert is about.
type AlertKind string

// The kinds of alerts.
const (
	AlertRule       AlertKind = "rule"       // a rule of the policy has somebody told of a call (head notify)
	AlertEmergency  AlertKind = "emergency"  // an emergency call
	AlertAllowance  AlertKind = "allowance"  // an allowance is used to a share that data/allowances.yaml names
	AlertBypass     AlertKind = "bypass"     // a channel on a trunk that nobody has decided
	AlertLine       AlertKind = "line"       // a guarded line is busy or off the hook for too long
	AlertPreemption AlertKind = "preemption" // a call was ended to make room for an emergency or an alarm
	AlertSanction   AlertKind = "sanction"   // a phone or a PIN was suspended, or a fine imposed
	AlertEscape     AlertKind = "escape"     // a call went on after its cap and was ended by the daemon
	AlertTest       AlertKind = "test"       // "dialwarden alert test"
)

// AlertKinds lists the kinds that happen by themselves: all but AlertTest.
func AlertKinds() []AlertKind {
	return []AlertKind{
		AlertRule, AlertEmergency, AlertAllowance, AlertBypass, AlertLine, AlertPreemption, AlertSanction, AlertEscape,
	}
}

// Alert is something that a person should hear of soon. It holds no digit of a PIN or a token.
type Alert struct {
	// ID is the same however often the alert is sent, and no other alert has it. Empty: whoever takes the alert gives it one.
	ID         string    `json:"id"`
	Kind       AlertKind `json:"kind"`
	At         time.Time `json:"at"`
	Rule       string    `json:"rule,omitempty"`        // that wants it told
	To         string    `json:"to,omitempty"`          // whom, as the rule names it
	DecisionID int64     `json:"decision_id,omitempty"` // 0 where there is none
	Extension  string    `json:"extension,omitempty"`
	Holder     string    `json:"holder,omitempty"`
	Department string    `json:"department,omitempty"`
	Place      string    `json:"place,omitempty"`  // where the phone is
	Number     string    `json:"number,omitempty"` // that was called: E.164 where known, else as dialled
	Channel    string    `json:"channel,omitempty"`
	Text       string    `json:"text"` // one sentence for people, in the language of the site where it is a rule's
}

// NewAlertID makes the ID of an alert up.
func NewAlertID() string { return rand.Text() }

// Delivery is what became of an alert at one receiver.
type Delivery struct {
	Alert    string    `json:"alert,omitempty"` // its ID
	Receiver string    `json:"receiver"`
	Tries    int       `json:"tries"`
	TriedAt  time.Time `json:"tried_at,omitzero"` // last
	// Delivered and GivenUp are never both true; while neither is, the alert waits for its next try.
	Delivered bool   `json:"delivered"`
	GivenUp   bool   `json:"given_up"`
	Status    int    `json:"status,omitempty"` // that the receiver answered with; 0: none came
	Error     string `json:"error,omitempty"`  // why the last try failed
}

// WaitingAlert is an alert that a receiver has not got yet.
type WaitingAlert struct {
	Alert
	Tries int // so far
}
