package gate

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// handset is what the world's data says about conversations.
var handset = call.Handset{
	Grant:        call.Grant{For: 10 * time.Minute, Classes: []call.Class{call.Local}},
	Approvers:    call.Approvers{Everybody: []string{"101", "104"}, Ring: 20 * time.Second, PIN: true, Level: 2},
	Matters:      call.Matters{Codes: map[string]string{"4711": "Harbour"}},
	TokenReturns: true, ChangePIN: "*57", CloseGrant: "*58", Operator: "100",
}

// wanting makes the world's policy want the kinds, one requirement each, for every number that begins with 0.
func (w *world) wanting(kinds ...[]call.CredentialKind) {
	w.book.Handset = handset
	w.decide = func(f call.Facts) call.Decision {
		d := call.Decision{Action: call.Allow, Rule: "local"}
		if !strings.HasPrefix(f.Callee.Digits, "0") {
			return d
		}
		for _, any := range kinds {
			met := false
			for _, k := range any {
				met = met || f.Credentials.Has(k)
			}
			if !met {
				d.Action, d.Rule = call.Challenge, "long_distance"
				d.Requires = append(d.Requires, call.Requirement{Rule: d.Rule, AnyOf: any})
			}
		}
		return d
	}
}

// last is the record that was written last.
func (w *world) last() call.Record {
	w.t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rows) == 0 {
		w.t.Fatal("nothing was recorded")
	}
	return w.rows[len(w.rows)-1]
}

// all is all that the gate did.
func (w *world) all() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.said, "|")
}

// acted is what the gate did to the caller's line last.
func (w *world) acted() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said[len(w.said)-1]
}

type kinds = []call.CredentialKind

func TestToken(t *testing.T) {
	inBubble(t, func(w *world) {
		w.wanting(kinds{call.PIN, call.Token})
		w.open().arrive("c", "0211234")
		synctest.Wait()
		w.types("c", "87654321#")
		r := w.last()
		if r.TokenID != 9 || !r.TokenReturns || r.PINID != 0 || r.Decision.MaxSeconds != 60 || w.acted() != "c: release 1 0211234" {
			t.Errorf("recorded %+v, then %s", r, w.acted())
		}
	})
}

// TestTokenSpent: the ledger says that another call was faster. The call is refused, without the token.
func TestTokenSpent(t *testing.T) {
	inBubble(t, func(w *world) {
		w.wanting(kinds{call.Token})
		w.open().arrive("c", "0211234")
		synctest.Wait()
		w.mu.Lock()
		w.fails["record allow"] = call.ErrTokenSpent
		w.mu.Unlock()
		w.types("c", "87654321#")
		if r := w.last(); r.TokenID != 0 || r.Decision.Action != call.Deny || w.acted() != "c: refuse 1 pin_refused 21" {
			t.Errorf("recorded %+v, then %s", r, w.acted())
		}
	})
}

func TestMatter(t *testing.T) {
	inBubble(t, func(w *world) {
		w.wanting(kinds{call.PIN}, kinds{call.Matter})
		w.open().arrive("c", "0211234")
		synctest.Wait()
		w.types("c", "2468#")
		w.types("c", "99#")
		w.types("c", "4711#")
		if r := w.last(); r.Matter != "4711" || r.PINID != 7 || w.acted() != "c: release 1 0211234" {
			t.Errorf("recorded %+v, then %s", r, w.acted())
		}
	})
}

func TestApproval(t *testing.T) {
	approver := call.ApprovalAnswer{Approver: call.Credential{Valid: true, Holder: "Zhang Min"}, Extension: "104", Via: "handset"}
	for name, test := range map[string]struct {
		then   func(*world)
		action call.Action
		acted  string
		by     string
	}{
		"approved": {func(w *world) {
			approver.Outcome = call.Approved
			w.answer(approver)
			synctest.Wait()
			w.gate.Deliver("c", call.PromptEnded{Seq: 3})
		}, call.Allow, "c: release 1 0211234", "104 Zhang Min"},
		"refused": {func(w *world) {
			approver.Outcome = call.ApprovalRefused
			w.answer(approver)
		}, call.Deny, "c: refuse 1 approval_refused 21", "104 Zhang Min"},
		"nobody": {func(w *world) {
			w.answer(call.ApprovalAnswer{Outcome: call.ApprovalNobody})
		}, call.Deny, "c: refuse 1 approval_nobody 21", ""},
		"the caller hangs up": {func(w *world) { w.gate.Gone("c") }, call.Challenge, "c: record challenge long_distance", ""},
		"it takes too long":   {func(*world) { time.Sleep(call.DefaultDialogue().Approval) }, call.Deny, "c: refuse 1 approval_nobody 21", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.wanting(kinds{call.PIN, call.Approval})
				w.open().arrive("c", "0211234")
				synctest.Wait()
				w.gate.Deliver("c", call.PromptEnded{Seq: 1})
				w.types("c", "#")
				if !strings.Contains(w.all(), "seek approval 101 0211234 long_distance [104] 20s true 2") {
					t.Fatalf("the gate did %q", w.all())
				}
				test.then(w)
				r := w.last()
				if r.Decision.Action != test.action || r.Approver != test.by || w.acted() != test.acted {
					t.Errorf("recorded %+v, then %s", r, w.acted())
				}
				gaveUp := test.by == "" && name != "nobody"
				if cancelled := strings.Contains(w.all(), "cancel approval"); cancelled != gaveUp {
					t.Errorf("the search was cancelled: %v", cancelled)
				}
			})
		})
	}
}

