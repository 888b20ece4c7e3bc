// Package web serves what other programs ask the daemon over HTTP (web.listen).
//
//	GET /healthz  →  {"status","asterisk_connected","agi","policy_revision","policy_error","ledger_writable","ledger_error","checkpoint_error"}
//	GET /api/v1/approvals        →  {"approvals":[{"id","since","extension","holder","department","number","class","rule","reason","approvers","asking"}]}
//	POST /api/v1/approvals/{id}  {"answer":"allow"|"refuse","who","reason"}  →  {"id","answer"}
//
// What is under /api wants the key of web.key_file: Authorization: Bearer KEY. An answer that is not 2xx has the body
// {"error"}: 400 and 422 what was sent is wrong, 401 the key is, 403 there is none or it is one's own call, 404 there is no such
// approval, 409 it was answered already or the caller has hung up.
//
// There is no login, and no encryption: the address should be one that only the machine itself, its monitoring, or a
// proxy that encrypts can reach.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	timeout = 5 * time.Second
	// fresh is how long an answer is given again: whoever asks often must not keep the ledger busy.
	fresh = time.Second
)

// Health is how the daemon is.
type Health struct {
	Status            Status `json:"status"`
	AsteriskConnected bool   `json:"asterisk_connected"`
	AGI               string `json:"agi,omitempty"` // AGIOff, AGIServed or AGIFailed
	AGIError          string `json:"agi_error,omitempty"`
	PolicyRevision    string `json:"policy_revision"`        // in force
	PolicyError       string `json:"policy_error,omitempty"` // why what is in the policy directory is not in force
	LedgerWritable    bool   `json:"ledger_writable"`
	LedgerError       string `json:"ledger_error,omitempty"`
	CheckpointError   string `json:"checkpoint_error,omitempty"` // why the newest decisions are not signed
}

// Whether dialplans can ask over FastAGI (agi.listen). It does not count in Status: whether any does is not known here.
const (
	AGIOff    = "off"
	AGIServed = "served"
	AGIFailed = "failed" // the address cannot be had
)

// Status is Health in a word.
type Status string

// The states. With Failing the HTTP status is 503, else 200.
const (
	OK       Status = "ok"
	Degraded Status = "degraded" // calls are decided, but by an older policy than the one in the policy directory, or unsigned
	Failing  Status = "failing"  // all calls but emergency calls are refused
)

func (h Health) status() Status {
	switch {
	case !h.AsteriskConnected || !h.LedgerWritable:
		return Failing
	case h.PolicyError != "", h.CheckpointError != "":
		return Degraded
	}
	return OK
}

// Server answers on an address. Use Listen.
type Server struct {
	http   *http.Server
	served chan struct{} // closed when it serves no more
	addr   net.Addr
}

// Content is what is served.
type Content struct {
	// Health is asked at most once a second; its Status is filled in here.
	Health    func(context.Context) Health
	Approvals Approvals
	KeyFile   string // holds the key of the API in its first line
}

// Listen serves on an address like 127.0.0.1:8080, in the background. An address that is taken, or is none of this
// machine, is an error.
func Listen(addr string, c Content, log zerolog.Logger) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("web.listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", &healthz{ask: c.Health})
	(&api{approvals: c.Approvals, keyFile: c.KeyFile}).handle(mux)
	s := &Server{
		http: &http.Server{
			Handler: mux, ReadTimeout: timeout, WriteTimeout: 2 * timeout, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
			ErrorLog: stdlog.New(warnings{log}, "web.listen: ", 0),
		},
		served: make(chan struct{}), addr: l.Addr(),
	}
	go func() {
		defer close(s.served)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error().Err(err).Msg("web.listen has failed")
		}
	}()
	return s, nil
}

// warnings turns what net/http says, such as that no connection can be accepted, into lines of the log.
type warnings struct{ log zerolog.Logger }

func (w warnings) Write(line []byte) (int, error) {
	w.log.Warn().Msg(strings.TrimSpace(string(line)))
	return len(line), nil
}

// Addr is where it serves.
func (s *Server) Addr() net.Addr { return s.addr }

// Close finishes what is under way and gives the address back.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.served
	return err
}

// healthz answers GET /healthz.
type healthz struct {
	ask  func(context.Context) Health
	mu   sync.Mutex
	last Health
	at   time.Time
}

// ServeHTTP implements http.Handler.
func (h *healthz) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := h.now(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if now.Status == Failing {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(now) // the client may have gone
}

// now returns an answer that is at most fresh old.
func (h *healthz) now(ctx context.Context) Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at.IsZero() || time.Since(h.at) > fresh {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		h.last = h.ask(ctx)
		h.last.Status = h.last.status()
		h.at = time.Now()
	}
	return h.last
}
