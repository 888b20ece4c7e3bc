package lab

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoAsterisk is returned by Root when there is no Asterisk to run. It is wrapped in an error that says what to do.
var ErrNoAsterisk = errors.New("no Asterisk to run")

// modulesList names the Asterisk modules that a lab loads; scripts/asterisk-root.sh reads the same file.
//
//go:embed modules.txt
var modulesList string

// Root returns the file tree whose Asterisk the labs run: $ASTERISK_ROOT if it is set ("/" for the Asterisk installed
// on this machine), else the tree that scripts/asterisk-root.sh makes in the cache. It looks for an Asterisk program
// in the tree and does not try to run it. The error wraps ErrNoAsterisk.
func Root() (string, error) {
	if root := os.Getenv("ASTERISK_ROOT"); root != "" {
		if _, err := program(root); err != nil {
			return "", fmt.Errorf("%w: ASTERISK_ROOT=%s: %w", ErrNoAsterisk, root, err)
		}
		return filepath.Clean(root), nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoAsterisk, err)
	}
	root := filepath.Join(cache, "dialwarden", "asterisk-22")
	if _, err := program(root); err != nil {
		return "", fmt.Errorf("%w in %s: run `make asterisk` (scripts/asterisk-root.sh), "+
			"or set ASTERISK_ROOT=/ to use an installed Asterisk 18 or newer", ErrNoAsterisk, root)
	}
	return root, nil
}

// program returns the path of the asterisk program as seen from inside root.
func program(root string) (string, error) {
	for _, path := range []string{"/usr/sbin/asterisk", "/usr/local/sbin/asterisk", "/usr/bin/asterisk"} {
		if info, err := os.Stat(filepath.Join(root, path)); err == nil && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", errors.New("there is no asterisk program under usr/sbin, usr/local/sbin or usr/bin")
}

// moduleDir returns the directory, seen from outside root, that holds Asterisk's modules.
func moduleDir(root string) (string, error) {
	patterns := []string{
		"usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "usr/lib64/asterisk/modules",
		"usr/local/lib/asterisk/modules",
	}
	if configured := configuredDir(root, "astmoddir"); configured != "" {
		patterns = append([]string{configured}, patterns...)
	}
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(root, pattern, "pbx_config.so"))
		if err == nil && len(found) > 0 {
			return filepath.Dir(found[0]), nil
		}
	}
	return "", fmt.Errorf("no Asterisk modules in %s (looked in %s)", root, strings.Join(patterns, ", "))
}

// configuredDir reads a directory (astmoddir) from the tree's own asterisk.conf; empty where it is not set.
func configuredDir(root, setting string) string {
	text, err := os.ReadFile(filepath.Join(root, "etc/asterisk/asterisk.conf"))
	if err != nil {
		return ""
	}
	dir := ""
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && strings.TrimSpace(name) == setting {
			value, _, _ = strings.Cut(value, ";")
			dir = strings.TrimSpace(strings.TrimPrefix(value, ">"))
		}
	}
	return dir
}

// modules returns the module files to load, in order: those of modules.txt that the tree has, then extra ones.
func modules(dir string, extra []string) ([]string, error) {
	var load, missing []string
	add := func(name string, needed bool) {
		file := name + ".so"
		if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
			load = append(load, file)
		} else if needed {
			missing = append(missing, file)
		}
	}
	lines := bufio.NewScanner(strings.NewReader(modulesList))
	for lines.Scan() {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if fields := strings.Fields(text); len(fields) == 2 {
			add(fields[0], fields[1] == "needed")
		}
	}
	for _, name := range extra {
		add(strings.TrimSuffix(name, ".so"), true)
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s lacks modules that are needed: %s", dir, strings.Join(missing, ", "))
	}
	return load, nil
}
