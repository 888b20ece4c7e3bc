package lab_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

func TestCallThroughCarrier(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 20*time.Second)
	c := dial(ctx, t, l, "101", "862345678")
	must(t, c.WaitProgress(ctx))
	must(t, c.WaitAnswered(ctx))
	out, err := l.Carrier.WaitCall(ctx, "62345678")
	must(t, err)
	if out.From != "101" || out.At.Before(c.At) {
		t.Errorf("the carrier got %q at %v, sent at %v", out.From, out.At, c.At)
	}
	must(t, c.WaitAudio(ctx)) // the carrier's tone
	if _, after := c.HeardAudio(); after.Packets == 0 || after.Duration == 0 || after.First.IsZero() {
		t.Errorf("heard after the answer: %+v", after)
	}
	must(t, c.Hangup(ctx))
	must(t, c.Hangup(ctx)) // again is no error
	end, err := out.WaitEnded(ctx)
	must(t, err)
	if end.SIPStatus != 200 || end.Cause != 16 || !end.ByRemote {
		t.Errorf("the carrier's end: %+v", end)
	}
	if end, _ := c.WaitEnded(ctx); end.ByRemote || end.SIPStatus != 200 {
		t.Errorf("the phone's end: %+v", end)
	}
	record, err := l.WaitCDR(ctx, func(r lab.CDR) bool { return r.Dst == "862345678" })
	must(t, err)
	if record.Disposition != "ANSWERED" || !strings.HasPrefix(record.DstChannel, "PJSIP/carrier") {
		t.Errorf("record: %+v", record)
	}
}

func TestEarlyMediaIsHeardWithoutAnAnswer(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 20*time.Second)
	c := dial(ctx, t, l, "101", "early")
	must(t, c.WaitProgress(ctx))
	must(t, c.WaitAudio(ctx))
	end, err := c.WaitEnded(ctx)
	must(t, err)
	if end.SIPStatus != 403 || end.Cause != 21 || !end.ByRemote || !c.AnsweredAt().IsZero() {
		t.Errorf("end: %+v, answered %v", end, c.AnsweredAt())
	}
	before, after := c.HeardAudio()
	if before.Duration < 300*time.Millisecond || before.Bytes != before.Packets*160 || after.Packets != 0 {
		t.Errorf("heard %+v before and %+v after the answer", before, after)
	}
	var ended *lab.EndedError
	if err := c.WaitAnswered(ctx); !errors.As(err, &ended) || ended.End.Cause != 21 {
		t.Errorf("waiting for an answer: %v", err)
	}
	if err := c.SendDTMF("1"); !errors.As(err, &ended) {
		t.Errorf("pressing a key after the end: %v", err)
	}
}

func TestWaitSilence(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 20*time.Second)
	c := dial(ctx, t, l, "101", "read")
	must(t, c.WaitAudio(ctx))
	must(t, c.WaitSilence(ctx, 500*time.Millisecond))
	if _, after := c.HeardAudio(); after.Duration < time.Second {
		t.Errorf("the prompt was not over: %+v", after)
	}
	must(t, c.Hangup(ctx))
}

func TestKeysArrive(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 30*time.Second)
	for name, test := range map[string]struct {
		digits string
		keys   lab.Keys
	}{
		"usual":    {digits: "0123456789*"},
		"repeated": {digits: "1112200"},
		"fast":     {digits: "135790", keys: lab.Keys{Tone: 60 * time.Millisecond, Gap: 60 * time.Millisecond}},
		"slow":     {digits: "24", keys: lab.Keys{Tone: 300 * time.Millisecond, Gap: 700 * time.Millisecond}},
		"info":     {digits: "86420", keys: lab.Keys{Info: true}},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(ctx, t, l, "102", "read")
			must(t, c.WaitAnswered(ctx))
			must(t, c.SendKeys(test.digits+"#", test.keys))
			must(t, l.WaitLog(ctx, "keys="+test.digits+"."))
			_, err := c.WaitEnded(ctx)
			must(t, err)
		})
	}
	c := dial(ctx, t, l, "102", "read")
	if err := c.SendDTMF("1x"); err == nil {
		t.Error("x is no key of a phone, but was sent")
	}
	must(t, c.Hangup(ctx))
}

func TestCarrierBehaviours(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 30*time.Second)
	for number, test := range map[string]struct {
		behaviour lab.Behaviour
		want      lab.End
	}{
		"1486": {lab.Behaviour{Status: 486}, lab.End{SIPStatus: 486, Cause: 17, ByRemote: true}},
		"1404": {lab.Behaviour{Status: 404}, lab.End{SIPStatus: 404, Cause: 1, ByRemote: true}},
		"1503": {lab.Behaviour{Status: 503}, lab.End{SIPStatus: 503, Cause: 34, ByRemote: true}},
		"1200": {lab.Behaviour{Talk: 50 * time.Millisecond}, lab.End{SIPStatus: 200, Cause: 16, ByRemote: true}},
	} {
		t.Run(number, func(t *testing.T) {
			l.Carrier.Behave(number, test.behaviour)
			c := dial(ctx, t, l, "101", "8"+number)
			end, err := c.WaitEnded(ctx)
			must(t, err)
			test.want.At = end.At
			if end != test.want {
				t.Errorf("end: %+v, want %+v (responses %v)", end, test.want, c.Responses())
			}
		})
	}
}

