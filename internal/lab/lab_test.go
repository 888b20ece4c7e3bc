package lab_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// testDialplan gives the tests something to call without Dialwarden.
const testDialplan = `
[phones](+)
exten => early,1,Progress()
 same => n,Playback(im-sorry,noanswer)
 same => n,Hangup(21)
exten => read,1,Answer()
 same => n,Read(KEYS,confbridge-pin,20,,1,3)
 same => n,Log(NOTICE,keys=${KEYS}.)
 same => n,Hangup()
exten => wait,1,Answer()
 same => n,Wait(60)
exten => quick,1,Set(CDR(userfield)=quick)
 same => n,Hangup(21)
exten => _8X.,1,Dial(PJSIP/${EXTEN:1}@carrier)
 same => n,Hangup(${HANGUPCAUSE})
exten => _10X,1,Dial(PJSIP/${EXTEN},20)
 same => n,Hangup(${HANGUPCAUSE})
exten => _raw!,1,Set(RAW=${EXTEN})
 same => n,Log(NOTICE,raw=${RAW}.)
 same => n,Hangup(28)
`

// start makes a lab for one test.
func start(t *testing.T, o lab.Options) *lab.Lab {
	t.Helper()
	o.ExtraDialplan += testDialplan
	o.Log = t.Output()
	l, err := lab.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(l.AsteriskLog())
		}
		if err := l.Close(); err != nil {
			t.Error("closing the lab:", err)
		}
	})
	return l
}

// within bounds a wait.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// dial places a call that must go out.
func dial(ctx context.Context, t *testing.T, l *lab.Lab, from, digits string) *lab.Call {
	t.Helper()
	c, err := l.Phone(from).Dial(ctx, digits)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCLIAndChannels(t *testing.T) {
	l := start(t, lab.Options{Modules: []string{"app_confbridge"}})
	ctx := within(t, 20*time.Second)
	out, err := l.CLI(ctx, "module show like app_confbridge")
	must(t, err)
	if !strings.Contains(out, "1 modules loaded") {
		t.Errorf("the extra module is not there: %s", out)
	}
	c := dial(ctx, t, l, "103", "wait")
	must(t, c.WaitAnswered(ctx))
	must(t, l.WaitLog(ctx, "Executing [wait@phones:2] Wait"))
	channels, err := l.Channels(ctx)
	must(t, err)
	if len(channels) != 1 || channels[0].Caller.Number != "103" || channels[0].Dialplan.AppName != "Wait" {
		t.Errorf("channels: %+v", channels)
	}
	must(t, c.Hangup(ctx))
	must(t, l.WaitIdle(ctx))
}

func TestOptions(t *testing.T) {
	l := start(t, lab.Options{
		Extensions: []string{"7001"},
		Globals:    map[string]string{"DIALWARDEN_OUTSIDE_LINE": "", "DIALWARDEN_EMERGENCY": "999"},
	})
	ctx := within(t, 20*time.Second)
	out, err := l.CLI(ctx, "dialplan show globals")
	must(t, err)
	if strings.Contains(out, "OUTSIDE_LINE") || !strings.Contains(out, "DIALWARDEN_EMERGENCY=999") ||
		!strings.Contains(out, "DIALWARDEN_TRUNK=PJSIP/NUMBER@carrier") {
		t.Errorf("globals: %s", out)
	}
	end, err := dial(ctx, t, l, "7001", "quick").WaitEnded(ctx)
	must(t, err)
	if end.Cause != 21 {
		t.Errorf("end: %+v", end)
	}
	// Extensions that the lab does not have are nobody.
	end, err = dial(ctx, t, l, "101", "quick").WaitEnded(ctx)
	must(t, err)
	if end.SIPStatus != 401 {
		t.Errorf("a stranger's call ended with %+v", end)
	}
}

func TestFragmentsAreUsedAsTheyAre(t *testing.T) {
	l := start(t, lab.Options{})
	for _, name := range []string{"extensions_dialwarden.conf", "ari_dialwarden.conf", "http_dialwarden.conf"} {
		want, err := os.ReadFile(filepath.Join("../../dialplan", name))
		must(t, err)
		got, err := os.ReadFile(filepath.Join(l.Dir(), "etc", name))
		must(t, err)
		for i, line := range strings.Split(string(want), "\n") {
			set := strings.HasPrefix(line, "password =") || strings.HasPrefix(line, "bindport =")
			if gotLine := strings.Split(string(got), "\n")[i]; gotLine != line && !set {
				t.Errorf("%s:%d: %q, want %q", name, i+1, gotLine, line)
			}
		}
	}
}

func TestTwoLabsAtOnce(t *testing.T) {
	ctx := within(t, 20*time.Second)
	one, two := start(t, lab.Options{}), start(t, lab.Options{})
	for _, l := range []*lab.Lab{one, two} {
		c := dial(ctx, t, l, "101", "862345678")
		must(t, c.WaitAnswered(ctx))
		must(t, c.Hangup(ctx))
	}
	if n, m := len(one.Carrier.Calls()), len(two.Carrier.Calls()); n != 1 || m != 1 {
		t.Errorf("the carriers have %d and %d calls, want 1 each", n, m)
	}
}

func TestStopKillRestart(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 30*time.Second)
	url, password := l.ARIURL(), l.ARIPassword()
	for name, end := range map[string]func(context.Context) error{"stop": l.Stop, "kill": l.Kill} {
		must(t, end(ctx))
		if _, err := l.Channels(ctx); err == nil {
			t.Errorf("after %s Asterisk still answers", name)
		}
		if _, err := l.CLI(ctx, "core show version"); err == nil {
			t.Errorf("after %s Asterisk's console still answers", name)
		}
		must(t, l.Restart(ctx))
		c := dial(ctx, t, l, "101", "862345678")
		must(t, c.WaitAnswered(ctx))
		must(t, c.Hangup(ctx))
	}
	if l.ARIURL() != url || l.ARIPassword() != password {
		t.Error("a restart changed the address or the password")
	}
}

