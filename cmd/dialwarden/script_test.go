package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// TestMain builds dialwarden as people get it, for scripts to run. It has no race detector, which would make some two
// hundred processes start slowly; e2e has one.
func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "dialwarden-scripts")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		build := exec.Command("go", "build", "-o", dir, ".")
		build.Stderr = os.Stderr
		err = errors.Join(build.Run(), os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building dialwarden:", err)
		return 1
	}
	return m.Run()
}

// TestScripts runs testdata/*.txtar: each is a session at the command line, to be read aloud. Beside testscript's own
// commands there are
//
//	exits STATUS dialwarden …   runs a command that must end with exactly this status
//	mode FILE MODE              holds a file to its mode, in octal
//	judged LEDGER               makes a ledger with four decisions of the shipped policy, see there
//	fill LEDGER                 makes a ledger with the five decisions of sample
//	follow LEDGER FLAG…         runs log tail while decisions are made and policies change
//	refusing LEDGER             notes that a changed policy was refused
//	hold LEDGER                 keeps a ledger open for writing until the script ends
//	spoil LEDGER                changes the reason of the first decision in a backup
//	decide LEDGER DIR …         has a policy decide a call and records it
//	daemon CONFIG               runs dialwarden serve until the script ends, and waits until it says that it is ready
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			for _, dir := range []string{"policy", "examples"} {
				path, err := filepath.Abs(filepath.Join("..", "..", dir))
				if err != nil {
					return err
				}
				env.Setenv(strings.ToUpper(dir), path)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "follow": follow, "mode": mode, "fill": fill, "hold": hold, "daemon": serving,
			"judged": judged, "decide": decide, "refusing": refusing, "spoil": spoil,
		},
	})
}

// exits runs a command that must end with a status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("ended with status %d, want %d", got, want)
	}
}

// mode holds a file to its mode.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	want, err := strconv.ParseUint(args[1], 8, 32)
	ts.Check(err)
	if info.Mode().Perm() != os.FileMode(want) || neg {
		ts.Fatalf("%s has mode %04o, want %04o", args[0], info.Mode().Perm(), want)
	}
}

// open opens a ledger for writing, with the key beside it.
func open(ts *testscript.TestScript, path string) *ledger.Ledger {
	path = ts.MkAbs(path)
	key, err := ledger.LoadOrCreateKey(strings.TrimSuffix(path, filepath.Ext(path)) + ".key")
	ts.Check(err)
	l, err := ledger.Open(path, key)
	ts.Check(err)
	return l
}

func hold(ts *testscript.TestScript, _ bool, args []string) {
	l := open(ts, args[0])
	ts.Defer(func() { _ = l.Close() })
}

// sample are five decisions of 23 November 2026, an hour apart from 09:00 in Shanghai.
var sample = []struct {
	from, dialled, number string
	class                 call.Class
	action                call.Action
	rule                  string
}{
	{"101", "962345678", "+861062345678", call.Local, call.Allow, "local"},
	{"102", "16812345", "+8616812345", call.Premium, call.Deny, "premium"},
	{"101", "902112345678", "+862112345678", call.National, call.Challenge, "long_distance"},
	{"103", "110", "", call.Emergency, call.Allow, "emergency"},
	{"105", "6234\x1b[31m", "", call.Invalid, call.Deny, "invalid_number"},
}

// record writes one of the sample.
func record(ts *testscript.TestScript, l *ledger.Ledger, i int) (id int64, at time.Time) {
	d := sample[i]
	at = time.Date(2026, 11, 23, 1+i, 0, 0, 0, time.UTC)
	id, err := l.Record(context.Background(), call.Record{
		Attempt: call.Attempt{Source: call.SourceARI, Channel: "1.1", Extension: d.from, Dialled: d.dialled, At: at},
		Facts: call.Facts{
			Time: call.ClockAt(at, time.UTC), Caller: call.Caller{Extension: d.from, Holder: "Chen Wei", Department: "management"},
			Callee: call.Callee{Number: call.Number{Dialled: d.dialled, E164: d.number, Class: d.class, Risk: []string{}}},
		},
		Decision: call.Decision{
			Action: d.action, Rule: d.rule, MaxSeconds: 180, PolicyRevision: "cafe0000cafe0000",
			Reasons: []call.Reason{{Rule: d.rule, Text: "Because of " + d.rule + "."}},
		},
	})
	ts.Check(err)
	return id, at
}

