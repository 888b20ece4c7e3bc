package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// reload asks the daemon over its control socket to read the policy again, and returns the answer.
func (s *site) reload() (status int, body string) {
	s.t.Helper()
	return s.control("/reload", "")
}

// control posts a body to the daemon's control socket.
func (s *site) control(path, body string) (status int, answer string) {
	s.t.Helper()
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(s.dir, "dialwarden.sock"))
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(within(s.t, 20*time.Second), http.MethodPost, "http://daemon"+path, strings.NewReader(body))
	must(s.t, err)
	resp, err := client.Do(req)
	must(s.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	must(s.t, err)
	return resp.StatusCode, string(text)
}

// A policy that is changed takes force for the calls that come; one with a fault does not, and the log says where it is.
func TestReload(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	const inForce, faulty = "policy in force", "the old one stays in force"
	s := newSite(t, l, "")
	s.addPIN("583921", "Li Wei", 2)
	d := s.serve()
	before := dial(t, l, "103", "902112354001")
	asked(t, before)

	s.write("policy/data/local.yaml", "classes: [mobile]\nunlisted_phones: []\n")
	s.write("policy/data/long_distance.yaml", "pin_level: {national: 9, international: 9}\n")
	d.signal(syscall.SIGHUP)
	s.logged(2, inForce)
	barred := dial(t, l, "101", "962354002")
	must(t, before.SendDTMF("583921#"))
	reaches(t, l, "02112354001")
	hangup(t, before)
	refused(t, barred, call.CauseCallRejected)
	old, changed := s.once("902112354001"), s.once("962354002")
	if old.Action != call.Allow || changed.Rule != call.RuleNoAllow || old.PolicyRevision == changed.PolicyRevision {
		t.Errorf("a caller keeps the policy that he began with: got %+v, then %+v", old, changed)
	}

	s.write("policy/rules/open.rego", "package dialwarden.outbound\n\n# METADATA\n# title: Open\n# description: All.\nallow contains \"open\" if {\n")
	d.signal(syscall.SIGHUP)
	s.logged(1, faulty)
	if s.log.count("rules/open.rego:7") == 0 {
		t.Error("the log does not say where the fault is")
	}
	s.write("policy/rules/open.rego", "package dialwarden.outbound\n\n# METADATA\n# title: Open\n# description: All.\nallow contains \"open\"\n")
	shipped := s.read("policy/data/rules.yaml")
	s.write("policy/data/rules.yaml", "open:\n  title: Open\n  titel: Open\n"+shipped)
	if status, body := s.reload(); status != http.StatusConflict || !strings.Contains(body, "data/rules.yaml:3") {
		t.Errorf("an unknown field in data: the socket answers %d %s", status, body)
	}
	refused(t, dial(t, l, "101", "962354003"), call.CauseCallRejected)
	if got := s.once("962354003"); got.PolicyRevision != changed.PolicyRevision {
		t.Errorf("after a fault the policy in force decides: got %+v", got)
	}

	s.write("policy/data/rules.yaml", "open:\n  title: Open\n"+shipped)
	if status, body := s.reload(); status != http.StatusOK {
		t.Errorf("a mended policy: the socket answers %d %s", status, body)
	}
	c := dial(t, l, "101", "962354004")
	up(t, c)
	hangup(t, c)
	if got := s.once("962354004"); got.Rule != "open" {
		t.Errorf("got %+v", got)
	}

	n := s.log.count(inForce)
	s.write("policy/rules/.open.rego.new", strings.ReplaceAll(s.read("policy/rules/open.rego"), "allow contains", "deny contains"))
	must(t, os.Rename(filepath.Join(s.dir, "policy/rules/.open.rego.new"), filepath.Join(s.dir, "policy/rules/open.rego")))
	s.logged(n+1, inForce) // nobody asked
	refused(t, dial(t, l, "101", "962354005"), call.CauseCallRejected)
	if got := s.once("962354005"); got.Rule != "open" || got.Action != call.Deny {
		t.Errorf("a file that was changed: got %+v", got)
	}
	if out, errs, status := s.run("", "policy", "rollback"); status != 0 || !strings.Contains(s.read("policy/rules/open.rego"), "allow contains") {
		t.Errorf("policy rollback: status %d\n%s%s", status, out, errs)
	}
	c = dial(t, l, "101", "962354006")
	up(t, c)
	hangup(t, c)
}

// A daemon that is told to stop refuses who is being asked, and leaves alone who talks.
func TestStop(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	d := s.serve()
	talking, asking := dial(t, l, "101", "962355001"), dial(t, l, "103", "902112355002")
	up(t, talking)
	asked(t, asking)
	reaches(t, l, "62355001")
	s.decision(to("962355001"))
	d.stop()
	turnedAway(t, asking, call.CauseTemporaryFailure)
	got := s.decision(to("902112355002"))
	if got.Action != call.Deny || got.Rule != call.RuleUnavailable || len(s.about("902112355002")) != 1 {
		t.Errorf("the caller at the prompt: got %+v", got)
	}
	must(t, talking.WaitAudio(within(t, 5*time.Second)))
	hangup(t, talking)
	s.serve()
	if got := s.once("962355001"); got.Action != call.Allow || got.Call.EndSource != watch.SourceDialplan || got.Call.AnsweredAt.IsZero() {
		t.Errorf("the call that went on: got %+v", got)
	}
}
