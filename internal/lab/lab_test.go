package lab_test

import (
	"context"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// testDialplan gives the tests something to call without Dialwarden.
const testDialplan = `
[phones](+)
exten => answer,1,Answer()
 same => n,Playback(demo-congrats)
 same => n,Hangup()
exten => early,1,Progress()
 same => n,Playback(im-sorry,noanswer)
 same => n,Hangup(21)
exten => read,1,Answer()
 same => n,Read(KEYS,confbridge-pin,4,,1,10)
 same => n,Log(NOTICE,keys=${KEYS})
 same => n,Hangup()
exten => _8X.,1,Dial(PJSIP/${EXTEN:1}@carrier)
 same => n,Hangup(${HANGUPCAUSE})
exten => _10X,1,Dial(PJSIP/${EXTEN},20)
exten => quick,1,Set(CDR(userfield)=quick)
 same => n,Hangup(21)
`

// start makes a lab for one test.
func start(t *testing.T, o lab.Options) *lab.Lab {
	t.Helper()
	o.ExtraDialplan += testDialplan
	o.Log = t.Output()
	l, err := lab.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(l.AsteriskLog())
		}
		if err := l.Close(); err != nil {
			t.Error("closing the lab:", err)
		}
	})
	return l
}

// within bounds a wait.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestCallThroughCarrier(t *testing.T) {
	began := time.Now()
	l := start(t, lab.Options{})
	t.Log("started in", time.Since(began))
	ctx := within(t, 20*time.Second)
	c, err := l.Phone("101").Dial(ctx, "862345678")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.WaitAnswered(ctx); err != nil {
		t.Fatal(err)
	}
	out, err := l.Carrier.WaitCall(ctx, "62345678")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.WaitAudio(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Hangup(ctx); err != nil {
		t.Fatal(err)
	}
	end, err := out.WaitEnded(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v from %s", end, out.From)
}
