package agi

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// A prompt that is stopped as soon as it has begun: Asterisk has read the NOOP together with the STREAM FILE, and does
// not see it until something more comes.
func TestPromptStoppedAtOnce(t *testing.T) {
	conn, asterisk := net.Pipe()
	s := newSession(conn, bufio.NewReaderSize(conn, longestLine))
	defer s.close()
	s.lib = newLibrary(s, nil)
	go s.listen()
	go s.own()
	played := make(chan error, 1)
	go func() {
		l := &Line{s: s, entry: "1"}
		_ = l.Play(context.Background(), []string{"long"}, 1)
		_ = l.Silence(context.Background(), 1)
		played <- l.Release(context.Background(), call.Release{DecisionID: 4, Number: "5551234"})
	}()
	_ = asterisk.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(asterisk)
	for i, want := range []string{"STREAM FILE", "NOOP", "NOOP", "EXEC \"Goto\""} {
		got, err := in.ReadString('\n')
		if err != nil || !strings.HasPrefix(got, want) {
			t.Fatalf("command %d is %q (%v), want %s", i, got, err, want)
		}
		if i == 2 { // what lies in the buffer comes first
			_, _ = asterisk.Write(bytes.Repeat([]byte("200 result=0\n"), 2))
		}
	}
	_, _ = asterisk.Write([]byte("200 result=0\n"))
	if err := <-played; err != nil {
		t.Error(err)
	}
}
