package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// daemonPatience is how long the daemon may take to attach, and to stop.
const daemonPatience = 20 * time.Second

// daemon is a running `dialwarden serve` with a site of its own, as `dialwarden init` makes it.
type daemon struct {
	cmd    *exec.Cmd
	log    string // the file it logs to
	exited chan struct{}
	err    error // how it ended; read it after exited is closed
}

// startDaemon makes a site in dir, which must not exist, and returns when the daemon is attached to the lab's Asterisk.
func startDaemon(ctx context.Context, program, dir string, l *lab.Lab) (*daemon, error) {
	config, err := makeSite(ctx, program, dir, l)
	if err != nil {
		return nil, err
	}
	return serve(ctx, program, config, filepath.Join(dir, "daemon.log"))
}

// makeSite makes a site in dir, which must not exist, for the lab's Asterisk, and returns its configuration file.
func makeSite(ctx context.Context, program, dir string, l *lab.Lab) (config string, err error) {
	if out, err := exec.CommandContext(ctx, program, "init", dir).CombinedOutput(); err != nil { //nolint:gosec // the operator's own binary
		return "", fmt.Errorf("%s init: %w: %s", program, err, out)
	}
	config = filepath.Join(dir, "dialwarden.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		return "", err
	}
	text = bytes.Replace(text, []byte("http://127.0.0.1:8088/ari"), []byte(l.ARIURL()), 1)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return "", err
	}
	return config, os.WriteFile(filepath.Join(dir, "ari.secret"), []byte(l.ARIPassword()+"\n"), 0o600)
}

// serve starts the daemon with a configuration and returns when it is attached to Asterisk.
func serve(ctx context.Context, program, config, logFile string) (*daemon, error) {
	log, err := os.Create(logFile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the daemon has its own
	d := &daemon{log: logFile, exited: make(chan struct{})}
	d.cmd = exec.Command(program, "serve", "--config", config, "--log-format", "json") //nolint:noctx,gosec // stop ends it
	d.cmd.Stdout, d.cmd.Stderr = log, log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.exited)
	}()
	if err := d.attached(ctx); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

// attached waits until the daemon says that it is connected to Asterisk.
func (d *daemon) attached(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, daemonPatience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(d.log)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), "connected to Asterisk") {
			return nil
		}
		select {
		case <-tick.C:
		case <-d.exited:
			return fmt.Errorf("the daemon ended: %w; its log:\n%s", d.err, text)
		case <-ctx.Done():
			return fmt.Errorf("the daemon does not attach to Asterisk: %w; its log:\n%s", ctx.Err(), text)
		}
	}
}

// stop ends the daemon as systemd would; it may be called again.
func (d *daemon) stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-d.exited:
		return d.err
	case <-time.After(daemonPatience):
		return errors.Join(errors.New("the daemon does not stop"), d.cmd.Process.Kill())
	}
}
