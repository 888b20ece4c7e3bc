package control_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/control"
)

// pins is a ledger made of functions.
type pins struct {
	add     func(call.Secret, call.PINOwner) (int64, error)
	disable func(int64) error
	change  func(int64, call.Secret) error
}

func (p pins) AddPIN(_ context.Context, pin call.Secret, o call.PINOwner) (int64, error) {
	return p.add(pin, o)
}
func (p pins) ChangePIN(_ context.Context, id int64, pin call.Secret) error { return p.change(id, pin) }
func (p pins) DisablePIN(_ context.Context, id int64) error                 { return p.disable(id) }

// policies are a daemon's, made of one function; without files it is asked to reload or to roll back.
type policies func(files map[string][]byte) (call.PolicyChange, error)

func (p policies) Reload(context.Context, call.Trigger) (call.PolicyChange, error) { return p(nil) }
func (p policies) Rollback(context.Context, string) (call.PolicyChange, error)     { return p(nil) }
func (p policies) Push(_ context.Context, files map[string][]byte) (call.PolicyChange, error) {
	return p(files)
}

// daemon serves the verbs on a socket of its own, and returns the socket and what it logs.
func daemon(t *testing.T, v control.Verbs) (socket string, log *bytes.Buffer) {
	t.Helper()
	socket, log = filepath.Join(t.TempDir(), "dialwarden.sock"), new(bytes.Buffer)
	s, err := control.Listen(socket, v, zerolog.New(log).Level(zerolog.TraceLevel))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return socket, log
}

func dial(t *testing.T, socket string) *control.Client {
	t.Helper()
	c, running := control.Dial(context.Background(), socket) // also while the test is cleaned up
	if !running {
		t.Fatal("no daemon is running")
	}
	return c
}

func TestPINs(t *testing.T) {
	errTaken := errors.New("this PIN is taken: choose another")
	socket, log := daemon(t, control.Verbs{PINs: pins{
		add: func(pin call.Secret, o call.PINOwner) (int64, error) {
			if pin.Reveal() != "246824" || o.Holder != "李伟" || o.Department != "Sales" || o.Level != 2 {
				return 0, errTaken
			}
			return 7, nil
		},
		disable: func(id int64) error {
			if id != 7 {
				return fmt.Errorf("PIN %d: not in the ledger", id)
			}
			return nil
		},
	}})
	c := dial(t, socket)
	id, err := c.AddPIN(t.Context(), call.NewSecret("246824"), call.PINOwner{Holder: "李伟", Department: "Sales", Level: 2})
	if id != 7 || err != nil {
		t.Errorf("added %d, %v; want 7", id, err)
	}
	if _, err := c.AddPIN(t.Context(), call.NewSecret("135713"), call.PINOwner{}); err == nil || err.Error() != errTaken.Error() {
		t.Errorf("got %v, want the daemon's own words", err)
	}
	if err := c.DisablePIN(t.Context(), 7); err != nil {
		t.Error(err)
	}
	if err := c.DisablePIN(t.Context(), 8); err == nil || err.Error() != "PIN 8: not in the ledger" {
		t.Errorf("got %v", err)
	}
	if log.Len() > 0 {
		t.Errorf("the log says: %s", log)
	}
}

