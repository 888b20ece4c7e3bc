package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// chained20 is a ledger of twenty decisions, every second call ended, that has been closed; with its checkpoint file.
func chained20(t *testing.T) (path, checkpoints string) {
	t.Helper()
	dir := t.TempDir()
	path, checkpoints = filepath.Join(dir, "dialwarden.db"), filepath.Join(dir, "checkpoints")
	report := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	l, err := Open(path, testKey(1), WithCheckpoints(checkpoints, report))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := l.PolicyInForce(ctx, call.ByStart, "rev", map[string][]byte{"rules/a.rego": []byte("x")}); err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		r := sample(n)
		if n == 9 { // decision 10
			r.TokenID, r.Approver, r.Matter, r.Decision.Action = 7, "104 Zhang Min", "4711", call.Deny
		}
		id := record(t, l, r)
		if n%2 == 0 {
			if err := l.Answered(ctx, id, call.Pickup{At: moment}); err != nil {
				t.Fatal(err)
			}
			if err := l.Ended(ctx, id, call.End{EndedAt: moment.Add(time.Minute), Cause: 16, Source: "ari"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path, checkpoints
}

// verify reads the ledger as Verify does.
func verify(t *testing.T, path, checkpoints string) Verification {
	t.Helper()
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	v, err := r.Verify(context.Background(), Proof{Public: testKey(1).Public(), Checkpoints: checkpoints})
	if err != nil {
		t.Fatal(err)
	}
	if v.OK != (len(v.Findings) == 0) {
		t.Errorf("ok is %v with %d findings", v.OK, len(v.Findings))
	}
	return v
}

// without lets a script write what triggers refuse.
const without = `
DROP TRIGGER decisions_no_update; DROP TRIGGER decisions_no_delete; DROP TRIGGER decisions_no_replace;
DROP TRIGGER evaluations_no_update; DROP TRIGGER evaluations_no_delete; DROP TRIGGER evaluations_no_replace;
DROP TRIGGER chain_no_update; DROP TRIGGER chain_no_delete; DROP TRIGGER calls_ended_no_update;
DROP TRIGGER policy_history_no_update; DROP TRIGGER policy_history_no_delete; PRAGMA foreign_keys = off;`

// TestVerifyFinds tampers with a ledger in every way, and has it found, and where.
func TestVerifyFinds(t *testing.T) {
	clean, checkpoints := chained20(t)
	if v := verify(t, clean, checkpoints); !v.OK || v.Entries != 31 || v.SignedUntil != 31 || v.Checkpoints < 4 {
		t.Fatalf("the untouched ledger: %+v", v)
	}
	whole, err := os.ReadFile(clean)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		script string
		want   []string // each is in some finding
	}{
		"a rule":                {"UPDATE decisions SET rule = 'x' WHERE id = 7", []string{"decision 7 was changed"}},
		"a number":              {"UPDATE decisions SET number = '+8610' WHERE id = 8", []string{"decision 8 was changed"}},
		"a caller":              {"UPDATE decisions SET holder = 'X' WHERE id = 1", []string{"decision 1 was changed"}},
		"NULL for nothing":      {"UPDATE decisions SET dialled_raw = x'' WHERE id = 9", []string{"decision 9 was changed"}},
		"an input":              {"UPDATE evaluations SET input = '{}' WHERE decision_id = 20", []string{"decision 20 was changed"}},
		"an input gone":         {"DELETE FROM evaluations WHERE decision_id = 5", []string{"decision 5 was changed"}},
		"a seal":                {"UPDATE decisions SET person_seal = zeroblob(32) WHERE id = 3", []string{"decision 3 was changed"}},
		"a token":               {"UPDATE decisions SET token_id = 8 WHERE id = 10", []string{"decision 10 was changed"}},
		"a token gone":          {"UPDATE decisions SET token_id = NULL WHERE id = 10", []string{"decision 10 was changed"}},
		"a token put in":        {"UPDATE decisions SET token_id = 0 WHERE id = 11", []string{"decision 11 was changed"}},
		"a matter":              {"UPDATE decisions SET matter = '4712' WHERE id = 10", []string{"decision 10 was changed"}},
		"a matter gone":         {"UPDATE decisions SET matter = NULL WHERE id = 10", []string{"decision 10 was changed"}},
		"a matter put in":       {"UPDATE decisions SET matter = '' WHERE id = 11", []string{"decision 11 was changed"}},
		"an approver":           {"UPDATE decisions SET approver = 'X' WHERE id = 10", []string{"decision 10 was changed"}},
		"an approver gone":      {"UPDATE decisions SET approver = NULL WHERE id = 10", []string{"decision 10 was changed"}},
		"an approver all gone":  {"UPDATE decisions SET approver = NULL, approver_seal = NULL WHERE id = 10", []string{"decision 10 was changed"}},
		"an approver put in":    {"UPDATE decisions SET approver = '' WHERE id = 11", []string{"decision 11 was changed"}},
		"an approver and salt":  {"UPDATE decisions SET approver = 'X', approver_seal = person_seal WHERE id = 11", []string{"decision 11 was changed"}},
		"an approver's seal":    {"UPDATE decisions SET approver_seal = zeroblob(32) WHERE id = 10", []string{"decision 10 was changed", "who approved the call of decision 10 is gone, and no erasure says so"}},
		"a seal of nobody":      {"UPDATE decisions SET approver_seal = x'' WHERE id = 11", []string{"decision 11 was changed"}},
		"an end":                {"UPDATE calls SET seconds = 1 WHERE decision_id = 3", []string{"end 3 was changed"}},
		"an end taken back":     {"UPDATE calls SET ended_at = NULL, seconds = NULL WHERE decision_id = 3", []string{"end 3 was removed"}},
		"an end invented":       {"UPDATE calls SET ended_at = '2026-11-23T09:00:00.000Z', seconds = 1 WHERE decision_id = 2", []string{"end 2 was put in"}},
		"a policy":              {"UPDATE policy_history SET revision = 'other'", []string{"policy 1 was changed"}},
		"a row gone":            {"DELETE FROM decisions WHERE id = 7", []string{"decision 7 was removed"}},
		"rows gone":             {"DELETE FROM decisions WHERE id IN (7, 9, 20)", []string{"decision 7 was removed", "decision 9 was removed", "decision 20 was removed"}},
		"a row in between":      {insertCopy(40, "NULL"), []string{"decision 40 was put in"}},
		"a row of another":      {insertCopy(40, "seq"), []string{"decision 40 was put in"}},
		"a row beyond the end":  {insertCopy(40, "1000"), []string{"decision 40 was put in"}},
		"two rows exchanged":    {"UPDATE decisions SET id = 99 WHERE id = 7; UPDATE decisions SET id = 7 WHERE id = 8; UPDATE decisions SET id = 8 WHERE id = 99", []string{"decision 7", "decision 8"}},
		"an entry changed":      {"UPDATE chain SET digest = zeroblob(32) WHERE seq = 5", []string{"entry 6 does not go with entry 5"}},
		"an entry's kind":       {"UPDATE chain SET kind = 'policy' WHERE seq = 5", []string{"entry 6 does not go with entry 5"}},
		"a hash cut short":      {unchecked + "UPDATE chain SET prev = x'00' WHERE seq = 5", []string{"entry 5 does not go with entry 4"}},
		"a digest cut short":    {unchecked + "UPDATE chain SET digest = substr(digest, 1, 31) WHERE seq = 5", []string{"entry 6 does not go with entry 5"}},
		"the last hash emptied": {unchecked + "UPDATE chain SET prev = x'', digest = x'' WHERE seq = 31", []string{"entry 31 does not go with entry 30", "has another hash"}},
		"an entry gone":         {"DELETE FROM chain WHERE seq = 5", []string{"entry 5 was removed"}},
		"entries gone":          {"DELETE FROM chain WHERE seq IN (1, 2)", []string{"entries 1 to 2 were removed"}},
		"the end cut off":       {"DELETE FROM decisions WHERE id = 20; DELETE FROM evaluations WHERE decision_id = 20; DELETE FROM calls WHERE decision_id = 20; DELETE FROM chain WHERE seq > 30; DELETE FROM checkpoints WHERE seq > 30", []string{"the end was cut off: the chain ends with entry 30", "says that there were 31"}},
		"everything gone":       {"DELETE FROM decisions; DELETE FROM evaluations; DELETE FROM calls; DELETE FROM chain; DELETE FROM policy_history; DELETE FROM checkpoints", []string{"the chain ends with entry 0"}},
		"a checkpoint":          {"UPDATE checkpoints SET hash = zeroblob(32)", []string{"is not signed with this ledger's key"}},
		"a checkpoint's moment": {"UPDATE checkpoints SET at = '2020-01-01T00:00:00.000Z'", []string{"is not signed with this ledger's key"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dialwarden.db")
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			rawDB(t, path, without+test.script)
			v := verify(t, path, checkpoints)
			for _, want := range test.want {
				if !strings.Contains(fmt.Sprintf("%+v", v.Findings), want) {
					t.Errorf("got %+v, want %q", v.Findings, want)
				}
			}
			if len(v.Findings) > 6 {
				t.Errorf("%d findings: %+v", len(v.Findings), v.Findings)
			}
		})
	}
}

// unchecked is how somebody writes what the tables refuse.
const unchecked = "PRAGMA ignore_check_constraints = ON; "

func insertCopy(id int, seq string) string {
	return fmt.Sprintf(`CREATE TEMP TABLE x AS SELECT * FROM decisions WHERE id = 6; UPDATE x SET id = %d, seq = %s;
		INSERT INTO decisions SELECT * FROM x`, id, seq)
}

// TestVerifyFindsAChainWrittenAnew rebuilds the chain after a change, as somebody would who has read how it is made; he
// has no key to sign with.
func TestVerifyFindsAChainWrittenAnew(t *testing.T) {
	path, checkpoints := chained20(t)
	rawDB(t, path, without+"UPDATE decisions SET rule = 'x' WHERE id = 7; UPDATE decisions SET seq = NULL; UPDATE calls SET seq = NULL; UPDATE policy_history SET seq = NULL; DELETE FROM chain")
	c, err := openConn(context.Background(), path, anything)
	if err != nil {
		t.Fatal(err)
	}
	if err := fillChain(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	v := verify(t, path, checkpoints)
	if v.OK || !strings.Contains(fmt.Sprint(v.Findings), "were written anew") {
		t.Errorf("got %+v", v.Findings)
	}
}

// TestVerifyWithoutSomething tells what is missing, and takes no other key.
func TestVerifyWithoutSomething(t *testing.T) {
	path, checkpoints := chained20(t)
	if v := verify(t, path, checkpoints+".gone"); v.OK || !strings.Contains(v.Findings[0].Problem, "there is no") {
		t.Errorf("without the file: %+v", v)
	}
	lines, err := os.ReadFile(checkpoints)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(checkpoints, append([]byte("nonsense\n"), bytes.TrimSuffix(lines, []byte("}\n"))...), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := verify(t, path, checkpoints); len(v.Findings) != 1 || !strings.Contains(v.Findings[0].Problem, "checkpoints:1: this line is no checkpoint") {
		t.Errorf("with a torn file: %+v", v)
	}
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	v, err := r.Verify(context.Background(), Proof{Public: testKey(2).Public()})
	if err != nil || v.OK || v.SignedUntil != 0 {
		t.Errorf("with another key: %+v, %v", v, err)
	}
	if v, err = r.Verify(context.Background(), Proof{}); err != nil || !v.OK {
		t.Errorf("without a key: %+v, %v", v, err)
	}
}

// TestCheckpointsKeepPace writes one when enough entries have none, when it is quiet, at the start and at the end.
func TestCheckpointsKeepPace(t *testing.T) {
	path, checkpoints := filepath.Join(t.TempDir(), "dialwarden.db"), filepath.Join(t.TempDir(), "checkpoints")
	told := make(chan error, 100)
	l, err := Open(path, testKey(1), WithCheckpoints(checkpoints, func(err error) { told <- err }), func(l *Ledger) {
		l.pace = pace{rows: 10, quiet: time.Millisecond, every: time.Hour}
	})
	if err != nil {
		t.Fatal(err)
	}
	last := func() (c Checkpoint) {
		t.Helper()
		if err := <-told; err != nil {
			t.Fatal(err)
		}
		all, _, err := readCheckpoints(checkpoints)
		if err != nil || len(all) == 0 {
			t.Fatal(all, err)
		}
		return all[len(all)-1]
	}
	if c := last(); c.Seq != 0 {
		t.Errorf("at the start: %+v", c)
	}
	record(t, l, sample(1))
	if c := last(); c.Seq != 1 {
		t.Errorf("after a quiet time: %+v", c)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	all, found, err := readCheckpoints(checkpoints)
	if err != nil || len(found) > 0 || !all[len(all)-1].genuine(testKey(1).Public()) {
		t.Errorf("%+v %+v %v", all, found, err)
	}
	var line map[string]any
	text, _ := os.ReadFile(checkpoints)
	if err := json.Unmarshal(bytes.SplitN(text, []byte("\n"), 2)[0], &line); err != nil || line["signature"] == nil {
		t.Errorf("%s: %v", text, err)
	}
}

// TestChainSurvivesFailedRequests leaves no gap where a request fails by itself or the whole batch does.
func TestChainSurvivesFailedRequests(t *testing.T) {
	l := newLedger(t)
	ctx := context.Background()
	record(t, l, sample(1))
	if _, err := l.Record(ctx, call.Record{Decision: call.Decision{Action: call.Deny}, PINID: 99}); err == nil {
		t.Log("a decision by a PIN that there is not was recorded")
	}
	if err := l.Ended(ctx, 77, call.End{}); err == nil {
		t.Error("the end of no call was recorded")
	}
	record(t, l, sample(2))
	path := l.path
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if v := verify(t, path, ""); !v.OK {
		t.Errorf("got %+v", v)
	}
}

// TestChainAfterAStranger goes on where the file is, after somebody else has added to the chain.
func TestChainAfterAStranger(t *testing.T) {
	l := newLedger(t)
	record(t, l, sample(1))
	rawDB(t, l.path, "INSERT INTO chain SELECT seq + 1, prev, kind, ref, digest FROM chain ORDER BY seq DESC LIMIT 1")
	if _, err := l.Record(context.Background(), sample(2)); err == nil || !strings.Contains(err.Error(), "somebody else has written") {
		t.Errorf("got %v", err)
	}
	record(t, l, sample(3))
	path := l.path
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if v := verify(t, path, ""); v.OK {
		t.Error("nothing was found")
	}
}

// TestUnsigned counts the entries that no checkpoint holds yet.
func TestUnsigned(t *testing.T) {
	path, checkpoints := chained20(t)
	if v := verify(t, path, checkpoints); !v.OK || v.Unsigned != 0 {
		t.Errorf("all is signed: %+v", v)
	}
	l, err := Open(path, testKey(1))
	if err != nil {
		t.Fatal(err)
	}
	record(t, l, sample(20))
	record(t, l, sample(21))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if v := verify(t, path, checkpoints); !v.OK || v.Unsigned != 2 || v.SignedUntil != v.Entries-2 {
		t.Errorf("two entries are not signed: %+v", v)
	}
}

// TestVerifyFindsAnotherSchema: what people read are views, and they can be made to lie.
func TestVerifyFindsAnotherSchema(t *testing.T) {
	for script, want := range map[string]string{
		"DROP VIEW decision_log; CREATE VIEW decision_log AS SELECT * FROM decisions WHERE action = 'allow'": "the view decision_log was changed",
		"DROP VIEW call_log": "the view call_log was removed",
		"CREATE TRIGGER tidy AFTER INSERT ON decisions BEGIN DELETE FROM calls WHERE decision_id = new.id - 1; END":                       "the trigger tidy was put in",
		"DROP TRIGGER decisions_no_delete; CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions BEGIN SELECT 1; END":             "the trigger decisions_no_delete was changed",
		"CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY); CREATE VIEW mine AS SELECT id FROM decision_log; DROP INDEX decisions_at": "",
	} {
		l := newLedger(t)
		record(t, l, sample(1))
		rawDB(t, l.path, script)
		if want == "" {
			check(t, l)
		} else {
			check(t, l, want)
		}
	}
}
