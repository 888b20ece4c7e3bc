package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// makeDir makes the lab's directory inside the root, and removes those whose labs have died. A living lab holds a lock
// on a file in its directory.
func (l *Lab) makeDir() error {
	base := filepath.Join(l.root, "var/lib/dialwarden-lab")
	if l.root == "/" { // an installed Asterisk, perhaps without root's rights
		base = filepath.Join(os.TempDir(), fmt.Sprintf("dialwarden-lab-%d", os.Getuid()))
	}
	if err := os.MkdirAll(base, 0o700); err != nil {
		return err
	}
	// Between making a directory and locking it, nobody may sweep.
	sweeping, err := lock(filepath.Join(base, "sweep.lock"), os.O_CREATE, syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer func() { _ = sweeping.Close() }()
	if err := sweep(base); err != nil {
		return err
	}
	if l.dir, err = os.MkdirTemp(base, "lab-"); err != nil {
		return err
	}
	alive, err := lock(filepath.Join(l.dir, "lock"), os.O_CREATE, syscall.LOCK_EX)
	if err != nil {
		return err
	}
	l.onClose(func() error { return errors.Join(os.RemoveAll(l.dir), alive.Close()) })
	l.inside = l.dir
	if l.root != "/" {
		rel, err := filepath.Rel(l.root, l.dir)
		if err != nil {
			return err
		}
		l.inside = "/" + rel
	}
	return nil
}

// sweep removes the directories of labs that were killed.
func sweep(base string) error {
	dirs, err := filepath.Glob(filepath.Join(base, "lab-*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		dead, err := lock(filepath.Join(dir, "lock"), 0, syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue // its lab lives
		}
		if err == nil {
			err = dead.Close()
		} else if errors.Is(err, os.ErrNotExist) {
			err = nil // its lab is closing, or died while opening
		}
		if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
			return fmt.Errorf("removing %s, left by a lab that was killed: %w", dir, err)
		}
	}
	return nil
}

// lock opens the file and takes a lock on it that lasts until the file is closed or the process ends.
func lock(path string, flags, how int) (*os.File, error) {
	file, err := os.OpenFile(path, flags|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
