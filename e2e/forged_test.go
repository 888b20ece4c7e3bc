package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// sideEntries are ways past dialwarden-outbound that a careless or hostile dialplan could open.
const sideEntries = `
[phones](+)
exten => 962359001,1,Goto(dialwarden-released,1-123456789012-out-62359001-60-0-,1)
exten => 962359002,1,Goto(dialwarden-released,1--out-62359002-60-0-,1)
exten => 962359003,1,Goto(dialwarden-emergency,62359003,1)
exten => 962359004,1,Stasis(dialwarden)
 same => n,Hangup(41)
exten => 962359005,1,Stasis(dialwarden,123456789012)
 same => n,Hangup(41)
exten => 962359006,1,Set(CALLERID(all)="102" <102>)
 same => n,Goto(dialwarden-outbound,962359006,1)
exten => 7102,1,Goto(dialwarden-internal,102,1)
`

// Nobody gets out without a decision of his own, and nobody calls in the name of another.
func TestForged(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{ExtraDialplan: sideEntries})
	s := newSite(t, l, "")
	s.serve()
	for dialled, cause := range map[string]int{
		"962359001": call.CauseCallRejected,     // a decision that was never made
		"962359002": call.CauseCallRejected,     // the same, without a nonce
		"962359003": call.CauseCallRejected,     // no emergency number
		"962359004": call.CauseTemporaryFailure, // nobody to let out
		"962359005": call.CauseCallRejected,     // allowed, but not on this channel
	} {
		t.Run(dialled, func(t *testing.T) {
			t.Parallel()
			refused(t, dial(t, l, "101", dialled), cause)
			notCalled(t, l, dialled[1:])
			notCalled(t, l, dialled)
		})
	}
	t.Run("released twice", func(t *testing.T) {
		t.Parallel()
		c := dial(t, l, "103", "962359007")
		up(t, c)
		channel := released(t, l, "62359007")
		_, err := l.CLI(within(t, 10*time.Second), "channel redirect "+channel.Name+" dialwarden-released,"+channel.Dialplan.Exten+",1")
		must(t, err)
		if end := endOf(t, c); end.Cause != call.CauseCallRejected {
			t.Errorf("ended with %+v", end)
		}
		if n := reachedCarrier(l, "62359007"); n != 1 {
			t.Errorf("one decision let out %d calls", n)
		}
	})
	for dialled, headers := range map[string]string{
		"962359006": "",
		"962359008": "P-Asserted-Identity: \"102\" <sip:102@127.0.0.1>\r\nRemote-Party-ID: <sip:102@127.0.0.1>;privacy=off\r\n",
	} {
		t.Run("in the name of another "+dialled, func(t *testing.T) {
			t.Parallel()
			c, err := l.Phone("104").DialWith(within(t, 10*time.Second), dialled, headers)
			must(t, err)
			up(t, c)
			hangup(t, c)
			if d := s.once(dialled); d.Extension != "104" {
				t.Errorf("got %+v", d)
			}
		})
	}
}

// released finds the channel that goes on to number.
func released(t *testing.T, l *lab.Lab, number string) lab.Channel {
	t.Helper()
	var found lab.Channel
	eventually(t, "a released channel is there", func() bool {
		channels, err := l.Channels(within(t, 10*time.Second))
		must(t, err)
		for _, ch := range channels {
			if strings.Contains(ch.Dialplan.AppData, "/"+number+"@") {
				found = lab.Channel{ID: ch.ID, Name: ch.Name}
				found.Dialplan.Exten = extensionOf(t, l, number)
			}
		}
		return found.ID != ""
	})
	return found
}

// extensionOf finds in Asterisk's log the extension with which the daemon released the call to number.
func extensionOf(t *testing.T, l *lab.Lab, number string) string {
	t.Helper()
	for line := range strings.Lines(l.AsteriskLog()) {
		_, rest, ok := strings.Cut(line, "Executing [")
		exten, _, released := strings.Cut(rest, "@dialwarden-released:1]")
		if ok && released && strings.Contains(exten, "-"+number+"-") {
			return exten
		}
	}
	t.Fatalf("no call to %s was released", number)
	return ""
}

// A call between extensions rings the other phone, and Asterisk's own record names the decision.
func TestInternalCall(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	s.serve()
	c := dial(t, l, "101", "102")
	called, err := l.Phone("102").WaitCall(within(t, 10*time.Second))
	must(t, err)
	up(t, c)
	c.Speak()
	must(t, called.WaitAudio(within(t, 10*time.Second)))
	must(t, c.WaitAudio(within(t, 10*time.Second)))
	hangup(t, c)
	d := s.once("102")
	if d.Action != call.Allow || d.Rule != "internal" || d.Class != call.Internal || d.Call.Seconds == 0 || d.Extension != "101" {
		t.Errorf("got %+v", d)
	}
	record(t, l, d.ID)
}
