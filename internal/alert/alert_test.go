package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

const secret = "a secret of sixteen"

// inbox is a receiver of webhooks. It answers with what answer says, 204 by default.
type inbox struct {
	*httptest.Server
	came   chan string // texts, before they are answered
	got    chan message
	answer atomic.Int64
	hold   chan struct{} // not nil: an answer waits for it
	bad    atomic.Pointer[string]
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{got: make(chan message, 3000), came: make(chan string, 3000)}
	in.answer.Store(http.StatusNoContent)
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, err := in.read(r)
		if err != nil {
			text := err.Error()
			in.bad.Store(&text)
		}
		in.came <- m.Text
		if in.hold != nil {
			select {
			case <-in.hold:
			case <-r.Context().Done():
				return
			}
		}
		w.WriteHeader(int(in.answer.Load()))
		in.got <- m
	}))
	t.Cleanup(func() {
		in.CloseClientConnections()
		in.Close()
		if text := in.bad.Load(); text != nil {
			t.Error(*text)
		}
	})
	return in
}

// read holds a message to its signature, as docs/alerts.md says.
func (in *inbox) read(r *http.Request) (m message, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return m, err
	}
	if want := Sign(secret, r.Header.Get(HeaderTimestamp), body); r.Header.Get(HeaderSignature) != want {
		return m, fmt.Errorf("signature %s, want %s", r.Header.Get(HeaderSignature), want)
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, err
	}
	if m.ID == "" || r.Header.Get(HeaderIdempotency) != m.ID || m.Site != "Head office" {
		return m, fmt.Errorf("key %q of the message %s", r.Header.Get(HeaderIdempotency), body)
	}
	return m, nil
}

func (in *inbox) next(t *testing.T) message {
	t.Helper()
	select {
	case m := <-in.got:
		return m
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
	}
	return message{}
}

func (in *inbox) hook(name string) Webhook {
	return Webhook{Name: name, URL: in.URL + "/?token=topsecret", Secret: secret, Timeout: 5 * time.Second}
}

