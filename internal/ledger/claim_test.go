package ledger

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// TestProve says of each kind of digits what they prove, and why not.
func TestProve(t *testing.T) {
	now := moment
	l := openTest(t, filepath.Join(t.TempDir(), "dialwarden.db"), WithClock(func() time.Time { return now }))
	ctx := context.Background()
	owner := func(holder string, change func(*call.PINOwner)) call.PINOwner {
		o := call.PINOwner{Holder: holder, Department: "Finance", Level: 2}
		change(&o)
		return o
	}
	digits := map[string]call.Secret{"nobody's": call.NewSecret("91827364"), "nothing": {}}
	ids := map[string]int64{}
	for pin, o := range map[string]call.PINOwner{
		"739182": owner("plain", func(*call.PINOwner) {}),
		"583921": owner("early", func(o *call.PINOwner) { o.ValidFrom = moment.Add(time.Hour) }),
		"204857": owner("late", func(o *call.PINOwner) { o.ValidTo = moment.Add(30 * time.Minute) }),
		"640281": owner("mobile", func(o *call.PINOwner) { o.Classes = []call.Class{call.National, call.Mobile, call.Mobile} }),
		"918375": owner("gone", func(*call.PINOwner) {}),
		"375918": owner("changed", func(*call.PINOwner) {}),
	} {
		id, err := l.AddPIN(ctx, call.NewSecret(pin), o)
		if err != nil {
			t.Fatal(err)
		}
		digits[o.Holder], ids[o.Holder] = call.NewSecret(pin), id
	}
	digits["retired"] = digits["changed"]
	digits["changed"] = call.NewSecret("463728")
	if err := errors.Join(l.DisablePIN(ctx, ids["gone"]), l.ChangePIN(ctx, ids["changed"], digits["changed"])); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*call.TokenTerms){
		"token":     func(t *call.TokenTerms) { t.MaxSeconds = 600 },
		"from 101":  func(t *call.TokenTerms) { t.Extension = "101" },
		"number":    func(t *call.TokenTerms) { t.Prefix, t.Number = "", "+862112345678" },
		"code":      func(t *call.TokenTerms) { t.Prefix, t.Number = "", "95588" },
		"class":     func(t *call.TokenTerms) { t.Prefix, t.Class = "", call.Mobile },
		"half hour": func(t *call.TokenTerms) { t.Expires = moment.Add(30 * time.Minute) },
		"revoked":   func(*call.TokenTerms) {},
		"spent":     func(*call.TokenTerms) {},
	} {
		wanted := terms(1)
		change(&wanted)
		ids[name], digits[name] = issue(t, l, wanted)
	}
	if err := l.RevokeToken(ctx, ids["revoked"], "root"); err != nil {
		t.Fatal(err)
	}
	record(t, l, byToken(1, ids["spent"]))

	shanghai := call.Number{Digits: "02112345678", E164: "+862112345678", Class: call.National}
	other := call.Number{Digits: "01012345678", E164: "+861012345678", Class: call.National}
	mobile := call.Number{Digits: "13800138000", E164: "+8613800138000", Class: call.Mobile}
	bank := call.Number{Digits: "95588", Class: call.Service}
	both := []call.CredentialKind{call.PIN, call.Token}
	for name, test := range map[string]struct {
		digits, extension string
		kinds             []call.CredentialKind
		number            call.Number
		after             time.Duration
		want              call.Fault
	}{
		"a PIN":                           {"plain", "103", both, other, 0, ""},
		"a PIN alone":                     {"plain", "103", both[:1], other, 0, ""},
		"a PIN for a token":               {"plain", "103", both[1:], other, 0, call.FaultKind},
		"a token for a PIN":               {"token", "103", both[:1], shanghai, 0, call.FaultKind},
		"too early":                       {"early", "103", both, other, time.Hour - time.Millisecond, call.FaultEarly},
		"early enough":                    {"early", "103", both, other, time.Hour, ""},
		"just in time":                    {"late", "103", both, other, 30*time.Minute - time.Millisecond, ""},
		"too late":                        {"late", "103", both, other, 30 * time.Minute, call.FaultExpired},
		"a class of the PIN":              {"mobile", "103", both, mobile, 0, ""},
		"another class than the PIN's":    {"mobile", "103", both, call.Number{E164: "+85212345678", Class: call.International}, 0, call.FaultClass},
		"a PIN that was taken away":       {"gone", "103", both, other, 0, call.FaultDisabled},
		"the digits of a changed PIN":     {"changed", "103", both, other, 0, ""},
		"its digits before":               {"retired", "103", both, other, 0, call.FaultDisabled},
		"a token":                         {"token", "103", both, shanghai, 0, ""},
		"a token for another number":      {"token", "103", both, other, 0, call.FaultNumber},
		"a token for a number unlike it":  {"token", "103", both, bank, 0, call.FaultNumber},
		"from the phone":                  {"from 101", "101", both, shanghai, 0, ""},
		"from another phone":              {"from 101", "103", both, shanghai, 0, call.FaultExtension},
		"from a phone without a number":   {"from 101", "", both, shanghai, 0, call.FaultExtension},
		"the number":                      {"number", "103", both, shanghai, 0, ""},
		"more than the number":            {"number", "103", both, call.Number{E164: "+8621123456789", Class: call.National}, 0, call.FaultNumber},
		"the short code":                  {"code", "103", both, bank, 0, ""},
		"another number than the code":    {"code", "103", both, shanghai, 0, call.FaultNumber},
		"the class":                       {"class", "103", both, mobile, 0, ""},
		"another class than the token's":  {"class", "103", both, shanghai, 0, call.FaultClass},
		"a token that lives":              {"half hour", "103", both, shanghai, 30*time.Minute - time.Millisecond, ""},
		"a token that has expired":        {"half hour", "103", both, shanghai, 30 * time.Minute, call.FaultExpired},
		"a token that was revoked":        {"revoked", "103", both, shanghai, 0, call.FaultDisabled},
		"a token that is used up":         {"spent", "103", both, shanghai, 0, call.FaultSpent},
		"nobody's digits":                 {"nobody's", "103", both, shanghai, 0, call.FaultUnknown},
		"no digits":                       {"nothing", "103", both, shanghai, 0, call.FaultUnknown},
		"nothing is wanted":               {"plain", "103", nil, other, 0, call.FaultKind},
		"the kind comes before the fault": {"gone", "103", both[1:], other, 0, call.FaultKind},
	} {
		t.Run(name, func(t *testing.T) {
			now = moment.Add(test.after)
			v, err := l.Prove(ctx, call.Claim{Kinds: test.kinds, Digits: digits[test.digits], Extension: test.extension, Number: test.number})
			if err != nil || v.Fault != test.want || v.Credential.Valid != (test.want == "") {
				t.Fatalf("got %+v, %v, want %q", v, err, test.want)
			}
			if test.want == call.FaultUnknown && !reflect.DeepEqual(v, call.Verdict{Fault: call.FaultUnknown}) {
				t.Errorf("nobody's digits say %+v", v)
			}
			if test.want == "" && v.Credential.ID != ids[test.digits] {
				t.Errorf("got %+v, want the id %d", v, ids[test.digits])
			}
			if only := test.digits == "mobile" && test.want == ""; only == v.Reach.Covers(call.International) {
				t.Errorf("reaches %+v", v.Reach)
			}
			if ends := test.digits == "late" && test.want == ""; ends == v.Reach.Until.IsZero() {
				t.Errorf("reaches until %s", v.Reach.Until)
			}
		})
	}
	now = moment
	v, err := l.Prove(ctx, call.Claim{Kinds: both, Digits: digits["token"], Number: shanghai})
	want := call.Verdict{Kind: call.Token, Credential: call.Credential{Valid: true, ID: ids["token"], Holder: "Zhang Min"}, MaxSeconds: 600}
	if err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("got %+v, %v, want %+v", v, err, want)
	}
	v, err = l.Prove(ctx, call.Claim{Kinds: both, Digits: digits["plain"], Number: shanghai})
	want = call.Verdict{Kind: call.PIN, Credential: call.Credential{Valid: true, ID: ids["plain"], Holder: "plain", Department: "Finance", Level: 2}, Reach: call.Reach{Classes: []call.Class{}}}
	if err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("got %+v, %v, want %+v", v, err, want)
	}
}

