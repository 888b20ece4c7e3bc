// Package control lets the command line reach the running daemon over a Unix socket that only the daemon's user may
// open. Verbs that change something go this way, so that the ledger has one writer.
//
// It speaks HTTP with JSON bodies:
//
//	POST /pins              {"pin","holder","department","level","extension","valid_from","valid_to","classes"}  →  {"id"}
//	POST /pins/{id}/change  {"pin"}                                →  {}
//	POST /pins/{id}/disable                                        →  {}
//	POST /unlock            {"extension","who"}                    →  {"tries"}
//	POST /tokens            {"approver","extension","number","prefix","class","uses","expires","max_seconds","reason"}  →  {"id","digits"}
//	POST /tokens/{id}/revoke  {"who"}                              →  {}
//	POST /decisions/{id}/correct  {"who","reason","seconds","cost_minor"}  →  {"id"}
//	POST /looks             {"who","what","filter"}                →  {}
//	POST /forget            {"holder","who","reason"}              →  {"decisions"}
//	POST /sanctions/{id}/lift  {"who","reason","waive"}            →  {}
//	POST /approvals                                                →  {"approvals"}: those that are pending
//	POST /approvals/{id}    {"allow","who","reason"}               →  {}
//	POST /calls                                                    →  {"calls"}: those in progress
//	POST /calls/{id}/extend {"seconds","who","reason"}            →  {"max_seconds"}
//	POST /calls/{id}/end    {"who","reason"}                      →  {}
//	POST /lines                                                    →  how guarded lines, trunks and bookings stand
//	POST /reload                                                   →  {"revision","before","changed","warning"}
//	POST /policy            {"rules/local.rego":"<base64>", …}     →  {"revision","before","changed","replaced","warning"}
//	POST /policy/rollback   {"revision"}                           →  {"revision","before","changed","replaced","warning"}
//
// An answer that is not 2xx has the body {"error"}; 409 means that the policy is at fault, and the old one in force.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

const (
	timeout     = 10 * time.Second
	largestBody = 64 << 10

	policyTimeout = 3 * time.Minute // its tests are run
	largestPolicy = 256 << 20
)

// Verbs is what the daemon does on request.
type Verbs struct {
	PINs      PINs
	Tokens    Tokens
	Locks     Locks
	Policies  Policies
	Log       Log
	Approvals Approvals
	Sanctions Sanctions
	Calls     Calls
	Lines     Lines
}

// Log adds to the decision log.
type Log interface {
	Correct(ctx context.Context, decisionID int64, c call.Correction) (id int64, err error)
	RecordLook(ctx context.Context, who, what, filter string) error
	Forget(ctx context.Context, holder, who, reason string) (decisions int, err error)
}

// Server answers on the socket. Use Listen.
type Server struct {
	http   *http.Server
	served chan struct{} // closed when the socket is
}

// Listen makes the socket, with mode 0600, and serves it in the background. A socket that an earlier daemon left behind
// is replaced. It is an error if a daemon still answers on it, or if the file is something else than a socket.
func Listen(socket string, v Verbs, log zerolog.Logger) (*Server, error) {
	if err := removeStale(socket); err != nil {
		return nil, fmt.Errorf("control.socket: %w", err)
	}
	old := syscall.Umask(0o177) // the socket must never be open to others, not even for a moment
	l, err := new(net.ListenConfig).Listen(context.Background(), "unix", socket)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("control.socket: %w", err)
	}
	s := &Server{
		http:   &http.Server{Handler: handler(v), ReadTimeout: timeout, WriteTimeout: policyTimeout},
		served: make(chan struct{}),
	}
	go func() {
		defer close(s.served)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error().Err(err).Msg("the control socket has failed")
		}
	}()
	return s, nil
}

// removeStale removes a socket on which nobody answers, and nothing else.
func removeStale(socket string) error {
	info, err := os.Lstat(socket)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s exists and is no socket: name another file, or move this one away", socket)
	}
	if _, running := Dial(context.Background(), socket); running {
		return fmt.Errorf("another daemon answers on %s: stop it first, or name another file", socket)
	}
	return os.Remove(socket)
}