// lines are what was logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func openLedger(t *testing.T, path string) *ledger.Ledger {
	t.Helper()
	key, err := ledger.LoadOrCreateKey(path + ".key")
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(path, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// start runs a room with short pauses; stop ends it as the end of the daemon does.
func start(t *testing.T, l Ledger, log io.Writer, hooks ...Webhook) (r *Room, stop func()) {
	t.Helper()
	r, err := New(t.Context(), Config{Site: "Head office", Webhooks: hooks, Ledger: l, Log: zerolog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	r.first = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return r, stop
}

func read(t *testing.T, path string) []ledger.Alert {
	t.Helper()
	r, err := ledger.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	all, err := r.Alerts(t.Context(), 5000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func alertOf(kind call.AlertKind, text string) call.Alert {
	return call.Alert{Kind: kind, DecisionID: 7, Extension: "101", Rule: "premium", To: "operator", Text: text}
}

func TestAlertArrivesSigned(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	l, in, log := openLedger(t, path), newInbox(t), &lines{}
	r, stop := start(t, l, log, in.hook("desk"))
	r.Raise(alertOf(call.AlertRule, "somebody called"))
	m := in.next(t)
	if m.Kind != call.AlertRule || m.DecisionID != 7 || m.Extension != "101" || m.Text != "somebody called" || m.At.IsZero() {
		t.Errorf("got %+v", m)
	}
	stop()
	for _, want := range []string{`"level":"warn"`, `"kind":"rule"`, `"decision":7`, `"extension":"101"`, `"to":"operator"`, `"message":"alert"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, log)
		}
	}
	all := read(t, path)
	if len(all) != 1 || len(all[0].Deliveries) != 1 || !all[0].Deliveries[0].Delivered || all[0].Deliveries[0].Tries != 1 || all[0].ID != m.ID {
		t.Errorf("kept is %+v", all)
	}
}

// TestReceiverSaysNo is tried again with the same ID, until it says yes.
func TestReceiverSaysNo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	l, in, log := openLedger(t, path), newInbox(t), &lines{}
	in.answer.Store(http.StatusInternalServerError)
	r, stop := start(t, l, log, in.hook("desk"))
	r.Raise(alertOf(call.AlertRule, "x"))
	first, second := in.next(t), in.next(t)
	in.answer.Store(http.StatusOK)
	for d := (call.Delivery{}); !d.Delivered; {
		last := in.next(t)
		if first.ID != second.ID || last.ID != first.ID {
			t.Fatalf("IDs %s, %s, %s", first.ID, second.ID, last.ID)
		}
		if len(in.got) == 0 {
			stop()
			d = read(t, path)[0].Deliveries[0]
			if !d.Delivered { // a try that was under way when the answer changed
				_, stop = start(t, l, log, in.hook("desk"))
			}
		}
	}
	if !strings.Contains(log.String(), "answers 500") || strings.Contains(log.String(), "topsecret") {
		t.Errorf("the log is %s", log)
	}
}

// TestDeadReceiver holds up neither a live one nor the daemon, and gets its alert from the next daemon.
func TestDeadReceiver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	l, in, log := openLedger(t, path), newInbox(t), &lines{}
	dead := in.hook("dead")
	closed := httptest.NewServer(nil)
	dead.URL = closed.URL + "/?token=topsecret"
	closed.Close()
	r, stop := start(t, l, log, dead, in.hook("desk"))
	r.Raise(alertOf(call.AlertRule, "x"))
	m := in.next(t)
	stop()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	waits := slices.IndexFunc(read(t, path)[0].Deliveries, func(d call.Delivery) bool {
		return d.Receiver == "dead" && !d.Delivered && !d.GivenUp
	})
	if waits < 0 || strings.Contains(log.String(), "topsecret") {
		t.Errorf("kept is %+v, logged %s", read(t, path), log)
	}
	l = openLedger(t, path)
	_, stop = start(t, l, log, in.hook("dead"), in.hook("desk"))
	if again := in.next(t); again.ID != m.ID || again.Text != "x" || !again.At.Equal(m.At) {
		t.Errorf("got %+v, want %+v", again, m)
	}
	stop()
	if len(in.got) > 0 {
		t.Error("the receiver that had it got it once more")
	}
}

// TestSlowReceiver: another gets its alerts meanwhile, and so does this one those of an emergency.
func TestSlowReceiver(t *testing.T) {
	l := openLedger(t, filepath.Join(t.TempDir(), "l.db"))
	slow, in := newInbox(t), newInbox(t)
	slow.hold = make(chan struct{}, 1)
	r, _ := start(t, l, io.Discard, slow.hook("slow"), in.hook("desk"))
	for i := range 5 {
		r.Raise(alertOf(call.AlertRule, fmt.Sprint(i)))
	}
	for range 5 {
		in.next(t)
	}
	r.Raise(alertOf(call.AlertEmergency, "fire"))
	if m := in.next(t); m.Kind != call.AlertEmergency {
		t.Errorf("got %+v", m)
	}
	if both := []string{<-slow.came, <-slow.came}; !slices.Contains(both, "0") || !slices.Contains(both, "fire") {
		t.Errorf("the slow one is sent %v before it has answered", both)
	}
	close(slow.hold)
	for range 6 {
		slow.next(t)
	}
}

// TestGateway: a gateway says that the receiver is away, so that what waited goes when it answers again. Where the receiver did not
// want the alert itself, that has its own pause.
func TestGateway(t *testing.T) {
	for status, want := range map[int]bool{http.StatusBadGateway: true, http.StatusTooManyRequests: true, http.StatusInternalServerError: false} {
		r, now := newReceiver(Webhook{Name: "desk"}, &Room{Config: Config{Log: zerolog.Nop()}, first: time.Minute}), time.Now()
		for _, kind := range []call.AlertKind{call.AlertRule, call.AlertEmergency} {
			a := alertOf(kind, "x")
			a.ID, a.At = call.NewAlertID(), now
			r.add(call.WaitingAlert{Alert: a})
		}
		refused, _, _ := r.take(time.Now(), false)
		r.settle(refused, status, errors.New("no"), now)
		if w, _, _ := r.take(time.Now(), false); w != nil {
			t.Errorf("%d: it is sent again at once", status)
		}
		taken, _, _ := r.take(time.Now(), true)
		r.settle(taken, http.StatusOK, nil, now)
		if w, _, _ := r.take(time.Now(), false); (w == refused) != want {
			t.Errorf("%d: sent again when the receiver takes another: %v", status, !want)
		}
	}
}

func TestWhoWantsWhat(t *testing.T) {
	a := alertOf(call.AlertSanction, "x")
	for _, tt := range []struct {
		hook Webhook
		want bool
	}{
		{Webhook{}, true},
		{Webhook{Kinds: []call.AlertKind{call.AlertRule}}, false},
		{Webhook{Kinds: []call.AlertKind{call.AlertRule, call.AlertSanction}}, true},
		{Webhook{To: []string{"guard"}}, false},
		{Webhook{To: []string{"guard", "operator"}}, true},
		{Webhook{To: []string{"operator"}, Kinds: []call.AlertKind{call.AlertLine}}, false},
	} {
		if got := tt.hook.wants(a); got != tt.want {
			t.Errorf("%+v: %v", tt.hook, got)
		}
	}
}

// TestOldAlert is tried once more after a restart, and then nobody tries any longer; the log says so.
func TestOldAlert(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	l, in, log := openLedger(t, path), newInbox(t), &lines{}
	in.answer.Store(http.StatusNotFound)
	a := alertOf(call.AlertRule, "x")
	a.ID, a.At = call.NewAlertID(), time.Now().Add(-GiveUpAfter)
	if err := l.KeepAlert(t.Context(), a, []string{"desk", "gone"}); err != nil {
		t.Fatal(err)
	}
	_, stop := start(t, l, log, in.hook("desk"))
	in.next(t)
	for until := time.Now().Add(time.Minute); !strings.Contains(log.String(), "nobody tries any longer"); {
		if time.Now().After(until) {
			t.Fatal("it was not given up")
		}
	}
	stop()
	d := read(t, path)[0].Deliveries
	if len(d) != 2 || !d[0].GivenUp || d[0].Status != http.StatusNotFound || !d[1].GivenUp || !strings.Contains(d[1].Error, "configuration") {
		t.Errorf("kept is %+v", d)
	}
}

// TestKeptWithItsDecision: a daemon that dies between the decision and everything else leaves the alert to the next one.
func TestKeptWithItsDecision(t *testing.T) {
	l, in := openLedger(t, filepath.Join(t.TempDir(), "l.db")), newInbox(t)
	a := alertOf(call.AlertRule, "x")
	a.ID, a.At = call.NewAlertID(), time.Now().Truncate(time.Second).Add(1_500_001)
	r := call.Record{
		Attempt:  call.Attempt{Source: call.SourceARI, Channel: "c", Extension: "101", Dialled: "16812345", At: a.At},
		Decision: call.Decision{Action: call.Deny, Rule: "premium"}, Alerts: []call.Alert{a},
	}
	id, err := l.Record(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	room, _ := start(t, l, io.Discard, in.hook("desk"))
	if m := in.next(t); m.ID != a.ID || m.DecisionID != id || !m.At.Equal(a.At.Truncate(time.Millisecond)) {
		t.Errorf("got %+v", m)
	}
	a.DecisionID = id
	room.Raise(a) // the live daemon does this after the decision; it is the same alert
	b := alertOf(call.AlertRule, "y")
	room.Raise(b)
	for m := in.next(t); m.Text != "y"; m = in.next(t) {
		if m.ID != a.ID {
			t.Errorf("got %+v", m)
		}
	}
}

// broken is a ledger that cannot be written.
type broken struct{ Ledger }

func (broken) KeepAlert(context.Context, call.Alert, []string) error { return errors.New("disk full") }

// TestLedgerFails: alerts leave all the same.
func TestLedgerFails(t *testing.T) {
	in, log := newInbox(t), &lines{}
	r, _ := start(t, broken{openLedger(t, filepath.Join(t.TempDir(), "l.db"))}, log, in.hook("desk"))
	for i := range 3 {
		r.Raise(alertOf(call.AlertRule, fmt.Sprint(i)))
	}
	for range 3 {
		in.next(t)
	}
	if !strings.Contains(log.String(), "disk full") {
		t.Errorf("the log is %s", log)
	}
}

// TestFlood: more alerts than memory holds are kept in the ledger, and all arrive when the receiver is there again.
func TestFlood(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	l, in := openLedger(t, path), newInbox(t)
	in.hold = make(chan struct{})
	r, _ := start(t, l, io.Discard, in.hook("desk"))
	const all = maxHeld + 200
	for i := range all {
		r.Raise(alertOf(call.AlertRule, fmt.Sprint(i)))
	}
	if n := len(r.receivers[0].held); n > maxHeld {
		t.Errorf("%d alerts are in memory", n)
	}
	close(in.hold)
	seen := map[string]bool{}
	for len(seen) < all {
		seen[in.next(t).ID] = true
	}
}

func TestTest(t *testing.T) {
	in := newInbox(t)
	dead, no := in.hook("dead"), in.hook("no")
	closed := httptest.NewServer(nil)
	dead.URL = closed.URL + "/?token=topsecret"
	closed.Close()
	refuse := newInbox(t)
	refuse.answer.Store(http.StatusFound)
	no.URL = refuse.URL
	no.Kinds = []call.AlertKind{call.AlertLine}
	out := Test(t.Context(), "Head office", []Webhook{in.hook("desk"), dead, no})
	if m := in.next(t); m.Kind != call.AlertTest || m.Text == "" {
		t.Errorf("got %+v", m)
	}
	if !out[0].Delivered || out[0].Status != 204 || out[1].Delivered || !strings.Contains(out[1].Error, "refused") || strings.Contains(out[1].Error, "topsecret") ||
		out[2].Delivered || !strings.Contains(out[2].Error, "redirects") {
		t.Errorf("got %+v", out)
	}
}
