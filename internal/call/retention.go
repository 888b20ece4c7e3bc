package call

// Retention says how long what was recorded of a call is kept, by the kind of call. The zero value keeps everything.
type Retention map[RetentionKind]Keep

// RetentionKind is a kind of calls that are kept alike.
type RetentionKind string

// The kinds. An emergency call is of no other kind.
const (
	KeepAllowed   RetentionKind = "allowed"
	KeepRefused   RetentionKind = "refused"
	KeepAbandoned RetentionKind = "abandoned" // the caller hung up while he was asked
	KeepEmergency RetentionKind = "emergency"
)

// RetentionKinds lists the kinds.
func RetentionKinds() []RetentionKind {
	return []RetentionKind{KeepAllowed, KeepRefused, KeepAbandoned, KeepEmergency}
}

// Keep says how long calls of a kind are kept, in days from the attempt; 0 is for ever.
type Keep struct {
	FullDays int // then numbers are masked, and the whole input goes
	Days     int // then the record goes, but for its digest
}
