package cdr

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// kept is how long what was read is remembered after the last question.
const kept = time.Minute

// Ends answers how calls have ended, by the file of Asterisk's records. Hundreds of calls may be asked for at once after
// the daemon was away: the file is read for the first of them, and afterwards only what Asterisk has added to it. It may be
// used from several goroutines. Use NewEnds.
type Ends struct {
	path   string
	within time.Duration

	mu      sync.Mutex
	file    os.FileInfo     // what was read; nil if nothing is remembered
	upTo    int64           // and how far
	away    bool            // it was moved away and read; Asterisk makes another with the next record
	calls   map[string]Span // by what key makes of a channel and a user field, and by the channel alone
	clock   clock
	forgets *time.Timer
}

// NewEnds returns the ends in a file, of calls that have ended within that time before the first question.
func NewEnds(path string, within time.Duration) *Ends { return &Ends{path: path, within: within} }

// Of returns how the call of a channel has ended that has one of these user fields, or else, how all its calls have; false
// if there is no record of it.
//
// The error is that of opening or reading the file.
func (e *Ends) Of(uniqueID string, userFields ...string) (Span, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.forgets == nil {
		e.forgets = time.AfterFunc(kept, e.forget)
	} else {
		e.forgets.Reset(kept)
	}
	if s, ok := e.known(uniqueID, userFields); ok {
		return s, true, nil
	}
	if err := e.read(); err != nil {
		return Span{}, false, fmt.Errorf("call detail records: %w", err)
	}
	s, ok := e.known(uniqueID, userFields)
	return s, ok, nil
}

func (e *Ends) known(uniqueID string, userFields []string) (Span, bool) {
	for _, field := range userFields {
		if s, ok := e.calls[key(uniqueID, field)]; ok {
			return s, true
		}
	}
	s, ok := e.calls[uniqueID]
	return s, ok
}

func key(uniqueID, userField string) string { return uniqueID + " " + userField }

// read reads what was not read yet: all of another file, or what was added.
func (e *Ends) read() error {
	f, err := os.Open(e.path)
	if errors.Is(err, fs.ErrNotExist) && e.away {
		return nil
	}
	if err != nil {
		lines, err := withMoved(e.path, time.Now().Add(-e.within), nil, err)
		e.away = err == nil
		e.add(lines)
		return err
	}
	defer func() { _ = f.Close() }()
	e.away = false
	now, err := f.Stat()
	if err != nil {
		return err
	}
	var lines []byte
	if since := time.Now().Add(-e.within); e.file == nil || !os.SameFile(e.file, now) || now.Size() < e.upTo {
		if lines, e.upTo, err = tail(f, since); err != nil {
			return err
		}
		if lines, err = withMoved(e.path, since, lines, nil); err != nil {
			return err
		}
		e.file = now
	} else if now.Size() > e.upTo {
		if lines, err = io.ReadAll(io.NewSectionReader(f, e.upTo, now.Size()-e.upTo)); err != nil {
			return err
		}
		lines = whole(lines, true)
		e.upTo += int64(len(lines))
	}
	e.add(lines)
	return nil
}

// add remembers records.
func (e *Ends) add(lines []byte) {
	if e.calls == nil {
		e.calls = map[string]Span{}
	}
	for _, r := range e.clock.records(lines, time.Time{}) {
		for _, key := range []string{r.UniqueID, key(r.UniqueID, r.UserField)} {
			e.calls[key] = e.calls[key].with(r.Span)
		}
	}
}

func (e *Ends) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.file, e.upTo, e.away, e.calls, e.clock = nil, 0, false, nil, clock{}
}