// TestRequests speaks to the socket as no client of ours does; no answer repeats what was sent.
func TestRequests(t *testing.T) {
	var reloads int
	socket, _ := daemon(t, control.Verbs{
		PINs: pins{
			add:     func(call.Secret, call.PINOwner) (int64, error) { return 1, nil },
			disable: func(int64) error { return nil },
		},
		Policies: policies(func(files map[string][]byte) (call.PolicyChange, error) {
			switch {
			case len(files) == 0:
				reloads++
			case string(files["rules/x.rego"]) != "x":
				return call.PolicyChange{}, errors.New("the disk is full")
			}
			if reloads > 1 {
				return call.PolicyChange{}, fmt.Errorf("refused: %w", &control.Refusal{Message: "rules/x.rego:3:1: this is wrong"})
			}
			return call.PolicyChange{Revision: "b", Before: "a", Changed: true}, nil
		}),
	})
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/pins", `{"pin":"246824","holder":"a"}`, 200, `{"id":1}`},
		{"POST", "/pins", `{"pin":246824}`, 422, `{"error":"the request cannot be read"}`},
		{"POST", "/pins", `{"pin":"246824`, 422, `{"error":"the request cannot be read"}`},
		{"POST", "/pins", `{"pin":"` + strings.Repeat("246824", 20_000) + `"}`, 422, `{"error":"the request cannot be read"}`},
		{"POST", "/pins", "", 422, `{"error":"the request cannot be read"}`},
		{"POST", "/pins/1/disable", "", 200, `{}`},
		{"POST", "/pins/246824x/disable", "", 422, `{"error":"a PIN's id is a number"}`},
		{"POST", "/reload", "", 200, `{"revision":"b","before":"a","changed":true}`},
		{"POST", "/policy", `{"rules/x.rego":"eA=="}`, 200, `{"revision":"b","before":"a","changed":true}`},
		{"POST", "/policy", `{"rules/x.rego":"eQ=="}`, 422, `{"error":"the disk is full"}`},
		{"POST", "/policy", `{}`, 422, `{"error":"a policy without files was sent"}`},
		{"POST", "/policy", "", 422, `{"error":"a policy without files was sent"}`},
		{"POST", "/policy", `{"rules/x.rego":7}`, 422, `{"error":"the request cannot be read: json: cannot unmarshal number into Go value of type []uint8"}`},
		{"POST", "/reload", "", 409, `{"error":"refused: rules/x.rego:3:1: this is wrong"}`},
		{"POST", "/policy/rollback", "", 409, `{"error":"refused: rules/x.rego:3:1: this is wrong"}`},
		{"GET", "/reload", "", 405, "Method Not Allowed"},
		{"POST", "/nothing", "", 404, "404 page not found"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), test.method, "http://x"+test.path, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", test.path, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(body)); resp.StatusCode != test.status || got != test.want {
			t.Errorf("%s %s: got %d %s, want %d %s", test.method, test.path, resp.StatusCode, got, test.status, test.want)
		}
	}
}

func TestSocketIsPrivate(t *testing.T) {
	socket, _ := daemon(t, control.Verbs{})
	info, err := os.Stat(socket)
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("got %v, %v; want a socket of mode 0600", info.Mode(), err)
	}
}

// TestSocketInTheWay is what a daemon finds at the socket's place when it starts.
func TestSocketInTheWay(t *testing.T) {
	dead := func(t *testing.T, socket string) {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false) // as after kill -9
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		before func(t *testing.T, socket string)
		want   string
	}{
		"nothing":     {func(*testing.T, string) {}, ""},
		"dead daemon": {dead, ""},
		"live daemon": {func(t *testing.T, socket string) {
			s, err := control.Listen(socket, control.Verbs{}, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				dial(t, socket) // it must still be there
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}, "another daemon answers on"},
		"a file": {func(t *testing.T, socket string) {
			if err := os.WriteFile(socket, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if data, _ := os.ReadFile(socket); string(data) != "precious" {
					t.Error("the file was overwritten")
				}
			})
		}, "is no socket"},
		"a link to a file": {func(t *testing.T, socket string) {
			if err := os.Symlink("/etc/passwd", socket); err != nil {
				t.Fatal(err)
			}
		}, "is no socket"},
		"no directory": {func(t *testing.T, socket string) {
			if err := os.Remove(filepath.Dir(socket)); err != nil {
				t.Fatal(err)
			}
		}, "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "dialwarden.sock")
			test.before(t, socket)
			s, err := control.Listen(socket, control.Verbs{}, zerolog.Nop())
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				dial(t, socket)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the socket is left behind: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "control.socket: ") {
				t.Errorf("got %v, want control.socket: … %s", err, test.want)
			}
		})
	}
}

func TestNoDaemon(t *testing.T) {
	if _, running := control.Dial(t.Context(), filepath.Join(t.TempDir(), "none.sock")); running {
		t.Error("a daemon is running where there is none")
	}
}

// TestDaemonGoes tells that the daemon does not answer, and no digit.
func TestDaemonGoes(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "dialwarden.sock")
	s, err := control.Listen(socket, control.Verbs{}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, socket)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = c.AddPIN(t.Context(), call.NewSecret("246824"), call.PINOwner{Holder: "a"})
	if err == nil || !strings.HasPrefix(err.Error(), "the daemon does not answer") || strings.Contains(err.Error(), "246824") {
		t.Errorf("got %v", err)
	}
}
