package call

import (
	"errors"
	"time"
)

// InProgress is a released call that has not ended.
type InProgress struct {
	DecisionID int64     `json:"decision_id"`
	Extension  string    `json:"extension"`
	Number     string    `json:"number"` // E.164 where known, else the digits
	Class      Class     `json:"class"`
	Channel    string    `json:"channel"` // the caller's
	Leg        string    `json:"leg"`     // the channel that answered; empty while it rings
	Left       bool      `json:"left"`    // the caller has transferred the call away
	Since      time.Time `json:"since"`   // when it arrived, or the daemon took it over
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	Seconds    int       `json:"seconds"`     // since the answer
	MaxSeconds int       `json:"max_seconds"` // the cap, counted from the answer; 0 for none
}

// Measure is what an operator does to a call in progress.
type Measure string

// The measures.
const (
	Extend    Measure = "extend" // it may last longer
	Terminate Measure = "end"    // it ends now
)

// Intervention is a change of a call in progress, and whose.
type Intervention struct {
	DecisionID int64
	What       Measure
	MaxSeconds int // of Extend: the cap from now on, counted from the answer
	Who        string
	Reason     string
}

// What stands in the way of an intervention.
var (
	ErrNotInProgress = errors.New("no call of this decision is in progress")
	ErrUncapped      = errors.New("the call has no cap: it may last as long as it likes")
	ErrNoARI         = errors.New("the daemon is not connected to Asterisk over ARI, so that it cannot change calls in progress; see \"dialwarden doctor\"")
	ErrEmergency     = errors.New("it is an emergency call: it ends when its parties hang up")
)
