package e2e

import (
	"net"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/watch"
)

const (
	connected = "connected to Asterisk"
	away      = "no connection to Asterisk"
)

// A connection that breaks or falls silent is noticed and made anew, and no caller is lost over it.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	proxy, err := l.Proxy()
	must(t, err)
	s := newSite(t, l, proxy.URL())
	s.addPIN("583921", "Li Wei", 2)
	s.serve()
	atPrompt := dial(t, l, "103", "902112350001")
	asked(t, atPrompt)

	proxy.Refuse(true)
	noted(t, l, "Deactivating Stasis app", proxy.Cut)
	s.logged(1, away)
	refused(t, dial(t, l, "101", "962350002"), call.CauseNetworkOutOfOrder)
	proxy.Refuse(false)
	s.logged(2, connected)
	must(t, atPrompt.SendDTMF("583921#"))
	reaches(t, l, "02112350001")
	hangup(t, atPrompt)
	if d := s.once("902112350001"); d.Action != call.Allow {
		t.Errorf("the caller at the prompt: got %+v", d)
	}

	proxy.Freeze()
	frozen := time.Now()
	waiting := dial(t, l, "104", "962350003") // Asterisk still takes the daemon to be there
	s.logged(2, away)
	if took := time.Since(frozen); took > 12*time.Second {
		t.Errorf("a connection that does not answer was noticed after %v", took)
	}
	proxy.Thaw()
	s.logged(3, connected)
	reaches(t, l, "62350003")
	hangup(t, waiting)
	if d := s.once("962350003"); d.Action != call.Allow {
		t.Errorf("the caller of the silent connection: got %+v", d)
	}
	if n := s.log.count(away); n != 2 {
		t.Errorf("the log tells %d times that Asterisk is away, wanted 2", n)
	}
}

// Asterisk is not there when the daemon starts, and dies under it later.
func TestAsteriskAway(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	must(t, l.Stop(within(t, 30*time.Second)))
	s := newSite(t, l, "")
	s.start()
	s.logged(1, away)
	must(t, l.Restart(within(t, time.Minute)))
	s.logged(1, connected)
	talking, asking := dial(t, l, "101", "962350011"), dial(t, l, "103", "902112350012")
	up(t, talking)
	asked(t, asking)
	s.decision(to("962350011"))
	if n := s.log.count(away); n != 1 {
		t.Errorf("the log tells %d times that Asterisk is away, wanted once", n)
	}

	must(t, l.Kill(within(t, 30*time.Second)))
	s.logged(2, away)
	must(t, l.Restart(within(t, time.Minute)))
	s.logged(2, connected)
	if d := s.once("962350011"); d.Call.EndSource != watch.SourceSweep || d.Call.AnsweredAt.IsZero() {
		t.Errorf("the call that died with Asterisk: got %+v", d)
	}
	if d := s.once("902112350012"); d.Action != call.Challenge || d.Call.EndSource != watch.SourceSweep {
		t.Errorf("the caller at the prompt who died with Asterisk: got %+v", d)
	}
	c := dial(t, l, "101", "962350013")
	up(t, c)
	hangup(t, c)
	if d := s.once("962350013"); d.Action != call.Allow || d.Call.EndSource != watch.SourceARI {
		t.Errorf("the call after the restart: got %+v", d)
	}
}

// The pauses between attempts to connect grow, and a daemon that is still trying stops when it is told to.
func TestPausesGrow(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	attempts := make(chan time.Time)
	go func() {
		defer close(attempts)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
			select {
			case attempts <- time.Now():
			case <-t.Context().Done():
				return
			}
		}
	}()
	s := newSite(t, l, "http://"+listener.Addr().String()+"/ari")
	d := s.start()
	first, last := <-attempts, <-attempts
	for range 3 {
		first, last = last, <-attempts
	}
	if pause := last.Sub(first); pause < time.Second {
		t.Errorf("the fifth attempt came %v after the fourth", pause)
	}
	d.stop()
	if n := s.log.count(away); n != 1 {
		t.Errorf("the log tells %d times that Asterisk is away, wanted once", n)
	}
}
