package agi

import (
	"bufio"
	"container/list"
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

const (
	headerTime    = 5 * time.Second // for a whole header
	mostStrangers = 256             // connections that have sent no header yet
	mostSessions  = 2048            // connections that have
	retryPause    = time.Second     // after the address could not be had, or no connection could be taken
)

// Handler is told what dialplans ask. Its methods may be called at the same time, and return at once but for Settled.
type Handler interface {
	// Arrive takes a call that waits to be decided; false means that it is not taken, and the dialplan goes on without.
	Arrive(a call.Attempt, entry string, l *Line) bool
	// Deliver passes an event of an entry: Digit, PromptEnded, HungUp.
	Deliver(channel, entry string, e call.Event)
	// Left tells that an entry's line is no more.
	Left(channel, entry string)
	// Ended tells that a channel that was decided here ends now; talked is zero if nobody answered.
	Ended(channel string, talked time.Duration, at time.Time, cause int)
	// Unheard lists channels whose calls may have ended while nobody listened, and Over tells how one of them did.
	Unheard() []string
	Over(channel string, e call.End)
	// Settled returns when what Over told counts, or cannot be made to in time.
	Settled()
	// Emergency tells of a call that the dialplan let out by itself, when it begins and when it has ended.
	Emergency(a call.Attempt)
}

// Config is what a Server works with.
type Config struct {
	Listen string // address and port
	Secret string // what the dialplan's global DIALWARDEN_AGI_SECRET must be; empty for anything
	// Plays reports whether it is known that Asterisk has a sound file for a channel of the language; nil: never.
	Plays func(file, language string) bool
	Log   zerolog.Logger
}

// Server serves FastAGI. Use New, and Run in a goroutine.
type Server struct {
	cfg     Config
	handler Handler
	fault   atomic.Pointer[string] // why it does not listen; nil while it does
	begun   sync.WaitGroup         // goroutines of connections
	told    atomic.Int64           // when a bad client was last written to the log, in Unix seconds

	mu        sync.Mutex
	closed    bool
	addr      net.Addr
	strangers *list.List // of net.Conn, the oldest first
	sessions  map[*session]struct{}
	channels  map[string]bool // that are being decided
}

// New returns a server that does not listen yet.
func New(cfg Config, h Handler) *Server {
	s := &Server{cfg: cfg, handler: h, strangers: list.New(), sessions: map[*session]struct{}{}, channels: map[string]bool{}}
	notYet := "not begun"
	s.fault.Store(&notYet)
	return s
}

// Fault says why nobody can ask; empty while it listens.
func (s *Server) Fault() string {
	if f := s.fault.Load(); f != nil {
		return *f
	}
	return ""
}

// Addr is where it listens; nil while it does not.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Run serves until ctx ends, then closes all connections and returns when nothing of them is left. An address that cannot
// be had is tried again and again.
func (s *Server) Run(ctx context.Context) {
	for said := false; ctx.Err() == nil; {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Listen)
		if err != nil && ctx.Err() == nil {
			text := err.Error()
			s.fault.Store(&text)
			if !said {
				s.cfg.Log.Error().Err(err).Msg("agi.listen: no dialplan can ask over FastAGI; trying again")
			}
			said = true
			pause(ctx, retryPause)
			continue
		}
		if err == nil {
			s.serve(ctx, l)
		}
	}
	s.closeAll()
	s.begun.Wait()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// serve takes connections until ctx ends.
func (s *Server) serve(ctx context.Context, l net.Listener) {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	s.mu.Lock()
	s.addr = l.Addr()
	s.mu.Unlock()
	s.fault.Store(nil)
	s.cfg.Log.Info().Str("address", l.Addr().String()).Msg("serving FastAGI")
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			s.admit(conn)
		case ctx.Err() != nil, errors.Is(err, net.ErrClosed):
			return
		default: // no file handles: whoever has said nothing gives his back
			s.complain(err, "no connection can be taken")
			s.mu.Lock()
			s.dropOldest()
			s.mu.Unlock()
			pause(ctx, retryPause/20)
		}
	}
}

// admit begins with a connection.
func (s *Server) admit(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close()
		return
	}
	if s.strangers.Len() >= mostStrangers {
		s.dropOldest()
	}
	place := s.strangers.PushBack(conn)
	s.begun.Go(func() { s.meet(conn, place) })
}

// dropOldest closes the connection that has been silent the longest. The mutex is held.
func (s *Server) dropOldest() {
	if oldest := s.strangers.Front(); oldest != nil {
		if conn, ok := s.strangers.Remove(oldest).(net.Conn); ok {
			_ = conn.Close()
		}
	}
}

