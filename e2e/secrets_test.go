package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// record waits for Asterisk's own record of the call with the decision.
func record(t *testing.T, l *lab.Lab, id int64) lab.CDR {
	t.Helper()
	r, err := l.WaitCDR(within(t, 10*time.Second), func(r lab.CDR) bool { return r.UserField == fmt.Sprint(id) })
	must(t, err)
	return r
}

// A PIN or a token that was typed, by whomever and for whatever, right or wrong, is nowhere to be found afterwards, and a
// stolen ledger does not verify it.
func TestSecrets(t *testing.T) {
	t.Parallel()
	const right, wrong, other, changed, superior = "5839216047", "8201563947", "6480317592", "7264918035", "3950472861"
	l, s := approvable(t)
	s.write("policy/data/approvers.yaml", "department: {}\neverybody: [\"104\"]\nring_seconds: 10\npin: true\npin_level: 3\n")
	id := s.addPIN(right, "Li Wei", 2)
	s.addPIN(superior, "Zhang Min", 3)
	_, token := s.issue("--number", "902112360002")
	d := s.serve()
	c := dial(t, l, "103", "902112360001")
	asked(t, c)
	must(t, c.SendDTMF(wrong+"#"))
	must(t, c.WaitSilence(within(t, 10*time.Second), 200*time.Millisecond))
	must(t, c.WaitAudio(within(t, 10*time.Second)))
	must(t, c.SendDTMF(right+"#"))
	reaches(t, l, "02112360001")
	hangup(t, c)
	got := s.once("902112360001")
	if got.PINID != id {
		t.Errorf("got %+v", got)
	}
	record(t, l, got.ID)
	hangup(t, answers(t, l, "103", "902112360002", token+"#"))
	c = dial(t, l, "103", "*57")
	asked(t, c)
	must(t, c.SendDTMF(right+"#"+changed+"#"+changed+"#"))
	endOf(t, c)
	if got := s.once("*57"); got.Action != call.Allow {
		t.Errorf("the PIN was not changed: %+v", got)
	}
	c = seeks(t, l, "105", "902112360003")
	must(t, rings(t, l, "104").SendDTMF("1"+superior+"#"))
	reaches(t, l, "02112360003")
	hangup(t, c)
	said := s.log.String() + s.complaints(changed, other)
	for _, digits := range []string{right, wrong, other, token, changed, superior} {
		if strings.Contains(said, digits) || strings.Contains(said, digits[:6]) {
			t.Errorf("digits of %s are told:\n%s", digits, said)
		}
		holdsNot(t, s.dir, digits)
		holdsNot(t, filepath.Join(l.Dir(), "log"), digits)
	}

	d.stop()
	stolen := filepath.Join(t.TempDir(), "stolen.db")
	must(t, os.WriteFile(stolen, []byte(s.read("dialwarden.db")), 0o600))
	key, err := ledger.LoadOrCreateKey(stolen + ".key")
	must(t, err)
	thief, err := ledger.Open(stolen, key)
	if err != nil {
		return // better still: it does not open without its key
	}
	defer func() { must(t, thief.Close()) }()
	claim := call.Claim{Kinds: []call.CredentialKind{call.PIN, call.Token}, Digits: call.NewSecret(changed)}
	if v, err := thief.Prove(t.Context(), claim); v.Fault != call.FaultUnknown || err != nil {
		t.Errorf("the ledger alone verifies a PIN: %+v, %v", v, err)
	}
}

// complaints provokes every error that deals with digits, and returns the texts.
func (s *site) complaints(taken, other string) string {
	s.t.Helper()
	var said strings.Builder
	for path, bodies := range map[string][]string{"/pins/1/change": {
		`{"pin": "` + taken + `"}`, // is its own
		`{"pin": ` + other + `}`,
		`{"pin": "` + other + `x"}`,
		`{"pin": "` + other,
	}, "/tokens": {
		`{"digits": "` + other + `", "approver": "Chen"}`,
		`{"uses": "` + other + `"}`,
		`{"` + other + `": 1`,
	}, "/tokens/" + other + "x/revoke": {`{}`}, "/unlock": {`{"extension": ` + other + `}`}, "/pins": {
		`{"pin": "` + taken + `", "holder": "Chen"}`, // is taken
		`{"pin": "` + other + `"}`,                   // has no holder
		`{"pin": "` + other + `x", "holder": "Chen"}`,
		`{"pin": ` + other + `, "holder": "Chen"}`,
		`{"pin": "` + other,
		`{"` + other + `": 1}`,
		strings.Repeat(other, 10_000),
	}} {
		for _, body := range bodies {
			status, answer := s.control(path, body)
			if status == http.StatusOK {
				s.t.Errorf("%s is accepted", body)
			}
			said.WriteString(answer)
		}
	}
	for _, args := range [][]string{
		{"pin", "add", "--holder", "Chen", other}, {"pin", "add", "--holder", "Chen", "--pin", other},
		{"pin", "add", "--holder", "Chen", "--pin=" + other}, {"pin", "add", "--holder", "Chen", "--stdin=" + other},
		{"pin", "add", "--holder", "Chen", "-" + other}, {"pin", other},
		{"pin", "change", "1", other}, {"pin", "change", other}, {"pin", "change", "1", "--pin=" + other}, {"pin", "unlock", other + "x"},
		{"token", "revoke", other}, {"token", "issue", other}, {"token", other}, {"token", "issue", "--digits=" + other},
	} {
		out, errs, status := s.run("", args...)
		if status == 0 {
			s.t.Errorf("%q is accepted", args)
		}
		said.WriteString(out + errs)
	}
	out, errs, status := s.run(taken+"\n", "pin", "add", "--holder", "Chen", "--stdin")
	if status == 0 {
		s.t.Error("a PIN that is taken is accepted")
	}
	return said.String() + out + errs
}

// holdsNot checks that no file below dir holds the PIN, and that what belongs to the ledger is ours alone.
func holdsNot(t *testing.T, dir, pin string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(pin)) {
			t.Errorf("%s holds a PIN", path)
		}
		info, statErr := d.Info()
		if name := d.Name(); statErr == nil && strings.HasPrefix(name, "dialwarden.") && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		return err
	}))
}
