package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Phone is a SIP phone with the number of one of the lab's extensions.
type Phone struct {
	station   *Station
	extension string
}

// Phone returns the phone of the extension. Asterisk refuses the calls of extensions that the lab does not have.
func (l *Lab) Phone(extension string) *Phone { return &Phone{station: l.phones, extension: extension} }

// Behave says what the phone does when it is called.
func (p *Phone) Behave(b Behaviour) { p.station.Behave(p.extension, b) }

// WaitCall waits for a call to the phone and returns it; each call is returned once.
func (p *Phone) WaitCall(ctx context.Context) (*Call, error) {
	return p.station.WaitCall(ctx, p.extension)
}

// Dial places a call and returns when the INVITE is sent. The digits go into the request URI byte for byte, so that
// hostile strings can be sent, too; what a URI does not allow the caller must escape as %XX.
func (p *Phone) Dial(ctx context.Context, digits string) (*Call, error) {
	return p.DialWith(ctx, digits, "")
}

// DialWith is Dial with more headers in the INVITE; each line ends with CR LF.
func (p *Phone) DialWith(ctx context.Context, digits, headers string) (*Call, error) {
	return p.dial(ctx, digits, headers, telephoneEvent)
}

// DialOffering is Dial from a phone that offers keys (telephone-event) as another RTP payload type than 101; with zero,
// from a phone that offers none.
func (p *Phone) DialOffering(ctx context.Context, digits string, dtmf byte) (*Call, error) {
	return p.dial(ctx, digits, "", dtmf)
}

func (p *Phone) dial(ctx context.Context, digits, headers string, dtmf byte) (*Call, error) {
	m, err := newMedia()
	if err != nil {
		return nil, err
	}
	c := newCall(p.station)
	c.media, c.offered = m, payloads{audio: pcmu, dtmf: dtmf}
	if err := c.place(ctx, p.extension, digits, headers); err != nil {
		m.close()
		return nil, err
	}
	return c, nil
}

// place sends the INVITE.
func (c *Call) place(ctx context.Context, from, digits, headers string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if strings.ContainsAny(digits, " \r\n") {
		return fmt.Errorf("%q cannot stand in a request line: escape spaces and line ends as %%XX", digits)
	}
	s := c.station
	c.Number, c.From, c.CallID, c.outgoing = digits, from, token(), true
	c.branch = "z9hG4bK" + token()
	c.target = fmt.Sprintf("sip:%s@%s", digits, s.asterisk)
	sdp := c.localSDP(true, c.offered, "sendrecv")
	packet := c.format("INVITE", c.branch, 1, headers+"Content-Type: application/sdp\r\n", sdp)
	s.add(c)
	c.At = time.Now()
	s.repeat(packet, s.peer, c.replied)
	return nil
}

// onResponse takes a response to one of our requests.
func (c *Call) onResponse(r *sip.Response, at time.Time) {
	cseq := r.CSeq()
	if cseq == nil {
		return
	}
	if cseq.MethodName == sip.INVITE && cseq.SeqNo == 1 && c.outgoing {
		c.onInviteResponse(r, at)
		return
	}
	c.onDialogResponse(r, cseq)
}

func (c *Call) onInviteResponse(r *sip.Response, at time.Time) {
	c.mu.Lock()
	if len(c.responses) == 0 {
		close(c.replied)
	}
	c.responses = append(c.responses, Response{r.StatusCode, at})
	if to := r.To(); to != nil {
		if tag, ok := to.Params.Get("tag"); ok {
			c.remoteTag = tag
		}
	}
	if contact := r.Contact(); contact != nil && r.StatusCode < 300 {
		c.target = contact.Address.String()
	}
	hangingUp := c.hangingUp
	c.mu.Unlock()

	switch {
	case r.StatusCode == 100:
	case r.StatusCode < 200:
		c.connect(r.Body())
		c.progressed.happen(at)
	case r.StatusCode < 300:
		c.onAnswer(r, at)
	default:
		c.ack(c.branch)
		c.finish(End{SIPStatus: r.StatusCode, Cause: cause(r.GetHeaders("Reason")), ByRemote: !hangingUp, At: at})
	}
	if hangingUp && r.StatusCode < 200 {
		c.cancel()
	}
}

// onAnswer takes a 200, also a repeated one.
func (c *Call) onAnswer(r *sip.Response, at time.Time) {
	c.ack("z9hG4bK" + token())
	if !c.answered.time().IsZero() {
		return
	}
	c.connect(r.Body())
	if c.media != nil {
		c.media.answered()
	}
	c.progressed.happen(at)
	c.answered.happen(at)
	c.mu.Lock()
	hangingUp := c.hangingUp
	c.mu.Unlock()
	if hangingUp { // CANCEL and 200 have crossed
		c.bye()
	}
}

func (c *Call) ack(branch string) {
	c.station.send(c.format("ACK", branch, 1, "", ""), c.station.peer)
}

// cancel sends CANCEL, once; before the first response there is nothing to cancel yet, and onInviteResponse calls again.
func (c *Call) cancel() {
	c.mu.Lock()
	send := len(c.responses) > 0 && !c.cancelled
	c.cancelled = c.cancelled || send
	c.mu.Unlock()
	if send {
		x := &exchange{done: make(chan struct{})}
		packet := c.format("CANCEL", c.branch, 1, "", "")
		c.mu.Lock()
		c.pending[c.branch] = x
		c.mu.Unlock()
		c.station.repeat(packet, c.station.peer, x.done)
	}
}

// request sends a request inside the dialog and repeats it until a final response comes.
func (c *Call) request(method, headers, body string) *exchange {
	branch := "z9hG4bK" + token()
	x := &exchange{done: make(chan struct{})}
	c.mu.Lock()
	c.cseq++
	cseq := c.cseq
	c.pending[branch] = x
	c.mu.Unlock()
	c.station.repeat(c.format(method, branch, cseq, headers, body), c.station.peer, x.done)
	return x
}

// format writes a request. CANCEL, and an ACK with the INVITE's branch, repeat the INVITE's URI.
func (c *Call) format(method, branch string, cseq int, headers, body string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.station
	uri, remote := c.target, ""
	if c.outgoing && branch == c.branch {
		uri = fmt.Sprintf("sip:%s@%s", c.Number, s.asterisk)
	}
	if c.remoteTag != "" && method != "CANCEL" {
		remote = ";tag=" + c.remoteTag
	}
	local, other := "sip:"+c.From+"@127.0.0.1", "sip:called@127.0.0.1"
	if strings.Trim(c.Number, "0123456789") == "" {
		other = "sip:" + c.Number + "@127.0.0.1"
	}
	if !c.outgoing {
		local, other = c.invite.To().Address.String(), c.invite.From().Address.String()
	}
	return fmt.Appendf(nil, "%s %s SIP/2.0\r\n"+
		"Via: SIP/2.0/UDP 127.0.0.1:%d;rport;branch=%s\r\nMax-Forwards: 70\r\n"+
		"From: <%s>;tag=%s\r\nTo: <%s>%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n"+
		"Contact: <sip:lab@127.0.0.1:%d>\r\nUser-Agent: Dialwarden lab\r\n%sContent-Length: %d\r\n\r\n%s",
		method, uri, s.port, branch, local, c.localTag, other, remote, c.CallID, cseq, method,
		s.port, headers, len(body), body)
}