// meet reads a connection's header and does what it asks.
func (s *Server) meet(conn net.Conn, place *list.Element) {
	in := bufio.NewReaderSize(conn, longestLine)
	_ = conn.SetReadDeadline(time.Now().Add(headerTime))
	header, err := readHeader(in)
	_ = conn.SetReadDeadline(time.Time{})
	session := newSession(conn, in)
	defer session.close()
	s.mu.Lock()
	s.strangers.Remove(place) // that it was removed before does no harm
	full := len(s.sessions) >= mostSessions
	if !full && !s.closed && err == nil {
		s.sessions[session] = struct{}{}
		defer s.forget(session)
	}
	closed := s.closed
	s.mu.Unlock()
	switch {
	case closed:
	case err != nil:
		s.complain(err, "a client of agi.listen sent no header of Asterisk's")
	case full:
		s.complain(nil, "too many calls are asked about over FastAGI at once: this one is not decided")
	default:
		session.lib = newLibrary(session, header)
		q, err := read(session.lib.Variables)
		if err != nil {
			s.complain(err, "a request over FastAGI is none of our dialplan's")
			return
		}
		s.answer(session, q)
	}
}

func (s *Server) forget(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, session)
}

// answer does what was asked.
func (s *Server) answer(session *session, q asked) {
	if q.path == pathDecide {
		s.decide(session, q)
		return
	}
	if s.cfg.Secret != "" {
		s.begun.Go(session.listen)
		if !s.knows(session) {
			return
		}
	}
	if q.path == pathEmergency || q.path == pathBegan {
		s.handler.Emergency(q.attempt)
	}
	if q.path != pathBegan {
		s.handler.Ended(q.attempt.Channel, q.talked, q.attempt.At, q.cause)
	}
}

// plays says which sound files Asterisk plays to the caller.
func (s *Server) plays(session *session) func(file string) bool {
	language := session.lib.Variables["agi_language"]
	return func(file string) bool { return s.cfg.Plays != nil && s.cfg.Plays(file, language) }
}

// knows reports whether it is our dialplan that asks. The secret is asked for: as an argument it would be in Asterisk's log.
func (s *Server) knows(session *session) bool {
	if s.cfg.Secret == "" {
		return true
	}
	_, secret, err := session.command(0, "GET VARIABLE", "DIALWARDEN_AGI_SECRET")
	if err != nil || subtle.ConstantTimeCompare([]byte(secret), []byte(s.cfg.Secret)) != 1 {
		s.complain(err, "a client of agi.listen does not know the secret (agi.secret_file; in the dialplan the global DIALWARDEN_AGI_SECRET)")
		return false
	}
	return true
}

// decide holds the line until the caller is released, refused or gone.
func (s *Server) decide(session *session, q asked) {
	channel := q.attempt.Channel
	if !s.occupy(channel) {
		s.complain(nil, "a channel asks to be decided that is being decided already")
		return
	}
	defer s.vacate(channel)
	session.deliver = func(e call.Event) { s.handler.Deliver(channel, q.entry, e) }
	s.begun.Go(session.listen)
	if !s.knows(session) || !s.genuine(session, q) {
		return
	}
	s.lookBack(session)
	if !s.handler.Arrive(q.attempt, q.entry, &Line{s: session, entry: q.entry, plays: s.plays(session)}) {
		s.complain(nil, "a channel asks once more about what is decided")
		return
	}
	session.own()
	if err := session.broken; unlessGone(err) != nil {
		s.cfg.Log.Warn().Err(err).Str("channel", channel).Msg("the connection of a caller is lost; the dialplan refuses him")
	}
	session.close()
	s.handler.Left(channel, q.entry)
}

// genuine reports whether the channel says what the header says: a header that a caller has cut short with an empty line is
// followed by its rest, which is no reply.
func (s *Server) genuine(session *session, q asked) bool {
	_, nonce, err := session.command(0, "GET VARIABLE", "DIALWARDEN_NONCE")
	if err != nil || nonce != q.entry {
		s.complain(err, "a channel asks over FastAGI with a nonce that is not its own")
		return false
	}
	return true
}

func (s *Server) occupy(channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.channels[channel] {
		return false
	}
	s.channels[channel] = true
	return true
}

func (s *Server) vacate(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.channels, channel)
}

// closeAll ends all connections, and those that still come.
func (s *Server) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for s.strangers.Len() > 0 {
		s.dropOldest()
	}
	for session := range s.sessions {
		session.close()
	}
}

// complain writes a line about a bad client, at most one a second: whoever connects must not fill the log.
func (s *Server) complain(err error, what string) {
	now := time.Now().Unix()
	if before := s.told.Load(); before != now && s.told.CompareAndSwap(before, now) {
		s.cfg.Log.Warn().Err(err).Msg(what)
	}
}
