package ledger

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

var shanghai = time.FixedZone("CST", 8*3600)

// premium is a call from 101 that the rule premium refuses and sanctions.
func premium(at time.Time, pin int64, p call.Penalty) call.Record {
	r := sample(3)
	r.Attempt.Extension, r.Attempt.At, r.PINID = "101", at, pin
	r.Facts.Callee.Class = call.Premium
	r.Decision.Action, r.Decision.Rule = call.Deny, "premium"
	p.Rule = "premium"
	p.Text = "Not 16812345."
	r.Decision.Sanctions = []call.Penalty{p}
	r.Impose(at, shanghai, "CNY")
	return r
}

// sanctionedLedger tells what was imposed and lifted.
func sanctionedLedger(t *testing.T, now *time.Time) (l *Ledger, path string, changes *[]call.SanctionChange) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "l.db")
	changes = &[]call.SanctionChange{}
	l, err := Open(path, testKey(1), WithClock(func() time.Time { return *now }),
		WithSanctions(func(c call.SanctionChange) { *changes = append(*changes, c) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, path, changes
}

func sanctionsOf(t *testing.T, path string, now time.Time) []Sanction {
	t.Helper()
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	all, err := r.Sanctions(context.Background(), now)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSuspension(t *testing.T) {
	now := time.Date(2026, 11, 23, 15, 30, 0, 0, time.UTC) // half past eleven in the evening
	l, path, changes := sanctionedLedger(t, &now)
	penalty := call.Penalty{SuspendDays: 30, FineMinor: 5000}
	id := record(t, l, premium(now, 0, penalty))
	if len(*changes) != 1 {
		t.Fatalf("told %+v", *changes)
	}
	s, a := *(*changes)[0].Imposed, *(*changes)[0].Alert
	want := time.Date(2026, 12, 24, 0, 0, 0, 0, shanghai)
	if !s.Until.Equal(want) || s.DecisionID != id || s.Extension != "101" || s.PINID != 0 || s.FineMinor != 5000 || strings.Contains(s.Reason, "1681") {
		t.Errorf("imposed %+v", s)
	}
	if a.Kind != call.AlertSanction || a.DecisionID != id || !strings.Contains(a.Text, "2026-12-24T00:00:00+08:00") {
		t.Errorf("alert %+v", a)
	}
	if kept, err := l.UnassignedAlerts(context.Background()); err != nil || len(kept) != 1 || kept[0].ID != a.ID {
		t.Errorf("kept with the decision is %v, %v", kept, err)
	}
	// Three days later once more: it goes on for longer, and is still one.
	now = now.AddDate(0, 0, 3)
	record(t, l, premium(now, 0, penalty))
	again := *(*changes)[1].Imposed
	if again.Extends != s.ID || !again.Until.Equal(want.AddDate(0, 0, 3)) {
		t.Errorf("imposed %+v", again)
	}
	// A shorter one ends with the longer.
	record(t, l, premium(now, 0, call.Penalty{SuspendDays: 1}))
	if third := *(*changes)[2].Imposed; third.Extends != s.ID || !third.Until.Equal(again.Until) {
		t.Errorf("imposed %+v", third)
	}
	running, err := l.RunningSanctions(context.Background(), now)
	if err != nil || len(running) != 3 {
		t.Errorf("running are %+v, %v", running, err)
	}
	if running, _ = l.RunningSanctions(context.Background(), again.Until); len(running) != 0 {
		t.Errorf("running after the end are %+v", running)
	}
	if all := sanctionsOf(t, path, again.Until); all[0].State != SanctionEnded || all[0].Holder == "" || all[0].Total != 5000 {
		t.Errorf("listed %+v", all)
	}
	if v := verify(t, path, ""); !v.OK {
		t.Errorf("%+v", v.Findings)
	}
}

// TestWhoseIsSuspended: where a PIN is suspended, people are told of its holder, not of the holder of the phone.
func TestWhoseIsSuspended(t *testing.T) {
	now := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	l, path, changes := sanctionedLedger(t, &now)
	pin, err := l.AddPIN(context.Background(), call.NewSecret("583921"), call.PINOwner{Holder: "Wu", Department: "sales", Level: 2})
	if err != nil {
		t.Fatal(err)
	}
	r := premium(now, pin, call.Penalty{SuspendDays: 1})
	r.Facts.Credentials.PIN = call.Credential{Valid: true, ID: pin, Holder: "Wu", Department: "sales", Level: 2}
	record(t, l, r)
	if a := (*changes)[0].Alert; a.Holder != "Wu" || a.Department != "sales" || a.Extension != "101" {
		t.Errorf("alert %+v", a)
	}
	if all := sanctionsOf(t, path, now); all[0].Holder != "Wu" || all[0].PINID != pin {
		t.Errorf("listed %+v", all)
	}
}

func TestWhatIsSuspended(t *testing.T) {
	now := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	days := func(suspend string) call.Penalty { return call.Penalty{SuspendDays: 1, FineMinor: 1, Suspend: suspend} }
	for name, tt := range map[string]struct {
		pin       int64
		penalty   call.Penalty
		suspended bool
		wantPIN   int64
	}{
		"phone":                {0, days(""), true, 0},
		"accepted PIN":         {7, days(""), true, 7},
		"phone by the rule":    {7, days(call.SuspendExtension), true, 0},
		"PIN by the rule":      {7, days(call.SuspendPIN), true, 7},
		"no PIN: a fine alone": {0, days(call.SuspendPIN), false, 0},
	} {
		s := premium(now, tt.pin, tt.penalty).Sanctions
		if len(s) != 1 || s[0].Until.IsZero() == tt.suspended || s[0].PINID != tt.wantPIN || s[0].FineMinor != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for name, change := range map[string]func(*call.Record){
		"nothing":                   func(r *call.Record) { r.Decision.Sanctions[0] = call.Penalty{Rule: "premium"} },
		"given up":                  func(r *call.Record) { r.Decision.Action = call.Challenge },
		"emergency":                 func(r *call.Record) { r.Facts.Callee.Class = call.Emergency },
		"emergency of the dialplan": func(r *call.Record) { r.Decision.Rule = call.RuleEmergency },
	} {
		r := premium(now, 0, days(""))
		change(&r)
		if r.Impose(now, time.UTC, "CNY"); len(r.Sanctions) != 0 {
			t.Errorf("%s: %+v", name, r.Sanctions)
		}
	}
	r := premium(now, 0, days(""))
	r.Decision.Sanctions = append(r.Decision.Sanctions, call.Penalty{Rule: "premium", SuspendDays: 9}, call.Penalty{Rule: "other", FineMinor: 2})
	if r.Impose(now, time.UTC, "CNY"); len(r.Sanctions) != 2 || r.Sanctions[0].Until.Day() != 3 || r.Sanctions[0].FineMinor != 1 {
		t.Errorf("one for each rule: %+v", r.Sanctions)
	}
	r = premium(now, 7, call.Penalty{SuspendDays: 1, FineMinor: 5000, CostMultiple: 2, Suspend: call.SuspendPIN})
	r.Decision.Sanctions = append(r.Decision.Sanctions, call.Penalty{Rule: "premium", SuspendDays: 2, FineMinor: 5000, CostMultiple: 3, Suspend: call.SuspendExtension})
	if r.Impose(now, time.UTC, "CNY"); len(r.Sanctions) != 2 || r.Sanctions[1].Until.Day() != 26 || r.Sanctions[0].CostMultiple != 3 ||
		r.Sanctions[0].FineMinor+r.Sanctions[1].FineMinor != 5000 || r.Sanctions[1].CostMultiple != 0 {
		t.Errorf("the phone and the PIN, and one fine: %+v", r.Sanctions)
	}
}

// TestSuspendedToTheEnd: a suspension lasts to the last second of its day also where the next one has no midnight.
func TestSuspendedToTheEnd(t *testing.T) {
	for name, want := range map[string]string{
		"America/Santiago": "2026-09-06T01:00:00-03:00", "Africa/Cairo": "2026-09-06T00:00:00+03:00", "Asia/Shanghai": "2026-09-06T00:00:00+08:00",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 8, 31, 10, 0, 0, 0, zone)
		r := premium(now, 0, call.Penalty{SuspendDays: 5})
		if r.Impose(now, zone, "CNY"); r.Sanctions[0].Until.Format(time.RFC3339) != want {
			t.Errorf("%s: until %v, want %s", name, r.Sanctions[0].Until, want)
		}
	}
}

func TestLift(t *testing.T) {
	now := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	l, path, changes := sanctionedLedger(t, &now)
	ctx := context.Background()
	record(t, l, premium(now, 0, call.Penalty{SuspendDays: 30, FineMinor: 5000}))
	record(t, l, premium(now, 0, call.Penalty{SuspendDays: 30, FineMinor: 5000}))
	record(t, l, premium(now, 0, call.Penalty{FineMinor: 700}))
	if err := l.LiftSanction(ctx, 99, "root", "x", false); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if err := l.LiftSanction(ctx, 1, "root", " ", false); err == nil {
		t.Error("lifted without a reason")
	}
	if err := l.LiftSanction(ctx, 3, "root", "x", false); !errors.Is(err, ErrNotSuspended) {
		t.Errorf("got %v", err)
	}
	if err := l.LiftSanction(ctx, 2, "root", "a wrong number, once", false); err != nil {
		t.Fatal(err)
	}
	if got := (*changes)[3].Lifted; len(got) != 2 {
		t.Errorf("lifted %v", got)
	}
	if err := l.LiftSanction(ctx, 1, "root", "x", false); !errors.Is(err, ErrNotSuspended) {
		t.Errorf("lifted twice: %v", err)
	}
	if err := l.LiftSanction(ctx, 3, "root", "x", true); err != nil {
		t.Fatal(err)
	}
	all := sanctionsOf(t, path, now.Add(time.Hour))
	if all[0].State != SanctionLifted || all[0].LiftedBy != "root" || all[0].LiftReason != "a wrong number, once" || all[0].Total != 5000 || all[0].Waived {
		t.Errorf("listed %+v", all[0])
	}
	if all[2].State != SanctionLifted || all[2].Total != 0 || !all[2].Waived {
		t.Errorf("listed %+v", all[2])
	}
	// What comes after a lift is a new suspension.
	record(t, l, premium(now, 0, call.Penalty{SuspendDays: 1}))
	if s := *(*changes)[5].Imposed; s.Extends != 0 {
		t.Errorf("imposed %+v", s)
	}
	// A fine that is waived long after leaves the suspension lifted.
	now = now.AddDate(0, 2, 0)
	if err := l.LiftSanction(ctx, 1, "root", "paid otherwise", true); err != nil {
		t.Fatal(err)
	}
	if all := sanctionsOf(t, path, now); all[0].State != SanctionLifted || !all[0].Waived {
		t.Errorf("listed %+v", all[0])
	}
	if v := verify(t, path, ""); !v.OK {
		t.Errorf("%+v", v.Findings)
	}
}

// TestCostOfSanction: the multiple is of the cost that the call has at its end, or that a correction gives it.
func TestCostOfSanction(t *testing.T) {
	now := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	l, path, _ := sanctionedLedger(t, &now)
	ctx := context.Background()
	r := premium(now, 0, call.Penalty{FineMinor: 5000, CostMultiple: 20})
	r.Decision.Action = call.Allow
	id := record(t, l, r)
	if err := l.Ended(ctx, id, call.End{EndedAt: now.Add(time.Minute), Cause: 16, Source: "ari"}); err != nil {
		t.Fatal(err)
	}
	if s := sanctionsOf(t, path, now)[0]; s.Total != 5000 || s.State != SanctionFined {
		t.Errorf("a cost that nobody knows counts: %+v", s)
	}
	for _, cost := range []int64{30, 0, 25} {
		if _, err := l.Correct(ctx, id, call.Correction{Who: "root", Reason: "the bill", CostMinor: &cost}); err != nil {
			t.Fatal(err)
		}
		if s := sanctionsOf(t, path, now)[0]; s.CostFine != 20*cost || s.Total != 5000+20*cost {
			t.Errorf("cost %d: %+v", cost, s)
		}
	}
	// The newest correction counts alone: one that says no cost leaves that of the end, which nobody knows.
	seconds, cost := int64(60), int64(25)
	for _, c := range []call.Correction{{Seconds: &seconds}, {CostMinor: &cost}, {}, {CostMinor: &cost}} {
		c.Who, c.Reason = "root", "the bill, again"
		if _, err := l.Correct(ctx, id, c); err != nil {
			t.Fatal(err)
		}
		if s, want := sanctionsOf(t, path, now)[0], 20*minorOf(optional(c.CostMinor)); s.CostFine != want {
			t.Errorf("after %+v the fine is %d, want %d", c, s.CostFine, want)
		}
	}
	// The record goes, and who called; what it has cost stays.
	if _, err := l.Forget(ctx, r.Facts.Caller.Holder, "root", "left"); err != nil {
		t.Fatal(err)
	}
	if s := sanctionsOf(t, path, now)[0]; s.Holder != "" || s.Extension != "101" || s.Total != 5500 {
		t.Errorf("after forgetting: %+v", s)
	}
	now = now.AddDate(1, 0, 0)
	if _, err := l.eraseAll(ctx, erasure{what: eraseRow, who: retention, reason: "old", where: "d.id = ?", args: []any{id}}); err != nil {
		t.Fatal(err)
	}
	if s := sanctionsOf(t, path, now)[0]; s.Total != 5500 || s.DecisionID != id {
		t.Errorf("after retention: %+v", s)
	}
	if v := verify(t, path, ""); !v.OK {
		t.Errorf("%+v", v.Findings)
	}
}

// TestTamperedSanctions: whoever changes what was imposed, lifted or paid is found out.
func TestTamperedSanctions(t *testing.T) {
	now := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	const loose = "DROP TRIGGER sanctions_no_update; DROP TRIGGER sanctions_no_delete; DROP TRIGGER sanction_lifts_no_update; " +
		"DROP TRIGGER sanction_lifts_no_delete; DROP TRIGGER sanction_costs_no_update; PRAGMA foreign_keys = off; "
	for script, want := range map[string]string{
		"UPDATE sanctions SET until = '2026-11-23T00:00:00.000Z'": "sanction 1 was changed",
		"UPDATE sanctions SET extension = '102'":                  "sanction 1 was changed",
		"UPDATE sanctions SET fine_minor = 0":                     "sanction 1 was changed",
		"DELETE FROM sanctions":                                   "sanction 1 was removed",
		"UPDATE sanction_lifts SET who = 'ma'":                    "lift 1 was changed",
		"DELETE FROM sanction_lifts":                              "lift 1 was removed",
		"INSERT INTO sanction_lifts (at, sanction_id, who, reason, waived, seq) VALUES ('2026-11-23T02:00:00.000Z', 1, 'root', 'x', 1, 2)": "lift 2 was put in: the chain has no entry of it",
		"UPDATE sanction_costs SET fine_minor = 0":                     "fine 1 was changed",
		"DROP VIEW sanction_log; CREATE VIEW sanction_log AS SELECT 1": "the view sanction_log was changed",
	} {
		l, path, _ := sanctionedLedger(t, &now)
		id := record(t, l, premium(now, 0, call.Penalty{SuspendDays: 30, FineMinor: 5000, CostMultiple: 2}))
		if err := l.Ended(context.Background(), id, call.End{EndedAt: now, Source: "ari"}); err != nil {
			t.Fatal(err)
		}
		cost := int64(5)
		if _, err := l.Correct(context.Background(), id, call.Correction{Who: "root", Reason: "the bill", CostMinor: &cost}); err != nil {
			t.Fatal(err)
		}
		if err := l.LiftSanction(context.Background(), 1, "root", "x", false); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite3", path)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		if _, err := db.Exec(loose + script); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if v := verify(t, path, ""); v.OK || v.Findings[len(v.Findings)-1].Problem != want && v.Findings[0].Problem != want {
			t.Errorf("%s: %+v", script, v.Findings)
		}
	}
}
