package ari

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// TestWhisperComesLate: a channel that whispers is not in our application yet when the word is to be played.
func TestWhisperComesLate(t *testing.T) {
	t.Parallel()
	a, h := newAsterisk(t), newHandler()
	var client *Client
	var asked atomic.Int32
	a.answer = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.Contains(r.URL.Path, "/snoop/"):
			_, _ = w.Write([]byte(`{"language":"en"}`))
		case !strings.HasSuffix(r.URL.Path, "/play"):
			return false
		case asked.Add(1) < 3:
			http.Error(w, `{"message":"Channel not in Stasis application"}`, http.StatusConflict)
		default:
			client.wordEnded(strings.Split(r.URL.Path, "/")[3])
		}
		return true
	}
	client, _ = a.client(h)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); client.Run(ctx) }()
	t.Cleanup(func() { stop(); wait(t, done, "end of Run") })
	wait(t, h.swept, "look at the channels") // it is connected
	if err := client.Whisper(t.Context(), "1", []string{"dialwarden/preempted"}); err != nil || asked.Load() != 3 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}
