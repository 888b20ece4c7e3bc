package lab_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// TestMain lets the test program play a process that starts a lab and is then killed.
func TestMain(m *testing.M) {
	if os.Getenv("LAB_TEST_CHILD") != "" {
		child()
		return
	}
	os.Exit(m.Run())
}

// child starts a lab, says where, and waits to be killed.
func child() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l, err := lab.Start(ctx, lab.Options{})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println(l.Dir())
	<-ctx.Done()
}

// processes returns the ids of the Asterisk processes that run on the lab's configuration.
func processes(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	var found []string
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(line), filepath.Base(dir)+"/etc/asterisk.conf") {
			found = append(found, strings.Split(name, "/")[2])
		}
	}
	return found
}

func TestCloseLeavesNothing(t *testing.T) {
	ctx := within(t, 20*time.Second)
	l, err := lab.Start(ctx, lab.Options{ExtraDialplan: testDialplan})
	must(t, err)
	c, err := l.Phone("101").Dial(ctx, "wait")
	must(t, err)
	must(t, c.WaitAnswered(ctx))
	dir := l.Dir()
	if len(processes(t, dir)) != 1 {
		t.Fatalf("processes: %v", processes(t, dir))
	}
	must(t, l.Close())
	must(t, l.Close())
	if left := processes(t, dir); len(left) != 0 {
		t.Errorf("processes left: %v", left)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	if _, err := c.WaitEnded(ctx); err != nil {
		t.Error("a call outlives its lab:", err)
	}
}

func TestKilledProcessLeavesNothing(t *testing.T) {
	ctx := within(t, 30*time.Second)
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), "LAB_TEST_CHILD=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	dir, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	dir = strings.TrimSpace(dir)
	if len(processes(t, dir)) != 1 {
		t.Fatalf("the child started no Asterisk: %s", dir)
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	for len(processes(t, dir)) > 0 {
		if ctx.Err() != nil {
			t.Fatal("Asterisk outlives the process that started it")
		}
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("the killed lab's directory: %v", err)
	}
	start(t, lab.Options{}) // the next lab clears it away
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}
