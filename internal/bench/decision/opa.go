package decision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// server is an OPA server in a process of its own.
type server struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	url    string
	ended  chan struct{}
}

// serve starts OPA's server with the files of a directory and waits until it answers.
func serve(ctx context.Context, program, dir string) (*server, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	s := &server{url: "http://" + address, ended: make(chan struct{})}
	s.cmd = exec.CommandContext(ctx, program, "run", "--server", "--addr", address, "--log-level", "error", "--skip-version-check", dir) //nolint:gosec // the operator's own OPA
	s.cmd.Stderr = &s.stderr
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// ready waits until the server answers.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/health", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.ended:
			return fmt.Errorf("OPA's server ended: %s", s.stderr.String())
		case <-ctx.Done():
			return errors.New("OPA's server does not answer")
		case <-again.C:
		}
	}
}

func (s *server) close() error {
	err := s.cmd.Process.Kill()
	<-s.ended
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// answer is what the server says: the members of each set.
type answer struct {
	Result *struct {
		Allow, Deny, Require, Limit, Route, Notify, Sanction []any
	} `json:"result"`
}

// ask asks about a call.
func (s *server) ask(ctx context.Context, client *http.Client, f *call.Facts) (answer, error) {
	var a answer
	body, err := json.Marshal(map[string]any{"input": f})
	if err != nil {
		return a, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/data/question/answer", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return a, err
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return a, err
	}
	if err := json.Unmarshal(text, &a); err != nil || a.Result == nil {
		return a, fmt.Errorf("OPA answered %s %s: %w", resp.Status, text, err)
	}
	return a, nil
}
