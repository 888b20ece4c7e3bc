package policydir

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settle is how long nothing may happen before a change counts: editors write a file in several steps, and a
	// checkout many files.
	settle = 200 * time.Millisecond
	// patience is how long a directory that never comes to rest is waited for.
	patience = 2 * time.Second
	// lookEvery is how often the files are looked at where nothing is reported: a directory that another one was put in
	// the place of, a symbolic link that was turned to another one, a file system that reports nothing (NFS, some
	// container mounts).
	lookEvery = time.Second
)

// Watch calls changed after the files of the policy directory have changed and come to rest, until ctx ends; it returns
// when no call is under way any more. It may call too often, and never misses the last change. faulty is called with
// what keeps the operating system from reporting changes; then they are noticed within a second all the same.
func Watch(ctx context.Context, dir string, changed func(), faulty func(error)) {
	w := &watcher{dir: dir, changed: changed, faulty: faulty, seen: fingerprint(dir)}
	if n, err := fsnotify.NewWatcher(); err != nil {
		faulty(err)
	} else {
		w.notify = n
		defer func() { _ = n.Close() }()
		w.attach()
	}
	w.touch() // for what came before
	w.run(ctx)
}

// watcher is one Watch.
type watcher struct {
	dir         string
	changed     func()
	faulty      func(error)
	notify      *fsnotify.Watcher // nil where there is none
	seen        uint64            // the fingerprint that was last told of, or waits to be
	first, last time.Time         // of the events that are not told yet; zero: there are none
	trouble     string            // the fault that was told last
}

// attach has the directory and its folders watched. Where another directory is in their place, the path leads to it.
func (w *watcher) attach() {
	if w.notify == nil {
		return
	}
	for _, old := range w.notify.WatchList() {
		_ = w.notify.Remove(old) // it may be gone
	}
	for _, folder := range append([]string{"."}, folders...) {
		err := w.notify.Add(filepath.Join(w.dir, folder))
		if err != nil && !os.IsNotExist(err) && err.Error() != w.trouble {
			w.trouble = err.Error()
			w.faulty(fmt.Errorf("%s: %w", filepath.Join(w.dir, folder), err))
		}
	}
}

func (w *watcher) run(ctx context.Context) {
	events, errs := make(chan fsnotify.Event), make(chan error)
	if w.notify != nil {
		events, errs = w.notify.Events, w.notify.Errors
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		var rest <-chan time.Time
		if !w.first.IsZero() {
			rest = time.After(min(time.Until(w.last.Add(settle)), time.Until(w.first.Add(patience))))
		}
		select {
		case <-ctx.Done():
			return
		case e := <-events:
			if ours(e) {
				w.touch()
			}
		case err := <-errs: // events were lost, perhaps
			w.faulty(err)
			w.touch()
		case <-look.C:
			w.look()
		case <-rest:
			w.first = time.Time{}
			w.attach() // a folder may be new, or another one
			w.seen = fingerprint(w.dir)
			w.changed()
		}
	}
}

// ours reports whether an event may be about the policy.
func ours(e fsnotify.Event) bool {
	return e.Op != fsnotify.Chmod && !strings.Contains(e.Name, staging)
}

// touch notes that something has changed just now.
func (w *watcher) touch() {
	w.last = time.Now()
	if w.first.IsZero() {
		w.first = w.last
	}
}

// look notes a change that nobody reported.
func (w *watcher) look() {
	if now := fingerprint(w.dir); now != w.seen {
		w.seen = now
		w.touch()
	}
}

// fingerprint changes when a file of the policy directory does: it is over names, sizes, times and identities.
func fingerprint(dir string) uint64 {
	h := fnv.New64a()
	add := func(name string) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return // what is not there, or cannot be read
		}
		_, _ = fmt.Fprintf(h, "%s %d %d %v", name, info.Size(), info.ModTime().UnixNano(), info.Mode())
		if s, ok := info.Sys().(*syscall.Stat_t); ok { // files that were unpacked may all have one time
			_, _ = fmt.Fprintf(h, " %d %d", s.Dev, s.Ino)
		}
	}
	add(top)
	for _, folder := range folders {
		entries, _ := os.ReadDir(filepath.Join(dir, folder)) // what cannot be read has no entries
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), "~") {
				add(filepath.Join(folder, e.Name()))
			}
		}
	}
	return h.Sum64()
}
