package demo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/internal/site"
	"github.com/rs/zerolog"
)

// open opens the demo's directory, writes the site and closes it, as a run does.
func open(t *testing.T, path string) error {
	t.Helper()
	d, err := openDir(t.Context(), path)
	if err != nil {
		return err
	}
	return errors.Join(d.furnish(site.Asterisk{}), d.lock.Close())
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestRunsFollowOneAnother(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "demo")
	for _, run := range []string{"first", "second", "third"} {
		if err := open(t, dir); err != nil {
			t.Fatalf("the %s run: %v", run, err)
		}
		if _, err := os.Stat(filepath.Join(dir, ledgerName)); err == nil {
			t.Fatalf("the %s run finds the ledger of the run before", run)
		}
		write(t, filepath.Join(dir, ledgerName), run)
		if run == "first" {
			write(t, filepath.Join(dir, "mine"), "mine")
		}
	}
	if got := read(filepath.Join(dir, earlierName, ledgerName)); got != "second" {
		t.Errorf("the ledger of the run before: %s", got)
	}
	if d, err := openDir(t.Context(), dir); err != nil || d.lock.Close() != nil || read(filepath.Join(dir, ledgerName)) != "third" {
		t.Errorf("a run that does not get as far as the daemon takes the ledger away: %v", err)
	}
	if text := read(filepath.Join(dir, "policy/data/cap.yaml")); !strings.Contains(text, "\n  mobile: 5\n") {
		t.Errorf("the cap is not shortened:\n%s", text)
	}
	if got := read(filepath.Join(dir, "mine")); got != "mine" {
		t.Errorf("a file that is not the demo's: %s", got)
	}
}

func TestDirectoriesThatAreNotTouched(t *testing.T) {
	foreign := t.TempDir()
	write(t, filepath.Join(foreign, site.ConfigName), "site: {}\n")
	busy := t.TempDir()
	d, err := openDir(t.Context(), busy)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.lock.Close() }()
	served := t.TempDir()
	if err := open(t, served); err != nil {
		t.Fatal(err)
	}
	daemon, err := control.Listen(filepath.Join(served, socketName), control.Verbs{}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = daemon.Close() }()
	for path, want := range map[string]string{
		foreign:                                 "is not empty, and no demo made it",
		busy:                                    "another demo is using",
		served:                                  "a daemon is using",
		filepath.Join(foreign, site.ConfigName): "cannot be made",
		"/tmp/" + strings.Repeat("long/", 20):   "too long for the control socket",
	} {
		if err := open(t, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; wanted: %s", path, err, want)
		}
	}
	if got := read(filepath.Join(foreign, site.ConfigName)); got != "site: {}\n" {
		t.Errorf("a foreign file was changed: %s", got)
	}
}

// What the ledger says differently is told, field by field.
func TestCompare(t *testing.T) {
	sc := scene{class: call.National, action: call.Allow, rule: "long_distance", source: call.SourceARI, answered: true, pin: true, cap: 5}
	good := ledger.Decision{
		Class: sc.class, Action: sc.action, Rule: sc.rule, Source: sc.source, PINID: 1, MaxSeconds: 5,
		Call: ledger.Call{AnsweredAt: ledger.Time{Time: time.Now()}},
	}
	if err := sc.compare(good); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*ledger.Decision){
		"class local; it should be national":           func(d *ledger.Decision) { d.Class = call.Local },
		"action deny; it should be allow":              func(d *ledger.Decision) { d.Action = call.Deny },
		"rule local; it should be long_distance":       func(d *ledger.Decision) { d.Rule = "local" },
		"source dialplan; it should be ari":            func(d *ledger.Decision) { d.Source = call.SourceDialplan },
		"a PIN was accepted: false; it should be true": func(d *ledger.Decision) { d.PINID = 0 },
		"longest call 180; it should be 5":             func(d *ledger.Decision) { d.MaxSeconds = 180 },
		"answered false; it should be true":            func(d *ledger.Decision) { d.Call = ledger.Call{} },
	} {
		bad := good
		change(&bad)
		if err := sc.compare(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; wanted %s", err, want)
		}
	}
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"bin/dialwarden": "bin/dialwarden", "/tmp/my demo": "'/tmp/my demo'", "it's": `'it'\''s'`, "": "''", "$HOME": "'$HOME'",
	} {
		if got := quote(word); got != want {
			t.Errorf("%q: %s, wanted %s", word, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	long := strings.Repeat("x", 60)
	want := "  a b " + long + " \\\n      " + long + " c"
	if got := fold([]string{"a", "b", long, long, "c"}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A plain writer gets neither colours nor lines that are overwritten.
func TestPlainScreen(t *testing.T) {
	var out strings.Builder
	s := newScreen(&out)
	s.now("starting")
	s.heading("Title")
	s.row(ledger.Decision{Extension: "101", Dialled: "120", Action: call.Allow, Rule: "emergency"}, "the ambulance")
	s.fault("one\ntwo")
	if text := out.String(); strings.ContainsAny(text, "\x1b\r") || !strings.HasPrefix(text, "Title\n") {
		t.Errorf("%q", text)
	}
}
