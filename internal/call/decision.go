package call

import (
	"errors"
	"slices"
	"time"
)

// Action is what a decision says.
type Action string

// The three answers of the policy.
const (
	Allow     Action = "allow"
	Deny      Action = "deny"
	Challenge Action = "challenge"
)

// Rule ids that Dialwarden itself decides by; all others are rules of the policy.
const (
	RuleEmergency     = "emergency"      // decided before the policy is asked
	RuleInvalidNumber = "invalid_number" // no dial string: denied before the policy is asked
	RulePolicyError   = "policy_error"   // the policy gave no usable answer: denied
	RuleNoAllow       = "no_rule_allows" // default deny
	RuleUnavailable   = "unavailable"    // the daemon could not complete the decision (ledger, shutdown)
	RuleOperator      = "operator"       // the caller asked for the operator instead
	RuleToken         = "token"          // the cap of a token
	RuleBypass        = "bypass"         // a call on a trunk that nobody had decided: hung up
	RuleServiceCode   = "service_code"   // what was dialled is for Dialwarden itself
	RuleAllowance     = "allowance"      // other calls were faster to take the rest of an allowance
)

// Reason is one rule that fired, and its text for people.
type Reason struct {
	Rule string `json:"rule"`
	Text string `json:"text"`
}

// Requirement is a proof that the policy wants: any one of the kinds meets it.
type Requirement struct {
	Rule  string           `json:"rule"`
	AnyOf []CredentialKind `json:"any_of"`
	// Approvers are the extensions of those who may approve, in the order in which they are asked. None: those of
	// data/approvers.yaml.
	Approvers []string `json:"approvers,omitempty"`
}

// Route changes where a call goes; the zero value leaves it as dialled.
type Route struct {
	Rule     string `json:"rule,omitempty"`
	Dial     string `json:"dial,omitempty"`     // dial this instead
	Trunk    string `json:"trunk,omitempty"`    // over this trunk
	Redirect string `json:"redirect,omitempty"` // to this extension, inside
}

// Shadowed is what a rule in mode shadow would have done.
type Shadowed struct {
	Rule   string `json:"rule"`
	Head   string `json:"head"` // allow, deny, require, limit, route, notify, sanction
	Reason string `json:"reason,omitempty"`
}

// Notice is somebody to be told.
type Notice struct {
	Rule string `json:"rule"`
	To   string `json:"to"`
	Text string `json:"-"` // what the rule says, in the language of the site
}

// Penalty is what a broken rule costs the caller.
type Penalty struct {
	Rule         string `json:"rule"`
	SuspendDays  int    `json:"suspend_days,omitempty"`
	FineMinor    int64  `json:"fine_minor,omitempty"`
	CostMultiple int    `json:"cost_multiple,omitempty"`
	// Suspend is SuspendExtension or SuspendPIN; empty: the PIN that was accepted for the call, the extension where none was.
	Suspend string `json:"suspend,omitempty"`
	Text    string `json:"-"` // what the rule says, in the language of the site
}

// Decision is the policy's typed answer, combined from all rules that fired.
type Decision struct {
	Action   Action        `json:"action"`
	Rule     string        `json:"rule"` // the rule that settled it
	Reasons  []Reason      `json:"reasons"`
	Requires []Requirement `json:"requires"`
	// Limits: zero means none.
	MaxSeconds  int `json:"max_seconds"`
	WarnSeconds int `json:"warn_seconds"` // before the cut
	RingSeconds int `json:"ring_seconds"`
	// CapRule is the rule that MaxSeconds is of; it is not kept.
	CapRule string `json:"-"`

	Route  Route  `json:"route"`
	Prompt string `json:"prompt"` // what a refused caller hears
	Cause  int    `json:"cause"`  // Q.850 hangup cause of a refusal

	Shadow    []Shadowed `json:"shadow"`
	Notify    []Notice   `json:"notify"`
	Sanctions []Penalty  `json:"sanctions"`

	PolicyRevision string `json:"policy_revision"`
	// Elapsed is how long the policy took.
	Elapsed time.Duration `json:"-"`
}

// Reason is the text of the rule that settled the decision: its last word, for what happened at the prompt comes after
// what the policy said. It is empty where the rule has no text.
func (d Decision) Reason() string {
	for _, r := range slices.Backward(d.Reasons) {
		if r.Rule == d.Rule && r.Text != "" {
			return r.Text
		}
	}
	return ""
}

