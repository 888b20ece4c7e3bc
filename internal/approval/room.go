package approval

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/queue"
)

// ErrAway tells that Asterisk is away: no phone can be rung.
var ErrAway = errors.New("Asterisk is away")

// Phones ring the phones of approvers.
type Phones interface {
	// Ring has a phone begin to ring, and returns. It is ErrAway where no phone can be rung at all; any other error is
	// about this one. It returns within the adapter's own deadline.
	Ring(ctx context.Context, r call.Ringing) (Phone, error)
}

// Phone is an approver's phone that rings or talks. Every method returns within the adapter's own deadline, and
// call.ErrGone when the call has ended.
type Phone interface {
	// Play begins to speak sound files and returns; call.PromptEnded with seq follows when they were spoken.
	Play(ctx context.Context, sounds []string, seq int) error
	Silence(ctx context.Context, seq int) error
	// HangUp stops the phone from ringing, or ends the call; nothing is told of it any more.
	HangUp(ctx context.Context, cause int) error
}

// Config is what a Room works with.
type Config struct {
	Phones Phones
	// Holder looks up whose phone an extension is.
	Holder func(extension string) call.Caller
	// Verify looks up the PIN that was typed on an extension. A credential that is not Valid is a wrong one; the error
	// means that it could not be looked up.
	Verify   func(ctx context.Context, extension string, digits call.Secret) (call.Credential, error)
	Dialogue Dialogue
	Log      zerolog.Logger
}

const (
	verifyTimeout = 5 * time.Second
	memory        = 10 * time.Minute // how long it is known of a request what became of it
)

// Room holds the searches that are under way. Use New. All methods may be called at the same time and return at once, but
// Stop.
type Room struct {
	Config

	mu       sync.Mutex
	stopping bool
	running  sync.WaitGroup
	searches map[string]*search // that nobody has answered yet, by id
	live     map[*search]bool   // and those that still have an approver on the phone
	engaged  map[string]*search // by the extension whose phone it has
	past     map[string]ended   // by id
}

// ended says what became of a request.
type ended struct {
	at  time.Time
	err error // what an answer that comes too late is told
}

// New returns a room without searches.
func New(cfg Config) *Room {
	return &Room{
		Config: cfg, searches: map[string]*search{}, live: map[*search]bool{}, engaged: map[string]*search{}, past: map[string]ended{},
	}
}

// Seek asks for approval and returns at once. answer is called exactly once, from another goroutine, unless cancel was
// called before; cancel ends the search: the approver's phone stops ringing. It may be called again, and after the answer.
func (r *Room) Seek(request call.ApprovalRequest, answer func(call.ApprovalAnswer)) (cancel func()) {
	s := &search{
		room: r, id: strings.ToLower(rand.Text()[:8]), request: request, since: time.Now(), answer: answer,
		machine: NewMachine(r.Dialogue, request, r.Holder), inbox: queue.New[Event](),
	}
	s.log = r.Log.With().Str("approval", s.id).Str("channel", request.Channel).Logger()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		s.settled = true
		go answer(call.ApprovalAnswer{Outcome: call.ApprovalUnavailable})
		return func() {}
	}
	for id, e := range r.past {
		if time.Since(e.at) > memory {
			delete(r.past, id)
		}
	}
	r.searches[s.id], r.live[s] = s, true
	r.running.Go(s.run)
	return func() {
		if r.claim(s, call.ErrApprovalOver) {
			s.log.Info().Msg("the caller waits no longer for the approval")
			s.inbox.Push(GivenUp{})
		}
	}
}

// claim settles a search, and reports whether nobody did before. Whoever comes later is told why.
func (r *Room) claim(s *search, later error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.claimed(s, later)
}

// claimed is claim with the mutex held.
func (r *Room) claimed(s *search, later error) bool {
	if s.settled {
		return false
	}
	s.settled = true
	delete(r.searches, s.id)
	r.past[s.id] = ended{time.Now(), later}
	return true
}

// engage takes a phone for a search; false if another search has it.
func (r *Room) engage(extension string, s *search) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.engaged[extension] != nil {
		return false
	}
	r.engaged[extension] = s
	s.asking = extension
	return true
}

// done forgets a search that has ended.
func (r *Room) done(s *search) {
	r.free(s)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.live, s)
}

// free gives the phone of a search back, if it has one, and tells those who wait for phones.
func (r *Room) free(s *search) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.asking == "" {
		return
	}
	delete(r.engaged, s.asking)
	s.asking = ""
	for _, other := range r.searches {
		if other != s {
			other.inbox.Push(Freed{})
		}
	}
}

// Stop ends all searches, which find nobody, and waits until their phones are hung up, or ctx ends.
func (r *Room) Stop(ctx context.Context) error {
	r.mu.Lock()
	r.stopping = true
	for s := range r.live {
		s.inbox.Push(Stopping{})
	}
	r.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.running.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
