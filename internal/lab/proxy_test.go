package lab_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// echo answers each line with the same line.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	return listener.Addr().String()
}

// ask sends a line and waits for it to come back.
func ask(conn net.Conn, patience time.Duration) error {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		return err
	}
	_, err := bufio.NewReader(conn).ReadString('\n')
	return err
}

func proxied(t *testing.T) (*lab.Proxy, net.Conn) {
	t.Helper()
	p, err := lab.NewProxy(echo(t))
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	conn, err := net.Dial("tcp4", p.Address())
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, ask(conn, 5*time.Second))
	return p, conn
}

func TestProxyCut(t *testing.T) {
	p, conn := proxied(t)
	p.Cut()
	if err := ask(conn, 5*time.Second); err == nil {
		t.Error("a cut connection still answers")
	}
	again, err := net.Dial("tcp4", p.Address())
	must(t, err)
	defer func() { _ = again.Close() }()
	must(t, ask(again, 5*time.Second))
}

func TestProxyFreeze(t *testing.T) {
	p, conn := proxied(t)
	p.Freeze()
	err := ask(conn, 200*time.Millisecond)
	if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() { //nolint:errorlint // net gives it bare
		t.Errorf("a frozen connection: %v, want silence", err)
	}
	late, err := net.Dial("tcp4", p.Address())
	must(t, err)
	defer func() { _ = late.Close() }()
	if err := ask(late, 200*time.Millisecond); err == nil {
		t.Error("a new connection through a frozen proxy answers")
	}
	if p.Connections() != 2 {
		t.Errorf("%d connections, want 2", p.Connections())
	}
	p.Thaw()
	must(t, ask(conn, 5*time.Second))
	must(t, ask(late, 5*time.Second))
}

func TestProxyRefuse(t *testing.T) {
	p, conn := proxied(t)
	p.Refuse(true)
	if late, err := net.Dial("tcp4", p.Address()); err == nil {
		if err := ask(late, 5*time.Second); err == nil {
			t.Error("a refused connection answers")
		}
		_ = late.Close()
	}
	must(t, ask(conn, 5*time.Second)) // the old one stays
	p.Refuse(false)
	late, err := net.Dial("tcp4", p.Address())
	must(t, err)
	defer func() { _ = late.Close() }()
	must(t, ask(late, 5*time.Second))
}

func TestProxyToAsterisk(t *testing.T) {
	l := start(t, lab.Options{})
	p, err := l.Proxy()
	must(t, err)
	get := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL()+"/asterisk/info", http.NoBody)
		must(t, err)
		req.SetBasicAuth(lab.ARIUser, l.ARIPassword())
		req.Close = true
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("status %s", resp.Status)
		}
		return nil
	}
	must(t, get(within(t, 5*time.Second)))
	p.Freeze()
	if err := get(within(t, 200*time.Millisecond)); err == nil {
		t.Error("Asterisk answers through a frozen proxy")
	}
	p.Thaw()
	must(t, get(within(t, 5*time.Second)))
	must(t, l.Kill(within(t, 5*time.Second)))
	if err := get(within(t, 5*time.Second)); err == nil {
		t.Error("a dead Asterisk answers")
	}
}
