package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// stopPatience is how long Asterisk may take to stop by itself before it is killed.
const stopPatience = 3 * time.Second

// asterisk is the running program.
type asterisk struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has ended
	err    error         // how it ended; read it after exited is closed
}

// command is a run of the asterisk program inside the root. The kernel kills it when the thread that started it ends.
func (l *Lab) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, l.program, args...) //nolint:gosec // our own arguments
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LANG=C.UTF-8"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if l.root != "/" {
		cmd.SysProcAttr.Chroot = l.root
	}
	return cmd
}

// configured is a run of the asterisk program on the lab's configuration.
func (l *Lab) configured(ctx context.Context, args ...string) *exec.Cmd {
	cmd := l.command(ctx, append([]string{"-C", l.inside + "/etc/asterisk.conf"}, args...)...)
	cmd.Env = append(cmd.Env, "HOME="+l.inside)
	return cmd
}

// spawn starts Asterisk in the foreground. Its thread is locked for as long as Asterisk runs: a parent-death signal is
// sent at the end of the thread that started the process, not at the end of the process.
func (l *Lab) spawn() (*asterisk, error) {
	a := &asterisk{cmd: l.configured(context.Background(), "-f"), exited: make(chan struct{})}
	a.cmd.SysProcAttr.Setpgid = true // a Ctrl-C at the terminal is for us; we stop Asterisk in order
	a.cmd.Stdout, a.cmd.Stderr = l.log, l.log
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := a.cmd.Start()
		started <- err
		if err == nil {
			a.err = a.cmd.Wait()
			close(a.exited)
		}
	}()
	if err := <-started; err != nil {
		if errors.Is(err, syscall.EPERM) {
			err = fmt.Errorf("%w (only root may chroot)", err)
		}
		return nil, fmt.Errorf("cannot start Asterisk: %w", err)
	}
	return a, nil
}

// signal sends sig and waits until Asterisk has ended, or ctx has.
func (a *asterisk) signal(ctx context.Context, sig syscall.Signal) error {
	if err := a.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-a.exited:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// boot starts Asterisk and waits until it takes calls and answers over ARI.
func (l *Lab) boot(ctx context.Context) error {
	a, err := l.spawn()
	if err != nil {
		return err
	}
	l.setProcess(a)
	ctx, cancel := context.WithTimeoutCause(ctx, 30*time.Second, errors.New("Asterisk was not ready after 30 s"))
	defer cancel()
	err = poll(ctx, 10*time.Millisecond, func() (bool, error) {
		select {
		case <-a.exited:
			return false, fmt.Errorf("Asterisk ended while starting: %w", a.err)
		default:
		}
		if _, err := os.Stat(filepath.Join(l.dir, "run", "asterisk.ctl")); err != nil {
			return false, nil //nolint:nilerr // not there yet
		}
		out, err := l.CLI(ctx, "core waitfullybooted")
		return err == nil && strings.Contains(out, "fully booted"), nil
	})
	if err == nil {
		err = l.ariReady(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w; the end of Asterisk's log:\n%s", err, tail(l.AsteriskLog(), 30))
	}
	return nil
}

// CLI runs a command of Asterisk's console ("core show channels") and returns what it printed. An error says that
// Asterisk is not there; whether the command did what it should is in the text.
func (l *Lab) CLI(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := l.configured(ctx, "-r", "-x", command)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := runLocked(cmd); err != nil {
		return "", fmt.Errorf("asterisk -rx %q: %w: %s", command, err, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}

// runLocked runs a short command with its thread locked, for the sake of the parent-death signal.
func runLocked(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return cmd.Run()
}

// Stop ends Asterisk in order, as an operator would; calls are cut. It may be started again with Restart.
func (l *Lab) Stop(ctx context.Context) error {
	a := l.process()
	if a == nil {
		return nil
	}
	gentle, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	if err := a.signal(gentle, syscall.SIGTERM); err == nil {
		return nil
	}
	return a.signal(ctx, syscall.SIGKILL)
}

// Kill ends Asterisk at once, as a crash would.
func (l *Lab) Kill(ctx context.Context) error {
	if a := l.process(); a != nil {
		return a.signal(ctx, syscall.SIGKILL)
	}
	return nil
}

// Restart stops Asterisk if it runs and starts it again with the same ports, password and records.
func (l *Lab) Restart(ctx context.Context) error {
	if err := l.Stop(ctx); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(l.dir, "run", "asterisk.ctl")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return l.boot(ctx)
}

// tail returns the last n lines of text.
func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
