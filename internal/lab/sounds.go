package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dialwarden/dialwarden/dialplan"
)

// dataDir returns the directory, seen from outside root, that holds Asterisk's data: its documentation, without which
// modules do not load, and its sounds.
func dataDir(root string) (string, error) {
	dirs := []string{"usr/share/asterisk", "var/lib/asterisk", "usr/local/share/asterisk", "usr/local/var/lib/asterisk"}
	if configured := configuredDir(root, "astdatadir"); configured != "" {
		dirs = append([]string{configured}, dirs...)
	}
	for _, dir := range dirs {
		found, err := filepath.Glob(filepath.Join(root, dir, "documentation/core-*.xml"))
		if err == nil && len(found) > 0 {
			return filepath.Join(root, dir), nil
		}
	}
	return "", fmt.Errorf("no Asterisk data in %s (looked for documentation/core-*.xml in %q)", root, dirs)
}

// layData makes the lab's data directory: what is installed, by links, and Dialwarden's prompts among the sounds, as an
// admin would copy them there.
func (l *Lab) layData(installed string, prompts bool) error {
	data := filepath.Join(l.dir, "data")
	if err := l.link(installed, data, "sounds"); err != nil {
		return err
	}
	languages := []string{"en", "zh"}
	if err := l.link(filepath.Join(installed, "sounds"), filepath.Join(data, "sounds"), languages...); err != nil {
		return err
	}
	for _, language := range languages {
		from, to := filepath.Join(installed, "sounds", language), filepath.Join(data, "sounds", language)
		if err := l.link(l.real(from), to, "dialwarden"); err != nil {
			return err
		}
		if !prompts {
			continue
		}
		ours, err := fs.Sub(dialplan.FS, "sounds/"+language)
		if err != nil {
			return err
		}
		if err := os.CopyFS(to, ours); err != nil {
			return err
		}
	}
	return nil
}

// link makes the directory to and fills it with links to what is in from, but for the given names. A directory from that
// is not there is an empty one.
func (l *Lab) link(from, to string, except ...string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	left := map[string]bool{}
	for _, name := range except {
		left[name] = true
	}
	for _, e := range entries {
		if left[e.Name()] {
			continue
		}
		inside, err := filepath.Rel(l.root, filepath.Join(from, e.Name()))
		if err != nil {
			return err
		}
		if err := os.Symlink("/"+inside, filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// real follows links as they are seen from inside the root, where an absolute one begins at the root.
func (l *Lab) real(path string) string {
	for range 8 {
		to, err := os.Readlink(path)
		if err != nil {
			return path
		}
		if filepath.IsAbs(to) {
			path = filepath.Join(l.root, to)
		} else {
			path = filepath.Join(filepath.Dir(path), to)
		}
	}
	return path
}
