package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// keepAside gives the present ledger a second name with the time in it, with what stands beside it; nothing may be left
// beside the name that the restored one gets. What its log holds is brought into the file first, where it is readable.
func keepAside(ctx context.Context, path string, readable bool) (string, error) {
	if readable {
		c, err := openConn(ctx, path, anything)
		if err != nil {
			return "", fmt.Errorf("the present ledger: %s", plainly(err))
		}
		if err := c.close(); err != nil {
			return "", fmt.Errorf("the present ledger: %s", plainly(err))
		}
	}
	kept, err := unusedName(path + ".replaced-" + time.Now().UTC().Format("20060102T150405Z"))
	if err != nil {
		return "", err
	}
	for _, ending := range besides {
		if err := os.Rename(path+ending, kept+ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if err := os.Link(path, kept); err != nil { // not on every file system; else there is a ledger at every moment
		if err := os.Rename(path, kept); err != nil {
			return "", err
		}
	}
	return kept, syncDir(filepath.Dir(path))
}

// unusedName is the name, or the name with a number behind it that no file has.
func unusedName(name string) (string, error) {
	for n := 1; n < 1000; n++ {
		unused := name
		if n > 1 {
			unused = fmt.Sprintf("%s-%d", name, n)
		}
		if _, err := os.Lstat(unused); errors.Is(err, fs.ErrNotExist) {
			return unused, nil
		}
	}
	return "", fmt.Errorf("there are too many files like %s", name)
}

// own gives a file to whom another belongs, where the process may do that: the daemon need not be root, as who restores
// may be.
func own(path string, like os.FileInfo) {
	if s, ok := like.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		_ = os.Chown(path, int(s.Uid), int(s.Gid)) // the daemon would say that it cannot open it
	}
}
