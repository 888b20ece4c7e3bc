package ledger

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/dialwarden/dialwarden/internal/call"
)

// KeySize is the length of a key file in bytes.
const KeySize = 32

// Key is the secret under which PINs are hashed: KeySize random bytes in a file apart from the ledger, so that
// whoever steals the ledger alone cannot try out the few PINs there are. However it is printed or encoded, a Key
// shows [redacted].
type Key struct {
	secret [KeySize]byte
	path   string // for messages
}

// LoadKey reads the key file. It is an error if the file is missing, is open to the group or to others, or is not
// KeySize bytes long.
func LoadKey(path string) (Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return Key{}, fmt.Errorf("key file: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return Key{}, fmt.Errorf("key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Key{}, fmt.Errorf("key file %s: not a regular file", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("key file %s: mode %04o lets others read it: chmod 600 %s",
			path, info.Mode().Perm(), path)
	}
	if info.Size() != KeySize {
		return Key{}, fmt.Errorf("key file %s: %d bytes long, want %d", path, info.Size(), KeySize)
	}
	k := Key{path: path}
	if _, err := io.ReadFull(f, k.secret[:]); err != nil {
		return Key{}, fmt.Errorf("key file %s: %w", path, err)
	}
	if k.isZero() {
		return Key{}, fmt.Errorf("key file %s: nothing but zeros, which is no secret", path)
	}
	return k, nil
}

// LoadOrCreateKey reads the key file, or writes a new one of mode 0600 if there is none. The new file appears whole
// or not at all, and never takes the place of another.
func LoadOrCreateKey(path string) (Key, error) {
	k, err := LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := createKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return Key{}, fmt.Errorf("key file: %w", err)
	}
	return LoadKey(path)
}

// createKey writes a new key beside path and links it there: the link fails if path exists.
func createKey(path string) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // O_EXCL, mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name()), syncDir(dir)) }()
	secret := make([]byte, KeySize)
	_, _ = rand.Read(secret) // never fails
	_, err = f.Write(secret)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// The texts that are hashed begin with what they are for, so that no hash can stand for another.
const (
	pinDomain         = "dialwarden pin v1:"
	fingerprintDomain = "dialwarden key fingerprint v1"
)

// hashPIN returns the HMAC-SHA256 of the PIN.
func (k Key) hashPIN(pin call.Secret) []byte { return k.sum(pinDomain + pin.Reveal()) }

// fingerprint tells keys apart without telling anything about them.
func (k Key) fingerprint() []byte { return k.sum(fingerprintDomain) }

func (k Key) sum(text string) []byte {
	m := hmac.New(sha256.New, k.secret[:])
	_, _ = io.WriteString(m, text) // never fails
	return m.Sum(nil)
}

func (k Key) isZero() bool { return k.secret == [KeySize]byte{} }

// String implements fmt.Stringer without the secret.
func (Key) String() string { return call.Redacted }

// GoString implements fmt.GoStringer without the secret.
func (Key) GoString() string { return call.Redacted }

// Format implements fmt.Formatter, so that no verb reaches the secret.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, call.Redacted) }

// MarshalText implements encoding.TextMarshaler without the secret.
func (Key) MarshalText() ([]byte, error) { return []byte(call.Redacted), nil }

// LogValue implements slog.LogValuer without the secret.
func (Key) LogValue() slog.Value { return slog.StringValue(call.Redacted) }
