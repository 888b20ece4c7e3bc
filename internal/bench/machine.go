package bench

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// Machine is what the figures depend on.
type Machine struct {
	CPUs      int    `json:"cpus"`
	Processor string `json:"processor"`
	Kernel    string `json:"kernel"`
	Asterisk  string `json:"asterisk"`
	// SyncP50 is what this disk takes to make one page of 4 KiB durable, by itself.
	SyncP50 int64 `json:"sync_p50_us"`
	SyncP99 int64 `json:"sync_p99_us"`
}

// look describes the machine; dir is on the disk that the ledger is on.
func look(ctx context.Context, l *lab.Lab, dir string) (Machine, error) {
	m := Machine{CPUs: runtime.NumCPU(), Processor: processor()}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return m, err
	}
	m.Kernel = unix.ByteSliceToString(name.Release[:])
	version, err := l.CLI(ctx, "core show version")
	if err != nil {
		return m, err
	}
	m.Asterisk, _, _ = strings.Cut(strings.TrimPrefix(version, "Asterisk "), " ")
	took, err := syncTimes(dir, 200)
	if err != nil {
		return m, err
	}
	m.SyncP50, m.SyncP99 = quantile(took, 50).Microseconds(), quantile(took, 99).Microseconds()
	return m, nil
}

// processor is the name that the kernel gives the first processor; empty where it gives none.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// syncTimes writes and syncs a page n times, and returns how long each took, sorted.
func syncTimes(dir string, n int) ([]time.Duration, error) {
	path := filepath.Join(dir, "sync.pages")
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(path)
	}()
	if _, err := file.Write(make([]byte, page*pages)); err != nil {
		return nil, err
	}
	if err := file.Sync(); err != nil {
		return nil, err
	}
	took := make([]time.Duration, n)
	for i := range took {
		began := time.Now()
		if err := writePage(file, int64(i%pages*page)); err != nil {
			return nil, err
		}
		took[i] = time.Since(began)
	}
	return sorted(took), nil
}

// writePage makes one page durable at the offset.
func writePage(file *os.File, at int64) error {
	if _, err := file.WriteAt(make([]byte, page), at); err != nil {
		return err
	}
	return syscall.Fdatasync(int(file.Fd()))
}
