package lab

import (
	"net"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Behaviour is what a station does with a call that comes in. The zero value rings for 50 ms and answers.
type Behaviour struct {
	// Ring is how long it rings before it answers or refuses; zero for 50 ms, RingForever until the caller gives up.
	Ring time.Duration
	// Status, if not zero, refuses with this SIP status (486 busy, 404 not found) instead of answering.
	Status int
	// Redirect, if not empty, answers 302 Moved Temporarily with this Contact ("<sip:90013800138000@127.0.0.1>") instead
	// of answering, as a phone does that forwards its calls.
	Redirect string
	// Headers are more headers of a refusal or a redirection; each line ends with CR LF.
	Headers string
	// Talk is how long it talks before it hangs up; zero for as long as the other side likes.
	Talk time.Duration
	// EarlyMedia rings with a tone of its own (183) instead of a plain 180.
	EarlyMedia bool
	// Silent does not even ring: the call is received, and nothing more comes but 100.
	Silent bool
	// Mute has no sound, and its calls are not kept: Calls and WaitCall do not know of them. It is for many calls at once.
	Mute bool
}

// RingForever rings until the caller gives up.
const RingForever = time.Duration(1<<63 - 1)

// Behave says what the station does with calls to number; "" for all numbers that have no behaviour of their own.
func (s *Station) Behave(number string, b Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number == "" {
		s.usual = b
	} else {
		s.behaviours[number] = b
	}
}

func (s *Station) behaviour(number string) Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.behaviours[number]; ok {
		return b
	}
	return s.usual
}

// Carry has the station carry so many incoming calls at once, as a trunk of so many channels does: it refuses one more
// with 503 and cause 34, no circuit available. Zero: any number.
func (s *Station) Carry(calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = calls
}

// Carried is how many incoming calls are in progress.
func (s *Station) Carried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if !c.outgoing && c.ended.time().IsZero() {
			n++
		}
	}
	return n
}

// full reports whether the station carries as many calls as it can.
func (s *Station) full() bool {
	carried := s.Carried()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most > 0 && carried >= s.most
}

// onInvite takes a new call.
func (s *Station) onInvite(req *sip.Request, from *net.UDPAddr, at time.Time) {
	if req.From() == nil || req.To() == nil || req.Via() == nil || req.CSeq() == nil || req.Contact() == nil {
		return
	}
	c := newCall(s)
	c.Number, c.From, c.CallID, c.At = req.Recipient.User, req.From().Address.User, req.CallID().Value(), at
	c.invite, c.origin = req, from
	c.remoteTag, _ = req.From().Params.Get("tag")
	c.target = req.Contact().Address.String()
	req.To().Params.Add("tag", c.localTag)
	b := s.behaviour(c.Number)
	if !b.Mute {
		if m, err := newMedia(); err == nil {
			c.media = m
		}
	}
	full := s.full()
	s.add(c)
	if !b.Mute {
		s.receive(c)
	}
	c.respond(100, "Trying", false)
	if full {
		c.refuse(503, "Service Unavailable", "Reason: Q.850;cause=34\r\n")
		return
	}
	go c.behave(b)
}

// behave plays the called person.
func (c *Call) behave(b Behaviour) {
	if b.Ring == 0 {
		b.Ring = 50 * time.Millisecond
	}
	switch {
	case b.Silent:
		return
	case b.EarlyMedia:
		c.connect(c.invite.Body())
		c.Speak()
		c.respond(183, "Session Progress", true)
	default:
		c.respond(180, "Ringing", false)
	}
	c.progressed.happen(time.Now())
	if !c.after(b.Ring) {
		return
	}
	if b.Redirect != "" {
		c.refuse(302, "Moved Temporarily", "Contact: "+b.Redirect+"\r\n"+b.Headers)
		return
	}
	if b.Status != 0 {
		c.refuse(b.Status, "Refused", b.Headers)
		return
	}
	c.accept()
	if b.Talk != 0 && c.after(b.Talk) {
		c.bye()
	}
}

