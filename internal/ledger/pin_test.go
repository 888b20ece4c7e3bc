package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

func TestPINLifecycle(t *testing.T) {
	l := newLedger(t)
	r := readerOf(t, l)
	ctx := context.Background()
	pin, owner := call.NewSecret("739182"), call.PINOwner{Holder: "王芳", Department: "Finance", Level: 2}
	verify := func(pin string, want bool) {
		t.Helper()
		c, ok, err := verifyPIN(ctx, l, call.NewSecret(pin))
		if err != nil || ok != want || ok != c.Valid {
			t.Errorf("verifyPIN gives %+v, %t, %v, want %t", c, ok, err, want)
		}
	}

	verify("739182", false)
	id, err := l.AddPIN(ctx, pin, owner)
	if err != nil {
		t.Fatal(err)
	}
	verify("739182", true)
	verify("739183", false)
	verify("", false)
	verify("7391820", false)
	got, _, _ := verifyPIN(ctx, l, pin)
	if want := (call.Credential{Valid: true, ID: id, Holder: "王芳", Department: "Finance", Level: 2}); got != want {
		t.Errorf("the PIN proves %+v, want %+v", got, want)
	}
	if _, err := l.AddPIN(ctx, pin, call.PINOwner{Holder: "Li"}); !errors.Is(err, ErrPINTaken) {
		t.Errorf("the same PIN again: %v, want ErrPINTaken", err)
	}

	for range 2 {
		if err := l.DisablePIN(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	verify("739182", false)
	if _, err := l.AddPIN(ctx, pin, owner); !errors.Is(err, ErrPINTaken) {
		t.Errorf("the PIN of a disabled row: %v, want ErrPINTaken", err)
	}
	if err := l.DisablePIN(ctx, id+1); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown PIN: %v, want ErrNotFound", err)
	}
	other, err := l.AddPIN(ctx, call.NewSecret("0000000000071"), owner)
	if err == nil {
		t.Errorf("13 digits were taken as PIN %d", other)
	}
	now := Time{moment.UTC().Truncate(1e6)}
	pins, err := r.PINs(ctx)
	want := []PIN{{ID: id, Holder: "王芳", Department: "Finance", Level: 2, Classes: []call.Class{}, CreatedAt: now, DisabledAt: now}}
	if err != nil || !reflect.DeepEqual(pins, want) {
		t.Errorf("PINs are %+v, %v\nwant %+v", pins, err, want)
	}
}

func TestPINsThatAreRefused(t *testing.T) {
	l := newLedger(t)
	for pin, why := range map[string]string{
		"": "4 to 12 digits", "739": "4 to 12 digits", "7391820461829": "4 to 12 digits", "73a9": "4 to 12 digits",
		"７３９１": "4 to 12 digits", "73 91": "4 to 12 digits", "-739": "4 to 12 digits", "7391\n": "4 to 12 digits",
		"0000": "the same", "999999999999": "the same",
		"1234": "a run", "456789": "a run", "4321": "a run", "7890": "a run", "2109": "a run",
	} {
		_, err := l.AddPIN(context.Background(), call.NewSecret(pin), call.PINOwner{Holder: "Li"})
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want an error about %q", pin, err, why)
		}
		if pin != "" && err != nil && strings.Contains(err.Error(), pin) {
			t.Errorf("the error tells the PIN: %v", err)
		}
	}
	for _, pin := range []string{"1235", "1123", "9871", "0001", "2468", "135792468013"} {
		if _, err := l.AddPIN(context.Background(), call.NewSecret(pin), call.PINOwner{Holder: "Li"}); err != nil {
			t.Errorf("%s: %v", pin, err)
		}
	}
	for _, o := range []call.PINOwner{{}, {Holder: " "}, {Holder: "Li", Level: -1}} {
		if _, err := l.AddPIN(context.Background(), call.NewSecret("7391"), o); err == nil {
			t.Errorf("a PIN for %+v was added", o)
		}
	}
}

// A thief has the ledger's files but not the key.
func TestStolenLedgerDoesNotTellPINs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	l := openTest(t, path)
	const digits = "7391820465"
	ctx := context.Background()
	if _, err := l.AddPIN(ctx, call.NewSecret(digits), call.PINOwner{Holder: "Li"}); err != nil {
		t.Fatal(err)
	}
	_, _ = l.AddPIN(ctx, call.NewSecret(digits), call.PINOwner{Holder: "Wu"})
	_, _, _ = verifyPIN(ctx, l, call.NewSecret(digits))
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 3 {
		t.Fatalf("files %v, %v, want the ledger, its WAL and more", files, err)
	}
	secret := l.key.secret
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(digits)) || bytes.Contains(content, secret[:]) {
			t.Errorf("the PIN or the key stands in %s", name)
		}
	}
	if bytes.Equal(testKey(1).hashPIN(call.NewSecret(digits)), testKey(2).hashPIN(call.NewSecret(digits))) {
		t.Error("the hash of the PIN does not depend on the key")
	}
	if got := textOf(t, shell(t, path), "SELECT hex(hash) FROM pins"); got != fmt.Sprintf("%X", l.key.hashPIN(call.NewSecret(digits))) {
		t.Errorf("the hash in the table is %s", got)
	}
}

func TestLedgerKnowsItsKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	reopen := func(b byte) (*Ledger, error) { return Open(path, testKey(b)) }
	for _, b := range []byte{1, 2} { // without PINs, any key will do
		l, err := reopen(b)
		if err != nil {
			t.Fatal(err)
		}
		if b == 2 {
			_, err = l.AddPIN(context.Background(), call.NewSecret("7391"), call.PINOwner{Holder: "Li"})
		}
		if err := errors.Join(err, l.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := reopen(1); !errors.Is(err, ErrWrongKey) || !strings.Contains(err.Error(), "key file key-1 is not the key of this ledger") {
		t.Errorf("another key: %v, want ErrWrongKey", err)
	}
	signed := filepath.Join(t.TempDir(), "signed.db")
	l, err := Open(signed, testKey(1), WithCheckpoints(signed+".checkpoints", func(error) {}))
	if err != nil {
		t.Fatal(err)
	}
	record(t, l, sample(1))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(signed, testKey(2)); !errors.Is(err, ErrWrongKey) || !strings.Contains(err.Error(), "checkpoints were signed with another one") {
		t.Errorf("another key than the checkpoints': %v, want ErrWrongKey", err)
	}
	other := filepath.Join(t.TempDir(), "dialwarden.db") // tokens are hashed under it, too
	l, err = Open(other, testKey(1), WithClock(func() time.Time { return moment }))
	if err == nil {
		issue(t, l, terms(1))
		err = l.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(other, testKey(2)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key than that of the tokens: %v, want ErrWrongKey", err)
	}
	if _, err := Open(path, Key{}); err == nil {
		t.Error("opened without a key")
	}
	l, err = reopen(2)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// verifyPIN returns whom a PIN proves.
func verifyPIN(ctx context.Context, l *Ledger, pin call.Secret) (call.Credential, bool, error) {
	v, err := l.Prove(ctx, call.Claim{Kinds: []call.CredentialKind{call.PIN}, Digits: pin})
	return v.Credential, v.Fault == "" && err == nil, err
}
