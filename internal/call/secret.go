package call

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret holds digits that must never be seen: a PIN or a token. However it is printed, logged or encoded, it
// shows [Redacted]; only Reveal gives the digits, and only the code that hashes them has a reason to call it.
type Secret struct{ digits string }

// Redacted stands wherever a Secret would have been shown.
const Redacted = "[redacted]"

// NewSecret wraps digits.
func NewSecret(digits string) Secret { return Secret{digits} }

// Reveal returns the digits.
func (s Secret) Reveal() string { return s.digits }

// Len is the number of digits.
func (s Secret) Len() int { return len(s.digits) }

// With returns the secret with one more digit.
func (s Secret) With(digit byte) Secret { return Secret{s.digits + string(digit)} }

// String implements fmt.Stringer without the digits.
func (Secret) String() string { return Redacted }

// GoString implements fmt.GoStringer without the digits.
func (Secret) GoString() string { return Redacted }

// Format implements fmt.Formatter, so that no verb reaches the field.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }

// MarshalText implements encoding.TextMarshaler without the digits; JSON and YAML use it too.
func (Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// LogValue implements slog.LogValuer without the digits.
func (Secret) LogValue() slog.Value { return slog.StringValue(Redacted) }
