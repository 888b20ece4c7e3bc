package agi

import (
	"bufio"
	"fmt"
	"strings"
	"testing"
)

// Who does not know the secret is not believed, whatever he asks.
func TestSecret(t *testing.T) {
	const secret = "GET VARIABLE \"DIALWARDEN_AGI_SECRET\"\n"
	s, h := openWith(t, "correct0horse0battery")
	channels := 0
	for _, path := range []string{"decide", "ended", "emergency"} {
		for reply, known := range map[string]bool{
			"200 result=1 (correct0horse0battery)\n": true, "200 result=1 (correct0horse0batter)\n": false,
			"200 result=0\n": false, "HANGUP\n511 result=-1 Command Not Permitted on a dead channel\n": false,
		} {
			channels++ // the line before may not be given back yet
			channel := fmt.Sprintf("7.%d", channels)
			conn := connect(t, s, strings.NewReplacer("decide", path, "7.1", channel, "agi_arg_2: ", "agi_arg_2: 1\nagi_arg_5: 110").Replace(header))
			in := bufio.NewReader(conn)
			if got, err := in.ReadString('\n'); err != nil || got != secret {
				t.Fatalf("%s: got %q (%v), want %q", path, got, err, secret)
			}
			_, _ = conn.Write([]byte(reply))
			got, err := in.ReadString('\n')
			if asked := err == nil && strings.HasPrefix(got, "GET VARIABLE"); asked != (known && path == "decide") {
				t.Errorf("%s: after %q the daemon says %q (%v)", path, reply, got, err)
			}
			want := 0
			if known && path != "decide" {
				want = 1
			}
			if n := len(h.ended); n != want {
				t.Errorf("%s: after %q %d ends are told, want %d", path, reply, n, want)
			}
			for len(h.ended) > 0 {
				<-h.ended
			}
			_ = conn.Close()
		}
	}
}
