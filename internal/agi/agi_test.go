package agi

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// heard is a handler that lets everybody out.
type heard struct {
	arrived chan call.Attempt
	ended   chan string
}

func (h heard) Arrive(a call.Attempt, _ string, l *Line) bool {
	h.arrived <- a
	go func() { _ = l.Release(context.Background(), call.Release{DecisionID: 4, Number: "5551234"}) }()
	return true
}
func (h heard) Unheard() []string                                         { return nil }
func (h heard) Over(string, call.End)                                     {}
func (h heard) Settled()                                                  {}
func (h heard) Ended(channel string, _ time.Duration, _ time.Time, _ int) { h.ended <- channel }

func (heard) Deliver(string, string, call.Event) {}
func (heard) Left(string, string)                {}
func (heard) Emergency(call.Attempt)             {}

const header = "agi_network: yes\nagi_network_script: decide\nagi_channel: PJSIP/101-00000001\nagi_uniqueid: 7.1\n" +
	"agi_callerid: 999\nagi_extension: 95551234\nagi_arg_1: 123456789012\nagi_arg_2: \n\n"

func open(t *testing.T) (*Server, heard) { t.Helper(); return openWith(t, "") }

func openWith(t *testing.T, secret string) (*Server, heard) {
	t.Helper()
	h := heard{make(chan call.Attempt, 1), make(chan string, 16)}
	s := New(Config{Listen: "127.0.0.1:0", Secret: secret, Log: zerolog.Nop()}, h)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done }) // nothing of the connections is left, or the test hangs
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.Addr() == nil {
		<-tick.C
	}
	return s, h
}

func connect(t *testing.T, s *Server, say string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = conn.Write([]byte(say)) // it may have been closed already
	return conn
}

// What is told of a channel is believed as far as it can be.
func TestTold(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		path    string
		args    []string
		wrong   bool
		channel string
		talked  time.Duration
		ago     time.Duration
	}{
		{"ended", []string{"7.1", strconv.FormatInt(now.Add(-time.Minute).UnixMilli(), 10), "1500", "16"}, false, "7.1", 1500 * time.Millisecond, time.Minute},
		{"ended", []string{"7.1", strconv.FormatInt(now.Add(time.Hour).UnixMilli(), 10), "", "16"}, false, "7.1", 0, 0},
		{"ended", []string{"pbx-a-7.1", "", "-5", "16"}, false, "pbx-a-7.1", 0, 0},
		{"ended", []string{"", "", "", "16"}, true, "", 0, 0},
		{"emergency", []string{"7.1", "", "1500", "16", "9110", "101"}, false, "7.1", 1500 * time.Millisecond, 0},
		{"began", []string{"7.1", "", "0", "16", "9110", "101"}, false, "7.1", 0, 0},
		{"began", []string{"7.1", "", "0", "16", "", "101"}, true, "", 0, 0},
		{"emergency", []string{"7.1", "", "1500", "16", "9110; x", "101"}, true, "", 0, 0},
		{"emergency", []string{"", "", "1500", "16", "9110", "101"}, true, "", 0, 0},
		{"over", []string{"7.1", "", "", "16"}, true, "", 0, 0},
	} {
		variables := map[string]string{"agi_network_script": c.path, "agi_uniqueid": "8.1", "agi_channel": "Local/x@dialwarden-told-1;2"}
		for i, a := range c.args {
			variables[fmt.Sprintf("agi_arg_%d", i+1)] = a
		}
		q, err := read(variables)
		if (err != nil) != c.wrong {
			t.Errorf("%s %q: got the error %v", c.path, c.args, err)
		}
		if a := q.attempt; !c.wrong && (a.Channel != c.channel || q.talked != c.talked || q.cause != 16 || now.Add(-c.ago).Sub(a.At).Abs() > time.Second ||
			c.path == "emergency" && (a.Dialled != "9110" || a.Extension != "101" || a.Source != call.SourceDialplan)) {
			t.Errorf("%s %q: got %+v", c.path, c.args, q)
		}
	}
}

// noneLeft fails a test that leaves goroutines behind. It is called first.
func noneLeft(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for late := time.After(20 * time.Second); runtime.NumGoroutine() > before; {
			select {
			case <-tick.C:
			case <-late:
				t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
			}
		}
	})
}

