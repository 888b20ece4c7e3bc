package e2e

import (
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// adminsDials are what an admin's own dialplan may do with a call before it comes to us.
const adminsDials = `
[phones](+)
exten => _7XXX,1,Dial(PJSIP/${EXTEN:1})
 same => n,Hangup()
exten => _8X!,1,Dial(Local/${EXTEN:1}@dialwarden-outbound)
 same => n,Hangup(${HANGUPCAUSE})
`

const diversion = "Diversion: <sip:110@127.0.0.1>;reason=unconditional\r\n" +
	"History-Info: <sip:110@127.0.0.1>;index=1\r\nP-Asserted-Identity: \"110\" <sip:110@127.0.0.1>\r\n"

// A forwarded call is paid for by the phone that forwards it, a transferred one by the phone that transfers it, and
// nobody can make another pay.
func TestWhoPays(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{
		ExtraDialplan: adminsDials,
		Globals:       map[string]string{"FORWARD_CONTEXT": "dialwarden-outbound", "TRANSFER_CONTEXT": "dialwarden-outbound"},
	})
	s := newSite(t, l, "")
	s.write("policy/data/cap.yaml", "max_seconds: {local: 4}\nwarn_seconds: 0\nring_seconds: 25\n")
	s.serve()
	t.Run("forwarded", func(t *testing.T) { forwardedCalls(t, s) })
	t.Run("transferred", func(t *testing.T) { transferredCalls(t, s) })
	t.Run("local channels", func(t *testing.T) { localChannels(t, s) })
}

// paid checks that the only call to number was decided on the extension, lasted, and has ended.
func paid(t *testing.T, s *site, number, extension string) {
	t.Helper()
	d := s.once("9" + number)
	if d.Extension != extension || d.Action != call.Allow || d.Call.AnsweredAt.IsZero() || d.Call.Seconds == 0 {
		t.Errorf("got %+v; wanted a call that %s pays", d, extension)
	}
	if n := reachedCarrier(s.lab, number); n != 1 {
		t.Errorf("%d calls to %s reached the carrier", n, number)
	}
}

func forwardedCalls(t *testing.T, s *site) {
	for name, tt := range map[string]struct{ dialled, by, number, headers string }{
		"by us":                    {"102", "102", "62370001", ""},
		"by us, in another's name": {"103", "103", "62370002", diversion},
		"by the admin's Dial":      {"7104", "104", "62370003", ""},
		"by his, in another's name": {
			"7105", "105", "62370004", diversion,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.lab.Phone(tt.by).Behave(lab.Behaviour{Redirect: "<sip:9" + tt.number + "@127.0.0.1>", Headers: tt.headers})
			c := dial(t, s.lab, "101", tt.dialled)
			reaches(t, s.lab, tt.number)
			up(t, c)
			c.Speak()
			wait(time.Second)
			hangup(t, c)
			paid(t, s, tt.number, tt.by)
		})
	}
	for name, tt := range map[string]struct{ contact, number string }{
		"past the dialplan":  {"PJSIP%2F62370005%40carrier", "62370005"},
		"into another":       {"Local%2F119%40dialwarden-emergency", "119"},
		"to what is denied":  {"916837006", "16837006"},
		"to what is nothing": {"62370007%40phones", "62370007"},
		"to itself":          {"106", "106"},
	} {
		t.Run(name, func(t *testing.T) {
			s.lab.Phone("106").Behave(lab.Behaviour{Redirect: "<sip:" + tt.contact + "@127.0.0.1>"})
			if end := endOf(t, dial(t, s.lab, "101", "106")); end.SIPStatus < 400 {
				t.Errorf("ended with %+v", end)
			}
			notCalled(t, s.lab, tt.number)
		})
	}
	t.Run("a caller who pretends", func(t *testing.T) {
		s.lab.Phone("108").Behave(lab.Behaviour{Status: 486})
		c, err := s.lab.Phone("101").DialWith(within(t, 10*time.Second), "108", diversion)
		must(t, err)
		if end := endOf(t, c); end.Cause != 17 {
			t.Errorf("ended with %+v", end)
		}
		if d := s.once("108"); d.Extension != "101" {
			t.Errorf("got %+v", d)
		}
	})
}

