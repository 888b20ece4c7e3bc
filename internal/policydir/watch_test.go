package policydir

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWatch changes the directory as editors, checkouts and deployments do.
func TestWatch(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "policy")
	write(t, filepath.Join(root, "one"), older)
	write(t, filepath.Join(root, "two"), older)
	rename := func(from, to string) {
		if err := os.Rename(filepath.Join(root, from), filepath.Join(root, to)); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to string) {
		if err := os.Symlink(to, filepath.Join(root, "new")); err != nil {
			t.Fatal(err)
		}
		rename("new", "policy")
	}
	link("one")
	told := make(chan struct{}, 1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		Watch(ctx, dir, func() {
			select {
			case told <- struct{}{}:
			default:
			}
		}, func(err error) { t.Error(err) })
	}()
	wait := func(what string) {
		t.Helper()
		select {
		case <-told:
		case <-time.After(10 * time.Second):
			t.Fatalf("nobody was told of %s", what)
		}
	}
	wait("the beginning")
	for _, step := range []struct {
		what string
		do   func()
	}{
		{"a file that is written over", func() { write(t, dir, map[string]string{"rules/a.rego": "a2"}) }},
		{"a file that an editor writes anew and renames", func() {
			write(t, dir, map[string]string{"rules/.a.rego.swp": "a3"})
			rename("one/rules/.a.rego.swp", "one/rules/a.rego")
		}},
		{"a new folder", func() { write(t, dir, map[string]string{"schema/x.json": "{}"}) }},
		{"a file in the new folder", func() { write(t, dir, map[string]string{"schema/x.json": "[]"}) }},
		{"the scenarios", func() { write(t, dir, map[string]string{"scenarios.yaml": "t2"}) }},
		{"a file that is removed", func() {
			if err := os.Remove(filepath.Join(dir, "rules/b.rego")); err != nil {
				t.Fatal(err)
			}
		}},
		{"a symbolic link that is turned", func() { link("two") }},
		{"a file behind the turned link", func() { write(t, dir, map[string]string{"rules/a.rego": "a5"}) }},
		{"a directory that is exchanged", func() {
			rename("policy", "old")
			rename("one", "policy")
		}},
		{"a folder that is exchanged", func() {
			rename("policy/rules", "policy/rules.old")
			rename("two/rules", "policy/rules")
		}},
		{"a file in the exchanged folder", func() { write(t, dir, map[string]string{"rules/a.rego": "a6"}) }},
	} {
		step.do()
		wait(step.what)
	}
	stop()
	<-ended
}

// Many changes in a row are told of once, when they have come to rest.
func TestWatchWaitsForRest(t *testing.T) {
	w := &watcher{}
	w.touch()
	first := w.first
	w.touch()
	if w.first != first || w.last.Before(first) {
		t.Errorf("the first event was at %v, now %v", first, w.first)
	}
}
