package policydir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// staging is where a policy is prepared, inside of the policy directory, so that it is on the same file system.
	staging = ".dialwarden-next"
	// journal, within staging, says what is to be done; once it is there, it will be done.
	journal = "journal.json"
)

// folders are the parts of a policy directory that hold its files; top is the one file that stands in the directory
// itself.
var folders = []string{"rules", "data", "plans", "schema", "scenarios"}

const top = "scenarios.yaml"

// plan is what turns one policy into another. Names are like rules/local.rego.
type plan struct {
	Write  []string `json:"write"`
	Remove []string `json:"remove"`
}

// Replace turns the files before of the policy directory into the files after, both by names like rules/local.rego.
// Files of neither are left alone. Either all is done or nothing: the new files are prepared beside the old ones, and
// then moved to their places; what fails on the way is taken back, and what a crash interrupts is finished by Recover.
//
// Errors: a name that is none, a file that is a symbolic link (it belongs to somebody else), and what the disk says.
func Replace(dir string, before, after map[string][]byte) error {
	p, err := changes(before, after)
	if err == nil {
		err = checkPlaces(dir, p)
	}
	if err == nil && len(p.Write)+len(p.Remove) > 0 {
		err = replace(dir, p, before, after)
	}
	if err != nil {
		return fmt.Errorf("the policy directory %s is not changed: %w", dir, err)
	}
	return nil
}

func replace(dir string, p plan, before, after map[string][]byte) error {
	if err := prepare(dir, p, after); err != nil {
		return errors.Join(err, discard(dir))
	}
	if err := carryOut(dir, p); err != nil {
		return errors.Join(err, takeBack(dir, p, before))
	}
	return discard(dir)
}

// Recover finishes what a crash interrupted, or forgets what was only prepared. It is called before the directory is
// read. A directory that is not there needs nothing.
func Recover(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, staging, journal))
	if errors.Is(err, fs.ErrNotExist) {
		return discard(dir)
	}
	var p plan
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err == nil {
		err = checkNames(slices.Concat(p.Write, p.Remove))
	}
	if err == nil {
		err = carryOut(dir, p)
	}
	if err != nil {
		return fmt.Errorf("the policy directory %s was being written when Dialwarden ended, and cannot be completed: %w", dir, err)
	}
	return discard(dir)
}

// changes compares two policies.
func changes(before, after map[string][]byte) (plan, error) {
	p := plan{Write: []string{}, Remove: []string{}}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if old, ok := before[name]; !ok || !bytes.Equal(old, after[name]) {
			p.Write = append(p.Write, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ok := after[name]; !ok {
			p.Remove = append(p.Remove, name)
		}
	}
	return p, checkNames(slices.Concat(p.Write, p.Remove))
}

// checkNames refuses names that are not a file directly in one of the folders, or top.
func checkNames(names []string) error {
	for _, name := range names {
		folder, base := path.Split(name)
		if name == top {
			continue
		}
		if !slices.Contains(folders, strings.TrimSuffix(folder, "/")) || !fs.ValidPath(name) || strings.HasPrefix(base, ".") ||
			strings.ContainsFunc(base, func(r rune) bool { return r < ' ' || r == '\\' }) {
			return fmt.Errorf("%q is no file of a policy: those are in rules, data, plans, schema and scenarios, or %s", name, top)
		}
	}
	return nil
}

// checkPlaces refuses to write over, or to remove, what is no plain file.
func checkPlaces(dir string, p plan) error {
	for _, name := range slices.Concat(p.Write, p.Remove) {
		place := filepath.Join(dir, name)
		info, err := os.Lstat(place)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			return fmt.Errorf("%s is a symbolic link: change the file that it points to, or put a plain file here", place)
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is no plain file: move it away", place)
		}
	}
	return nil
}

// prepare writes the new files into staging, and at last the journal, each durable before the next step.
func prepare(dir string, p plan, after map[string][]byte) error {
	if err := discard(dir); err != nil {
		return err
	}
	next := filepath.Join(dir, staging)
	if err := os.Mkdir(next, 0o700); err != nil {
		return err
	}
	for _, name := range p.Write {
		if err := os.MkdirAll(filepath.Join(next, path.Dir(name)), 0o700); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(next, name), after[name], modeOf(filepath.Join(dir, name))); err != nil {
			return err
		}
	}
	for _, folder := range folders {
		if err := syncDir(filepath.Join(next, folder)); err != nil {
			return err
		}
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(next, "new"), data, 0o600); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(next, "new"), filepath.Join(next, journal)); err != nil {
		return err
	}
	return errors.Join(syncDir(next), syncDir(dir))
}

// modeOf is the mode that a file has, or would be made with.
func modeOf(place string) fs.FileMode {
	if info, err := os.Stat(place); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}

// carryOut moves the prepared files to their places and removes what is to go. What is done already is no error, so
// that it may be done again.
func carryOut(dir string, p plan) error {
	for _, name := range p.Write {
		place := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil { //nolint:gosec // a policy is no secret
			return err
		}
		if err := unlessGone(os.Rename(filepath.Join(dir, staging, name), place)); err != nil {
			return err
		}
	}
	for _, name := range p.Remove {
		if err := unlessGone(os.Remove(filepath.Join(dir, name))); err != nil {
			return err
		}
	}
	for _, folder := range append([]string{"."}, folders...) {
		if err := syncDir(filepath.Join(dir, folder)); err != nil {
			return err
		}
	}
	return nil
}

// takeBack puts the old files to their places again.
func takeBack(dir string, p plan, before map[string][]byte) error {
	var errs []error
	for _, name := range slices.Concat(p.Write, p.Remove) {
		place := filepath.Join(dir, name)
		old, was := before[name]
		now, err := os.ReadFile(place)
		switch {
		case was && err == nil && bytes.Equal(now, old):
		case was:
			mode := modeOf(place)
			fresh := filepath.Join(dir, staging, "old")
			errs = append(errs, errors.Join(writeFile(fresh, old, mode), os.Rename(fresh, place)))
		default:
			errs = append(errs, unlessGone(os.Remove(place)))
		}
	}
	return errors.Join(append(errs, discard(dir))...)
}

// discard removes staging, the journal first: what remains of a half-removed one must not be carried out.
func discard(dir string) error {
	next := filepath.Join(dir, staging)
	if err := unlessGone(os.Remove(filepath.Join(next, journal))); err != nil {
		return err
	}
	if err := syncDir(next); err != nil {
		return err
	}
	return os.RemoveAll(next)
}

func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeFile writes a file that was not there, durably.
func writeFile(place string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(place, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
}

// syncDir makes the names in a directory durable; one that is not there has none.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return unlessGone(err)
	}
	return errors.Join(d.Sync(), d.Close())
}
