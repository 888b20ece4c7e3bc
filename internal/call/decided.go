package call

import "time"

// Decided is a past call as a ledger keeps it: what a replay decides once more.
type Decided struct {
	ID         int64
	At         time.Time // when it was attempted
	Source     Source
	Extension  string
	Department string // of the caller, as the directory had it then
	Dialled    string // the exact bytes
	Shown      string // Dialled as it can be shown
	Input      []byte // JSON: the Facts of the last evaluation; nil where none is kept
	Answer     []byte // JSON: the Decision; nil where none is kept
	Seconds    int    // that were talked
	CostMinor  *int64 // nil: not known
}
