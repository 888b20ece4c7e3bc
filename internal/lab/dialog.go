package lab

import (
	"context"
	"fmt"
	"net/url"

	"github.com/emiago/sipgo/sip"
)

// exchange is a request inside a call and what became of it.
type exchange struct {
	done   chan struct{} // closed when the final response is there
	status int           // of the final response; read it after done is closed
}

// Hold puts the other side on hold with a new INVITE inside the call, as the hold key of a phone does, and Resume takes
// it back. Both return when Asterisk has accepted.
func (c *Call) Hold(ctx context.Context) error { return c.reinvite(ctx, "sendonly") }

// Resume ends what Hold began.
func (c *Call) Resume(ctx context.Context) error { return c.reinvite(ctx, "sendrecv") }

func (c *Call) reinvite(ctx context.Context, direction string) error {
	offer := c.localSDP(true, c.offered, direction)
	status, err := c.ask(ctx, "INVITE", "Content-Type: application/sdp\r\n", offer)
	if err == nil && status != 200 {
		err = fmt.Errorf("a new offer (%s) inside the call to %q was answered with %d", direction, c.Number, status)
	}
	return err
}

// Refer asks Asterisk to transfer the other side of the call to number, as the transfer key of a phone does, and
// returns the SIP status that it answers with: 202 if it will try. With to, the other side is connected to that call of
// this phone instead (an attended transfer).
func (c *Call) Refer(ctx context.Context, number string, to *Call) (status int, err error) {
	target := fmt.Sprintf("sip:%s@%s", number, c.station.asterisk)
	if to != nil {
		to.mu.Lock()
		replaces := fmt.Sprintf("%s;to-tag=%s;from-tag=%s", to.CallID, to.remoteTag, to.localTag)
		to.mu.Unlock()
		target += "?Replaces=" + url.QueryEscape(replaces)
	}
	headers := fmt.Sprintf("Refer-To: <%s>\r\nReferred-By: <sip:%s@127.0.0.1>\r\n", target, c.From)
	return c.ask(ctx, "REFER", headers, "")
}

// ask sends a request inside the call and returns the status of the final response.
func (c *Call) ask(ctx context.Context, method, headers, body string) (int, error) {
	x := c.request(method, headers, body)
	select {
	case <-x.done:
		return x.status, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for the answer to %s on the call to %q: %w", method, c.Number, context.Cause(ctx))
	}
}

// onDialogResponse takes a response to a request inside the call.
func (c *Call) onDialogResponse(r *sip.Response, cseq *sip.CSeqHeader) {
	via := r.Via()
	if via == nil || r.StatusCode < 200 {
		return
	}
	branch, _ := via.Params.Get("branch")
	if cseq.MethodName == sip.INVITE {
		ack := branch
		if r.StatusCode < 300 {
			ack = "z9hG4bK" + token()
		}
		c.station.send(c.format("ACK", ack, int(cseq.SeqNo), "", ""), c.station.peer)
	}
	c.mu.Lock()
	x := c.pending[branch]
	delete(c.pending, branch)
	c.mu.Unlock()
	if x != nil {
		x.status = r.StatusCode
		close(x.done)
	}
}