// Close finishes what is under way and removes the socket.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	<-s.served
	return err
}

// look is the request to record that somebody sees whole numbers.
type look struct {
	Who    string `json:"who"`
	What   string `json:"what"`
	Filter string `json:"filter"`
}

// forgetting is the request to take a person out of the log.
type forgetting struct {
	Holder string `json:"holder"`
	Who    string `json:"who"`
	Reason string `json:"reason"`
}

func handler(v Verbs) http.Handler {
	mux := http.NewServeMux()
	handleCredentials(mux, v)
	mux.HandleFunc("POST /decisions/{id}/correct", answer(func(r *http.Request) (any, error) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			return nil, errors.New("a decision's id is a number")
		}
		var in call.Correction
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody)).Decode(&in); err != nil {
			return nil, fmt.Errorf("the correction cannot be read: %w", err)
		}
		id, err = v.Log.Correct(r.Context(), id, in)
		return map[string]int64{"id": id}, err
	}))
	mux.HandleFunc("POST /looks", answer(func(r *http.Request) (any, error) {
		var in look
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody)).Decode(&in); err != nil {
			return nil, fmt.Errorf("the look cannot be read: %w", err)
		}
		return struct{}{}, v.Log.RecordLook(r.Context(), in.Who, in.What, in.Filter)
	}))
	mux.HandleFunc("POST /forget", answer(func(r *http.Request) (any, error) {
		var in forgetting
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody)).Decode(&in); err != nil {
			return nil, fmt.Errorf("the request cannot be read: %w", err)
		}
		n, err := v.Log.Forget(r.Context(), in.Holder, in.Who, in.Reason)
		return map[string]int{"decisions": n}, err
	}))
	handlePolicies(mux, v.Policies)
	handleApprovals(mux, v.Approvals)
	handleSanctions(mux, v.Sanctions)
	handleCalls(mux, v.Calls)
	handleLines(mux, v.Lines)
	return mux
}

// answer turns a function into a handler.
func answer(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := do(r)
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			status := http.StatusUnprocessableEntity
			if refused := (*Refusal)(nil); errors.As(err, &refused) {
				status = http.StatusConflict
			}
			w.WriteHeader(status)
			out = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(out) // the client may have gone
	}
}

// Client talks to a running daemon. Use Dial. It satisfies PINs, Tokens, Locks, Log, Sanctions and Policies.
type Client struct{ http *http.Client }

// Dial returns a client if a daemon listens on the socket.
func Dial(ctx context.Context, socket string) (c *Client, running bool) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: timeout}).DialContext(ctx, "unix", socket)
	}
	conn, err := dial(ctx, "", "")
	if err != nil {
		return nil, false
	}
	_ = conn.Close()
	return &Client{&http.Client{Timeout: policyTimeout, Transport: &http.Transport{DialContext: dial}}}, true
}

// Correct has the daemon record a correction of a decision.
func (c *Client) Correct(ctx context.Context, decisionID int64, correction call.Correction) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var out struct{ ID int64 }
	err := c.post(ctx, fmt.Sprintf("/decisions/%d/correct", decisionID), correction, &out)
	return out.ID, err
}

// RecordLook has the daemon record that somebody sees whole numbers.
func (c *Client) RecordLook(ctx context.Context, who, what, filter string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.post(ctx, "/looks", look{who, what, filter}, nil)
}

// Forget has the daemon take a person out of the log, which may take minutes.
func (c *Client) Forget(ctx context.Context, holder, who, reason string) (int, error) {
	var out struct{ Decisions int }
	err := c.post(ctx, "/forget", forgetting{holder, who, reason}, &out)
	return out.Decisions, err
}

func (c *Client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://dialwarden"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("the daemon does not answer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		var fault struct{ Error string }
		if err := json.NewDecoder(resp.Body).Decode(&fault); err != nil || fault.Error == "" {
			return fmt.Errorf("the daemon answers %s", resp.Status)
		}
		if resp.StatusCode == http.StatusConflict {
			return &Refusal{Message: fault.Error}
		}
		return errors.New(fault.Error)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
