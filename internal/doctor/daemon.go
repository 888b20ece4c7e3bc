package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/web"
)

// patience is how long the daemon may take to answer.
const patience = 5 * time.Second

// process is a running daemon.
type process struct {
	pid int
	uid uint32
}

// control looks whether the daemon runs, by its socket.
func (v *visit) control(ctx context.Context) []Finding {
	socket := v.Config.Control.Socket
	start := []string{"systemctl start dialwarden", "If it does not stay up: journalctl -u dialwarden -n 20"}
	info, err := os.Stat(socket)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return only(Wrong, fmt.Sprintf("The daemon does not run: there is no %s. Emergency calls go out, all others are refused.", socket), start...)
	case errors.Is(err, fs.ErrPermission):
		v.hidden = true
		return only(Unknown, fmt.Sprintf("This account may not look at %s.", socket), "Look again as root: sudo dialwarden doctor")
	case err != nil:
		return only(Wrong, sentence("control.socket: "+err.Error()))
	case info.Mode().Type() != fs.ModeSocket:
		return only(Wrong, fmt.Sprintf("control.socket: %s is no socket.", socket), "Name another file, or move this one away.")
	}
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "unix", socket)
	switch {
	case errors.Is(err, syscall.EACCES):
		v.hidden = true
		return only(Unknown, fmt.Sprintf("This account may not speak to the daemon on %s.", socket), "Look again as root: sudo dialwarden doctor")
	case err != nil:
		return only(Wrong, fmt.Sprintf("The daemon does not run: nobody answers on %s. Emergency calls go out, all others are refused.", socket), start...)
	}
	defer func() { _ = conn.Close() }()
	if v.daemon, err = peer(conn); err != nil {
		return only(Unknown, sentence("the daemon answers, but who it is cannot be seen: "+err.Error()))
	}
	if info.Mode().Perm()&0o077 != 0 {
		return only(Wrong, fmt.Sprintf("%s has mode %04o: others than the daemon's user may command it.", socket, info.Mode().Perm()), "chmod 600 "+socket)
	}
	return fine("The daemon runs: process %d, user %s.", v.daemon.pid, userName(v.daemon.uid))
}

// peer tells who is at the other end of a Unix socket.
func peer(conn net.Conn) (*process, error) {
	u, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.New("not a Unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *syscall.Ucred
	var asked error
	err = raw.Control(func(fd uintptr) {
		cred, asked = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err := errors.Join(err, asked); err != nil {
		return nil, err
	}
	return &process{pid: int(cred.Pid), uid: cred.Uid}, nil
}

// others looks for daemons on this machine that serve the same application of the same Asterisk: each takes the calls away
// from the other.
func (v *visit) others(context.Context) []Finding {
	pids, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	var all []Finding
	for _, dir := range pids {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || v.daemon != nil && pid == v.daemon.pid {
			continue
		}
		cfg, ok := served(dir)
		if ok && cfg.Asterisk.URL == v.Config.Asterisk.URL && cfg.Asterisk.Application == v.Config.Asterisk.Application {
			all = append(all, found(Wrong, fmt.Sprintf("Process %d is a daemon with the configuration %s, for the same application %q of the same Asterisk: "+
				"the two take calls away from one another.", pid, cfg.File, cfg.Asterisk.Application), fmt.Sprintf("Stop one of them: kill %d", pid)))
		}
	}
	return all
}

// served returns the configuration of the daemon that is the process in a directory of /proc, if it is one.
func served(dir string) (cfg config.Config, ok bool) {
	line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return cfg, false // it has ended
	}
	args := strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")
	if filepath.Base(args[0]) != "dialwarden" || !slices.Contains(args, "serve") {
		return cfg, false
	}
	file := config.DefaultPath
	for i, arg := range args {
		if value, found := strings.CutPrefix(arg, "--config="); found {
			file = value
		} else if arg == "--config" && i+1 < len(args) {
			file = args[i+1]
		}
	}
	if !filepath.IsAbs(file) {
		cwd, err := os.Readlink(filepath.Join(dir, "cwd"))
		if err != nil {
			return cfg, false
		}
		file = filepath.Join(cwd, file)
	}
	cfg, err = config.Load(file)
	return cfg, err == nil
}

// healthz asks the daemon how it is.
func (v *visit) healthz(ctx context.Context) []Finding {
	switch {
	case v.daemon == nil && !v.hidden:
		return nil
	case v.Config.Web.Listen == "":
		return only(Note, "web.listen is empty: the daemon cannot be asked how it is.", "journalctl -u dialwarden -n 20")
	}
	h, err := askHealth(ctx, v.Config.Web.Listen)
	if err != nil {
		return only(Warning, fmt.Sprintf("The daemon does not answer on http://%s/healthz: %v", v.Config.Web.Listen, err),
			"journalctl -u dialwarden | grep web.listen   # if the address is taken, give web.listen another one")
	}
	v.health = &h
	var all []Finding
	if !h.LedgerWritable {
		all = append(all, found(Wrong, "The daemon cannot write the ledger, and refuses all calls but emergency calls: "+h.LedgerError, "Look at the space and the owner of "+filepath.Dir(v.Config.Ledger.Path)))
	}
	if h.PolicyError != "" {
		all = append(all, found(Warning, "What is in the policy directory is not in force: "+h.PolicyError, "dialwarden policy check", "dialwarden policy test"))
	} else if v.Policy.Revision != "" && h.PolicyRevision != v.Policy.Revision {
		all = append(all, found(Warning, fmt.Sprintf("The policy in force is %s, that of the directory is %s.", h.PolicyRevision, v.Policy.Revision), "systemctl reload dialwarden"))
	}
	if h.CheckpointError != "" {
		all = append(all, found(Warning, "The newest decisions are not signed: "+h.CheckpointError, "Look at the owner and the space of "+v.Config.Ledger.CheckpointFile))
	}
	if all == nil {
		return fine("The daemon is well: policy %s in force, ledger written.", h.PolicyRevision)
	}
	return all
}

// askHealth asks for /healthz. An address without a host means this machine.
func askHealth(ctx context.Context, listen string) (h web.Health, err error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return h, err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", http.NoBody)
	if err != nil {
		return h, err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req) // past any proxy
	if err != nil {
		return h, err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(http.MaxBytesReader(nil, resp.Body, 1<<20)).Decode(&h); err != nil || h.Status == "" {
		return h, errors.New("something else than Dialwarden answers there")
	}
	return h, nil
}
