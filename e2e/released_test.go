package e2e

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// gateCrashers are dialplans that enter [dialwarden-released] by themselves.
const gateCrashers = `
[phones](+)
exten => none,1,Goto(dialwarden-released,1-123456789012-out-62345678-180-30-25,1)
exten => empty,1,Goto(dialwarden-released,1--out-62345678-180-30-25,1)
exten => short,1,Set(DIALWARDEN_NONCE=12345)
 same => n,Goto(dialwarden-released,1-12345-out-62345678-180-30-25,1)
exten => wrong,1,Set(DIALWARDEN_NONCE=123456789012)
 same => n,Goto(dialwarden-released,1-123456789013-out-62345678-180-30-25,1)
exten => trunks,1,Set(DIALWARDEN_NONCE=123456789012)
 same => n,Goto(dialwarden-released,1-123456789012-out-62345678@x&y-180-30-25,1)
exten => quote,1,Set(DIALWARDEN_NONCE=123456789012)
 same => n,Goto(dialwarden-released,1-123456789012-out-"6"-180-30-25,1)
exten => right,1,Set(DIALWARDEN_NONCE=123456789012)
 same => n,Goto(dialwarden-released,1-123456789012-out-62345678-180-30-25,1)
exten => routed,1,Set(DIALWARDEN_NONCE=123456789012)
 same => n,Set(DIALWARDEN_VIA=_second)
 same => n,Goto(dialwarden-released,1-123456789012-out-62345679-180-0-,1)
`

// Nobody gets out through [dialwarden-released] without the nonce of his channel, or with anything but digits.
func TestReleasedNeedsADecision(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{
		ExtraDialplan: gateCrashers, Globals: map[string]string{"DIALWARDEN_TRUNK_second": "PJSIP/8NUMBER@carrier"},
	})
	for _, digits := range []string{"none", "empty", "short", "wrong", "trunks", "quote"} {
		t.Run(digits, func(t *testing.T) {
			t.Parallel()
			refused(t, dial(t, l, "102", digits), 21)
		})
	}
	for digits, number := range map[string]string{"right": "62345678", "routed": "862345679"} {
		t.Run(digits, func(t *testing.T) {
			c := dial(t, l, "101", digits)
			reaches(t, l, number)
			must(t, c.WaitAnswered(within(t, 10*time.Second)))
			hangup(t, c)
		})
	}
}
