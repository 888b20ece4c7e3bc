package bench

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Subject is what is measured, and where.
type Subject struct {
	Program string    // the dialwarden binary whose daemon is measured
	Dir     string    // a directory on the disk whose commits are measured; what is written there is removed again
	Keep    bool      // keep what was written into Dir
	Log     io.Writer // says what is being done; nil for nowhere
}

// check finds a program that is not there.
func (s Subject) check() error {
	if _, err := os.Stat(s.Program); err != nil {
		return fmt.Errorf("there is no daemon to measure: %w: run `make build`", err)
	}
	return nil
}

// settle makes a directory of its own in Dir, with a name that begins so, and finds the program wherever it will be started
// from. leave removes the directory, unless it is kept.
func (s *Subject) settle(prefix string) (dir string, leave func() error, err error) {
	if s.Program, err = filepath.Abs(s.Program); err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp(s.Dir, prefix); err != nil {
		return "", nil, err
	}
	return dir, func() error {
		if s.Keep {
			return nil
		}
		return os.RemoveAll(dir)
	}, nil
}

func (s *Subject) say(format string, args ...any) {
	if s.Log != nil {
		_, _ = fmt.Fprintf(s.Log, format+"\n", args...)
	}
}
