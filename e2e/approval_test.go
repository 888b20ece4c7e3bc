package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/approval"
	"github.com/dialwarden/dialwarden/internal/ari"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// desk is a room of approvals that is connected to a real Asterisk, without a daemon around it.
type desk struct {
	*approval.Room
	t       *testing.T
	lab     *lab.Lab
	client  *ari.Client
	strange chan string // channels that were taken for callers
	sweeps  chan struct{}
}

// Ring connects the room to the adapter, as the daemon does.
func (d *desk) Ring(ctx context.Context, r call.Ringing) (approval.Phone, error) {
	p, err := d.client.Ring(ctx, r)
	if errors.Is(err, ari.ErrAway) {
		return nil, fmt.Errorf("%w: %w", approval.ErrAway, err)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (d *desk) Arrive(a call.Attempt, _ string, _ *ari.Line) { d.strange <- "arrived " + a.Channel }
func (d *desk) Emergency(a call.Attempt)                     { d.strange <- "emergency " + a.Channel }
func (d *desk) Made(call.Channel)                            {} // every channel's beginning is told here
func (d *desk) Dialled(_, _ call.Channel)                    {}
func (d *desk) Ringing(_, _ call.Channel)                    {}
func (d *desk) NeedsChannel(call.Channel, string, string)    {}
func (d *desk) Answered(caller, _ call.Channel, _ time.Time) {
	if caller.ID != "" { // whoever is rung by ARI has none
		d.strange <- "answered " + caller.ID
	}
}
func (d *desk) Deliver(string, call.Event)   {} // the far legs of a forked call press keys, too, …
func (d *desk) Ended(string, time.Time, int) {} // … and end
func (d *desk) Sweep(s ari.Snapshot) {
	for _, w := range s.Waiting {
		d.strange <- "waiting " + w.Attempt.Channel
	}
	select {
	case d.sweeps <- struct{}{}:
	default:
	}
}

// newDesk connects to the lab; stop breaks the connection as a crash would.
func newDesk(t *testing.T, l *lab.Lab) (d *desk, stop func()) {
	t.Helper()
	d = &desk{t: t, lab: l, strange: make(chan string, 100), sweeps: make(chan struct{}, 1)}
	d.Room = approval.New(approval.Config{
		Phones: d, Dialogue: approval.DefaultDialogue(), Log: zerolog.Nop(),
		Holder: func(extension string) call.Caller {
			return call.Caller{Extension: extension, Holder: "holder of " + extension}
		},
		Verify: func(_ context.Context, _ string, digits call.Secret) (call.Credential, error) {
			return call.Credential{Valid: digits.Reveal() == "583921", ID: 7, Holder: "Zhang Min", Level: 2}, nil
		},
	})
	var err error
	d.client, err = ari.New(ari.Config{
		URL: l.ARIURL(), Username: lab.ARIUser, Password: l.ARIPassword(), Application: "dialwarden", Log: zerolog.Nop(),
	}, d)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); d.client.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(func() {
		stop()
		for len(d.strange) > 0 {
			t.Errorf("an approver's phone was taken for a caller: %s", <-d.strange)
		}
	})
	select {
	case <-d.sweeps: // it is connected
	case <-within(t, 20*time.Second).Done():
		t.Fatal("no connection to Asterisk")
	}
	return d, stop
}

// asking is a caller who waits for an approval.
type asking struct {
	d      *desk
	cancel func()
	answer chan call.ApprovalAnswer
}

// ask asks approvers whether 101 may call a number; each phone rings for a second.
func (d *desk) ask(r call.ApprovalRequest, approvers ...string) *asking {
	r.Channel, r.Caller, r.Approvers = "7.1", call.Caller{Extension: "101", Holder: "Li Wei"}, approvers
	r.Number = call.Number{Digits: "02112345678", E164: "+862112345678", Class: call.National}
	a := &asking{d: d, answer: make(chan call.ApprovalAnswer, 2)}
	a.cancel = d.Seek(r, func(got call.ApprovalAnswer) { a.answer <- got })
	return a
}

// is waits for the answer.
func (a *asking) is(t *testing.T, outcome call.ApprovalOutcome, by string) {
	t.Helper()
	select {
	case got := <-a.answer:
		if got.Outcome != outcome || got.Name() != by {
			t.Errorf("answered %+v, want %s by %s", got, outcome, by)
		}
	case <-within(t, 30*time.Second).Done():
		t.Fatalf("no answer; pending are %+v", a.d.Pending())
	}
}

// picksUp waits for an approver's phone to ring and to be answered.
func (d *desk) picksUp(t *testing.T, extension string) *lab.Call {
	t.Helper()
	c, err := d.lab.Phone(extension).WaitCall(within(t, 30*time.Second))
	must(t, err)
	must(t, c.WaitAnswered(within(t, 10*time.Second)))
	if c.From != "101" {
		t.Errorf("the phone of %s shows %q", extension, c.From)
	}
	return c
}

// hungUp waits until the daemon has ended a call.
func hungUp(t *testing.T, c *lab.Call) {
	t.Helper()
	end, err := c.WaitEnded(within(t, 10*time.Second))
	must(t, err)
	if !end.ByRemote {
		t.Errorf("ended with %+v", end)
	}
}

// TestApprover rings the phones of a real Asterisk. Every test has approvers of its own; all are asked at the same time.
func TestApprover(t *testing.T) {
	t.Parallel()
	var extensions []string
	for n := 101; n < 130; n++ {
		extensions = append(extensions, fmt.Sprint(n))
	}
	l := newLab(t, lab.Options{Extensions: extensions})
	d, _ := newDesk(t, l)
	forever := lab.Behaviour{Ring: lab.RingForever}
	t.Run("phones", func(t *testing.T) {
		t.Run("allows", func(t *testing.T) {
			t.Parallel()
			a := d.ask(call.ApprovalRequest{}, "101", "102") // never his own phone
			c := d.picksUp(t, "102")
			must(t, c.SendDTMF("1"))
			a.is(t, call.Approved, "102 holder of 102")
			hungUp(t, c)
		})
		t.Run("refuses after hearing it again", func(t *testing.T) {
			t.Parallel()
			a := d.ask(call.ApprovalRequest{}, "103")
			c := d.picksUp(t, "103")
			must(t, c.SendDTMF("3*2"))
			a.is(t, call.ApprovalRefused, "103 holder of 103")
			hungUp(t, c)
		})
		t.Run("with a PIN", func(t *testing.T) {
			t.Parallel()
			a := d.ask(call.ApprovalRequest{PIN: true, Level: 2}, "104")
			c := d.picksUp(t, "104")
			must(t, c.SendDTMF("11357#"))
			must(t, c.SendKeys("583921#", lab.Keys{Info: true}))
			a.is(t, call.Approved, "104 Zhang Min")
			hungUp(t, c)
		})
		t.Run("does not answer, is busy, is no phone, rejects, hangs up", func(t *testing.T) {
			t.Parallel()
			l.Phone("105").Behave(forever)
			l.Phone("106").Behave(lab.Behaviour{Status: 486})
			l.Phone("107").Behave(lab.Behaviour{Status: 603})
			a := d.ask(call.ApprovalRequest{Ring: time.Second}, "105", "106", "199", "107", "108", "109")
			rang, err := l.Phone("105").WaitCall(within(t, 10*time.Second))
			must(t, err)
			hungUp(t, rang)
			hangup(t, d.picksUp(t, "108"))
			must(t, d.picksUp(t, "109").SendDTMF("1"))
			a.is(t, call.Approved, "109 holder of 109")
		})
		t.Run("forwards his calls", func(t *testing.T) {
			t.Parallel()
			l.Phone("117").Behave(lab.Behaviour{Status: 302}) // to "lab": a call of its own, if it were followed
			a := d.ask(call.ApprovalRequest{}, "117", "118")
			must(t, d.picksUp(t, "118").SendDTMF("1"))
			a.is(t, call.Approved, "118 holder of 118")
		})
		t.Run("nobody", func(t *testing.T) {
			t.Parallel()
			l.Phone("110").Behave(lab.Behaviour{Status: 486})
			d.ask(call.ApprovalRequest{}, "110", "198").is(t, call.ApprovalNobody, "")
		})
		t.Run("given up while it rings, and while he listens", func(t *testing.T) {
			t.Parallel()
			l.Phone("111").Behave(forever)
			a, b := d.ask(call.ApprovalRequest{}, "111"), d.ask(call.ApprovalRequest{}, "112")
			rings, err := l.Phone("111").WaitCall(within(t, 10*time.Second))
			must(t, err)
			listens := d.picksUp(t, "112")
			a.cancel()
			b.cancel()
			hungUp(t, rings)
			hungUp(t, listens)
			if len(a.answer)+len(b.answer) > 0 {
				t.Error("a caller who had given up was answered")
			}
		})
		t.Run("answered elsewhere", func(t *testing.T) {
			t.Parallel()
			l.Phone("113").Behave(forever)
			a := d.ask(call.ApprovalRequest{Rule: "elsewhere"}, "113")
			rings, err := l.Phone("113").WaitCall(within(t, 10*time.Second))
			must(t, err)
			for _, p := range d.Pending() {
				if p.Rule == "elsewhere" {
					must(t, d.Answer(p.ID, call.ApprovalReply{Allow: true, Who: "Chen", Via: call.ViaAPI}))
				}
			}
			a.is(t, call.Approved, "Chen")
			hungUp(t, rings)
		})
		t.Run("two callers, one approver", func(t *testing.T) {
			t.Parallel()
			a := d.ask(call.ApprovalRequest{}, "114")
			first := d.picksUp(t, "114")
			b := d.ask(call.ApprovalRequest{}, "114")
			must(t, first.SendDTMF("1"))
			a.is(t, call.Approved, "114 holder of 114")
			must(t, d.picksUp(t, "114").SendDTMF("2"))
			b.is(t, call.ApprovalRefused, "114 holder of 114")
		})
	})
	must(t, l.WaitIdle(within(t, 20*time.Second)))
	t.Run("Asterisk dies", func(t *testing.T) {
		a := d.ask(call.ApprovalRequest{}, "115", "116")
		must(t, d.picksUp(t, "115").SendDTMF("3"))
		must(t, l.Kill(within(t, 20*time.Second)))
		eventually(t, "the connection is lost", func() bool { return !d.client.Connected() })
		d.ask(call.ApprovalRequest{}, "116").is(t, call.ApprovalUnavailable, "")
		must(t, d.Stop(within(t, 20*time.Second)))
		a.is(t, call.ApprovalUnavailable, "")
	})
}

// TestApproverForked rings two phones at once, as the site's dialplan rings that extension. Phones that an earlier daemon
// has rung are hung up by the next.
func TestApproverForked(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{Globals: map[string]string{"DIALWARDEN_INTERNAL": "PJSIP/NUMBER&PJSIP/110"}})
	d, crash := newDesk(t, l)
	l.Phone("110").Behave(lab.Behaviour{Ring: lab.RingForever})
	a := d.ask(call.ApprovalRequest{}, "102")
	other, err := l.Phone("110").WaitCall(within(t, 10*time.Second))
	must(t, err)
	c := d.picksUp(t, "102")
	hungUp(t, other)
	must(t, c.SendDTMF("1"))
	a.is(t, call.Approved, "102 holder of 102")
	hungUp(t, c)

	l.Phone("103").Behave(lab.Behaviour{Status: 486})
	l.Phone("104").Behave(lab.Behaviour{Ring: lab.RingForever})
	d.ask(call.ApprovalRequest{}, "104")
	rings, err := l.Phone("104").WaitCall(within(t, 10*time.Second))
	must(t, err)
	d.ask(call.ApprovalRequest{}, "105")
	talks := d.picksUp(t, "105")
	crash()
	next, _ := newDesk(t, l)
	hungUp(t, rings)
	hungUp(t, talks)
	l.Phone("110").Behave(lab.Behaviour{Status: 486})
	l.Phone("106").Behave(lab.Behaviour{Status: 302})
	next.ask(call.ApprovalRequest{}, "103", "106").is(t, call.ApprovalNobody, "")
	must(t, l.WaitIdle(within(t, 20*time.Second)))
}

