package replay_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/app"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/replay"
)

// site is a ledger and the policy that its calls are decided by.
type site struct {
	t      testing.TB
	book   *app.Edition
	ledger *ledger.Ledger
	path   string
	clock  time.Time
}

func newSite(t testing.TB) *site {
	t.Helper()
	path := filepath.Join(t.TempDir(), "calls.db")
	key, err := ledger.LoadOrCreateKey(path + ".key")
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(path, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	e, err := app.LoadEdition(patient())
	if err != nil {
		t.Fatal(err)
	}
	return &site{t: t, book: e, ledger: l, path: path, clock: time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)} // Monday, 09:30
}

// patient is the usual configuration, but for a deadline of the policy that leaves room for a busy machine.
func patient() config.Config {
	cfg := config.Default()
	cfg.Policy.Deadline *= 100
	return cfg
}

// candidate is the shipped policy with files that take the place of its own.
func candidate(t testing.TB, files map[string]string) *app.Edition {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, app.PolicyFiles(config.Default())); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := patient()
	cfg.Policy.Dir = dir
	e, err := app.LoadEdition(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// calls decides and records a call that was talked for so long, as the gate would; pin is the level of what the caller
// entered, -1 for nothing.
func (s *site) calls(from, dialled string, pin, talked int) int64 {
	s.t.Helper()
	s.clock = s.clock.Add(time.Minute)
	a := call.Attempt{Source: call.SourceARI, Channel: "1.1", Extension: from, Dialled: dialled, At: s.clock}
	r := call.Record{Attempt: a, Facts: s.book.Book.Facts(a, call.Usage{}, call.Credentials{})}
	r.Decision = s.book.Book.Judge(s.t.Context(), r.Facts)
	if pin >= 0 && r.Decision.Action == call.Challenge {
		r.Facts.Credentials.PIN = call.Credential{Valid: true, ID: 1, Holder: "Li Na", Level: pin}
		r.Decision = s.book.Book.Judge(s.t.Context(), r.Facts)
	}
	id := s.record(r)
	if talked > 0 {
		at := s.clock.Add(5 * time.Second)
		end := call.End{EndedAt: at.Add(time.Duration(talked) * time.Second), Cause: 16, Source: "ari"}
		if err := errors.Join(s.ledger.Answered(s.t.Context(), id, call.Pickup{At: at}), s.ledger.Ended(s.t.Context(), id, end)); err != nil {
			s.t.Fatal(err)
		}
	}
	return id
}

func (s *site) record(r call.Record) int64 {
	s.t.Helper()
	id, err := s.ledger.Record(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// afterPrompt records a call that the policy asked about, with what the machine made of it.
func (s *site) afterPrompt(from, dialled string, change func(*call.Decision)) int64 {
	s.clock = s.clock.Add(time.Minute)
	a := call.Attempt{Source: call.SourceARI, Channel: "1.1", Extension: from, Dialled: dialled, At: s.clock}
	r := call.Record{Attempt: a, Facts: s.book.Book.Facts(a, call.Usage{}, call.Credentials{})}
	r.Decision = s.book.Book.Judge(s.t.Context(), r.Facts)
	change(&r.Decision)
	return s.record(r)
}

// run replays everything; a nil before is what is recorded.
func (s *site) run(before, after *app.Edition) *replay.Report {
	s.t.Helper()
	r, err := ledger.OpenReader(s.path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	o := replay.Options{After: after.Book, Zone: after.Book.Zone, Examples: 5}
	if before != nil {
		o.Before = before.Book
	}
	report, err := replay.Run(s.t.Context(), r.Decided(s.t.Context(), ledger.Filter{}), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}

// everyKind records a call of every kind: the ways a conversation can end, and calls that nobody was asked about.
func (s *site) everyKind() {
	refusedAt := func(d *call.Decision) {
		d.Action, d.Prompt, d.Cause = call.Deny, call.PromptPINRefused, call.CauseCallRejected
	}
	s.calls("101", "962345678", -1, 100)
	s.calls("102", "96234567", -1, 0)
	s.calls("101", "9110", -1, 10)
	s.calls("104", "916812345", -1, 0)
	s.calls("104", "902112345678", 1, 60)
	s.calls("104", "90044207946000", 1, 0) // the PIN's level is too low
	s.calls("104", "90044207946000", 2, 30)
	s.calls("104", "913900000105", -1, 20)
	s.calls("105", "902112345678", -1, 0) // hung up at the prompt
	s.afterPrompt("105", "902112345678", refusedAt)
	s.afterPrompt("105", "902112345678", func(d *call.Decision) { refusedAt(d); d.Rule = call.RuleUnavailable })
	s.calls("101", "6234\x1b[31m\xff", -1, 0)
	s.calls("777", "962345678", -1, 0)
	s.calls("299", "962345678", -1, 0)
}

// TestUnchanged finds nothing when the same policy decides again, whatever became of the calls.
func TestUnchanged(t *testing.T) {
	s := newSite(t)
	s.everyKind()
	for name, before := range map[string]*app.Edition{"recorded": nil, "recomputed": s.book} {
		if r := s.run(before, s.book); r.Changed != 0 || r.NotReplayed != 0 || r.Unchanged != r.Calls || r.Calls != 14 {
			t.Errorf("%s: got %+v", name, r)
		}
	}
}

// TestNotReplayed counts what cannot be decided once more, with its reason.
func TestNotReplayed(t *testing.T) {
	s := newSite(t)
	s.record(call.Record{
		Attempt:  call.Attempt{Source: call.SourceDialplan, Channel: "1", Extension: "101", Dialled: "110", At: s.clock},
		Decision: call.Decision{Action: call.Allow, Rule: call.RuleEmergency},
	})
	id := s.afterPrompt("101", "962345678", func(d *call.Decision) { d.Action, d.Rule = call.Deny, call.RuleUnavailable })
	r := s.run(nil, s.book)
	want := []replay.Unreplayed{
		{Reason: "a call that the dialplan let out or refused without asking", Calls: 1, LastID: id - 1},
		{Reason: "the daemon could not complete the decision", Calls: 1, LastID: id},
	}
	if r.Calls != 2 || r.NotReplayed != 2 || r.Changed+r.Unchanged != 0 || !slices.Equal(r.Unreplayed, want) {
		t.Errorf("got %+v", r)
	}
	broken := func(yield func(call.Decided, error) bool) {
		_ = yield(call.Decided{ID: 1, Input: []byte("{"), Answer: []byte("{}")}, nil) &&
			yield(call.Decided{ID: 2, Input: []byte("{}"), Answer: []byte("{}")}, nil) &&
			yield(call.Decided{ID: 3}, nil)
	}
	r, err := replay.Run(t.Context(), broken, replay.Options{After: s.book.Book, Zone: time.UTC})
	if err != nil || r.NotReplayed != 3 || len(r.Unreplayed) != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// TestChanges finds what each change of rules or data does to past calls.
func TestChanges(t *testing.T) {
	s := newSite(t)
	s.everyKind()
	directory := func(old, replacement string) map[string]string {
		text := strings.Replace(string(s.book.Policy.Files()["data/directory.yaml"]), old, replacement, 1)
		return map[string]string{"data/directory.yaml": text}
	}
	for name, test := range map[string]struct {
		files map[string]string
		want  map[replay.Category]int
		check func(r *replay.Report) bool
	}{
		"a rule that refuses": {
			map[string]string{"data/local.yaml": "classes: []\nunlisted_phones: []\n"},
			map[replay.Category]int{replay.NewlyRefused: 2, replay.DetailChanged: 0},
			func(r *replay.Report) bool {
				e := r.Examples[len(r.Examples)-1]
				return e.Before.Rule == "local" && e.After.Rule == call.RuleNoAllow && e.After.Reason != "" && e.Extension == "101" &&
					r.Categories[replay.NewlyRefused].Seconds == 120 && r.Categories[replay.NewlyRefused].Unpriced == 2
			},
		},
		"nobody is asked": {
			map[string]string{"data/rules.yaml": strings.Replace(string(s.book.Policy.Files()["data/rules.yaml"]), "rank: 50", "rank: 50\n  mode: off", 1)},
			map[replay.Category]int{replay.NewlyRefused: 5, replay.DetailChanged: 1}, // the rule allowed, too
			nil,
		},
		"a rule that wants a PIN and does not ask": { // so nobody comes to enter one
			map[string]string{"rules/long_distance.rego": "package dialwarden.outbound\n\n" +
				"allow contains \"long_distance\" if input.credentials.pin.valid == true\n"},
			map[replay.Category]int{replay.NewlyRefused: 5, replay.NewlyAllowed: 0},
			nil,
		},
		"a grade that is free": {
			map[string]string{"data/long_distance.yaml": "pin_level: {national: 1, international: 2}\nfree: {grade: {manager: [national, international]}}\n"},
			map[replay.Category]int{replay.NoLongerAsked: 2, replay.NewlyAllowed: 1},
			nil,
		},
		"more classes that need a PIN": {
			map[string]string{"data/long_distance.yaml": "pin_level: {local: 1, national: 1, international: 2}\n"},
			map[replay.Category]int{replay.NewlyAsked: 1, replay.NewlyRefused: 0},
			func(r *replay.Report) bool { return r.ByDepartment[0].Name == "management" },
		},
		"a higher level": {
			map[string]string{"data/long_distance.yaml": "pin_level: {national: 2, international: 2}\n"},
			map[replay.Category]int{replay.NewlyRefused: 1},
			func(r *replay.Report) bool { return r.Examples[0].After.Asked && r.ByExtension[0].Name == "104" },
		},
		"a shorter cap": {
			map[string]string{"data/cap.yaml": "max_seconds: {local: 60, mobile: 180, national: 180, international: 180}\nring_seconds: 25\nwarn_seconds: 30\n"},
			map[replay.Category]int{replay.CapShorter: 1},
			func(r *replay.Report) bool {
				return r.Categories[replay.CapShorter].Seconds == 40 && r.ByRule[0].Name == "cap"
			},
		},
		"a phone that joins, one that leaves": {
			directory(`"101":`, `"777":`),
			map[replay.Category]int{replay.NewlyAllowed: 1, replay.NewlyRefused: 1},
			nil,
		},
		"a rule that is tried in shadow": {
			map[string]string{
				"data/rules.yaml": string(s.book.Policy.Files()["data/rules.yaml"]) + "\ntrial: {title: Trial, mode: shadow}\n",
				"rules/trial.rego": "package dialwarden.outbound\n\n# METADATA\n# title: Trial\n" +
					"deny contains \"trial\" if input.callee.class in {\"local\", \"national\"}\n",
			},
			map[replay.Category]int{replay.ShadowRefused: 5, replay.NewlyRefused: 0, replay.DetailChanged: 0, replay.ShadowChanged: 0},
			func(r *replay.Report) bool {
				return r.Changed == 0 && r.Unchanged == r.Calls && r.ByRule[0].Name == "trial" && r.Examples[0].After.Shadow[0].Head == "deny"
			},
		},
		"a suspension that is lifted": {
			directory(", suspended: true", ""),
			map[replay.Category]int{replay.NewlyAllowed: 1},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			next := candidate(t, test.files)
			for side, before := range map[string]*app.Edition{"recorded": nil, "recomputed": s.book} {
				r := s.run(before, next)
				for c, n := range test.want {
					if r.Categories[c].Calls != n {
						t.Errorf("%s: %s %d, want %d\n%+v\n%+v", side, c, r.Categories[c].Calls, n, r.Categories, r.Examples)
					}
				}
				if test.check != nil && !t.Failed() && !test.check(r) {
					t.Errorf("%s: got %+v", side, r)
				}
			}
		})
	}
}

// TestBrokenOff ends a replay whose context ends, or whose ledger cannot be read further.
func TestBrokenOff(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	endless := func(yield func(call.Decided, error) bool) {
		for id := int64(1); yield(call.Decided{ID: id, Input: []byte("{}"), Answer: []byte(`{"action":"allow"}`), Dialled: "110"}, nil); id++ {
		}
	}
	var done atomic.Int64
	o := replay.Options{After: s.book.Book, Zone: time.UTC, Progress: func(n int) { done.Add(int64(n)); cancel() }}
	if _, err := replay.Run(ctx, endless, o); !errors.Is(err, context.Canceled) || done.Load() == 0 {
		t.Errorf("got %v after %d calls", err, done.Load())
	}
	unreadable := errors.New("the file is damaged")
	failing := func(yield func(call.Decided, error) bool) { yield(call.Decided{}, unreadable) }
	if _, err := replay.Run(t.Context(), failing, o); !errors.Is(err, unreadable) {
		t.Errorf("got %v", err)
	}
}