// TestChangePIN keeps the old digits from everybody for good.
func TestChangePIN(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	old, fresh := call.NewSecret("739182"), call.NewSecret("583921")
	id, err := l.AddPIN(ctx, old, call.PINOwner{Holder: "Li", Extension: "4711", Classes: []call.Class{call.Mobile}, ValidTo: moment.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := l.AddPIN(ctx, call.NewSecret("204857"), call.PINOwner{Holder: "Wu"})
	if err := errors.Join(err, l.DisablePIN(ctx, gone)); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		id   int64
		pin  string
		want error
	}{
		"the same":        {id, "739182", ErrPINTaken},
		"of another":      {id, "204857", ErrPINTaken},
		"trivial":         {id, "1234", ErrPINTrivial},
		"the extension":   {id, "04711", ErrPINTrivial},
		"of nobody":       {99, "583921", ErrNotFound},
		"a PIN that went": {gone, "583921", ErrPINDisabled},
	} {
		if err := l.ChangePIN(ctx, test.id, call.NewSecret(test.pin)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if err := l.ChangePIN(ctx, id, fresh); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.ChangePIN(ctx, id, old); !errors.Is(err, ErrPINTaken) {
			t.Errorf("back to the old digits: %v", err)
		}
		if _, err := l.AddPIN(ctx, old, call.PINOwner{Holder: "Chen"}); !errors.Is(err, ErrPINTaken) {
			t.Errorf("the old digits for another: %v", err)
		}
	}
	stamp := Time{moment.UTC().Truncate(time.Millisecond)}
	pins, err := l.Reader().PINs(ctx)
	want := PIN{
		ID: id, Holder: "Li", Extension: "4711", Classes: []call.Class{call.Mobile}, ValidTo: Time{stamp.Add(time.Hour)},
		CreatedAt: stamp, ChangedAt: stamp,
	}
	if err != nil || !reflect.DeepEqual(pins[0], want) {
		t.Errorf("got %+v, %v, want %+v", pins, err, want)
	}
}

func TestOwnersThatAreRefused(t *testing.T) {
	l := newLedger(t)
	for _, o := range []call.PINOwner{
		{Holder: "Li", Extension: "Li"}, {Holder: "Li", Classes: []call.Class{"cheap"}}, {Holder: "Li", Classes: []call.Class{call.Emergency}},
		{Holder: "Li", ValidFrom: moment.Add(2 * time.Hour), ValidTo: moment.Add(time.Hour)}, {Holder: "Li", ValidTo: moment},
		{Holder: "Li", ValidTo: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if _, err := l.AddPIN(context.Background(), call.NewSecret("583921"), o); err == nil {
			t.Errorf("a PIN for %+v was added", o)
		}
	}
}

// TestWrongTries are durable, go when somebody lets a phone try again, and are not kept for ever.
func TestWrongTries(t *testing.T) {
	now := moment
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	l := openTest(t, path, WithClock(func() time.Time { return now }))
	ctx := context.Background()
	for i, extension := range []string{"101", "102", "101"} {
		now = moment.Add(time.Duration(i) * time.Minute)
		if err := l.WrongTry(ctx, extension); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openTest(t, path, WithClock(func() time.Time { return now }))
	count := func(since time.Time, want int) {
		t.Helper()
		if tries, err := l.WrongTries(ctx, since); err != nil || len(tries) != want {
			t.Errorf("tries are %+v, %v, want %d", tries, err, want)
		}
	}
	count(time.Time{}, 3)
	count(moment.Add(time.Minute), 2)
	count(moment.Add(time.Hour), 0)
	if n, err := l.ForgetTries(ctx, "101", "root"); n != 2 || err != nil {
		t.Errorf("forgot %d, %v, want 2", n, err)
	}
	if tries, err := l.WrongTries(ctx, time.Time{}); err != nil || len(tries) != 1 || tries[0].Extension != "102" || !tries[0].At.Equal(moment.Add(time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("tries are %+v, %v", tries, err)
	}
	if _, err := l.ForgetTries(ctx, "", ""); err == nil {
		t.Error("nobody let all try again")
	}
	if n, err := l.ForgetTries(ctx, "", "root"); n != 1 || err != nil {
		t.Errorf("forgot %d, %v, want 1", n, err)
	}
	if got := textOf(t, shell(t, path), "SELECT group_concat(who || ' ' || extension || ' ' || tries, ', ') FROM unlocks"); got != "root 101 2, root  1" {
		t.Errorf("unlocks are %q", got)
	}
	for _, at := range []time.Time{moment, moment.Add(8 * 24 * time.Hour)} {
		now = at
		if err := l.WrongTry(ctx, "103"); err != nil {
			t.Fatal(err)
		}
	}
	count(time.Time{}, 1)
}
