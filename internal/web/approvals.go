package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Approvals are the calls that wait for somebody's yes.
type Approvals interface {
	Pending() []call.PendingApproval
	// Answer returns call.ErrNoApproval, call.ErrApprovalAnswered, call.ErrApprovalOver, call.ErrOwnApproval or
	// call.ErrApprovalReply, with what is to be said of it.
	Answer(id string, reply call.ApprovalReply) error
}

const (
	largestBody = 16 << 10
	shortestKey = 16 // characters
)

// api serves what only programs with the key may ask.
type api struct {
	approvals Approvals
	keyFile   string // is read for each request: a new key needs no restart
}

// handle adds the paths of the API.
func (a *api) handle(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/approvals", a.keyed(func(*http.Request) (any, error) {
		return map[string]any{"approvals": a.approvals.Pending()}, nil
	}))
	mux.HandleFunc("POST /api/v1/approvals/{id}", a.keyed(a.answer))
}

// answer takes somebody's answer to a pending approval.
func (a *api) answer(r *http.Request) (any, error) {
	var in struct {
		Answer string `json:"answer"`
		Who    string `json:"who"`
		Reason string `json:"reason"`
	}
	body := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&in); err != nil {
		return nil, &refusal{http.StatusBadRequest, fmt.Sprintf(`the body cannot be read (%v): send {"answer":"allow","who":"…","reason":"…"}`, err)}
	}
	if err := body.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return nil, &refusal{http.StatusBadRequest, "there is something behind the JSON object in the body"}
	}
	if in.Answer != "allow" && in.Answer != "refuse" {
		return nil, &refusal{http.StatusUnprocessableEntity, fmt.Sprintf("answer is %q: it must be allow or refuse", in.Answer)}
	}
	id := r.PathValue("id")
	err := a.approvals.Answer(id, call.ApprovalReply{Allow: in.Answer == "allow", Who: in.Who, Reason: in.Reason, Via: call.ViaAPI})
	return map[string]string{"id": id, "answer": in.Answer}, err
}

// refusal is an error with its HTTP status.
type refusal struct {
	status  int
	message string
}

// Error implements error.
func (r *refusal) Error() string { return r.message }

// keyed turns a function into a handler that wants the key.
func (a *api) keyed(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := a.admit(r)
		var out any
		if err == nil {
			out, err = do(r)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if err != nil {
			status := statusOf(err)
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="dialwarden"`)
			}
			w.WriteHeader(status)
			out = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(out) // the client may have gone
	}
}

func statusOf(err error) int {
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return refused.status
	case errors.Is(err, call.ErrNoApproval):
		return http.StatusNotFound
	case errors.Is(err, call.ErrApprovalAnswered), errors.Is(err, call.ErrApprovalOver):
		return http.StatusConflict
	case errors.Is(err, call.ErrOwnApproval):
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}

// admit lets in who has the key.
func (a *api) admit(r *http.Request) error {
	key, err := readKey(a.keyFile)
	if err != nil {
		return &refusal{http.StatusForbidden, err.Error()}
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, got := sha256.Sum256([]byte(key)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
		return &refusal{http.StatusUnauthorized, "send the key in the first line of web.key_file as Authorization: Bearer KEY"}
	}
	return nil
}

// readKey returns the first line of the key file. The error says what is to be set; it names no path: whoever has no key
// is told nothing about this machine.
func readKey(path string) (string, error) {
	const set = "put a key of %d characters or more, like that of \"openssl rand -hex 16\", into the first line of the file, mode 0600"
	info, err := os.Stat(path)
	switch {
	case path == "" || errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("the API is closed: web.key_file names no file that exists; "+set, shortestKey)
	case err != nil:
		return "", errors.New("the API is closed: the file that web.key_file names cannot be read by the daemon")
	case info.Mode().Perm()&0o007 != 0:
		return "", errors.New("the API is closed: everybody on the machine may read the file that web.key_file names; chmod 600 it")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", errors.New("the API is closed: the file that web.key_file names cannot be read by the daemon")
	}
	line, _, _ := strings.Cut(string(data), "\n")
	if line = strings.TrimSpace(line); len(line) < shortestKey {
		return "", fmt.Errorf("the API is closed: the file that web.key_file names holds no key in its first line; "+set, shortestKey)
	}
	return line, nil
}
