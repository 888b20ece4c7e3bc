package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// alertDesk keeps the alerts that arrive with a good signature.
type alertDesk struct {
	*httptest.Server
	mu  sync.Mutex
	got []call.Alert
	bad []string
}

const alertSecret = "correct horse battery staple"

func newAlertDesk(t *testing.T) *alertDesk {
	t.Helper()
	d := &alertDesk{}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		h := hmac.New(sha256.New, []byte(alertSecret))
		h.Write([]byte(r.Header.Get("Dialwarden-Timestamp") + "."))
		h.Write(body)
		var a call.Alert
		d.mu.Lock()
		defer d.mu.Unlock()
		if err != nil || json.Unmarshal(body, &a) != nil || hex.EncodeToString(h.Sum(nil)) != r.Header.Get("Dialwarden-Signature") || a.ID != r.Header.Get("Idempotency-Key") {
			d.bad = append(d.bad, string(body))
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		d.got = append(d.got, a)
	}))
	t.Cleanup(func() {
		d.Close()
		if len(d.bad) > 0 {
			t.Errorf("these had no good signature: %s", d.bad)
		}
	})
	return d
}

// has waits for an alert by a rule about a call from an extension.
func (d *alertDesk) has(t *testing.T, kind call.AlertKind, rule, extension string) call.Alert {
	t.Helper()
	var found call.Alert
	eventually(t, fmt.Sprintf("an alert %s of %s arrives", kind, rule), func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, a := range d.got {
			if a.Kind == kind && a.Rule == rule && a.Extension == extension {
				found = a
				return true
			}
		}
		return false
	})
	return found
}

// A premium call suspends the phone for the very next call, also after kill -9; emergency calls go out, and so does everything
// when the suspension is lifted. What looks like fraud arrives at a receiver, signed.
func TestSanctionsAndAlerts(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s, desk := newSite(t, l, ""), newAlertDesk(t)
	s.write("dialwarden.yaml", s.read("dialwarden.yaml")+fmt.Sprintf("alerts: {webhooks: [{url: %q, secret_file: alerts.secret}]}\n", desk.URL))
	s.write("alerts.secret", alertSecret+"\n")
	s.write("policy/data/premium.yaml", "sanction: {suspend_days: 30, fine_minor: 5000, cost_multiple: 20}\n")
	s.addPIN("583921", "Li Wei", 2)
	d := s.serve()

	began := time.Now()
	refused(t, dial(t, l, "108", "916812345"), call.CauseCallRejected)
	premium := s.once("916812345")
	refused(t, dial(t, l, "108", "962358101"), call.CauseCallRejected)
	if got := s.once("962358101"); got.Rule != "suspension" || got.Reason != "This phone is suspended." {
		t.Errorf("the next call: %+v", got)
	}
	told := desk.has(t, call.AlertSanction, "premium", "108")
	if told.DecisionID != premium.ID || !strings.Contains(told.Text, "50.00 CNY") || told.Holder != "Zhou Jie" {
		t.Errorf("the alert is %+v", told)
	}
	d.kill()
	s.serve()
	refused(t, dial(t, l, "108", "962358102"), call.CauseCallRejected)
	if got := s.once("962358102"); got.Rule != "suspension" {
		t.Errorf("after a restart: %+v", got)
	}
	emergency := dial(t, l, "108", "120")
	up(t, emergency)
	hangup(t, emergency)

	out, errs, status := s.run("", "sanction", "list", "--json")
	var listed struct {
		ID    int64
		State string
		Until time.Time
		Total int64 `json:"total_minor"`
	}
	if err := json.Unmarshal([]byte(out), &listed); err != nil || status != 0 {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	if days := listed.Until.Sub(began).Hours() / 24; listed.State != "suspended" || days < 30 || days > 31 || listed.Total != 5000 {
		t.Errorf("listed is %s", out)
	}
	if _, errs, status := s.run("", "sanction", "lift", fmt.Sprint(listed.ID), "--reason", "a misdialled number"); status != 0 {
		t.Fatal(errs)
	}
	free := dial(t, l, "108", "962358103")
	up(t, free)
	hangup(t, free)

	abroad := answers(t, l, "103", "90085221234567", "583921#")
	if a := desk.has(t, call.AlertRule, "first_country", "103"); a.To != "operator" || a.Number != "+85221234567" {
		t.Errorf("the alert is %+v", a)
	}
	shares := answers(t, l, "104", "902112348104", "583921#")
	desk.has(t, call.AlertRule, "pin_sharing", "104")
	hangup(t, shares)
	hangup(t, abroad)
	s.whole()
}