func TestApprovalImpossible(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*world)
		acted  string
	}{
		"nobody is named": {func(w *world) { w.book.Handset.Approvers.Everybody = []string{"101"} }, "c: refuse 1 approval_nobody 21"},
		"another phone of the caller's": {func(w *world) {
			w.book.Handset.Approvers.Everybody = []string{"105"}
			w.book.Directory["105"] = w.book.Directory["101"]
		}, "c: refuse 1 approval_nobody 21"},
		"Asterisk is away": {func(w *world) { w.fails["approve"] = errBroken }, "c: refuse 1 approval_away 21"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.wanting(kinds{call.Approval})
				test.change(w)
				w.open().arrive("c", "0211234")
				if got := w.acted(); got != test.acted {
					t.Errorf("the gate did %s", got)
				}
			})
		})
	}
}

// TestGrant: a good PIN opens the phone for the classes of the grant, until it is closed, or its time is over.
func TestGrant(t *testing.T) {
	inBubble(t, func(w *world) {
		w.wanting(kinds{call.PIN})
		w.open()
		call := func(channel, number string) string {
			w.arrive(channel, number)
			return w.acted()
		}
		if got := call("a", "0211234"); !strings.HasPrefix(got, "a: play") {
			t.Fatalf("a closed phone: %s", got)
		}
		w.types("a", "2468#")
		if got := call("b", "0215678"); got != "b: release 2 0215678" {
			t.Errorf("an open phone: %s", got)
		}
		if r := w.last(); r.PINID != 7 {
			t.Errorf("recorded %+v without the PIN", r)
		}
		if got := call("c", "*58"); got != "c: refuse 3 grant_closed 16" {
			t.Errorf("closing the phone: %s", got)
		}
		if got := call("d", "*58"); got != "d: refuse 4 grant_none 16" {
			t.Errorf("closing it again: %s", got)
		}
		if got := call("e", "0215678"); !strings.HasPrefix(got, "e: play") {
			t.Errorf("a phone that was closed: %s", got)
		}
		w.types("e", "2468#")
		time.Sleep(handset.Grant.For)
		if got := call("f", "0215678"); !strings.HasPrefix(got, "f: play") {
			t.Errorf("a phone whose time is over: %s", got)
		}
		w.gate.Gone("f")
	})
}

// TestGrantReach: an open phone reaches no further than the PIN that opened it, and is not open for longer.
func TestGrantReach(t *testing.T) {
	inBubble(t, func(w *world) {
		w.wanting(kinds{call.PIN})
		w.open()
		call := func(channel string) string {
			w.arrive(channel, "0211234")
			return w.acted()
		}
		call("a")
		w.types("a", "2469#")
		if got := call("b"); got != "b: release 2 0211234" {
			t.Errorf("an open phone: %s", got)
		}
		time.Sleep(time.Minute)
		if got := call("c"); !strings.HasPrefix(got, "c: play") {
			t.Errorf("the PIN has expired: %s", got)
		}
		w.types("c", "2470#")
		if got := call("d"); !strings.HasPrefix(got, "d: play") {
			t.Errorf("the PIN is not for this class: %s", got)
		}
		w.gate.Gone("d")
	})
}

func TestChangePIN(t *testing.T) {
	inBubble(t, func(w *world) {
		w.book.Handset = handset
		w.open().arrive("c", "*57")
		synctest.Wait()
		w.types("c", "2468#9753#9753#")
		if got := w.all(); !strings.Contains(got, "change PIN 7 [redacted]") || strings.Contains(got, "9753") {
			t.Errorf("the gate did %s", got)
		}
		if r := w.last(); r.Decision.Action != call.Allow || r.Decision.Rule != call.RuleServiceCode || w.acted() != "c: refuse 1 change_done 16" {
			t.Errorf("recorded %+v, then %s", r, w.acted())
		}
	})
}

// TestLocked: after wrong tries no PIN is asked for, and an expired one is no wrong try.
func TestLocked(t *testing.T) {
	inBubble(t, func(w *world) {
		w.wanting(kinds{call.PIN})
		w.open()
		for _, channel := range []string{"a", "b"} {
			w.arrive(channel, "0211234")
			synctest.Wait()
			for range 3 {
				w.types(channel, "13579#")
			}
		}
		for _, channel := range []string{"c", "d"} {
			w.arrive(channel, "0211234")
			synctest.Wait()
			for range 3 {
				w.types(channel, "1111#")
			}
		}
		if got := w.acted(); got != "d: refuse 4 pin_locked 21" {
			t.Errorf("the sixth wrong PIN: %s", got)
		}
		w.said = nil
		w.arrive("e", "0211234")
		if got := w.acted(); got != "e: refuse 5 pin_locked 21" || strings.Contains(w.all(), "answer") {
			t.Errorf("a locked phone: %q", w.all())
		}
	})
}

func TestOperator(t *testing.T) {
	inBubble(t, func(w *world) {
		w.wanting(kinds{call.PIN})
		w.open().arrive("c", "0211234")
		synctest.Wait()
		w.types("c", "0#")
		if r := w.last(); r.Decision.Rule != call.RuleOperator || w.acted() != "c: release 1 100" {
			t.Errorf("recorded %+v, then %s", r, w.acted())
		}
	})
}
