package web_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/web"
)

func get(t *testing.T, s *web.Server, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr().String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(body))
}

func TestHealthz(t *testing.T) {
	for name, test := range map[string]struct {
		health web.Health
		status int
		want   string
	}{
		"all is well": {
			web.Health{AsteriskConnected: true, LedgerWritable: true, PolicyRevision: "cafe"}, 200,
			`{"status":"ok","asterisk_connected":true,"policy_revision":"cafe","ledger_writable":true}`,
		},
		"a policy that was refused": {
			web.Health{AsteriskConnected: true, LedgerWritable: true, PolicyRevision: "cafe", PolicyError: "rules/a.rego:1: no"}, 200,
			`{"status":"degraded","asterisk_connected":true,"policy_revision":"cafe","policy_error":"rules/a.rego:1: no","ledger_writable":true}`,
		},
		"no Asterisk": {
			web.Health{LedgerWritable: true, PolicyRevision: "cafe"}, 503,
			`{"status":"failing","asterisk_connected":false,"policy_revision":"cafe","ledger_writable":true}`,
		},
		"no ledger": {
			web.Health{AsteriskConnected: true, PolicyRevision: "cafe", LedgerError: "the disk is full"}, 503,
			`{"status":"failing","asterisk_connected":true,"policy_revision":"cafe","ledger_writable":false,"ledger_error":"the disk is full"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			s, err := web.Listen("127.0.0.1:0", web.Content{Health: func(context.Context) web.Health {
				asked++
				return test.health
			}}, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			status, body := get(t, s, "/healthz")
			if status != test.status || body != test.want {
				t.Errorf("got %d %s, want %d %s", status, body, test.status, test.want)
			}
			if status, _ := get(t, s, "/"); status != http.StatusNotFound {
				t.Errorf("/ answers %d", status)
			}
			if _, err := web.Listen(s.Addr().String(), web.Content{}, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "web.listen: ") {
				t.Errorf("an address that is taken: %v", err)
			}
			if err := s.Close(); err != nil || asked != 1 {
				t.Errorf("closed with %v, asked %d times", err, asked)
			}
		})
	}
}
