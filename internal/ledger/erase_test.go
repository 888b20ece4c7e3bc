package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// aged is a ledger of n decisions, one a day up to now, that have ended; every third was refused, every tenth is an
// emergency call.
func aged(t *testing.T, n int, now time.Time) *Ledger {
	t.Helper()
	l := openTest(t, filepath.Join(t.TempDir(), "dialwarden.db"), WithClock(func() time.Time { return now }))
	for i := range n {
		r := sample(i)
		r.Attempt.At = now.AddDate(0, 0, i-n+1)
		r.Decision.Action = call.Allow
		if i%3 == 0 {
			r.Decision.Action = call.Deny
		}
		r.Facts.Callee.Class = call.Mobile
		if i%10 == 0 {
			r.Facts.Callee.Class = call.Emergency
		}
		r.Facts.Caller.Holder = []string{"王芳", "Li Wei"}[i%2]
		r.Decision.Reasons = []call.Reason{{Rule: r.Decision.Rule, Text: "called +8613800138000 before"}}
		id := record(t, l, r)
		if err := l.Ended(context.Background(), id, call.End{EndedAt: r.Attempt.At.Add(time.Minute), Cause: 16}); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// check holds the chain.
func check(t *testing.T, l *Ledger, want ...string) {
	t.Helper()
	v, err := l.Reader().Verify(context.Background(), Proof{})
	if err != nil {
		t.Fatal(err)
	}
	if v.OK != (len(want) == 0) {
		t.Errorf("found %+v, want %q", v.Findings, want)
	}
	for _, w := range want {
		if !strings.Contains(fmt.Sprint(v.Findings), w) {
			t.Errorf("found %+v, want %q", v.Findings, w)
		}
	}
}

// TestRetain masks, then deletes, by the kind of call, and the chain holds after each.
func TestRetain(t *testing.T) {
	now := moment
	l := aged(t, 400, now)
	db := shell(t, l.path)
	count := func(where string) string { return textOf(t, db, "SELECT count(*) FROM decisions WHERE "+where) }
	keep := call.Retention{
		call.KeepAllowed: {FullDays: 100, Days: 300}, call.KeepRefused: {FullDays: 50}, call.KeepEmergency: {Days: 390},
	}
	if _, err := l.Retain(context.Background(), keep); err != nil {
		t.Fatal(err)
	}
	check(t, l)
	for where, want := range map[string]string{
		"action = 'allow' AND class <> 'emergency' AND at < '" + day(now, 300) + "'":                                   "0",
		"action = 'allow' AND class <> 'emergency' AND at < '" + day(now, 100) + "' AND number NOT LIKE '+*********%'": "0",
		"action = 'allow' AND class <> 'emergency' AND at >= '" + day(now, 100) + "' AND number LIKE '%*%'":            "0",
		"action = 'deny' AND class <> 'emergency' AND at < '" + day(now, 50) + "' AND reason LIKE '%*8000%'":           count("action = 'deny' AND class <> 'emergency' AND at < '" + day(now, 50) + "'"),
		"action = 'deny' AND class <> 'emergency' AND holder = ''":                                                     "0",
		"class = 'emergency' AND number LIKE '%*%'":                                                                    "0",
		"class = 'emergency'": "39",
	} {
		if got := count(where); got != want {
			t.Errorf("%s: %s decisions, want %s", where, got, want)
		}
	}
	if n := textOf(t, db, "SELECT count(*) FROM evaluations e JOIN decisions d ON d.id = e.decision_id WHERE length(d.evaluation_seal) = 32"); n != "0" {
		t.Errorf("%s inputs are left of masked decisions", n)
	}
	n, err := l.Retain(context.Background(), keep)
	if err != nil || n != 0 {
		t.Errorf("the second time %d decisions were erased, %v", n, err)
	}
	d, err := l.Reader().Decision(context.Background(), 200)
	if err != nil || !d.Erased || d.Input != nil || !strings.HasPrefix(d.Number, "+****") {
		t.Errorf("a masked decision is %+v, %v", d, err)
	}
}

func day(now time.Time, ago int) string { return Time{now.AddDate(0, 0, -ago)}.String() }

// TestErasedIsStillProved finds what is changed in what an erasure left, and what was erased without one.
func TestErasedIsStillProved(t *testing.T) {
	for name, test := range map[string]struct{ script, want string }{
		"a masked number":   {"UPDATE decisions SET number = '+*********1111' WHERE id = 5", "was changed after its numbers had been erased"},
		"a class":           {"UPDATE decisions SET class = 'local' WHERE id = 5", "decision 5 was changed"},
		"a seal":            {"UPDATE decisions SET numbers_seal = zeroblob(32) WHERE id = 5", "decision 5 was changed"},
		"a row":             {"DELETE FROM calls WHERE decision_id = 5; DELETE FROM decisions WHERE id = 5", "decision 5 was removed"},
		"a row not masked":  {"DELETE FROM calls WHERE decision_id = 60; DELETE FROM evaluations WHERE decision_id = 60; DELETE FROM decisions WHERE id = 60", "decision 60 was removed"},
		"an erasure":        {"UPDATE erasures SET ids = '1-60'", "erasure 1 was changed"},
		"an erasure's ids":  {"UPDATE erasures SET ids = 'x'", "are no ids"},
		"an erasure's gone": {"DELETE FROM erasures", "erasure 1 was removed"},
	} {
		t.Run(name, func(t *testing.T) {
			l := aged(t, 60, moment)
			if _, err := l.Retain(context.Background(), call.Retention{call.KeepAllowed: {FullDays: 20}, call.KeepRefused: {FullDays: 20}}); err != nil {
				t.Fatal(err)
			}
			rawDB(t, l.path, without+"DROP TRIGGER erasures_no_update; DROP TRIGGER erasures_no_delete;"+test.script)
			check(t, l, test.want)
		})
	}
	t.Run("without an erasure", func(t *testing.T) {
		l := aged(t, 3, moment)
		e, err := scanOne(l, 2)
		if err != nil {
			t.Fatal(err)
		}
		numbers := sealed("numbers", e.seals.numbers, e.numbers)
		rawDB(t, l.path, without+fmt.Sprintf("UPDATE decisions SET number = '', numbers_seal = x'%x' WHERE id = 2", numbers[:]))
		check(t, l, "the numbers of decision 2 are gone, and no erasure says so")
	})
}

func scanOne(l *Ledger, id int64) (erased, error) {
	all, err := list(context.Background(), l.reads, selectErased+"d.id = ?", []any{id}, scanErased)
	if err != nil {
		return erased{}, err
	}
	return all[0], nil
}

// TestForget takes a person out, everywhere, and leaves the others.
func TestForget(t *testing.T) {
	l := aged(t, 250, moment)
	ctx := context.Background()
	id, err := l.AddPIN(ctx, call.NewSecret("739164"), call.PINOwner{Holder: "王芳", Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	n, err := l.Forget(ctx, "王芳", "admin", "asked for it")
	if err != nil || n != 125 {
		t.Errorf("%d decisions, %v", n, err)
	}
	check(t, l)
	db := shell(t, l.path)
	for query, want := range map[string]string{
		"SELECT count(*) FROM decisions WHERE holder = '王芳'":                              "0",
		"SELECT count(*) FROM evaluations WHERE input LIKE '%王芳%'":                        "0",
		"SELECT count(*) FROM decisions WHERE holder = '' AND extension = ''":             "125",
		"SELECT count(*) FROM decisions WHERE holder = 'Li Wei' AND number LIKE '+861%'":  "125",
		fmt.Sprintf("SELECT holder || (disabled_at IS NULL) FROM pins WHERE id = %d", id): "0",
	} {
		if got := textOf(t, db, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if _, err := l.Forget(ctx, "王芳", "admin", "again"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the second time: %v", err)
	}
	if _, err := l.Forget(ctx, "", "admin", "x"); err == nil {
		t.Error("nobody was forgotten")
	}
	// What was masked before can be forgotten, and what was forgotten can go.
	if _, err := l.Retain(ctx, call.Retention{call.KeepAllowed: {FullDays: 10}, call.KeepRefused: {FullDays: 10}}); err != nil {
		t.Error(err)
	}
	if _, err := l.Forget(ctx, "Li Wei", "admin", "asked for it"); err != nil {
		t.Error(err)
	}
	check(t, l)
	if _, err := l.Correct(ctx, 3, call.Correction{Who: "x", Reason: "y"}); err != nil {
		t.Error(err)
	}
	if _, err := l.Retain(ctx, call.Retention{call.KeepAllowed: {Days: 10}, call.KeepRefused: {Days: 10}}); err != nil {
		t.Error(err)
	}
	check(t, l)
}

// approved is a ledger of six calls, each ended: of two people, some approved by a third, one by her token and one by her PIN.
func approved(t *testing.T) *Ledger {
	t.Helper()
	l := newLedger(t)
	ctx := context.Background()
	token, _ := issue(t, l, call.TokenTerms{Approver: "Zhang Min", Class: call.Mobile, Uses: 5, Expires: moment.Add(time.Hour)})
	pin, err := l.AddPIN(ctx, call.NewSecret("583921"), call.PINOwner{Holder: "Zhang Min", Extension: "104"})
	if err != nil {
		t.Fatal(err)
	}
	for n, change := range []func(*call.Record){
		func(r *call.Record) { r.Approver, r.Matter = "104 Zhang Min", "4711" },
		func(r *call.Record) { r.Approver = "Zhang Min" },
		func(r *call.Record) { r.Approver = "105 Zhang Mining" },
		func(r *call.Record) { r.TokenID = token },
		func(r *call.Record) { r.PINID = pin },
		func(r *call.Record) { r.Facts.Caller.Holder = "Zhang Min" },
	} {
		r := sample(n)
		r.Facts.Credentials.Approval.Holder = "Zhang Min"
		if n == 2 {
			r.Facts.Credentials.Approval.Holder = "Zhang Mining"
		}
		change(&r)
		id := record(t, l, r)
		if err := l.Ended(ctx, id, call.End{EndedAt: moment, Cause: 16, Source: "ari"}); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// TestForgetApprover takes who approved out of other people's decisions, and leaves who called whom.
func TestForgetApprover(t *testing.T) {
	l := approved(t)
	ctx := context.Background()
	if n, err := l.Forget(ctx, "Min", "admin", "part of a name"); n != 0 || !errors.Is(err, ErrNotFound) {
		t.Errorf("part of a name: %d decisions, %v", n, err)
	}
	if n, err := l.Forget(ctx, "Zhang Min", "admin", "asked for it"); err != nil || n != 5 {
		t.Errorf("%d decisions, %v, want 5", n, err)
	}
	check(t, l)
	db := shell(t, l.path)
	for query, want := range map[string]string{
		"SELECT group_concat(id) FROM decisions WHERE approver IS NOT NULL":                             "3",
		"SELECT group_concat(decision_id) FROM evaluations":                                             "3",
		"SELECT count(*) FROM decisions WHERE holder = '王芳' AND number LIKE '+861%' AND extension > ''": "5",
		"SELECT matter FROM decisions WHERE id = 1":                                                     "4711",
		"SELECT token_id FROM decisions WHERE id = 4":                                                   "1",
		"SELECT approver || (revoked_at IS NULL) || reason FROM tokens":                                 "0",
		"SELECT holder || extension || (disabled_at IS NULL) FROM pins":                                 "0",
	} {
		if got := textOf(t, db, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if _, err := l.Forget(ctx, "Zhang Min", "admin", "again"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the second time: %v", err)
	}
	// The callers can be forgotten afterwards, and what is left can go.
	if _, err := l.Forget(ctx, "王芳", "admin", "asked for it"); err != nil {
		t.Error(err)
	}
	check(t, l)
	if got := textOf(t, db, "SELECT count(*) FROM decisions WHERE matter IS NULL AND number LIKE '+***%'"); got != "6" {
		t.Errorf("%s decisions are masked, want 6", got)
	}
	l.now = func() time.Time { return moment.AddDate(0, 0, 20) }
	if _, err := l.Retain(ctx, call.Retention{call.KeepAllowed: {Days: 10}}); err != nil {
		t.Error(err)
	}
	check(t, l)
	if got := textOf(t, db, "SELECT (SELECT count(*) FROM decisions) || (SELECT count(*) FROM token_uses)"); got != "00" {
		t.Errorf("%s rows are left", got)
	}
}

// TestForgottenApproverIsStillProved finds what is put where an approver or a matter was erased.
func TestForgottenApproverIsStillProved(t *testing.T) {
	for name, test := range map[string]struct{ script, want string }{
		"another approver":   {"UPDATE decisions SET approver = 'X' WHERE id = 1", "a matter or an approver stands where one was erased"},
		"another digest":     {"UPDATE decisions SET approver_seal = zeroblob(32) WHERE id = 1", "decision 1 was changed"},
		"no digest":          {"UPDATE decisions SET approver_seal = NULL WHERE id = 1", "decision 1 was changed"},
		"a matter":           {"UPDATE decisions SET matter = '1' WHERE id = 6", "a matter or an approver stands where one was erased"},
		"an erasure's ids":   {"UPDATE erasures SET ids = '1' WHERE what = 'approver'", "and no erasure says so"},
		"numbers without it": {"UPDATE decisions SET numbers_seal = zeroblob(32) WHERE id = 1", "the numbers of decision 1 are gone, and no erasure says so"},
	} {
		t.Run(name, func(t *testing.T) {
			l := approved(t)
			if _, err := l.Forget(context.Background(), "Zhang Min", "admin", "asked for it"); err != nil {
				t.Fatal(err)
			}
			rawDB(t, l.path, without+"DROP TRIGGER erasures_no_update;"+test.script)
			check(t, l, test.want)
		})
	}
	t.Run("by hand", func(t *testing.T) { // while an erasure is written, only what leaves a digest may change
		l := approved(t)
		db := shell(t, l.path)
		for _, change := range []string{
			"token_id = 2", "matter = 'x'", "matter = NULL", "approver = 'x'", "approver = NULL",
			"approver = 'x', approver_seal = zeroblob(32)", "matter = 'x', numbers_seal = zeroblob(32)",
		} {
			_, err := db.Exec("REPLACE INTO meta VALUES ('erasing', x''); UPDATE decisions SET " + change + " WHERE id = 1")
			if err == nil || !strings.Contains(err.Error(), "decisions are immutable") {
				t.Errorf("%s: %v", change, err)
			}
		}
	})
}

// TestLooks are kept and proved.
func TestLooks(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	for _, what := range []string{"list", "export"} {
		if err := l.RecordLook(ctx, "root", what, `{"from":"101"}`); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.RecordLook(ctx, "", "list", ""); err == nil {
		t.Error("a look of nobody was recorded")
	}
	looks, err := l.Reader().Looks(ctx, 1)
	if err != nil || len(looks) != 1 || looks[0].What != "export" || looks[0].Who != "root" {
		t.Errorf("got %+v, %v", looks, err)
	}
	check(t, l)
	rawDB(t, l.path, "DROP TRIGGER looks_no_update; UPDATE looks SET who = 'nobody' WHERE id = 1")
	check(t, l, "look 1 was changed")
}

// TestMask shows the last four digits and no more.
func TestMask(t *testing.T) {
	for number, want := range map[string]string{
		"+8613800138000": "+*********8000", "110": "110", "6234": "6234", "12345": "*2345", "*21*13800138000#": "*" + "**" + "*" + "*******8000#", "": "",
	} {
		if got := Mask(number); got != want {
			t.Errorf("%s: %s, want %s", number, got, want)
		}
	}
	if got := MaskText("from 101 to +8613800138000, 3 times in 12345 s"); got != "from 101 to +*********8000, 3 times in *2345 s" {
		t.Error(got)
	}
}

// TestErasedIsGone looks for what was erased in the bytes of the file, where SQLite would leave it in pages that are free.
func TestErasedIsGone(t *testing.T) {
	l := aged(t, 60, moment)
	if _, err := l.Forget(context.Background(), "Li Wei", "root", "asked for it"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Retain(context.Background(), call.Retention{call.KeepAllowed: {FullDays: 1}, call.KeepRefused: {Days: 1}, call.KeepEmergency: {Days: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(l.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"Li Wei", sample(30).Facts.Callee.E164, sample(31).Facts.Callee.E164} {
		if n := bytes.Count(file, []byte(gone)); n > 0 {
			t.Errorf("%q still stands %d times in the file", gone, n)
		}
	}
}

// TestForgetMentions takes a person out of the inputs of others, too: who called the person inside, and the phone of
// somebody else where the person's PIN was given.
func TestForgetMentions(t *testing.T) {
	l := newLedger(t)
	called, proved, other := sample(1), sample(2), sample(3)
	called.Facts.Callee.Holder = `Li "W" Wei`
	proved.Facts.Credentials.PIN.Holder = `Li "W" Wei`
	other.Facts.Callee.Holder = `Li "W" Weiss`
	for _, r := range []call.Record{called, proved, other} {
		record(t, l, r)
	}
	n, err := l.Forget(context.Background(), `Li "W" Wei`, "root", "asked for it")
	if err != nil || n != 2 {
		t.Errorf("%d decisions, %v", n, err)
	}
	check(t, l)
	db := shell(t, l.path)
	for query, want := range map[string]string{
		"SELECT group_concat(decision_id) FROM evaluations":                                        "3",
		"SELECT group_concat(id) FROM decisions WHERE holder = '王芳'":                               "1,2,3",
		"SELECT group_concat(id) FROM decisions WHERE number LIKE '+86%' AND dialled LIKE '9013%'": "3",
		"SELECT group_concat(what || ' ' || ids) FROM erasures":                                    "numbers 1-2",
	} {
		if got := textOf(t, db, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// TestRetainLooksBesideTheWriter: where there is nothing to erase, nothing is asked of the writer, behind which calls wait.
func TestRetainLooksBesideTheWriter(t *testing.T) {
	l := aged(t, 30, moment)
	db := shell(t, l.path)
	before := l.commits.Load()
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	n, err := l.Retain(context.Background(), call.Retention{call.KeepAllowed: {FullDays: 100, Days: 200}, call.KeepAbandoned: {FullDays: 1, Days: 2}})
	if n != 0 || err != nil || l.commits.Load() != before {
		t.Errorf("%d decisions were erased, %v, in %d transactions", n, err, l.commits.Load()-before)
	}
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
}
