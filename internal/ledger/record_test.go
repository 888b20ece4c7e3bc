package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dialwarden/dialwarden/internal/call"
)

// shell opens the file as a stranger would, without anything of ours.
func shell(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// textOf runs a query of one column and one row.
func textOf(t testing.TB, db *sql.DB, query string, args ...any) string {
	t.Helper()
	var s sql.NullString
	if err := db.QueryRow(query, args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if !s.Valid {
		return "NULL"
	}
	return s.String
}

func TestViewsAreTheContract(t *testing.T) {
	l := newLedger(t)
	db := shell(t, l.path)
	for view, want := range map[string]string{
		"decision_log": "id, at, source, extension, holder, department, dialled, number, class, action, rule, reason, " +
			"max_seconds, pin_id, token_id, approver, policy_revision, shadow, matter",
		"call_log": "decision_id, answered_at, ended_at, seconds, cost_minor, cause, end_source",
	} {
		got := textOf(t, db, "SELECT group_concat(name, ', ') FROM pragma_table_info(?)", view)
		if got != want {
			t.Errorf("%s has columns\n%s, want\n%s", view, got, want)
		}
	}
	if got := textOf(t, db, "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'"); got != "0" {
		t.Errorf("%s tables are not STRICT", got)
	}
}

func TestRecordFillsTheViews(t *testing.T) {
	pinned := sample(1)
	pinned.PINID = 7
	pinned.Decision.MaxSeconds = 0
	pinned.Decision.Shadow = nil
	pinned.Facts.Callee.E164 = ""
	pinned.Decision.Reasons[1].Text = "Free\n of charge\n"
	pinned.Attempt.At = time.Time{}
	proved := sample(2)
	proved.Decision.Action, proved.TokenID, proved.Approver, proved.Matter = call.Deny, 7, "104\n Zhang Min", "4711\x1b"
	for name, test := range map[string]struct {
		record call.Record
		want   map[string]string
	}{
		"proved": {proved, map[string]string{"token_id": "7", "approver": "104 Zhang Min", "matter": `4711\x1b`}},
		"full": {sample(0), map[string]string{
			"id": "1", "at": "2026-11-23T09:00:00.123Z", "source": "ari", "extension": "1000", "holder": "王芳",
			"department": "Finance", "dialled": "9013800138000", "number": "+8613800000000", "class": "mobile",
			"action": "allow", "rule": "local", "reason": "Mobile calls are free", "max_seconds": "180",
			"pin_id": "NULL", "token_id": "NULL", "approver": "NULL", "matter": "NULL", "policy_revision": "3f6c1a90e2b44f0d",
			"shadow": `[{"rule":"night","head":"deny","reason":"It is night"}]`,
		}},
		"spare": {pinned, map[string]string{
			"number": "013800138000", "max_seconds": "NULL", "pin_id": "7", "shadow": "[]",
			"reason": "Free of charge", "at": "2026-11-23T09:00:00.123Z",
		}},
		"nothing but an action": {call.Record{Decision: call.Decision{Action: call.Deny}}, map[string]string{
			"number": "", "reason": "", "shadow": "[]", "action": "deny", "at": "2026-11-23T09:00:00.123Z",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t)
			id := record(t, l, test.record)
			db := shell(t, l.path)
			for column, want := range test.want {
				if got := textOf(t, db, "SELECT "+column+" FROM decision_log WHERE id = ?", id); got != want {
					t.Errorf("%s is %q, want %q", column, got, want)
				}
			}
			if got := textOf(t, db, "SELECT count(*) FROM call_log WHERE decision_id = ? AND ended_at IS NULL", id); got != "1" {
				t.Errorf("%s rows in call_log, want 1", got)
			}
		})
	}
}

// wholeInput is the JSON of facts with all that they do not say.
func wholeInput(t *testing.T, f call.Facts) string {
	t.Helper()
	text, err := marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDecisionHasEverything(t *testing.T) {
	l := newLedger(t)
	r := readerOf(t, l)
	ctx := context.Background()
	rec := sample(3)
	rec.Attempt.Adopted = true
	id := record(t, l, rec)
	end := call.End{AnsweredAt: moment, EndedAt: moment.Add(61 * time.Second), Cause: 16, Source: "ari"}
	if err := l.Ended(ctx, id, end); err != nil {
		t.Fatal(err)
	}
	d, err := r.Decision(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	var facts call.Facts
	var answer call.Decision
	if err := errors.Join(json.Unmarshal(d.Input, &facts), json.Unmarshal(d.Answer, &answer)); err != nil {
		t.Fatal(err)
	}
	rec.Decision.Elapsed = 0 // not in the JSON
	for what, pair := range map[string][2]any{
		"input":         {facts.Callee, rec.Facts.Callee},
		"whole input":   {string(d.Input), wholeInput(t, rec.Facts)},
		"answer":        {answer, rec.Decision},
		"reasons":       {d.Reasons, rec.Decision.Reasons},
		"shadow":        {d.Shadow, rec.Decision.Shadow},
		"at":            {d.At.String(), "2026-11-23T09:00:03.123Z"},
		"evaluated at":  {d.EvaluatedAt.String(), "2026-11-23T09:00:03.123Z"},
		"recorded at":   {d.RecordedAt.String(), "2026-11-23T09:00:00.123Z"},
		"evaluation µs": {d.EvaluationUS, int64(37)},
		"revision":      {d.PolicyRevision, "3f6c1a90e2b44f0d"},
		"channel":       {d.Channel, "1763888400.3"},
		"adopted":       {d.Adopted, true},
		"raw":           {d.DialledRaw, []byte(nil)},
		"seconds":       {d.Call.Seconds, 61},
		"end":           {d.Call.EndedAt.String(), "2026-11-23T09:01:01.123Z"},
		"end source":    {d.Call.EndSource, "ari"},
		"cost":          {d.Call.CostMinor, (*int64)(nil)},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s is %+v, want %+v", what, pair[0], pair[1])
		}
	}
	if _, err := r.Decision(ctx, id+1); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown decision gives %v, want ErrNotFound", err)
	}
	if last, err := r.LastID(ctx); last != id || err != nil {
		t.Errorf("LastID is %d, %v, want %d", last, err, id)
	}
}

func TestJSONOfADecision(t *testing.T) {
	l := newLedger(t)
	id := record(t, l, sample(0))
	d, err := readerOf(t, l).Decision(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"at":"2026-11-23T09:00:00.123Z"`, `"ended_at":null`, `"holder":"王芳"`, `"cost_minor":null`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func TestImpossibleRecords(t *testing.T) {
	l := newLedger(t)
	badAction, badTime := sample(0), sample(0)
	badAction.Decision.Action = "maybe"
	badTime.Attempt.At = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, rec := range map[string]call.Record{"action": badAction, "time": badTime} {
		if id, err := l.Record(context.Background(), rec); err == nil {
			t.Errorf("%s: recorded as %d", name, id)
		}
	}
}

func TestDecisionsAreImmutable(t *testing.T) {
	l := newLedger(t)
	record(t, l, sample(0))
	record(t, l, sample(1))
	db := shell(t, l.path)
	before := textOf(t, db, "SELECT group_concat(id || rule || action) FROM decisions")
	all := "SELECT * FROM decisions WHERE id = 1"
	for _, statement := range []string{
		"UPDATE decisions SET rule = 'other' WHERE id = 1",
		"UPDATE decisions SET id = 9 WHERE id = 1",
		"UPDATE decision_log SET rule = 'other'",
		"DELETE FROM decisions WHERE id = 2",
		"DELETE FROM decisions",
		"INSERT OR REPLACE INTO decisions " + all,
		"INSERT INTO decisions " + all + " ON CONFLICT (id) DO UPDATE SET rule = 'other'",
		"UPDATE evaluations SET input = '{}'",
		"DELETE FROM evaluations",
		"REPLACE INTO evaluations SELECT * FROM evaluations",
	} {
		if _, err := db.Exec(statement); err == nil {
			t.Errorf("no objection to %s", statement)
		}
	}
	if after := textOf(t, db, "SELECT group_concat(id || rule || action) FROM decisions"); after != before {
		t.Errorf("decisions were %s and are %s", before, after)
	}
}

func TestHostileDialledStrings(t *testing.T) {
	for _, test := range []struct{ dialled, shown string }{
		{"9013800138000", "9013800138000"},
		{"", ""},
		{`'); DROP TABLE decisions; --`, `'); DROP TABLE decisions; --`},
		{`\x00`, `\x00`},
		{"\x00", `\x00`},
		{"91\x0034", `91\x0034`},
		{"9\xff\xfe1", `9\xff\xfe1`},
		{"\xc3\x28", `\xc3(`},
		{"\xed\xa0\x80", `\xed\xa0\x80`}, // half of a surrogate pair
		{"a\r\nb\x1b[2J\x7f", `a\x0d\x0ab\x1b[2J\x7f`},
		{"1\u202e2\u0085", `1\u202e2\u0085`},
		{"电话☎", "电话☎"},
		{strings.Repeat("9", 100_000), strings.Repeat("9", 100_000)},
	} {
		l := newLedger(t)
		rec := sample(0)
		rec.Attempt.Dialled, rec.Facts.Attempt.Dialled, rec.Facts.Callee.Dialled = test.dialled, test.dialled, test.dialled
		rec.Attempt.Extension, rec.Facts.Caller.Holder, rec.Attempt.Channel = test.dialled, test.dialled, test.dialled
		id := record(t, l, rec)
		d, err := readerOf(t, l).Decision(context.Background(), id)
		if err != nil {
			t.Fatalf("%.40q: %v", test.dialled, err)
		}
		if d.Dialled != test.shown || d.Extension != test.shown {
			t.Errorf("%.40q is shown as %.40q, want %.40q", test.dialled, d.Dialled, test.shown)
		}
		exact := string(d.DialledRaw)
		if d.DialledRaw == nil {
			exact = d.Dialled
		}
		if exact != test.dialled {
			t.Errorf("%.40q is kept as %.40q", test.dialled, exact)
		}
		db := shell(t, l.path)
		if got := textOf(t, db, "SELECT dialled FROM decision_log"); got != test.shown {
			t.Errorf("%.40q is %.40q in the view", test.dialled, got)
		}
		if got := textOf(t, db, "SELECT json_valid(input) AND typeof(dialled) = 'text' FROM evaluations, decisions"); got != "1" {
			t.Errorf("%.40q: input is no JSON or dialled is no text", test.dialled)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("9\x00\xff\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		p := printable(s)
		if !utf8.ValidString(p) || strings.ContainsFunc(p, harmful) || printable(p) != p {
			t.Errorf("%q became %q", s, p)
		}
	})
}

func TestAnnouncedUntilRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dialwarden.db")
	ctx := context.Background()
	asked, other := sample(1), sample(2)
	for _, r := range []*call.Record{&asked, &other} {
		r.Decision.Action = call.Challenge
		r.Decision.Requires = []call.Requirement{{Rule: "long_distance", AnyOf: []call.CredentialKind{call.PIN}}}
	}
	asked.Attempt.Dialled = "9\xff"
	asked.PINID = 3

	now := moment
	l, err := Open(path, testKey(1), WithClock(func() time.Time { now = now.Add(time.Second); return now }))
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(l.Announce(ctx, other), l.Announce(ctx, sample(1)), l.Announce(ctx, asked), l.Close())
	if err != nil {
		t.Fatal(err)
	}

	l = openTest(t, path) // as after a restart
	waiting, err := l.Announced(ctx)
	if err != nil || len(waiting) != 2 {
		t.Fatalf("%d challenges are announced, %v, want 2", len(waiting), err)
	}
	got := waiting[1]
	if !got.Attempt.At.Equal(asked.Attempt.At) || got.Attempt.Dialled != "9\xff" || got.Decision.Action != call.Challenge ||
		got.PINID != 3 || got.Decision.Elapsed != asked.Decision.Elapsed ||
		!reflect.DeepEqual(got.Facts.Callee, asked.Facts.Callee) ||
		!reflect.DeepEqual(got.Decision.Requires, asked.Decision.Requires) {
		t.Errorf("announced\n%+v, got back\n%+v", asked, got)
	}

	got.Decision.Action = call.Deny
	record(t, l, got)
	waiting, err = l.Announced(ctx)
	if err != nil || len(waiting) != 1 || waiting[0].Attempt.Channel != other.Attempt.Channel {
		t.Errorf("after the decision %+v, %v are announced, want the other channel alone", waiting, err)
	}
	if err := l.Announce(ctx, call.Record{}); err == nil {
		t.Error("a challenge without a channel was announced")
	}
}