// noted returns the decision with one more reason.
func (d Decision) noted(rule, text string) Decision {
	d.Reasons = append(d.Reasons[:len(d.Reasons):len(d.Reasons)], Reason{Rule: rule, Text: text})
	return d
}

// unlimited returns the decision without what the call that it was about would have had and cost.
func (d Decision) unlimited() Decision {
	d.MaxSeconds, d.WarnSeconds, d.RingSeconds, d.CapRule = 0, 0, 0, ""
	d.Sanctions = []Penalty{}
	return d
}

// Q.850 hangup causes that Dialwarden uses by itself.
const (
	CausePreempted         = 8
	CauseNormalClearing    = 16
	CauseCallRejected      = 21
	CauseInvalidNumber     = 28
	CauseNoChannel         = 34
	CauseNetworkOutOfOrder = 38
	CauseTemporaryFailure  = 41
)

// Record is one attempt as it goes into the ledger.
type Record struct {
	Attempt  Attempt
	Facts    Facts // the input of the last evaluation
	Decision Decision
	// PINID is the PIN that was accepted; zero for none.
	PINID int64
	// TokenID is the token that the call is let out by, one use of which it takes; zero for none.
	TokenID int64
	// TokenReturns says that the use comes back if nobody answers the call.
	TokenReturns bool
	// Approver is who allowed or refused the call, like "104 Zhang Min"; empty where nobody did.
	Approver string
	// Matter is the code of what the call is about; empty for none.
	Matter string
	// Alerts are kept with the decision, so that nobody misses one if the daemon dies; they get its id. Whoever records them
	// raises them, too.
	Alerts []Alert
	// Sanctions are what the decision costs; see Impose.
	Sanctions []Sanctioned
	// Charge is what the call may cost and who pays; nil where it costs nobody anything: it is refused, stays inside, or is
	// an emergency call.
	Charge *Charge
	// Spent are the allowances that have refused the call: their rest pays for too little of it.
	Spent []Allowance
}

// Pickup is how a call was answered.
type Pickup struct {
	At  time.Time
	Leg string // the channel that answered, Asterisk's unique id; empty where it is not known
}

// End is how a call ended.
type End struct {
	AnsweredAt time.Time // when the called party answered; zero if it did not
	EndedAt    time.Time
	Cause      int    // Q.850
	Source     string // how the end was learnt: ari, dialplan, sweep
	// Talked is how long it was from answer to end where the times do not tell, because the clock was set in between; else 0.
	Talked time.Duration
}

// Length is how long the call was from answer to end; 0 if it was not answered, or ended before by the clock and nobody
// knows better.
func (e End) Length() time.Duration {
	switch {
	case e.AnsweredAt.IsZero():
		return 0
	case e.Talked > 0:
		return e.Talked
	}
	return max(0, e.EndedAt.Round(0).Sub(e.AnsweredAt.Round(0)))
}

// OpenCall is a recorded call whose end is not known yet.
type OpenCall struct {
	DecisionID int64
	Channel    string
	Extension  string
	Holder     string // who pays
	Department string // the same
	Action     Action
	Number     string    // E.164 where known, else the digits
	PINID      int64     // 0 for none
	AnsweredAt time.Time // zero if it was not answered yet
	Leg        string    // the channel that answered; empty where it is not known
	Class      Class
	MaxSeconds int  // the cap, as it is now; 0 for none
	Extended   bool // the cap is not the one that it was let out with: an operator has changed it
}

// Release tells the dialplan to let a call out.
type Release struct {
	DecisionID  int64
	Number      string // what to dial: 0-9 * # +
	Internal    bool   // an extension, not the trunk
	Trunk       string // another trunk than the usual one; empty for the usual one
	Urgent      bool   // it is tried again until there is a channel, and another call gives way to it
	MaxSeconds  int
	WarnSeconds int
	RingSeconds int
	Warning     string // the sound file of ours that warns before the cut: dialwarden/left_30; empty: Asterisk's own words
}

// Refusal tells the dialplan to speak a prompt and hang up.
type Refusal struct {
	DecisionID int64
	Prompt     string
	Cause      int
}

// ErrGone tells that a channel does not exist any more, or is no longer in our hands.
var ErrGone = errors.New("the channel is gone")
