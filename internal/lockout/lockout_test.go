package lockout

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

var settings = call.Tries{Extension: 3, Site: 5, Within: 15 * time.Minute, Lock: 20 * time.Minute}

// book is a ledger of tries.
type book struct {
	tries []call.WrongTry
	fail  error
}

func (b *book) WrongTry(_ context.Context, extension string) error {
	if b.fail == nil {
		b.tries = append(b.tries, call.WrongTry{At: time.Now(), Extension: extension})
	}
	return b.fail
}

func (b *book) WrongTries(_ context.Context, since time.Time) ([]call.WrongTry, error) {
	var out []call.WrongTry
	for _, t := range b.tries {
		if t.At.After(since) {
			out = append(out, t)
		}
	}
	return out, b.fail
}

func (b *book) ForgetTries(_ context.Context, extension, _ string) (int, error) {
	kept := b.tries[:0]
	for _, t := range b.tries {
		if extension != "" && t.Extension != extension {
			kept = append(kept, t)
		}
	}
	n := len(b.tries) - len(kept)
	b.tries = kept
	return n, b.fail
}

func open(t *testing.T, b *book) *Lockout {
	t.Helper()
	l, err := Open(t.Context(), b, func() call.Tries { return settings })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// try types digits on a phone and reports how long it took, by the bubble's clock.
func try(t *testing.T, l *Lockout, extension string, wrong bool) (locked bool, took time.Duration) {
	t.Helper()
	began := time.Now()
	locked, err := l.Look(t.Context(), extension, func(context.Context) (bool, error) { return wrong, nil })
	if err != nil {
		t.Fatal(err)
	}
	return locked, time.Since(began)
}

func TestPhoneIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		l := open(t, b)
		for i := range 3 {
			if locked, _ := try(t, l, "101", true); locked {
				t.Fatalf("locked at the try %d", i+1)
			}
		}
		if locked, _ := try(t, l, "101", false); !locked || !l.Locked("101") {
			t.Error("the fourth try was looked up")
		}
		if locked, _ := try(t, l, "102", false); locked {
			t.Error("another phone is locked")
		}
		if got := l.Locks(); len(got) != 1 || got[0].Extension != "101" {
			t.Errorf("locks are %v", got)
		}
		time.Sleep(settings.Lock - time.Second)
		if l = open(t, b); !l.Locked("101") {
			t.Error("a restart has opened the phone")
		}
		time.Sleep(time.Second)
		if l.Locked("101") {
			t.Error("the lock does not end")
		}
	})
}

func TestTriesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, &book{})
		for range 6 { // one in six minutes: never three within a quarter of an hour
			try(t, l, "101", true)
			time.Sleep(8 * time.Minute)
		}
		if l.Locked("101") {
			t.Error("tries count for longer than they should")
		}
	})
}

// TestTenPhones is a thief who has ten phones: he gets no more looked up than from one, and a person who is in time waits
// a little.
func TestTenPhones(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, &book{})
		looked := 0
		began := time.Now()
		for i := 0; time.Since(began) < settings.Within; i++ {
			if locked, _ := try(t, l, string(rune('A'+i%10)), true); locked {
				time.Sleep(time.Second)
			} else {
				looked++
			}
		}
		if looked > 15 {
			t.Errorf("%d tries were looked up within %v", looked, settings.Within)
		}
	})
}

func TestEachWaitsForTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, &book{})
		looked, turned := make(chan string, 20), make(chan string, 20)
		for i := range 20 { // at the same instant
			extension := string(rune('A' + i))
			go func() {
				locked, err := l.Look(t.Context(), extension, func(context.Context) (bool, error) { return true, nil })
				switch {
				case err != nil:
					t.Error(err)
				case locked:
					turned <- extension
				default:
					looked <- extension
				}
			}()
		}
		synctest.Wait()
		if n := len(looked); n != settings.Site {
			t.Errorf("%d of 20 were looked up at once, want %d", n, settings.Site)
		}
		time.Sleep(patience)
		synctest.Wait()
		if n := len(looked); n > settings.Site+4 || len(looked)+len(turned) != 20 {
			t.Errorf("%d were looked up and %d turned away", n, len(turned))
		}
	})
}

func TestUnlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		l := open(t, b)
		for _, extension := range []string{"101", "101", "101", "102", "102", "102"} {
			try(t, l, extension, true)
		}
		if n, err := l.Unlock(t.Context(), "101", "root"); n != 3 || err != nil {
			t.Errorf("forgave %d tries: %v", n, err)
		}
		if locked, took := try(t, l, "101", false); locked || took > 0 {
			t.Errorf("the phone is still locked (%v), or has to wait %v", locked, took)
		}
		if !l.Locked("102") {
			t.Error("another phone was unlocked, too")
		}
		if n, err := l.Unlock(t.Context(), "", "root"); n != 3 || err != nil || l.Locked("102") {
			t.Errorf("forgave %d tries of all phones: %v", n, err)
		}
		b.fail = errors.New("disk full")
		if _, err := l.Unlock(t.Context(), "101", "root"); err == nil {
			t.Error("unlocked although it could not be written")
		}
	})
}

// TestUnwritable: a wrong try that cannot be written is no answer at all, and counts all the same.
func TestUnwritable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		l := open(t, b)
		b.fail = errors.New("disk full")
		for range 3 {
			if _, err := l.Look(t.Context(), "101", func(context.Context) (bool, error) { return true, nil }); !errors.Is(err, b.fail) {
				t.Errorf("got %v", err)
			}
		}
		if !l.Locked("101") {
			t.Error("tries that could not be written do not count")
		}
	})
}

func TestLookFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, &book{})
		fault := errors.New("the ledger is away")
		for range 9 {
			if _, err := l.Look(t.Context(), "101", func(context.Context) (bool, error) { return true, fault }); !errors.Is(err, fault) {
				t.Errorf("got %v", err)
			}
		}
		if l.Locked("101") {
			t.Error("a fault of ours counts as a wrong try")
		}
		ctx, cancel := context.WithCancel(t.Context())
		<-l.turn
		cancel()
		if _, err := l.Look(ctx, "101", nil); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
