package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

// show is a running `dialwarden demo`.
type show struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	text  strings.Builder // what it has printed
}

func startDemo(t *testing.T, dir string) *show {
	t.Helper()
	s := &show{cmd: exec.CommandContext(within(t, 2*time.Minute), binary, "demo", "--dir", dir)}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.cmd.Stderr = t.Output()
	out, err := s.cmd.StdoutPipe()
	must(t, err)
	must(t, s.cmd.Start())
	s.lines = bufio.NewScanner(out)
	return s
}

// until reads what the demo prints until a line holds text; to the end for "".
func (s *show) until(t *testing.T, text string) {
	t.Helper()
	for s.lines.Scan() {
		fmt.Fprintln(&s.text, s.lines.Text())
		if text != "" && strings.Contains(s.lines.Text(), text) {
			return
		}
	}
	if text != "" {
		t.Fatalf("the demo has not printed %q:\n%s", text, &s.text)
	}
}

// children are the running processes that the demo has started: Asterisk and the daemon.
func (s *show) children(t *testing.T) []string {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	var found []string
	for _, name := range stats {
		stat, _ := os.ReadFile(name)
		_, rest, _ := strings.Cut(string(stat), ") ") // after the program's name: state and parent
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == fmt.Sprint(s.cmd.Process.Pid) && fields[0] != "Z" {
			found = append(found, filepath.Dir(name))
		}
	}
	return found
}

// alive are those of the processes that still run; a zombie does not.
func alive(processes []string) []string {
	return slices.DeleteFunc(slices.Clone(processes), func(p string) bool {
		line, err := os.ReadFile(filepath.Join(p, "cmdline"))
		return err != nil || len(line) == 0
	})
}

func TestDemo(t *testing.T) {
	t.Parallel()
	takePlace(t) // its Asterisk does
	dir := filepath.Join(t.TempDir(), "demo")
	s := startDemo(t, dir)
	s.until(t, "101   962345678")
	children := s.children(t)
	if len(children) != 2 {
		t.Errorf("the demo runs %d processes; wanted Asterisk and the daemon", len(children))
	}
	s.until(t, "")
	if err := s.cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s\nThe daemon's log:\n%s", err, &s.text, read(filepath.Join(dir, "daemon.log")))
	}
	if left := alive(children); len(left) != 0 {
		t.Errorf("processes left: %v", left)
	}
	for _, row := range []string{
		`101 +962345678 +a number in town +local +allow +local\n +└ the carrier answered after 0\.\d s; talked for`,
		`102 +916812345 +a premium-rate line +premium +deny +premium\n +└ heard \d\.\d s of spoken refusal, unbilled; then SIP 403, cause 21\n`,
		`103 +902112345678 +Shanghai +national +allow +long_distance\n +└ asked for a PIN, typed the right one into the prompt; the carrier answered`,
		`104 +9075512345678 +Shenzhen +national +deny +long_distance\n +└ asked for a PIN, typed 3 wrong ones; heard \d+\.\d s of prompts, hung up with cause 21\n`,
		`105 +120 +the ambulance +emergency +allow +emergency\n +└ the carrier answered .* \(let out by the dialplan itself\)\n`,
		`106 +913800138000 +a mobile phone +mobile +allow +local\n +└ answered after 0\.\d s; cut after [45]\.\d s by its cap of 5 s\n`,
	} {
		if !regexp.MustCompile(row).MatchString(s.text.String()) {
			t.Errorf("missing: %s", row)
		}
	}
	path := regexp.MustCompile(`The ledger: +(\S+)`).FindStringSubmatch(s.text.String())
	if path == nil {
		t.Fatalf("no ledger is named:\n%s", &s.text)
	}
	r, err := ledger.OpenReader(path[1])
	must(t, err)
	defer func() { _ = r.Close() }()
	if last, err := r.LastID(t.Context()); err != nil || last != 6 {
		t.Errorf("%s holds %d decisions: %v", path[1], last, err)
	}
	tryNext(t, s.text.String())
}

// tryNext runs the commands that the demo recommends, as they are printed.
func tryNext(t *testing.T, text string) {
	t.Helper()
	_, next, _ := strings.Cut(text, "Try next:\n")
	next = strings.ReplaceAll(next, "\\\n", " ")
	tried := 0
	for line := range strings.Lines(next) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, binary) || strings.Contains(line, " demo ") || strings.Contains(line, " init ") {
			continue
		}
		tried++
		if out, err := exec.CommandContext(within(t, time.Minute), "sh", "-c", line).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if tried < 3 {
		t.Errorf("%d commands to be tried:\n%s", tried, next)
	}
}

// However the demo ends, in the middle of a call, nothing that it has started goes on.
func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	takePlace(t)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) { // one after the other, in one place
			s := startDemo(t, filepath.Join(t.TempDir(), "demo"))
			s.until(t, "101   962345678")
			children := s.children(t)
			must(t, s.cmd.Process.Signal(sig))
			s.until(t, "")
			_ = s.cmd.Wait()
			if status := s.cmd.ProcessState.ExitCode(); sig != syscall.SIGKILL && status != 2 {
				t.Errorf("status %d, wanted 2", status)
			}
			if len(children) != 2 {
				t.Errorf("the demo ran %d processes; wanted Asterisk and the daemon", len(children))
			}
			if sig == syscall.SIGKILL { // the kernel kills them, a moment later
				eventually(t, "the demo's processes have ended", func() bool { return len(alive(children)) == 0 })
			}
			if left := alive(children); len(left) != 0 {
				t.Errorf("processes left: %v", left)
			}
		})
	}
}

func read(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