// crowd connects n clients at once that say nothing, or an endless header byte by byte, until the test ends.
func crowd(t *testing.T, s *Server, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all, connected sync.WaitGroup
	t.Cleanup(func() { cancel(); all.Wait() })
	connected.Add(n)
	for i := range n {
		all.Go(func() {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr().String())
			connected.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for err == nil {
				select {
				case <-tick.C:
					if i%2 == 0 {
						_, err = conn.Write([]byte("a"))
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
	connected.Wait()
}

// known waits until the server has read the header of a client: strangers may have to give way.
func known(t *testing.T, s *Server) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.After(10 * time.Second); ; {
		s.mu.Lock()
		n := len(s.sessions)
		s.mu.Unlock()
		if n > 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("the client stays a stranger")
		}
	}
}

// TestHostileClients harm nobody: the call that is being decided as they come, and the one after them all, are let out, and
// nothing is left of them.
func TestHostileClients(t *testing.T) {
	noneLeft(t)
	s, h := open(t)
	during := connect(t, s, strings.Replace(header, "7.1", "6.1", 1))
	known(t, s)
	crowd(t, s, 1000)
	var many strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&many, "agi_x%d: 1\n", i)
	}
	for _, say := range []string{
		many.String() + "\n", strings.Repeat("x", 1<<20), "\x00\xff\xfe\n\n", "\n", "agi_uniqueid",
		strings.Replace(header, "999", "1\nagi_uniqueid: 8.1", 1), // a line in the caller's name
		strings.Replace(header, "999", "1\nagi_arg_1: 1\n", 1),    // and the end of the header
	} {
		connect(t, s, say)
	}
	conn := connect(t, s, header)
	for channel, conn := range map[string]net.Conn{"6.1": during, "7.1": conn} {
		letOut(t, conn)
		if a := <-h.arrived; a.Extension != "101" || a.Dialled != "95551234" || a.Channel != channel {
			t.Errorf("got %+v", a)
		}
	}
}

// letOut is Asterisk's part of a call that is let out.
func letOut(t *testing.T, conn net.Conn) {
	t.Helper()
	in := bufio.NewReader(conn)
	for _, want := range []struct{ command, reply string }{
		{"GET VARIABLE \"DIALWARDEN_NONCE\"\n", "200 result=1 (123456789012)\nHANGUP\n"},
		{"EXEC \"Goto\" \"dialwarden-released,4-123456789012-out-5551234-86400-0-,1\"\n", "200 result=0\n"},
	} {
		got, err := in.ReadString('\n')
		if err != nil || got != want.command {
			t.Fatalf("got %q (%v), want %q", got, err, want.command)
		}
		_, _ = conn.Write([]byte(want.reply))
	}
	if _, err := in.ReadByte(); err == nil {
		t.Error("the connection goes on after the release")
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte(header))
	f.Add([]byte("agi_a: 1\nagi_a: 2\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, err := readHeader(bufio.NewReaderSize(bytes.NewReader(data), longestLine))
		if err != nil {
			return
		}
		if len(lines) > mostLines {
			t.Fatalf("%d lines", len(lines))
		}
		conn, other := net.Pipe()
		_, _ = conn.Close(), other.Close()
		_, _ = read(newLibrary(newSession(conn, nil), lines).Variables)
	})
}

// FuzzReply holds that no reply does harm, and nothing but a reply is waited for.
func FuzzReply(f *testing.F) {
	for _, s := range []string{"200 result=0 endpos=8\n", "HANGUP\n200 result=-1\n", "520-Invalid\nx\n520 End\n", "200 result=\n", "511 result=-1\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		conn, other := net.Pipe()
		defer func() { _ = other.Close() }()
		go func() { _, _ = bufio.NewReader(other).WriteTo(discard{}) }()
		s := newSession(conn, bufio.NewReaderSize(bytes.NewReader(data), longestLine))
		s.lib = newLibrary(s, nil)
		go s.listen()
		for range 4 {
			result, _, err := s.command(0, "WAIT FOR DIGIT", "100")
			if s.typed(result, err); s.broken != nil {
				break
			}
		}
		s.close()
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