func TestCDRs(t *testing.T) {
	l := start(t, lab.Options{})
	ctx := within(t, 20*time.Second)
	if records, err := l.CDRs(); err != nil || len(records) != 0 {
		t.Errorf("before any call: %v, %v", records, err)
	}
	_, err := dial(ctx, t, l, "104", "quick").WaitEnded(ctx)
	must(t, err)
	record, err := l.WaitCDR(ctx, func(r lab.CDR) bool { return r.UserField == "quick" })
	must(t, err)
	if record.Src != "104" || record.Dst != "quick" || record.Context != "phones" || record.BillSeconds != 0 {
		t.Errorf("record: %+v", record)
	}
}

func TestFailingStartShowsTheLog(t *testing.T) {
	ctx := within(t, 5*time.Second)
	_, err := lab.Start(ctx, lab.Options{Modules: []string{"app_nothing"}})
	if err == nil || !strings.Contains(err.Error(), "app_nothing.so") {
		t.Errorf("error: %v", err)
	}
	_, err = lab.Start(ctx, lab.Options{Root: t.TempDir()})
	if !errors.Is(err, lab.ErrNoAsterisk) {
		t.Errorf("error: %v", err)
	}
}

func TestRoot(t *testing.T) {
	tree := t.TempDir()
	t.Setenv("ASTERISK_ROOT", tree)
	if _, err := lab.Root(); !errors.Is(err, lab.ErrNoAsterisk) || !strings.Contains(err.Error(), tree) {
		t.Errorf("an empty tree: %v", err)
	}
	must(t, os.MkdirAll(filepath.Join(tree, "usr/sbin"), 0o755))
	must(t, os.WriteFile(filepath.Join(tree, "usr/sbin/asterisk"), nil, 0o755))
	if root, err := lab.Root(); err != nil || root != tree {
		t.Errorf("a tree with a program: %q, %v", root, err)
	}
	t.Setenv("ASTERISK_ROOT", "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if _, err := lab.Root(); !errors.Is(err, lab.ErrNoAsterisk) || !strings.Contains(err.Error(), "make asterisk") {
		t.Errorf("an empty cache: %v", err)
	}
}

// An Asterisk that is too old is refused by name, before anything of it is started.
func TestOldAsteriskIsRefused(t *testing.T) {
	root := t.TempDir()
	source := filepath.Join(t.TempDir(), "main.go")
	must(t, os.WriteFile(source, []byte("package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"Asterisk 16.28.0~dfsg-0\\n\") }\n"), 0o600))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(root, "usr/sbin/asterisk"), source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // it runs in a chroot without a libc
	out, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, err = lab.Start(within(t, 20*time.Second), lab.Options{Root: root})
	if err == nil || !strings.Contains(err.Error(), "Asterisk 16.28.0 in "+root+" is too old: Asterisk 18 or newer is needed") {
		t.Errorf("got %v", err)
	}
}