// TestApprovalAPI asks a daemon, which has no Asterisk, for the calls that wait.
func TestApprovalAPI(t *testing.T) {
	t.Parallel()
	s := newSite(t, newLab(t, lab.Options{}), "http://127.0.0.1:1/ari")
	s.withHealth()
	s.start()
	s.log.wait(t, "no connection to Asterisk") // it runs
	const key = "0123456789abcdef0123"
	get := func() (status int, body string) {
		req, err := http.NewRequestWithContext(within(t, 20*time.Second), http.MethodGet, "http://"+s.web+"/api/v1/approvals", nil)
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+key)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		text, err := io.ReadAll(resp.Body)
		must(t, errors.Join(err, resp.Body.Close()))
		return resp.StatusCode, strings.TrimSpace(string(text))
	}
	if status, body := get(); status != http.StatusForbidden || !strings.Contains(body, "web.key_file") {
		t.Errorf("without a key: %d %s", status, body)
	}
	s.write("api.secret", key+"\n")
	if status, body := get(); status != http.StatusOK || body != `{"approvals":[]}` {
		t.Errorf("with the key: %d %s", status, body)
	}
	if out, errs, status := s.run("", "approval", "allow", "k7"); status != 2 || !strings.Contains(errs, "no approval of this id is pending") {
		t.Errorf("allow: %d %s%s", status, out, errs)
	}
	if strings.Contains(s.log.String(), key) {
		t.Error("the log holds the key")
	}
}
