package ledger

import "sync/atomic"

// state is whether the file can be written, as the last transaction found it.
type state struct {
	notice  func(error)
	told    string      // the words of the fault that was told of; the writer goroutine's
	failing atomic.Bool // the last transaction failed
}

// WithNotice makes the ledger tell when it can no longer be written (an ErrUnwritable that says why; again if the reason
// changes), and when it can be written again (nil). tell runs on the goroutine that writes: it must return at once.
func WithNotice(tell func(error)) Option { return func(l *Ledger) { l.state.notice = tell } }

// tell notes how a transaction went, and tells of a change.
func (s *state) tell(err error) {
	words := ""
	if err != nil {
		words = err.Error()
	}
	if words == s.told {
		return
	}
	s.told = words
	s.failing.Store(err != nil)
	if s.notice != nil {
		s.notice(err)
	}
}

// The sizes of what Probe writes. After a fault it is as much as a decision takes, or a small leftover of a full disk
// would be taken for room.
const (
	probeSize      = 16
	probeAfterFail = 64 << 10
)

func (s *state) probeSize() int {
	if s.failing.Load() {
		return probeAfterFail
	}
	return probeSize
}
