package e2e

import (
	endian "encoding/binary"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// settable is a package that a daemon is built with whose clock can be set while it runs: by as many nanoseconds as the file
// says that the environment names. The monotonic reading stays as it is, as with a real clock.
const settable = `package settable

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

var by = func() *atomic.Int64 {
	f, err := os.Open(os.Getenv("DIALWARDEN_TEST_CLOCK"))
	if err != nil {
		panic(err)
	}
	page, err := syscall.Mmap(int(f.Fd()), 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return (*atomic.Int64)(unsafe.Pointer(&page[0]))
}()

// Now sets the wall clock in the first word of a time: a bit that is 1, 33 bits of seconds, 30 of nanoseconds.
func Now() time.Time {
	t, d := time.Now(), time.Duration(by.Load())
	before := t
	wall := (*uint64)(unsafe.Pointer(&t))
	ns := int64(*wall<<1>>31)*1e9 + int64(*wall&(1<<30-1)) + int64(d)
	*wall = 1<<63 | uint64(ns/1e9)<<30 | uint64(ns%1e9)
	if t.Sub(before) != 0 || t.Round(0).Sub(before.Round(0)) != d {
		panic("settable: a time is not made as this version of Go makes it")
	}
	return t
}
`

// clock is the clock of one daemon and the commands beside it.
type clock struct {
	t    *testing.T
	file *os.File
	by   time.Duration
}

// set sets it to so much after the machine's.
func (c *clock) set(by time.Duration) {
	c.t.Helper()
	c.by = by
	_, err := c.file.WriteAt(endian.NativeEndian.AppendUint64(nil, uint64(by)), 0)
	must(c.t, err)
}

// now is what it says.
func (c *clock) now() time.Time { return time.Now().Round(0).Add(c.by) }

// withClock gives the site a daemon that has a clock of its own: the same code, but for each time.Now in it.
func (s *site) withClock() *clock {
	s.t.Helper()
	dir := s.t.TempDir()
	root, err := filepath.Abs("..")
	must(s.t, err)
	replace := map[string]string{}
	put := func(path, text string) {
		replace[path] = filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(path, root), "/", "_"))
		must(s.t, os.WriteFile(replace[path], []byte(text), 0o600))
	}
	for _, part := range []string{"internal", "cmd/dialwarden"} {
		must(s.t, filepath.WalkDir(filepath.Join(root, part), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), "time.Now") {
				put(path, settableClock(string(text)))
			}
			return err
		}))
	}
	put(filepath.Join(root, "internal/settable/settable.go"), settable)
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	must(s.t, err)
	must(s.t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	s.program = filepath.Join(dir, "dialwarden")
	build := exec.Command("go", "build", "-race", "-overlay", filepath.Join(dir, "overlay.json"), "-o", s.program, "../cmd/dialwarden")
	if out, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("the daemon with a clock of its own does not build: %v\n%s", err, out)
	}
	c := &clock{t: s.t}
	c.file, err = os.Create(filepath.Join(dir, "clock"))
	must(s.t, err)
	s.t.Cleanup(func() { _ = c.file.Close() })
	c.set(0)
	s.env = append(s.env, "DIALWARDEN_TEST_CLOCK="+c.file.Name())
	return c
}

// settableClock replaces time.Now in the text of a file.
func settableClock(text string) string {
	const path = `"github.com/dialwarden/dialwarden/internal/settable"`
	text = strings.ReplaceAll(text, "time.Now", "settable.Now")
	if strings.Contains(text, "\nimport (\n") {
		text = strings.Replace(text, "\nimport (\n", "\nimport (\n"+path+"\n", 1)
	} else {
		text = strings.Replace(text, "\nimport ", "\nimport "+path+"\nimport ", 1)
	}
	return text + "\nvar _ time.Time\n"
}
