package call

import (
	"errors"
	"slices"
	"time"
)

// PINOwner is who a PIN belongs to, and what it is good for.
type PINOwner struct {
	Holder     string `json:"holder"`
	Department string `json:"department"`
	Level      int    `json:"level"`
	// Extension is the holder's own phone, whose number must not be the PIN; it may be empty.
	Extension string    `json:"extension"`
	ValidFrom time.Time `json:"valid_from"` // zero: at once
	ValidTo   time.Time `json:"valid_to"`   // zero: until it is disabled
	Classes   []Class   `json:"classes"`    // what may be called with it; none: whatever the policy lets a PIN do
}

// TokenTerms are what a token is good for: a right to call that a person gives: the paper slip and the key. Its digits are known to nobody but whom they
// were shown to.
type TokenTerms struct {
	Approver  string `json:"approver"`  // who gives it
	Extension string `json:"extension"` // the phone that may use it; empty: any
	// Number, Prefix or Class is what may be called; one of them is set. Number and Prefix begin with + and the country
	// code; a short code stands as it is.
	Number  string    `json:"number"`
	Prefix  string    `json:"prefix"`
	Class   Class     `json:"class"`
	Uses    int       `json:"uses"` // calls; at least 1
	Expires time.Time `json:"expires"`
	// MaxSeconds caps each of the calls; 0: as the policy says.
	MaxSeconds int    `json:"max_seconds"`
	Reason     string `json:"reason"`
}

// Claim is digits that a caller typed, and what they are to prove.
type Claim struct {
	Kinds     []CredentialKind // PIN, Token, or both
	Digits    Secret
	Extension string // the caller's
	Number    Number // that is called
}

// Fault says why digits prove nothing.
type Fault string

// The faults of digits.
const (
	FaultUnknown   Fault = "unknown"    // nobody's
	FaultDisabled  Fault = "disabled"   // taken away or revoked
	FaultEarly     Fault = "not_yet"    // not valid yet
	FaultExpired   Fault = "expired"    // not valid any more
	FaultClass     Fault = "class"      // not for this class of numbers
	FaultNumber    Fault = "number"     // not for this number
	FaultExtension Fault = "extension"  // not from this phone
	FaultSpent     Fault = "spent"      // every use was taken
	FaultKind      Fault = "other_kind" // a PIN where a token is wanted, or the other way round
)

// Guessed reports whether the digits may be those of somebody who tries until some fit.
func (f Fault) Guessed() bool { return f == FaultUnknown || f == FaultKind }

// Verdict answers a claim.
type Verdict struct {
	Kind       CredentialKind // what the digits are; empty where they are nobody's
	Credential Credential     // whom they prove; not Valid where there is a fault
	Fault      Fault          // empty where they are good
	MaxSeconds int            // the token's cap; 0 for none
	Reach      Reach          // of a good PIN
}

// Reach is how far a PIN reaches. The zero value is everywhere, for good.
type Reach struct {
	Classes []Class   // none: numbers of all classes
	Until   time.Time // zero: for good
}

// Covers reports whether numbers of a class may be called with it.
func (r Reach) Covers(c Class) bool { return len(r.Classes) == 0 || slices.Contains(r.Classes, c) }

// WrongTry is a wrong PIN or token that somebody typed.
type WrongTry struct {
	At        time.Time
	Extension string // the phone that it was typed on
}

// ErrTokenSpent means that a token has no use left, or was revoked or has expired, in the moment in which one was to be
// taken: another call was faster.
var ErrTokenSpent = errors.New("the token has no use left")

// What is wrong with digits for a new PIN.
var (
	ErrPINUnfit = errors.New("these digits are no good as a PIN") // too short, too long, or easily guessed
	ErrPINTaken = errors.New("these digits are somebody's")       // which nobody is told: they could be tried
)

// ErrNothingOpen means that a phone was not open.
var ErrNothingOpen = errors.New("the phone is not open")
