package agi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	library "github.com/CyCoreSystems/agi"

	"github.com/dialwarden/dialwarden/internal/call"
)

const (
	replyTime = 5 * time.Second        // for Asterisk to reply, besides what a command takes by itself
	slice     = 100 * time.Millisecond // of waiting for a key: so long may what is to be done next have to wait
	longFile  = 5 * time.Minute        // no prompt is longer
	patience  = 10 * time.Second       // for a prompt to end, when the caller is to be let go
	// reaction is how long we wait after a key for what is to be done next. Asterisk keeps back a key that comes sooner
	// than 45 ms after another, so that none is lost meanwhile.
	reaction = 20 * time.Millisecond
	// firstNudge is how long we wait for Asterisk to obey a NOOP before we send one more; then twice as long, and so on.
	firstNudge = 10 * time.Millisecond
	// laterNudge is the same where it has obeyed one: TCP may keep back a second reply until the first is acknowledged,
	// which takes 40 ms.
	laterNudge = 60 * time.Millisecond
)

// escapeKeys stop a prompt when they are typed. (Letters do not, as nobody's prompt asks for them.)
const escapeKeys = "0123456789*#"

var (
	errLate      = errors.New("asterisk does not reply")
	errMalformed = errors.New("asterisk's reply cannot be read")
)

// session is one connection after its header. The goroutine that calls own owns it; another reads its lines.
type session struct {
	conn    net.Conn
	in      *bufio.Reader
	lib     *library.AGI
	deliver func(call.Event)

	lines    chan string  // replies; closed when there are no more
	requests chan request // what the line is to do
	gone     chan struct{}
	once     sync.Once
	over     chan struct{} // closed when nobody takes requests any more

	// What follows belongs to the owner.
	rest     []byte    // of the line that the library is reading
	deadline time.Time // of the reply that is waited for
	up       bool      // the caller can type
	left     bool      // he is no longer ours
	prompts  []*prompt
	speaking bool          // STREAM FILE is being carried out and not interrupted
	noops    int           // were sent to stop STREAM FILE, and have not been replied to
	nudging  time.Duration // how long to wait for a reply to them before one more is sent
	pending  *request      // waits for the prompts to end
	reacting time.Time     // until when the next request is waited for
	broken   error         // why there is nothing more to be had from the connection
}

// prompt is what Play is to speak.
type prompt struct {
	sounds []string
	seq    int
}

// request is one thing that the line is to do.
type request struct {
	do      func(*session) error // while nothing is spoken
	play    *prompt              // or: speak this after what is being spoken
	silence int                  // or: stop the prompt of that seq
	atOnce  bool                 // what is being spoken is cut
	done    chan error           // holds one
}

func newSession(conn net.Conn, in *bufio.Reader) *session {
	return &session{
		conn: conn, in: in, deliver: func(call.Event) {}, lines: make(chan string, 8), requests: make(chan request),
		gone: make(chan struct{}), over: make(chan struct{}),
	}
}

// close ends the connection. It may be called by anybody, at any time.
func (s *session) close() {
	s.once.Do(func() {
		close(s.gone)
		_ = s.conn.Close()
	})
}

// listen reads Asterisk's lines until there are no more. A hang-up is told at once, not in its turn.
func (s *session) listen() {
	defer close(s.lines)
	usage := false // in an explanation of several lines
	for {
		line, err := readLine(s.in)
		switch {
		case err != nil:
			if errors.Is(err, errLine) {
				s.close()
			}
			s.deliver(call.HungUp{})
			return
		case usage:
			usage = !strings.HasPrefix(line, "520 ")
			continue
		case strings.HasPrefix(line, "520-"):
			usage, line = true, "520 result=0"
		case line == "HANGUP":
			s.deliver(call.HungUp{})
			continue
		}
		select {
		case s.lines <- line:
		case <-s.gone:
			return
		}
	}
}

