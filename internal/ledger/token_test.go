package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// terms are those of a token for Shanghai, for a day.
func terms(uses int) call.TokenTerms {
	return call.TokenTerms{Approver: "Zhang Min", Prefix: "+8621", Uses: uses, Expires: moment.Add(24 * time.Hour), Reason: "the tax office"}
}

func issue(t testing.TB, l *Ledger, terms call.TokenTerms) (int64, call.Secret) {
	t.Helper()
	id, digits, err := l.IssueToken(context.Background(), terms)
	if err != nil {
		t.Fatal(err)
	}
	return id, digits
}

// byToken is the record of a call that a token lets out, the nth.
func byToken(n int, token int64) call.Record {
	r := sample(n)
	r.TokenID, r.Approver = token, "Zhang Min"
	return r
}

func TestTermsThatAreRefused(t *testing.T) {
	l := newLedger(t)
	for want, change := range map[string]func(*call.TokenTerms){
		"approver: ":            func(t *call.TokenTerms) { t.Approver = " \t" },
		"extension \"+101\"":    func(t *call.TokenTerms) { t.Extension = "+101" },
		"extension \"Li\"":      func(t *call.TokenTerms) { t.Extension = "Li" },
		"the three, not 0":      func(t *call.TokenTerms) { t.Prefix = "" },
		"the three, not 2":      func(t *call.TokenTerms) { t.Class = call.Mobile },
		"the three, not 3":      func(t *call.TokenTerms) { t.Class, t.Number = call.Mobile, "+861062345678" },
		"prefix \"+\"":          func(t *call.TokenTerms) { t.Prefix = "+" },
		"prefix \"+0\"":         func(t *call.TokenTerms) { t.Prefix = "+0" },
		"prefix \"+86%\"":       func(t *call.TokenTerms) { t.Prefix = "+86%" },
		"number \"+86 10\"":     func(t *call.TokenTerms) { t.Prefix, t.Number = "", "+86 10" },
		"number \"+12345678901": func(t *call.TokenTerms) { t.Prefix, t.Number = "", "+1234567890123456" },
		"class \"cheap\"":       func(t *call.TokenTerms) { t.Prefix, t.Class = "", "cheap" },
		"class \"emergency\"":   func(t *call.TokenTerms) { t.Prefix, t.Class = "", call.Emergency },
		"uses 0":                func(t *call.TokenTerms) { t.Uses = 0 },
		"uses 1001":             func(t *call.TokenTerms) { t.Uses = 1001 },
		"expires \"\"":          func(t *call.TokenTerms) { t.Expires = time.Time{} },
		"expires \"2026-11-23":  func(t *call.TokenTerms) { t.Expires = moment },
		"at most 366 days":      func(t *call.TokenTerms) { t.Expires = moment.AddDate(0, 0, 367) },
		"max_seconds -1":        func(t *call.TokenTerms) { t.MaxSeconds = -1 },
	} {
		wrong := terms(1)
		change(&wrong)
		if _, digits, err := l.IssueToken(context.Background(), wrong); err == nil || !strings.Contains(err.Error(), want) || digits.Len() != 0 {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if tokens, err := l.Reader().Tokens(context.Background(), moment); err != nil || len(tokens) != 0 {
		t.Errorf("tokens are %+v, %v", tokens, err)
	}
}

// TestTokenLifecycle issues, uses, expires and revokes tokens.
func TestTokenLifecycle(t *testing.T) {
	now := moment
	l := openTest(t, filepath.Join(t.TempDir(), "dialwarden.db"), WithClock(func() time.Time { return now }))
	ctx := context.Background()
	once, digits := issue(t, l, terms(1))
	if digits.Len() != 8 || strings.Trim(digits.Reveal(), "0123456789") != "" {
		t.Error("the token is not of 8 digits")
	}
	twice, _ := issue(t, l, terms(2))
	short, _ := issue(t, l, call.TokenTerms{Approver: "Wu", Class: call.Mobile, Uses: 9, Expires: moment.Add(time.Hour)})
	record(t, l, byToken(1, once))
	for range 2 {
		if err := l.RevokeToken(ctx, twice, "root"); err != nil {
			t.Fatal(err)
		}
	}
	now = moment.Add(time.Hour)
	for _, token := range []int64{once, twice, short, 99} {
		if id, err := l.Record(ctx, byToken(2, token)); !errors.Is(err, call.ErrTokenSpent) {
			t.Errorf("token %d let decision %d out: %v", token, id, err)
		}
	}
	tokens, err := l.Reader().Tokens(ctx, now)
	if err != nil || len(tokens) != 3 {
		t.Fatal(tokens, err)
	}
	for i, want := range []TokenState{TokenUsedUp, TokenRevoked, TokenExpired} {
		if tokens[i].State != want {
			t.Errorf("token %d is %s, want %s", i+1, tokens[i].State, want)
		}
	}
	if k := tokens[1]; k.RevokedBy != "root" || k.Used != 0 || k.Uses != 2 || k.Prefix != "+8621" || k.Reason != "the tax office" {
		t.Errorf("token 2 is %+v", k)
	}
	if err := l.RevokeToken(ctx, 99, "root"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown token: %v", err)
	}
	if err := l.RevokeToken(ctx, once, " "); err == nil {
		t.Error("nobody revoked a token")
	}
	refused := byToken(3, twice) // the token of a refused call is kept, and no use of it is taken
	refused.Decision.Action = call.Deny
	if d, err := l.Reader().Decision(ctx, record(t, l, refused)); err != nil || d.TokenID != twice || d.Approver != "Zhang Min" {
		t.Errorf("got %+v, %v", d.Decision, err)
	}
	check(t, l)
}

// TestTokenIsTakenOnceForEachUse has 200 callers come at one instant with a token of three uses, and others without.
func TestTokenIsTakenOnceForEachUse(t *testing.T) {
	l := newLedger(t)
	token, _ := issue(t, l, terms(3))
	var let, spent, others atomic.Int64
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for n := range 250 {
		wg.Go(func() {
			<-begin
			r := byToken(n, token)
			if n%5 == 4 {
				r = sample(n)
			}
			_, err := l.Record(context.Background(), r)
			switch {
			case r.TokenID == 0 && err == nil:
				others.Add(1)
			case err == nil:
				let.Add(1)
			case errors.Is(err, call.ErrTokenSpent):
				spent.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	close(begin)
	wg.Wait()
	if let.Load() != 3 || spent.Load() != 197 || others.Load() != 50 {
		t.Errorf("%d were let out, %d were told that it is spent, %d others stand; want 3, 197, 50", let.Load(), spent.Load(), others.Load())
	}
	if got := uses(t, l.path); got != "3 3 3 53" {
		t.Errorf("used, uses noted, decisions by it, decisions: %s", got)
	}
	check(t, l)
}

// uses tells of all tokens: the uses taken, those noted, the decisions by them, and all decisions.
func uses(t *testing.T, path string) string {
	t.Helper()
	return textOf(t, shell(t, path), `SELECT coalesce(sum(used), 0) || ' ' || (SELECT count(*) FROM token_uses WHERE returned_at IS NULL) ||
		' ' || (SELECT count(*) FROM decisions WHERE token_id IS NOT NULL) || ' ' || (SELECT count(*) FROM decisions) FROM tokens`)
}

// childUsesToken has eight callers use a token up, and prints each decision when it is acknowledged.
func childUsesToken(path string) {
	l, err := Open(path, testKey(1))
	must(err)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for caller := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				id, err := l.Record(context.Background(), byToken(caller*100_000+n, 1))
				if errors.Is(err, call.ErrTokenSpent) {
					return
				}
				must(err)
				mu.Lock()
				fmt.Println(id)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	select {} // to be killed
}

// TestKillLeavesUsesAndDecisionsAlike kills the writer in the middle.
func TestKillLeavesUsesAndDecisionsAlike(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	l, err := Open(path, testKey(1))
	if err != nil {
		t.Fatal(err)
	}
	lasting := terms(1000)
	lasting.Expires = time.Now().AddDate(0, 0, 30)
	l.now = func() time.Time { return time.Now().Add(-time.Minute) }
	if _, _, err = l.IssueToken(context.Background(), lasting); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cmd, out := child(t, "token", path)
	acknowledged := idsUntil(t, cmd, bufio.NewReader(out), 150)
	var used, noted, by, all int
	if _, err := fmt.Sscan(uses(t, path), &used, &noted, &by, &all); err != nil {
		t.Fatal(err)
	}
	if used < len(acknowledged) || used != noted || used != by || used != all {
		t.Errorf("acknowledged %d, used %d, noted %d, decisions %d of %d", len(acknowledged), used, noted, by, all)
	}
	check(t, openTest(t, path))
}

// TestUseComesBack gives a use back once, if nobody answered for certain.
func TestUseComesBack(t *testing.T) {
	for name, test := range map[string]struct {
		returns bool
		steps   []step
		reopen  bool // before the end
		want    string
	}{
		"not answered":               {true, []step{ended(call.End{EndedAt: moment, Cause: 17, Source: "ari"})}, false, "0"},
		"not answered, noted":        {true, []step{ended(call.End{EndedAt: moment, Cause: 17, Source: "dialplan"})}, false, "0"},
		"ended twice":                {true, []step{ended(call.End{EndedAt: moment, Source: "ari"}), ended(call.End{EndedAt: moment, Source: "ari"})}, false, "0"},
		"answered":                   {true, []step{answered(moment), ended(call.End{EndedAt: moment, Source: "ari"})}, false, "1"},
		"answered, as the end knows": {true, []step{ended(call.End{AnsweredAt: moment, EndedAt: moment, Source: "ari"})}, false, "1"},
		"nobody knows":               {true, []step{ended(call.End{EndedAt: moment, Source: "sweep"})}, false, "1"},
		"a daemon died between":      {true, []step{ended(call.End{EndedAt: moment, Cause: 17, Source: "ari"})}, true, "1"},
		"told over FastAGI":          {true, []step{ended(call.End{EndedAt: moment, Cause: 17, Source: "agi"})}, false, "0"},
		"noted while it was dead":    {true, []step{ended(call.End{EndedAt: moment, Cause: 17, Source: "dialplan"})}, true, "0"},
		"not to come back":           {false, []step{ended(call.End{EndedAt: moment, Cause: 17, Source: "ari"})}, false, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dialwarden.db")
			l := openTest(t, path)
			token, digits := issue(t, l, terms(1))
			r := byToken(1, token)
			r.TokenReturns = test.returns
			id := record(t, l, r)
			if test.reopen {
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
				l = openTest(t, path)
			}
			for i, s := range test.steps {
				if err := s(l, id); err != nil {
					t.Fatalf("step %d: %v", i, err)
				}
			}
			if got := textOf(t, shell(t, path), "SELECT used FROM tokens"); got != test.want {
				t.Errorf("%s uses are taken, want %s", got, test.want)
			}
			claim := call.Claim{Kinds: []call.CredentialKind{call.Token}, Digits: digits, Number: call.Number{E164: "+862112345678"}}
			if v, err := l.Prove(context.Background(), claim); err != nil || v.Credential.Valid != (test.want == "0") {
				t.Errorf("then it proves %+v, %v", v, err)
			}
		})
	}
}

// TestTokensAreNoPINs never have the same digits, neither way; and no file has them.
func TestTokensAreNoPINs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	l := openTest(t, path)
	_, digits := issue(t, l, terms(1))
	if _, err := l.AddPIN(context.Background(), digits, call.PINOwner{Holder: "Li"}); !errors.Is(err, ErrPINTaken) || strings.Contains(err.Error(), digits.Reveal()) {
		t.Errorf("a token's digits as a PIN: %v", err)
	}
	id, err := l.AddPIN(context.Background(), call.NewSecret("58392174"), call.PINOwner{Holder: "Li"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.ChangePIN(context.Background(), id, digits); !errors.Is(err, ErrPINTaken) {
		t.Errorf("a PIN changed into a token: %v", err)
	}
	if err := l.conn.checkFree(context.Background(), l.key.hashPIN(call.NewSecret("58392174"))); !errors.Is(err, ErrPINTaken) {
		t.Errorf("a PIN's digits as a token: %v", err)
	}
	record(t, l, byToken(1, 1))
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), digits.Reveal()) || strings.Contains(string(content), "58392174") {
			t.Errorf("digits stand in %s", name)
		}
	}
}