func TestUnansweredCallIsCancelled(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 20*time.Second)
	l.Carrier.Behave("", lab.Behaviour{Ring: lab.RingForever})
	l.Carrier.Behave("2001", lab.Behaviour{Silent: true})
	for _, number := range []string{"2000", "2001"} {
		c := dial(ctx, t, l, "101", "8"+number)
		out, err := l.Carrier.WaitCall(ctx, number)
		must(t, err)
		if number == "2000" {
			must(t, c.WaitProgress(ctx))
		}
		must(t, c.Hangup(ctx))
		end, err := out.WaitEnded(ctx)
		must(t, err)
		if end.SIPStatus != 487 || !end.ByRemote {
			t.Errorf("the carrier's end: %+v", end)
		}
		if end, _ := c.WaitEnded(ctx); end.SIPStatus != 487 || end.ByRemote {
			t.Errorf("the phone's end: %+v", end)
		}
	}
}

func TestHangupRightAfterDialling(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 20*time.Second)
	for range 5 { // before the first response, or just after it
		c := dial(ctx, t, l, "101", "8300")
		must(t, c.Hangup(ctx))
	}
	must(t, l.WaitIdle(ctx))
}

func TestCarrierHangsUpAndEarlyMedia(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 20*time.Second)
	l.Carrier.Behave("400", lab.Behaviour{EarlyMedia: true, Ring: 300 * time.Millisecond})
	c := dial(ctx, t, l, "101", "8400")
	must(t, c.WaitAudio(ctx))
	if !c.AnsweredAt().IsZero() {
		t.Error("answered too early")
	}
	must(t, c.WaitAnswered(ctx))
	out, err := l.Carrier.WaitCall(ctx, "400")
	must(t, err)
	must(t, out.Hangup(ctx))
	end, err := c.WaitEnded(ctx)
	must(t, err)
	if !end.ByRemote || end.Cause != 16 {
		t.Errorf("end: %+v", end)
	}
	var statuses []int
	for _, r := range c.Responses() {
		statuses = append(statuses, r.Status)
	}
	if !slices.Equal(statuses, []int{100, 183, 200}) {
		t.Errorf("responses: %v", statuses)
	}
}

func TestPhoneCallsPhone(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 20*time.Second)
	l.Phone("103").Behave(lab.Behaviour{Status: 486})
	c := dial(ctx, t, l, "101", "102")
	must(t, c.WaitAnswered(ctx))
	in, err := l.Phone("102").WaitCall(ctx)
	must(t, err)
	c.Speak()
	must(t, errors.Join(in.WaitAudio(ctx), c.WaitAudio(ctx)))
	must(t, in.Hangup(ctx))
	_, err = c.WaitEnded(ctx)
	must(t, err)
	if end, err := dial(ctx, t, l, "101", "103").WaitEnded(ctx); err != nil || end.Cause != 17 {
		t.Errorf("a busy phone: %+v, %v", end, err)
	}
}

func TestRawRequestURI(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 20*time.Second)
	for sent, want := range map[string]string{
		"raw%24%7BEPOCH%7D":           "raw=raw${EPOCH}.",
		"raw%2C1%2CSystem(x)%26%0Ay":  "raw=raw,1,System(x)&",
		"raw%22%5D%3D%3E%E4%B8%AD%3B": `raw=raw"]=>中;.`,
	} {
		c := dial(ctx, t, l, "101", sent)
		if end, err := c.WaitEnded(ctx); err != nil || end.Cause != 28 {
			t.Errorf("%s: %+v, %v", sent, end, err)
		}
		must(t, l.WaitLog(ctx, want))
	}
	if _, err := l.Phone("101").Dial(ctx, "raw\r\nVia: x"); err == nil {
		t.Error("a line end was put into a request line")
	}
}

func TestBurst(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 30*time.Second)
	const calls = 300
	results, err := l.Burst(ctx, calls, []string{"101", "102", "103"}, func(i int) string {
		if i%2 == 0 {
			return "quick"
		}
		return "8500"
	})
	must(t, err)
	first, last := results[0].Sent, results[calls-1].Sent
	if last.Sub(first) > 1500*time.Millisecond {
		t.Errorf("the burst took %v", last.Sub(first))
	}
	for i, r := range results {
		if i%2 == 0 && (r.End.Cause != 21 || !r.Answered.IsZero()) || i%2 == 1 && (r.End.SIPStatus != 200 || r.Answered.IsZero()) {
			t.Errorf("call %d: %+v", i, r)
		}
	}
	if n := len(l.Carrier.Calls()); n != calls/2 {
		t.Errorf("the carrier got %d calls, want %d", n, calls/2)
	}
	must(t, l.WaitIdle(ctx))
	if _, err := l.Burst(ctx, 0, nil, nil); err == nil {
		t.Error("a burst of nothing is no burst")
	}
}
