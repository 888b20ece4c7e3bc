package call

import (
	"reflect"
	"time"
)

// Usage counts what was going on when the call was attempted: by the caller's extension, to the called number, with
// the caller's PIN. Earlier attempts count whatever became of them, so that refusals do not help; the call itself and
// emergency calls do not.
type Usage struct {
	// ConcurrentCalls are the extension's released calls that have not ended, without this one; PendingCalls those that
	// were attempted before this one and are still being decided.
	ConcurrentCalls int `json:"concurrent_calls" yaml:"concurrent_calls"`
	PendingCalls    int `json:"pending_calls" yaml:"pending_calls"`
	// Attempts of the extension in the last minute and hour, and those to numbers of the class of this one.
	AttemptsLastMinute      int `json:"attempts_last_minute" yaml:"attempts_last_minute"`
	AttemptsLastHour        int `json:"attempts_last_hour" yaml:"attempts_last_hour"`
	ClassAttemptsLastMinute int `json:"class_attempts_last_minute" yaml:"class_attempts_last_minute"`
	ClassAttemptsLastHour   int `json:"class_attempts_last_hour" yaml:"class_attempts_last_hour"`
	// Short calls of the whole site, as ShortCalls defines them, to this number and to this prefix: the number without
	// its last four digits.
	ShortCallsToNumber int `json:"short_calls_to_number" yaml:"short_calls_to_number"`
	ShortCallsToPrefix int `json:"short_calls_to_prefix" yaml:"short_calls_to_prefix"`
	// FirstToRegion is true until a call to the number's country was let out for the first time.
	FirstToRegion bool `json:"first_to_region" yaml:"first_to_region"`
	// SamePINCalls are other calls, of any extension, that go on with the PIN that was entered; 0 without one.
	SamePINCalls int `json:"same_pin_calls" yaml:"same_pin_calls"`
	// The sums of who calls: of the phone, of its holder or the PIN's, and of that person's department.
	Extension  UsageOf `json:"extension" yaml:"extension"`
	Holder     UsageOf `json:"holder" yaml:"holder"`
	Department UsageOf `json:"department" yaml:"department"`
	// Allowances are those that pay for the call, by name; never nil in complete facts.
	Allowances []AllowanceFact `json:"allowances" yaml:"-"`
	// Limited says that one of them refuses calls that it does not pay for. Then AffordableSeconds is how long the call
	// may be, at most a week, for all of them to pay for it: 0 if the rest pays for nothing, or the cost is not known.
	Limited           bool `json:"limited" yaml:"limited"`
	AffordableSeconds int  `json:"affordable_seconds" yaml:"affordable_seconds"`
}

// UsageOf is what one spender has used.
type UsageOf struct {
	Today Spent `json:"today" yaml:"today"`
	Month Spent `json:"month" yaml:"month"`
	// ConcurrentCalls are the released calls of the spender's phones that have not ended; Attempts those of them within
	// the last minute and hour; all without this one.
	ConcurrentCalls    int `json:"concurrent_calls" yaml:"concurrent_calls"`
	AttemptsLastMinute int `json:"attempts_last_minute" yaml:"attempts_last_minute"`
	AttemptsLastHour   int `json:"attempts_last_hour" yaml:"attempts_last_hour"`
}

// Idle reports whether nothing is counted at all.
func (u Usage) Idle() bool {
	without := u
	without.Allowances = nil
	return len(u.Allowances) == 0 && reflect.ValueOf(without).IsZero()
}

// UsageQuery is what Usage is asked about.
type UsageQuery struct {
	Channel   string
	Extension string
	// Who pays: see Payer. Empty where nobody is known.
	Holder, Department string
	Callee             Number
	PINID              int64 // of the PIN that was accepted; 0 for none
	Short              ShortCalls
}

// ShortCalls says which calls count as short: answered, ended within a number of seconds, not longer ago than a time.
type ShortCalls struct {
	Seconds int
	Within  time.Duration
}

// Bounds of ShortCalls: what is longer or older is not remembered.
const (
	MaxShortSeconds = 120
	MaxShortWithin  = 24 * time.Hour
)

// PastCall is an earlier call, as far as usage counts it.
type PastCall struct {
	At        time.Time // when it was attempted
	Extension string
	// Who paid, or held the phone.
	Holder, Department string
	Number             string // E.164 where known, else the digits
	Class              Class
	Answered           bool
	Seconds            int       // from answer to end
	EndedAt            time.Time // zero if it has not ended
}

// Past is what a ledger remembers of earlier calls.
type Past struct {
	Calls   []PastCall // the oldest first
	Regions []string   // countries that a call was ever let out to
}