// fill makes a ledger with the sample; the first call was answered and lasted a minute.
func fill(ts *testscript.TestScript, _ bool, args []string) {
	l := open(ts, args[0])
	for i := range sample {
		id, at := record(ts, l, i)
		if i == 0 {
			ts.Check(l.Answered(context.Background(), id, call.Pickup{At: at.Add(5 * time.Second)}))
			ts.Check(l.Ended(context.Background(), id, call.End{EndedAt: at.Add(65 * time.Second), Cause: 16, Source: "ari"}))
		}
	}
	ts.Check(l.Close())
}

// follow runs log tail with the arguments behind LEDGER; once it has shown what was there (the last one), policies are
// refused and come in force and decisions are recorded, which it must show in that order, as JSON the decisions only;
// then it is interrupted, and must end well.
func follow(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command("dialwarden", append([]string{"log", "tail"}, args[1:]...)...)
	cmd.Dir = ts.MkAbs(".")
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	asJSON := slices.Contains(args, "--json")
	lines := bufio.NewScanner(out)
	next := func(want string) {
		if !lines.Scan() || !strings.Contains(lines.Text(), want) {
			ts.Fatalf("log tail showed %q, %v; want %q", lines.Text(), lines.Err(), want)
		}
	}
	change := func(want string) {
		if !asJSON {
			next(want)
		}
	}
	decision := func(id int) {
		if asJSON {
			next(fmt.Sprintf(`{"id":%d,`, id))
		} else {
			next(fmt.Sprintf("%7d  2026-11-23 ", id))
		}
	}
	change("ID  TIME")
	decision(5)
	l := open(ts, args[0])
	ctx := context.Background()
	ts.Check(l.PolicyRefused(ctx, call.ByPush, "0123456789abcdef", "the policy is not usable:\nrules/x.rego:3:1: typo", nil))
	change("  policy 0123456789abcdef refused, by push: the policy is not usable: rules/x.rego:3:1: typo")
	record(ts, l, 0)
	decision(6)
	ts.Check(l.PolicyInForce(ctx, call.ByFile, "fedcba9876543210", map[string][]byte{"rules/x.rego": nil}))
	change("  policy fedcba9876543210 in force, by file")
	record(ts, l, 0)
	decision(7)
	ts.Check(l.Close())
	ts.Check(cmd.Process.Signal(os.Interrupt))
	ts.Check(cmd.Wait())
}

// refusing notes in a ledger that a policy was refused, as a daemon does whose policy directory was changed.
func refusing(ts *testscript.TestScript, _ bool, args []string) {
	l := open(ts, args[0])
	ts.Check(l.PolicyRefused(context.Background(), call.ByFile, "0123456789abcdef", "the policy is not usable:\nrules/x.rego:3:1: typo", nil))
	ts.Check(l.Close())
}

// spoil changes what the first decision of a ledger gives as its reason.
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	changed := bytes.ReplaceAll(data, []byte("Because of local."), []byte("because of local."))
	if bytes.Equal(changed, data) {
		ts.Fatalf("%s has no such decision", args[0])
	}
	ts.Check(os.WriteFile(path, changed, 0o600))
}

// serving runs the daemon and waits for what systemd would wait for.
func serving(ts *testscript.TestScript, _ bool, args []string) {
	dir, err := os.MkdirTemp("", "dw") // a socket's path must be short
	ts.Check(err)
	ready, err := new(net.ListenConfig).ListenPacket(context.Background(), "unixgram", filepath.Join(dir, "n"))
	ts.Check(err)
	program, err := exec.LookPath("dialwarden")
	ts.Check(err)
	cmd := exec.Command(program, "serve", "--config", ts.MkAbs(args[0]), "--log-format", "json")
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "n"))
	log, err := os.Create(ts.MkAbs("daemon.log"))
	ts.Check(err)
	cmd.Stderr, cmd.Dir = log, ts.MkAbs(".")
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		err := cmd.Wait()
		ts.Check(errors.Join(err, log.Close(), ready.Close(), os.RemoveAll(dir)))
	})
	ts.Check(ready.SetReadDeadline(time.Now().Add(time.Minute)))
	state := make([]byte, 100)
	n, _, err := ready.ReadFrom(state)
	ts.Check(err)
	if got := string(state[:n]); got != "READY=1" {
		ts.Fatalf("the daemon says %q, want READY=1", got)
	}
}
