package lab

import (
	"errors"
	"net"
	"sync"
)

// Proxy forwards TCP connections to Asterisk's HTTP server and can make them fail in the ways networks do.
type Proxy struct {
	target   string
	listener net.Listener
	done     sync.WaitGroup

	mu      sync.Mutex
	thawed  *sync.Cond
	frozen  bool
	refuses bool
	closed  bool
	pairs   map[*pair]bool
}

// pair is a client's connection and ours to Asterisk on its behalf.
type pair struct{ client, server *net.TCPConn }

// NewProxy listens on a free port of the loopback and forwards to target (host:port; ARIAddress of a lab).
func NewProxy(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0") //nolint:noctx // listens at once or fails at once
	if err != nil {
		return nil, err
	}
	p := &Proxy{target: target, listener: listener, pairs: map[*pair]bool{}}
	p.thawed = sync.NewCond(&p.mu)
	p.done.Go(p.accept)
	return p, nil
}

// Proxy forwards to this lab's Asterisk; the lab's Close ends it.
func (l *Lab) Proxy() (*Proxy, error) {
	p, err := NewProxy(l.ARIAddress())
	if err == nil {
		l.onClose(p.Close)
	}
	return p, err
}

// Address is the host:port to connect to.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// URL is the ARI address through the proxy: http://127.0.0.1:PORT/ari
func (p *Proxy) URL() string { return "http://" + p.Address() + "/ari" }

// Connections is the number of connections that are open now.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pairs)
}

// Cut resets all connections, as when the peer crashes. New ones are welcome.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pairs {
		_ = c.client.SetLinger(0) // RST instead of FIN
		_, _ = c.client.Close(), c.server.Close()
	}
}

// Freeze stops all forwarding and keeps every connection open, as when a cable is pulled: nobody is told. New
// connections are accepted and hear nothing.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = true
}

// Thaw forwards again, beginning with what came in meanwhile.
func (p *Proxy) Thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = false
	p.thawed.Broadcast()
}

// Refuse resets new connections at once while refuse is true, as when nobody listens. Open ones stay.
func (p *Proxy) Refuse(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = refuse
}

// Close ends the proxy and its connections. It may be called again.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	p.mu.Lock()
	p.closed = true
	p.thawed.Broadcast()
	p.mu.Unlock()
	p.Cut()
	p.done.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		client, ok := conn.(*net.TCPConn)
		p.mu.Lock()
		refuses := p.refuses || p.closed || !ok
		p.mu.Unlock()
		if refuses {
			_ = client.SetLinger(0)
			_ = client.Close()
			continue
		}
		p.done.Go(func() { p.serve(client) })
	}
}

// serve forwards one connection both ways until either side ends it.
func (p *Proxy) serve(client *net.TCPConn) {
	conn, err := net.Dial("tcp4", p.target) //nolint:noctx // on the loopback
	if err != nil {
		_ = client.SetLinger(0)
		_ = client.Close()
		return
	}
	c := &pair{client: client, server: conn.(*net.TCPConn)} //nolint:errcheck,forcetypeassert // tcp4 was dialled
	p.mu.Lock()
	p.pairs[c] = true
	closed := p.closed
	p.mu.Unlock()
	if closed {
		p.Cut()
	}
	var both sync.WaitGroup
	both.Go(func() { p.forward(c.server, c.client) })
	both.Go(func() { p.forward(c.client, c.server) })
	both.Wait()
	p.mu.Lock()
	delete(p.pairs, c)
	p.mu.Unlock()
	_, _ = c.client.Close(), c.server.Close()
}

// forward copies from one side to the other; while the proxy is frozen it holds on to what it has read, and tells
// nobody that a side has closed.
func (p *Proxy) forward(to, from *net.TCPConn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.awaitThaw()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				_ = from.Close()
				return
			}
		}
		if err != nil {
			_ = to.CloseWrite()
			return
		}
	}
}

func (p *Proxy) awaitThaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.frozen && !p.closed {
		p.thawed.Wait()
	}
}
