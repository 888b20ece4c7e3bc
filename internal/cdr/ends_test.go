package cdr

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func idOf(n int) string { return fmt.Sprintf("%d.%d", made.Unix(), n) }

func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// wantSpan asks for a call that was answered and ended so many seconds after made; an end of 0 is none.
func wantSpan(t *testing.T, e *Ends, n, answered, ended int) {
	t.Helper()
	s, ok, err := e.Of(idOf(n))
	if err != nil || ok != (ended > 0) {
		t.Fatalf("call %d: %+v, %v, %v", n, s, ok, err)
	}
	at := func(seconds int) time.Time { return made.Add(time.Duration(seconds) * time.Second) }
	if ok && (!s.EndedAt.Equal(at(ended)) || !s.AnsweredAt.Equal(at(answered))) {
		t.Errorf("call %d is %+v, want it answered after %d s and ended after %d", n, s, answered, ended)
	}
}

// TestEnds finds what was there and what Asterisk adds, also half a line at a time, and in the file that takes the place of
// one that was moved away.
func TestEnds(t *testing.T) {
	path := file(t, line(1, 0, 1, 10, "x")+line(2, 0, 2, 20, "x"))
	e := NewEnds(path, time.Since(made)+time.Hour)
	wantSpan(t, e, 1, 1, 10)
	wantSpan(t, e, 3, 0, 0)
	three := line(3, 0, 3, 30, "x")
	write(t, path, three[:40])
	wantSpan(t, e, 3, 0, 0)
	write(t, path, three[40:])
	wantSpan(t, e, 3, 3, 30)
	write(t, path, line(4, 0, 4, 40, "x")+line(4, 0, 45, 50, "x")) // transferred
	wantSpan(t, e, 4, 4, 50)

	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	wantSpan(t, e, 5, 0, 0)
	write(t, path, line(5, 0, 5, 60, "x"))
	wantSpan(t, e, 5, 5, 60)
	wantSpan(t, e, 2, 2, 20) // read before

	e.forget()
	wantSpan(t, e, 2, 2, 20) // it is in the file that was moved away
	wantSpan(t, e, 5, 5, 60)
	if err := os.Rename(path+".1", path+".old"); err != nil {
		t.Fatal(err)
	}
	e.forget()
	wantSpan(t, e, 2, 0, 0)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := e.Of(idOf(6)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestEndsOfOneChannel tells calls apart that one channel was in.
func TestEndsOfOneChannel(t *testing.T) {
	e := NewEnds(file(t, line(1, 0, 1, 10, "7")+line(1, 0, 12, 50, Emergency)), time.Since(made)+time.Hour)
	for _, want := range []struct {
		fields          []string
		answered, ended int
	}{{[]string{"7", Emergency}, 1, 10}, {[]string{"8", Emergency}, 12, 50}, {[]string{"8"}, 1, 50}} {
		s, ok, err := e.Of(idOf(1), want.fields...)
		if !ok || err != nil || !s.AnsweredAt.Equal(made.Add(time.Duration(want.answered)*time.Second)) ||
			!s.EndedAt.Equal(made.Add(time.Duration(want.ended)*time.Second)) {
			t.Errorf("%v: %+v, %v, %v", want.fields, s, ok, err)
		}
	}
}

// TestEndsReadsOnce asks for many calls at once: the file may be gone after the first answer.
func TestEndsReadsOnce(t *testing.T) {
	var text string
	for i := range 500 {
		text += line(i, 0, 1, i+2, "x")
	}
	path := filepath.Join(t.TempDir(), "Master.csv")
	write(t, path, text)
	e := NewEnds(path, time.Since(made)+time.Hour)
	wantSpan(t, e, 0, 1, 2)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 500 {
		all.Go(func() {
			if s, ok, err := e.Of(idOf(i)); !ok || err != nil {
				t.Errorf("call %d: %+v, %v", i, s, err)
			}
		})
	}
	all.Wait()
}