// Read hands the library the next line, and nothing of the line after it.
func (s *session) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		line, err := s.next()
		if err != nil {
			s.broken = err
			s.close()
			return 0, err
		}
		s.rest = append([]byte(line), '\n')
	}
	n := len(p)
	if i := strings.IndexByte(string(s.rest), '\n'); i >= 0 {
		n = min(n, i+1)
	}
	n = copy(p[:n], s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// next waits for a line. While a prompt is spoken it takes requests, which may interrupt it.
func (s *session) next() (string, error) {
	timer := time.NewTimer(s.idleTime())
	defer timer.Stop()
	for {
		requests := s.requests
		if !s.speaking || s.pending != nil {
			requests = nil
		}
		select {
		case line, ok := <-s.lines:
			if !ok {
				return "", io.EOF
			}
			return line, nil
		case r := <-requests:
			s.take(r)
		case <-timer.C:
			switch {
			case s.noops > 0 && time.Now().Before(s.deadline):
				s.nudge()
			case !s.speaking || s.pending == nil:
				return "", errLate
			default:
				s.interrupt()
			}
		case <-s.gone:
			return "", io.EOF
		}
		timer.Reset(s.idleTime())
	}
}

// idleTime is how long there is to wait for a line before something has to be done.
func (s *session) idleTime() time.Duration {
	d := time.Until(s.deadline)
	if s.noops > 0 {
		d = min(d, s.nudging)
	}
	return d
}

// take accepts a request: what has to wait becomes pending.
func (s *session) take(r request) {
	switch {
	case r.play != nil:
		s.prompts = append(s.prompts, r.play)
		r.done <- nil
	case r.do == nil:
		for i, p := range s.prompts {
			if p.seq == r.silence {
				s.prompts = append(s.prompts[:i:i], s.prompts[i+1:]...)
				if i == 0 {
					s.interrupt()
				}
				break
			}
		}
		r.done <- nil
	default:
		s.pending = &r
		if r.atOnce {
			s.interrupt()
		} else if until := time.Now().Add(patience); s.speaking && until.Before(s.deadline) {
			s.deadline = until
		}
	}
	if r.atOnce {
		s.prompts = nil
	}
}

// own does what is asked of the line, until the caller is not ours any more.
func (s *session) own() {
	defer close(s.over)
	for !s.left && s.broken == nil {
		switch {
		case s.pending != nil && len(s.prompts) == 0:
			r := s.pending
			s.pending = nil
			r.done <- r.do(s)
		case len(s.prompts) > 0:
			s.speak()
		case s.up:
			s.wait()
		default:
			s.idle()
		}
	}
}

// idle waits for the first requests: nothing can be typed yet.
func (s *session) idle() {
	select {
	case r := <-s.requests:
		s.take(r)
	case _, ok := <-s.lines:
		s.broken = errMalformed // nothing was asked
		if !ok {
			s.broken = io.EOF
		}
	case <-s.gone:
		s.broken = io.EOF
	}
}

// wait takes a request if there is one, or waits a moment for a key.
func (s *session) wait() {
	timer := time.NewTimer(time.Until(s.reacting))
	defer timer.Stop()
	select {
	case r := <-s.requests:
		s.take(r)
		return
	case <-timer.C:
	}
	result, _, err := s.command(slice, "WAIT FOR DIGIT", strconv.Itoa(int(slice.Milliseconds())))
	s.typed(result, err)
}

// typed passes on what a command says about a key, and reports whether there was one.
func (s *session) typed(result int, err error) bool {
	switch {
	case err != nil:
		if s.broken == nil {
			s.broken = err
		}
	case result < 0:
		s.broken = call.ErrGone
	case result > 0 && result < 128:
		s.deliver(call.Digit{Key: byte(result)})
		s.reacting = time.Now().Add(reaction)
		return true
	}
	return false
}

// command has Asterisk carry out a command that takes a time by itself, and returns its result and what stands behind it.
// call.ErrGone means that the channel or the connection is gone. Arguments that could be more than an argument are an
// error, and nothing is sent.
func (s *session) command(takes time.Duration, name string, args ...string) (result int, value string, err error) {
	words := []string{name}
	for _, a := range args {
		if i := strings.IndexFunc(a, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }); i >= 0 {
			return 0, "", fmt.Errorf("%s: character %d of the argument cannot be sent to Asterisk", name, i+1)
		}
		words = append(words, `"`+a+`"`)
	}
	if s.broken != nil {
		return 0, "", fmt.Errorf("%s: %w: %w", name, call.ErrGone, s.broken)
	}
	s.deadline = time.Now().Add(takes + replyTime)
	_ = s.conn.SetWriteDeadline(time.Now().Add(replyTime))
	resp := s.lib.Command(words...)
	switch {
	case s.broken != nil && !errors.Is(s.broken, io.EOF):
		s.broken = fmt.Errorf("%s: %w", name, s.broken)
		return 0, "", s.broken
	case s.broken != nil, resp.Status == library.StatusDeadChannel:
		return 0, "", fmt.Errorf("%s: %w", name, call.ErrGone)
	case resp.Status == library.StatusInvalid, resp.Status == library.StatusEndUsage:
		return 0, "", fmt.Errorf("%s: asterisk replies %d", name, resp.Status)
	case resp.Error != nil:
		// The library's error holds the reply, and that perhaps a key: it is not told. Nor is it known what comes next.
		s.broken = errMalformed
		s.close()
		return 0, "", fmt.Errorf("%s: %w", name, errMalformed)
	}
	return resp.Result, resp.Value, nil
}
