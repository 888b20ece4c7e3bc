package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/site"
)

const (
	markerName   = "demo.txt" // its presence says that a demo made the directory
	earlierName  = "earlier"
	ledgerName   = "dialwarden.db"
	socketName   = "dialwarden.sock"
	daemonLog    = "daemon.log"
	asteriskLog  = "asterisk.log"
	longestPath  = 107 // of a Unix socket
	markerText   = "Made by `dialwarden demo`, which writes these files anew at every run; those of the run before are in earlier/.\n"
	capSeconds   = 5
	capClassLine = `(?m)^(\s*mobile:\s*)[0-9]+`
)

// written are the names that a run leaves in the demo's directory.
var written = []string{
	site.ConfigName, "ari.secret", "api.secret", "policy", "dialplan", ledgerName, ledgerName + "-wal", ledgerName + "-shm",
	ledgerName + ".lock", "dialwarden.key", socketName, daemonLog, asteriskLog,
}

// DefaultDir is where the demo keeps its files: dialwarden/demo in the user's cache directory.
func DefaultDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the demo's files: %w; name one with --dir", err)
	}
	return filepath.Join(cache, "dialwarden", "demo"), nil
}

// directory is the demo's directory. It is locked until it is closed.
type directory struct {
	path string
	lock *os.File
}

func (d directory) file(name string) string { return filepath.Join(d.path, name) }

// openDir makes the directory, or takes that of an earlier run. A directory that is not empty and that no demo made is
// refused, as is one that another demo or a daemon is using.
func openDir(ctx context.Context, path string) (directory, error) {
	d := directory{path: path}
	if len(d.file(socketName)) > longestPath {
		return d, fmt.Errorf("the path %s is too long for the control socket; name a shorter one with --dir", path)
	}
	if err := os.MkdirAll(path, 0o750); err != nil {
		return d, fmt.Errorf("the demo's directory cannot be made: %w", err)
	}
	var err error
	if d.lock, err = lockDir(path); err != nil {
		return d, err
	}
	if err := d.own(ctx); err != nil {
		return d, errors.Join(err, d.lock.Close())
	}
	return d, nil
}

// lockDir takes a lock that lasts until the file is closed or the process ends.
func lockDir(path string) (*os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another demo is using %s: let it end, or name another directory with --dir", path),
			file.Close())
	}
	return file, nil
}

// own marks an empty directory as the demo's, and checks any other.
func (d directory) own(ctx context.Context) error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return os.WriteFile(d.file(markerName), []byte(markerText), 0o600)
	}
	if _, err := os.Stat(d.file(markerName)); err != nil {
		return fmt.Errorf("%s is not empty, and no demo made it: name another directory with --dir", d.path)
	}
	if _, running := control.Dial(ctx, d.file(socketName)); running {
		return fmt.Errorf("a daemon is using %s: stop it, or name another directory with --dir", d.path)
	}
	return nil
}

// clear moves what the run before has written into earlier/, in the place of what is there. Files that no demo wrote
// are left alone.
func (d directory) clear() error {
	var present []string
	for _, name := range written {
		if _, err := os.Lstat(d.file(name)); err == nil {
			present = append(present, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(present) == 0 {
		return nil
	}
	if err := os.RemoveAll(d.file(earlierName)); err != nil {
		return err
	}
	if err := os.Mkdir(d.file(earlierName), 0o750); err != nil {
		return err
	}
	for _, name := range present {
		if err := os.Rename(d.file(name), filepath.Join(d.file(earlierName), name)); err != nil {
			return err
		}
	}
	return nil
}

// furnish writes the site, as `dialwarden init` does, with a cap so short that nobody has to wait for it. What the run
// before has written makes room.
func (d directory) furnish(a site.Asterisk) error {
	if err := d.clear(); err != nil {
		return err
	}
	if err := site.Write(d.path, a); err != nil {
		return err
	}
	path := d.file("policy/data/cap.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	mobile := regexp.MustCompile(capClassLine)
	if !mobile.Match(text) {
		return fmt.Errorf("%s sets no cap for mobile numbers that the demo could shorten", path)
	}
	text = mobile.ReplaceAll(text, fmt.Appendf(nil, "${1}%d", capSeconds))
	return os.WriteFile(path, text, 0o600)
}
