package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// stopPatience is how long the daemon may take to stop by itself before it is killed.
const stopPatience = 5 * time.Second

// daemon is a running `dialwarden serve`.
type daemon struct {
	cmd    *exec.Cmd
	log    *os.File
	exited chan struct{} // closed when it has ended
	err    error         // how it ended; read it after exited is closed
}

// startDaemon starts the program as `serve --config CONFIG`, with its log in a file. Its thread is locked for as long as
// the daemon runs: the kernel kills the daemon when the thread that started it ends.
func startDaemon(program, config, logPath string) (*daemon, error) {
	log, err := os.OpenFile(logPath, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	//nolint:gosec // our own program
	cmd := exec.CommandContext(context.Background(), program, "serve", "--config", config, "--log-format", "console", "--log-level", "debug")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "NOTIFY_SOCKET=")
	// A process group of its own: a Ctrl-C at the terminal is for the demo, which stops the daemon in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	d := &daemon{cmd: cmd, log: log, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			d.err = cmd.Wait()
			close(d.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("the daemon cannot be started: %w", err), log.Close())
	}
	return d, nil
}

// watch returns a context that ends when the daemon does.
func (d *daemon) watch(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-d.exited:
			cancel(fmt.Errorf("the daemon has ended: %w", errors.Join(d.err, errDaemonEnded)))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// errDaemonEnded stands for a daemon that ended by itself, whatever its status.
var errDaemonEnded = errors.New("it should run until the demo is over")

// stop ends the daemon as systemd would; one that does not stop is killed. It may be called again.
func (d *daemon) stop() error {
	select {
	case <-d.exited: // by itself; the demo has seen it
		return nil
	default:
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	timer := time.NewTimer(stopPatience)
	defer timer.Stop()
	select {
	case <-d.exited:
	case <-timer.C:
		_ = d.cmd.Process.Kill()
		<-d.exited
		return errors.Join(fmt.Errorf("the daemon did not stop within %v and was killed", stopPatience), d.log.Close())
	}
	if d.err != nil {
		return errors.Join(fmt.Errorf("the daemon did not stop in order: %w", d.err), d.log.Close())
	}
	return d.log.Close()
}
