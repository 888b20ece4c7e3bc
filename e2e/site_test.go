package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/policy"
)

// site is a directory with a configuration, a policy and a ledger, as `dialwarden init` makes it.
type site struct {
	t   *testing.T
	lab *lab.Lab
	dir string
	log *logBuffer

	ledger string // its file
	web    string // the address that is asked for the daemon's health; empty for none

	secrets []string // digits so long that nothing else is like them by chance; no file of the site or of Asterisk may hold them

	bypassed bool // calls go out on the trunk undecided, as the test wants it

	program string   // the daemon and its commands
	env     []string // for it
}

// newSite makes a site whose daemon will attach to l at ariURL (empty: l's own).
func newSite(t *testing.T, l *lab.Lab, ariURL string) *site {
	t.Helper()
	s := &site{t: t, lab: l, dir: t.TempDir(), log: newLogBuffer(), program: binary}
	s.ledger = filepath.Join(s.dir, "dialwarden.db")
	if ariURL == "" {
		ariURL = l.ARIURL()
	}
	s.write("dialwarden.yaml", fmt.Sprintf("asterisk: {url: %q}\n", ariURL))
	s.write("ari.secret", l.ARIPassword()+"\n")
	err := fs.WalkDir(policy.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(policy.FS, path)
		s.write("policy/"+path, string(content))
		return err
	})
	must(t, err)
	t.Cleanup(func() {
		if strings.Contains(s.log.String(), caught) && !s.bypassed {
			t.Error("a legal call was taken for a bypass")
		}
		for _, digits := range s.secrets {
			if strings.Contains(s.log.String(), digits) {
				t.Errorf("the daemon's log holds %s", digits)
			}
			holdsNot(t, s.dir, digits)
			holdsNot(t, filepath.Join(l.Dir(), "log"), digits)
		}
		if t.Failed() {
			t.Logf("the daemon's log:\n%s\nAsterisk's log:\n%s", s.log, tailOf(l.AsteriskLog(), 60))
		}
	})
	return s
}

func tailOf(s string, lines int) string {
	all := strings.Split(s, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func (s *site) write(name, content string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	must(s.t, os.MkdirAll(filepath.Dir(path), 0o750))
	must(s.t, os.WriteFile(path, []byte(content), 0o600))
}

func (s *site) config() string { return filepath.Join(s.dir, "dialwarden.yaml") }

// run carries out one command of the binary on this site.
func (s *site) run(stdin string, args ...string) (stdout, stderr string, status int) {
	s.t.Helper()
	cmd := exec.CommandContext(within(s.t, time.Minute), s.program, append(args, "--config", s.config())...)
	cmd.Env = append(os.Environ(), s.env...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// addPIN gives the holder a PIN and returns its id.
func (s *site) addPIN(pin, holder string, level int) int64 {
	s.t.Helper()
	out, errs, status := s.run(pin+"\n", "pin", "add", "--holder", holder, "--level", fmt.Sprint(level), "--stdin", "--json")
	var added struct{ ID int64 }
	if status != 0 || json.Unmarshal([]byte(out), &added) != nil {
		s.t.Fatalf("pin add: status %d\n%s%s", status, out, errs)
	}
	if len(pin) >= 8 {
		s.secrets = append(s.secrets, pin)
	}
	return added.ID
}

// daemon is a running `dialwarden serve`.
type daemon struct {
	site *site
	cmd  *exec.Cmd
	done chan struct{}
}

// serve starts the daemon and waits until it is connected to Asterisk.
func (s *site) serve() *daemon {
	s.t.Helper()
	d := s.start()
	s.log.wait(s.t, "connected to Asterisk")
	return d
}

// start starts the daemon and waits until its policy is in force.
func (s *site) start() *daemon {
	s.t.Helper()
	s.log.reset()
	cmd := exec.Command(s.program, "serve", "--config", s.config(), "--log-level", "debug", "--log-format", "json")
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(append(os.Environ(), "GORACE=halt_on_error=1 exitcode=66"), s.env...)
	must(s.t, cmd.Start())
	d := &daemon{site: s, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(d.done)
	}()
	s.t.Cleanup(func() {
		if d.running() {
			d.stop()
		}
	})
	s.log.wait(s.t, "policy in force")
	return d
}

func (d *daemon) running() bool {
	select {
	case <-d.done:
		return false
	default:
		return true
	}
}

func (d *daemon) signal(sig os.Signal) {
	d.site.t.Helper()
	must(d.site.t, d.cmd.Process.Signal(sig))
}

// stop ends the daemon as systemd would, and fails the test unless it ends well.
func (d *daemon) stop() {
	d.site.t.Helper()
	d.signal(syscall.SIGTERM)
	d.wait()
	if status := d.cmd.ProcessState.ExitCode(); status != 0 {
		d.site.t.Errorf("the daemon ended with status %d", status)
	}
}

// kill ends the daemon as a crash would.
func (d *daemon) kill() {
	d.site.t.Helper()
	d.signal(syscall.SIGKILL)
	d.wait()
}

func (d *daemon) wait() {
	d.site.t.Helper()
	select {
	case <-d.done:
	case <-time.After(30 * time.Second):
		d.site.t.Fatal("the daemon does not end")
	}
}

// decisions reads the whole decision log, the oldest first.
func (s *site) decisions() []ledger.Decision {
	s.t.Helper()
	r, err := ledger.OpenReader(s.ledger)
	must(s.t, err)
	defer func() { _ = r.Close() }()
	var all []ledger.Decision
	for d, err := range r.Decisions(s.t.Context(), ledger.Filter{}) {
		must(s.t, err)
		all = append(all, d)
	}
	return all
}

// decision waits for the newest decision for which match is true.
func (s *site) decision(match func(ledger.Decision) bool) ledger.Decision {
	s.t.Helper()
	var found ledger.Decision
	eventually(s.t, "a decision is in the ledger", func() bool {
		for _, d := range s.decisions() {
			if match(d) {
				found = d
			}
		}
		return found.ID != 0
	})
	return found
}

// ended waits until the call of the decision has ended, and returns it.
func (s *site) ended(id int64) ledger.Decision {
	s.t.Helper()
	return s.decision(func(d ledger.Decision) bool { return d.ID == id && !d.Call.EndedAt.IsZero() })
}

// eventually waits until is reports true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ctx := within(t, 20*time.Second); !is(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// within bounds a wait.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// logBuffer keeps a daemon's log and lets tests wait for a line.
type logBuffer struct {
	mu    sync.Mutex
	all   bytes.Buffer // of all daemons of the site
	since int          // where the present daemon's part begins
	more  chan struct{}
}

func newLogBuffer() *logBuffer { return &logBuffer{more: make(chan struct{}, 1)} }

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.more <- struct{}{}:
	default:
	}
	return b.all.Write(p)
}

func (b *logBuffer) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since = b.all.Len()
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

func (b *logBuffer) present() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.all.Bytes()[b.since:])
}

// wait waits until the present daemon has logged text.
func (b *logBuffer) wait(t *testing.T, text string) {
	t.Helper()
	for ctx := within(t, 20*time.Second); !strings.Contains(b.present(), text); {
		select {
		case <-b.more:
		case <-ctx.Done():
			t.Fatalf("the daemon has not logged %q:\n%s", text, b.present())
		}
	}
}

// count is how many lines of the present daemon's log hold text.
func (b *logBuffer) count(text string) int {
	n := 0
	for lines := bufio.NewScanner(strings.NewReader(b.present())); lines.Scan(); {
		if strings.Contains(lines.Text(), text) {
			n++
		}
	}
	return n
}

var _ io.Writer = (*logBuffer)(nil)