func transferredCalls(t *testing.T, s *site) {
	for name, tt := range map[string]struct {
		called, number, by string
		byCaller           bool
	}{
		"by the called":  {"107", "62371001", "107", false},
		"by the calling": {"7107", "62371002", "101", true},
	} {
		t.Run(name, func(t *testing.T) {
			from := dial(t, s.lab, "101", tt.called)
			left, err := s.lab.Phone("107").WaitCall(within(t, 10*time.Second))
			must(t, err)
			asked(t, from) // the two are connected
			if !tt.byCaller {
				from, left = left, from
			}
			transfer(t, from, "9"+tt.number, nil)
			reaches(t, s.lab, tt.number)
			must(t, left.WaitAudio(within(t, 10*time.Second)))
			wait(time.Second)
			hangup(t, left)
			paid(t, s, tt.number, tt.by)
		})
	}
	t.Run("the trunk, to escape the cap", func(t *testing.T) {
		c := dial(t, s.lab, "105", "962371004")
		out := reaches(t, s.lab, "62371004")
		asked(t, c)
		transfer(t, c, "107", nil)
		_, err := s.lab.Phone("107").WaitCall(within(t, 10*time.Second))
		must(t, err)
		end, err := out.WaitEnded(within(t, 10*time.Second))
		must(t, err)
		if lasted := end.At.Sub(out.AnsweredAt()); !end.ByRemote || lasted > 6*time.Second {
			t.Errorf("ended after %v: %+v", lasted, end)
		}
		if d := s.ended(s.decision(to("962371004")).ID); d.Extension != "105" || d.Call.Seconds != 4 {
			t.Errorf("105 pays for %+v", d)
		}
	})
	t.Run("after asking", func(t *testing.T) {
		first := dial(t, s.lab, "105", "7107")
		left, err := s.lab.Phone("107").WaitCall(within(t, 10*time.Second))
		must(t, err)
		asked(t, first)
		second := dial(t, s.lab, "105", "962371003")
		asked(t, second)
		wait(time.Second)
		transfer(t, first, "962371003", second)
		endOf(t, second)
		must(t, left.WaitAudio(within(t, 10*time.Second)))
		wait(time.Second)
		hangup(t, left)
		paid(t, s, "62371003", "105")
		if d := s.decision(to("962371003")); d.Call.Seconds < 2 {
			t.Errorf("105 pays until the transfer only: %+v", d.Call)
		}
	})
}

// transfer lets a phone transfer the other side of its call.
func transfer(t *testing.T, c *lab.Call, number string, to *lab.Call) {
	t.Helper()
	status, err := c.Refer(within(t, 10*time.Second), number, to)
	must(t, err)
	if status != 202 {
		t.Errorf("the transfer was answered with %d", status)
	}
}

func localChannels(t *testing.T, s *site) {
	t.Run("of a phone", func(t *testing.T) {
		t.Parallel()
		c := dial(t, s.lab, "106", "8962372001")
		reaches(t, s.lab, "62372001")
		up(t, c)
		wait(time.Second)
		hangup(t, c)
		paid(t, s, "62372001", "106")
	})
	t.Run("that says it was redirected", func(t *testing.T) {
		t.Parallel()
		c, err := s.lab.Phone("107").DialWith(within(t, 10*time.Second), "8962372002", diversion)
		must(t, err)
		endOf(t, c)
		unknownPays(t, s, "962372002")
	})
	t.Run("of nobody", func(t *testing.T) {
		t.Parallel()
		_, err := s.lab.CLI(within(t, 10*time.Second), "channel originate Local/962372003@dialwarden-outbound application Wait 1")
		must(t, err)
		unknownPays(t, s, "962372003")
	})
}

// unknownPays checks that a call was decided on nobody, and refused.
func unknownPays(t *testing.T, s *site, dialled string) {
	t.Helper()
	if d := s.once(dialled); d.Extension != "" || d.Action != call.Deny {
		t.Errorf("got %+v", d)
	}
	notCalled(t, s.lab, dialled[1:])
}