// refuse ends a call that came in with a final response; headers are one a line, each ended by CR LF.
func (c *Call) refuse(status int, reason, headers string) {
	c.respondWith(status, reason, headers, "")
	c.finish(End{SIPStatus: status})
}

// accept answers the call and speaks a tone.
func (c *Call) accept() {
	c.mu.Lock()
	over := !c.ended.time().IsZero()
	if !over {
		c.answered.happen(time.Now())
	}
	c.mu.Unlock()
	if over {
		return
	}
	c.connect(c.invite.Body())
	if c.media != nil {
		c.media.answered()
	}
	c.Speak()
	c.respond(200, "OK", true)
}

// after waits; false if the call ended meanwhile.
func (c *Call) after(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ended.done:
		return false
	}
}

// respond answers the INVITE; a final response is repeated until the ACK comes.
func (c *Call) respond(status int, reason string, withSDP bool) {
	headers, body := "Contact: <sip:lab@"+loopback(c.station.port)+">\r\n", ""
	if withSDP {
		offer, _ := parseSDP(c.invite.Body())
		headers += "Content-Type: application/sdp\r\n"
		body = c.localSDP(false, offer.payloads, "sendrecv")
	}
	c.respondWith(status, reason, headers, body)
}

func (c *Call) respondWith(status int, reason, headers, body string) {
	res := sip.NewResponseFromRequest(c.invite, status, reason, nil)
	for line := range strings.Lines(headers) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		res.AppendHeader(sip.NewHeader(name, value))
	}
	if body != "" {
		res.SetBody([]byte(body))
	}
	packet := []byte(res.String())
	c.mu.Lock()
	c.final = packet
	c.mu.Unlock()
	if status < 200 {
		c.station.send(packet, c.origin)
		return
	}
	c.station.repeat(packet, c.origin, c.confirmed)
}

// onRequest takes a request inside the call.
func (c *Call) onRequest(req *sip.Request, from *net.UDPAddr, at time.Time) {
	reply := func(status int, reason string) {
		c.station.send([]byte(sip.NewResponseFromRequest(req, status, reason, nil).String()), from)
	}
	switch req.Method {
	case sip.ACK:
		c.mu.Lock()
		defer c.mu.Unlock()
		select {
		case <-c.confirmed:
		default:
			close(c.confirmed)
		}
	case sip.BYE:
		reply(200, "OK")
		c.finish(End{SIPStatus: 200, Cause: cause(req.GetHeaders("Reason")), ByRemote: true, At: at})
	case sip.CANCEL:
		reply(200, "OK")
		c.onCancel(cause(req.GetHeaders("Reason")), at)
	case sip.INVITE:
		c.onReinvite(req, from)
	default: // OPTIONS, UPDATE, INFO, NOTIFY
		reply(200, "OK")
	}
}

// onCancel ends a call that nobody has answered yet.
func (c *Call) onCancel(q850 int, at time.Time) {
	c.mu.Lock()
	over := !c.ended.time().IsZero() || !c.answered.time().IsZero() || c.outgoing
	c.mu.Unlock()
	if over {
		return
	}
	c.finish(End{SIPStatus: 487, Cause: q850, ByRemote: true, At: at})
	c.respond(487, "Request Terminated", false)
}

// onReinvite answers a repeated INVITE as before, and a new offer inside the call with what we have.
func (c *Call) onReinvite(req *sip.Request, from *net.UDPAddr) {
	if !c.outgoing && req.CSeq() != nil && req.CSeq().SeqNo == c.invite.CSeq().SeqNo {
		c.mu.Lock()
		last := c.final
		c.mu.Unlock()
		c.station.send(last, from)
		return
	}
	c.connect(req.Body())
	offer, _ := parseSDP(req.Body())
	res := sip.NewResponseFromRequest(req, 200, "OK", nil)
	res.AppendHeader(sip.NewHeader("Contact", "<sip:lab@"+loopback(c.station.port)+">"))
	res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	res.SetBody([]byte(c.localSDP(false, offer.payloads, "sendrecv")))
	c.station.send([]byte(res.String()), from)
}
