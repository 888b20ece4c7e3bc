package web_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/web"
)

// approvals are made of two functions.
type approvals struct {
	pending []call.PendingApproval
	answer  func(id string, r call.ApprovalReply) error
}

func (a approvals) Pending() []call.PendingApproval              { return a.pending }
func (a approvals) Answer(id string, r call.ApprovalReply) error { return a.answer(id, r) }

// ask sends a request with an Authorization header.
func ask(t *testing.T, s *web.Server, method, path, login, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Addr().String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if login != "" {
		req.Header.Set("Authorization", login)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(text))
}

func serve(t *testing.T, c web.Content) *web.Server {
	t.Helper()
	s, err := web.Listen("127.0.0.1:0", c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

const key = "0123456789abcdef"

func keyFile(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "api.secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestApprovals(t *testing.T) {
	var got []string
	a := approvals{
		pending: []call.PendingApproval{{
			ID: "k7", Since: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), Extension: "101", Holder: "李伟", Department: "Sales",
			Number: "+862112345678", Class: call.National, Rule: "long_distance", Reason: "needs a yes", Approvers: []string{"104"}, Asking: "104",
		}},
		answer: func(id string, r call.ApprovalReply) error {
			got = append(got, fmt.Sprint(id, r))
			for want, err := range map[string]error{
				"gone": call.ErrNoApproval, "late": call.ErrApprovalAnswered, "over": call.ErrApprovalOver, "own": call.ErrOwnApproval, "bad": call.ErrApprovalReply,
			} {
				if id == want {
					return fmt.Errorf("approval %s: %w", id, err)
				}
			}
			return nil
		},
	}
	s := serve(t, web.Content{Approvals: a, KeyFile: keyFile(t, key+"\nanother line\n", 0o600)})
	const login, path = "Bearer " + key, "/api/v1/approvals"
	const good = `{"answer":"allow","who":"Chen","reason":"urgent"}`
	for _, test := range []struct {
		method, path, login, body string
		status                    int
		want                      string // in the answer
	}{
		{"GET", path, login, "", 200, `{"approvals":[{"id":"k7","since":"2026-11-23T09:00:00Z","extension":"101","holder":"李伟","department":"Sales",` +
			`"number":"+862112345678","class":"national","rule":"long_distance","reason":"needs a yes","approvers":["104"],"asking":"104"}]}`},
		{"GET", path, "", "", 401, "Authorization: Bearer KEY"},
		{"GET", path, "Bearer " + key + "x", "", 401, "Authorization: Bearer KEY"},
		{"GET", path, "Bearer another line", "", 401, "Authorization: Bearer KEY"},
		{"GET", path, "Bearer", "", 401, "Authorization: Bearer KEY"},
		{"GET", path, "Basic " + key, "", 401, "Authorization: Bearer KEY"},
		{"POST", path + "/k7", "", good, 401, "Authorization: Bearer KEY"},
		{"POST", path + "/k7", "bearer " + key, good, 200, `{"answer":"allow","id":"k7"}`},
		{"POST", path + "/k7", login, `{"answer":"refuse","who":"Chen"}`, 200, `{"answer":"refuse","id":"k7"}`},
		{"POST", path + "/k7", login, `{"answer":"maybe","who":"Chen"}`, 422, `it must be allow or refuse`},
		{"POST", path + "/k7", login, `{"answer":true}`, 400, `the body cannot be read`},
		{"POST", path + "/k7", login, `{"answer":"allow","whom":"Chen"}`, 400, `whom`},
		{"POST", path + "/k7", login, good + good, 400, `behind the JSON object`},
		{"POST", path + "/k7", login, "", 400, `the body cannot be read`},
		{"POST", path + "/k7", login, `{"reason":"` + strings.Repeat("x", 20<<10) + `"}`, 400, `too large`},
		{"POST", path + "/gone", login, good, 404, `approval gone: `},
		{"POST", path + "/late", login, good, 409, `already answered`},
		{"POST", path + "/over", login, good, 409, `the caller waits no longer`},
		{"POST", path + "/own", login, good, 403, `nobody approves his own call`},
		{"POST", path + "/bad", login, good, 422, `not complete`},
		{"PUT", path + "/k7", login, good, 405, ``},
		{"POST", path, login, good, 405, ``},
	} {
		status, body := ask(t, s, test.method, test.path, test.login, test.body)
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s %s %s: got %d %s, want %d %s", test.method, test.path, test.body, status, body, test.status, test.want)
		}
	}
	if len(got) != 7 || got[0] != "k7{true Chen urgent api}" || got[1] != "k7{false Chen  api}" {
		t.Errorf("answered %q", got)
	}
}

// TestClosed says what to set where there is no key; then no key is good, also not an empty one.
func TestClosed(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"no file named":  {"", "web.key_file names no file"},
		"no file":        {filepath.Join(t.TempDir(), "none"), "web.key_file names no file"},
		"empty":          {keyFile(t, "", 0o600), "holds no key in its first line"},
		"empty line":     {keyFile(t, "\n"+key, 0o600), "holds no key in its first line"},
		"too short":      {keyFile(t, key[1:]+"\n", 0o600), "16 characters or more"},
		"for everybody":  {keyFile(t, key, 0o644), "chmod 600"},
		"is a directory": {t.TempDir(), "web.key_file"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, web.Content{Approvals: approvals{}, KeyFile: test.file})
			for _, login := range []string{"", "Bearer ", "Bearer " + key, "Bearer " + key[1:]} {
				status, body := ask(t, s, "GET", "/api/v1/approvals", login, "")
				if status != http.StatusForbidden || !strings.Contains(body, test.want) || test.file != "" && strings.Contains(body, test.file) {
					t.Errorf("%q: got %d %s", login, status, body)
				}
			}
		})
	}
}
