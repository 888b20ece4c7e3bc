package doctor

import (
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// owner returns the account that the daemon runs under: that of the running daemon, else the owner of the ledger.
func (v *visit) owner() (uid uint32, known bool) {
	if v.daemon != nil {
		return v.daemon.uid, true
	}
	info, err := os.Stat(v.Config.Ledger.Path)
	if err != nil {
		return 0, false
	}
	return ownerOf(info), true
}

func ownerOf(info fs.FileInfo) uint32 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Uid
	}
	return 0
}

// What an account may do with a file, as in the last digit of its mode.
const (
	toRead  = 0o4
	toWrite = 0o2
)

// may reports whether an account may read or write a file, or make files in a directory. It goes by owner, group and mode;
// what systemd forbids besides is not seen.
func may(do uint32, info fs.FileInfo, uid uint32) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || uid == 0:
		return true
	case s.Uid == uid:
		return s.Mode&(do<<6) != 0
	case inGroup(uid, s.Gid):
		return s.Mode&(do<<3) != 0
	}
	return s.Mode&do != 0
}

func inGroup(uid, gid uint32) bool {
	u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return false
	}
	groups, err := u.GroupIds()
	if err != nil {
		groups = []string{u.Gid}
	}
	for _, g := range groups {
		if g == strconv.FormatUint(uint64(gid), 10) {
			return true
		}
	}
	return false
}

// userName returns the name of an account, or its number where it has none.
func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
