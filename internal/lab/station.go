package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Station is a SIP user agent on a UDP socket of its own: the carrier is one, and all phones together are one. It
// answers the calls that come in as it is told, and records them.
type Station struct {
	asterisk string // host:port that INVITEs are sent to
	peer     *net.UDPAddr
	conn     *net.UDPConn
	port     int
	sink     net.PacketConn // where the audio of calls without media goes
	stopped  chan struct{}

	mu         sync.Mutex
	calls      map[string]*Call // by Call-ID, until they have ended
	received   []*Call          // every call that came in, the oldest first
	taken      map[*Call]bool   // those that WaitCall has returned
	arrival    chan struct{}    // closed and replaced when a call comes in
	behaviours map[string]Behaviour
	usual      Behaviour
	most       int // calls at once that are taken; 0: any number
}

// newStation opens a station that speaks to the Asterisk at address (host:port).
func newStation(address string) (*Station, error) {
	peer, err := net.ResolveUDPAddr("udp4", address)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	growBuffer(conn)
	sink, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s := &Station{
		asterisk: address, peer: peer, conn: conn, port: portOf(conn), sink: sink,
		stopped: make(chan struct{}), arrival: make(chan struct{}),
		calls: map[string]*Call{}, taken: map[*Call]bool{}, behaviours: map[string]Behaviour{},
	}
	go s.read()
	return s, nil
}

// close ends all calls without a word to the other side.
func (s *Station) close() error {
	err := errors.Join(s.conn.Close(), s.sink.Close())
	<-s.stopped
	s.mu.Lock()
	var left []*Call
	for _, c := range s.calls {
		left = append(left, c)
	}
	s.mu.Unlock()
	for _, c := range left {
		c.finish(End{Cause: 0})
	}
	return err
}

// read takes the packets one by one, in the order of their arrival, until the socket is closed.
func (s *Station) read() {
	defer close(s.stopped)
	parser := sip.NewParser()
	buf := make([]byte, 65536)
	for {
		n, from, err := s.conn.ReadFromUDP(buf)
		at := time.Now()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error: Asterisk is away
		}
		message, err := parser.ParseSIP(append([]byte(nil), buf[:n]...))
		if err != nil {
			continue // as a phone does with what it cannot read
		}
		switch m := message.(type) {
		case *sip.Response:
			if c := s.call(m.CallID()); c != nil {
				c.onResponse(m, at)
			}
		case *sip.Request:
			s.onRequest(m, from, at)
		}
	}
}

func (s *Station) call(id *sip.CallIDHeader) *Call {
	if id == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[id.Value()]
}

func (s *Station) add(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[c.CallID] = c
}

// receive keeps a call that came in for Calls and WaitCall.
func (s *Station) receive(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, c)
	close(s.arrival)
	s.arrival = make(chan struct{})
}

func (s *Station) forget(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.CallID)
}

// onRequest answers a request: within a call, or a new call, or an OPTIONS ping.
func (s *Station) onRequest(req *sip.Request, from *net.UDPAddr, at time.Time) {
	if c := s.call(req.CallID()); c != nil {
		c.onRequest(req, from, at)
		return
	}
	switch req.Method {
	case sip.ACK:
	case sip.INVITE:
		s.onInvite(req, from, at)
	case sip.OPTIONS, sip.NOTIFY:
		s.send([]byte(sip.NewResponseFromRequest(req, 200, "OK", nil).String()), from)
	default:
		s.send([]byte(sip.NewResponseFromRequest(req, 481, "Call/Transaction Does Not Exist", nil).String()), from)
	}
}

// send writes a packet; what the network loses is sent again by repeat.
func (s *Station) send(packet []byte, to *net.UDPAddr) { _, _ = s.conn.WriteToUDP(packet, to) }

// repeat sends a packet and sends it again, with growing pauses, until stop is closed or 32 s have passed.
func (s *Station) repeat(packet []byte, to *net.UDPAddr, stop <-chan struct{}) {
	s.send(packet, to)
	go func() {
		pause := 500 * time.Millisecond
		timer := time.NewTimer(pause)
		defer timer.Stop()
		for range 7 {
			select {
			case <-stop:
				return
			case <-s.stopped:
				return
			case <-timer.C:
				s.send(packet, to)
				pause = min(2*pause, 8*time.Second)
				timer.Reset(pause)
			}
		}
	}()
}

// Calls returns every call that came in, the oldest first, ended or not.
func (s *Station) Calls() []*Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Call(nil), s.received...)
}

// WaitCall waits for a call to number ("" for any) and returns it: the oldest that WaitCall has not returned yet.
func (s *Station) WaitCall(ctx context.Context, number string) (*Call, error) {
	for {
		c, arrival := s.take(number)
		if c != nil {
			return c, nil
		}
		select {
		case <-arrival:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a call to %q: %w; came in: %v", number, context.Cause(ctx), s.numbers())
		}
	}
}

func (s *Station) take(number string) (*Call, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.received {
		if !s.taken[c] && (number == "" || c.Number == number) {
			s.taken[c] = true
			return c, nil
		}
	}
	return nil, s.arrival
}

func (s *Station) numbers() []string {
	var numbers []string
	for _, c := range s.Calls() {
		numbers = append(numbers, c.Number)
	}
	return numbers
}

// token returns a random word for tags, branches and Call-IDs.
func token() string { return rand.Text()[:16] }

func portOf(conn net.PacketConn) int {
	if addr, ok := conn.LocalAddr().(*net.UDPAddr); ok {
		return addr.Port
	}
	return 0
}
