package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/dialwarden/dialwarden/internal/ledger"
)

func (v *visit) configuration(context.Context) []Finding {
	if v.Config.File == "" {
		return only(Warning, "There is no configuration file: the built-in configuration is used, with the ledger in the current directory.",
			"dialwarden init /etc/dialwarden", "or name your file: dialwarden doctor --config FILE")
	}
	return fine("%s can be read; site %q, time zone %s.", v.Config.File, v.Config.Site.Name, v.Config.Site.Timezone)
}

func (v *visit) policy(context.Context) []Finding {
	where := v.Config.Policy.Dir
	if where == "" {
		where = "the shipped policy"
	}
	if err := v.Policy.Unread; err != nil {
		return []Finding{asAllowed(found(Wrong, sentence(err.Error()), "policy.dir: name the directory that dialwarden init wrote"), err)}
	}
	if len(v.Policy.Faults) == 0 {
		return fine("%s has no faults: %d rules, %d phones, revision %s.", where, v.Policy.Rules, len(v.Policy.Directory), v.Policy.Revision)
	}
	const few = 5
	var all []Finding
	for i, f := range v.Policy.Faults {
		if i == few {
			return append(all, found(Wrong, fmt.Sprintf("%s has %d more faults.", where, len(v.Policy.Faults)-few), "dialwarden policy check   # shows them all"))
		}
		all = append(all, found(Wrong, f, "Mend it there, then: dialwarden policy check"))
	}
	return all
}

// secrets looks at who may read the password and the key.
func (v *visit) secrets(context.Context) []Finding {
	var all []Finding
	if _, err := v.Config.Asterisk.Password(); err != nil {
		f := found(Wrong, sentence(err.Error()), fmt.Sprintf("Write into %s, as its only line, the password of [%s] in Asterisk's ari_dialwarden.conf; then chmod 600 it.",
			v.Config.Asterisk.PasswordFile, v.Config.Asterisk.Username))
		all = append(all, asAllowed(f, err))
	} else if f := private(v.Config.Asterisk.PasswordFile, "the password of the REST interface"); f != nil {
		all = append(all, *f)
	}
	_, err := ledger.LoadKey(v.Config.Ledger.KeyFile)
	_, noLedger := os.Stat(v.Config.Ledger.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.Is(noLedger, fs.ErrNotExist):
		// The daemon makes both when it first starts; the ledger's check says so.
	case errors.Is(err, fs.ErrNotExist):
		all = append(all, found(Wrong, fmt.Sprintf("The key file %s is missing, and the ledger is there: no PIN can be verified.", v.Config.Ledger.KeyFile),
			"Bring the key back from where you keep it (docs/backup.md). A new key means new PINs for everybody."))
	case err != nil:
		all = append(all, asAllowed(found(Wrong, sentence(err.Error()), "chmod 600 "+v.Config.Ledger.KeyFile+"   # if it is whole; else bring it back from a backup"), err))
	}
	if all == nil {
		return fine("The password and the key of the ledger can be read by their owner only.")
	}
	return all
}

// private complains of a file that others than its owner can read.
func private(path, what string) *Finding {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return nil // whoever needs the file has told of the error
	}
	f := found(Wrong, fmt.Sprintf("%s holds %s, and others than its owner can read it (mode %04o).", path, what, info.Mode().Perm()), "chmod 600 "+path)
	return &f
}

// ledger looks at the files of the ledger: whether they can be read, and whether they are the daemon's.
func (v *visit) ledger(context.Context) []Finding {
	path := v.Config.Ledger.Path
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return only(Wrong, fmt.Sprintf("There is no directory for the ledger %s.", path), "mkdir -m 700 "+filepath.Dir(path)+", and chown it to the daemon's user")
		}
		return only(Warning, fmt.Sprintf("There is no ledger yet: the daemon makes %s when it first starts.", path), "systemctl start dialwarden")
	}
	var all []Finding
	if r, err := ledger.OpenReader(path); err != nil {
		all = append(all, asAllowed(found(Wrong, sentence(err.Error()), "If it is damaged: docs/backup.md tells how to restore it"), err))
	} else if err := r.Close(); err != nil {
		all = append(all, found(Wrong, sentence(err.Error())))
	}
	all = append(all, v.ledgerFiles()...)
	if all == nil {
		return fine("%s is of this version's schema, and readable by its owner only.", path)
	}
	return all
}

// ledgerFiles looks at the modes and owners of what belongs to the ledger.
func (v *visit) ledgerFiles() []Finding {
	l := v.Config.Ledger
	var all []Finding
	for _, path := range []string{l.Path, l.Path + "-wal"} {
		if f := private(path, "who called whom"); f != nil {
			all = append(all, *f)
		}
	}
	for _, path := range []string{filepath.Dir(l.Path), l.Path, l.Path + "-wal", l.Path + "-shm", l.Path + ".lock", l.CheckpointFile} {
		all = append(all, v.reachable("write", toWrite, path)...)
	}
	for _, path := range []string{l.KeyFile, v.Config.Asterisk.PasswordFile} {
		all = append(all, v.reachable("read", toRead, path)...)
	}
	return all
}

// reachable complains of a file with which the daemon's account may not do what it has to. One that is missing is not its
// concern.
func (v *visit) reachable(what string, do uint32, path string) []Finding {
	owner, known := v.owner()
	info, err := os.Stat(path)
	if err != nil || !known || may(do, info, owner) {
		return nil
	}
	return only(Wrong, fmt.Sprintf("The daemon (user %s) cannot %s %s: it belongs to %s, with mode %04o.", userName(owner), what, path, userName(ownerOf(info)), info.Mode().Perm()),
		fmt.Sprintf("chown %s: %s && systemctl restart dialwarden", userName(owner), path))
}

// How much space there should be for the ledger, in bytes.
const (
	tooLittle = 100 << 20
	little    = 1 << 30
)

func (v *visit) disk(context.Context) []Finding {
	dir := filepath.Dir(v.Config.Ledger.Path)
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return nil // the ledger's check has told
	}
	free := s.Bavail * uint64(s.Bsize)
	what := fmt.Sprintf("%d MB are free for the ledger in %s.", free>>20, dir)
	switch {
	case free < tooLittle:
		return only(Wrong, what+" When it is full, all calls but emergency calls are refused.", "Make space now: df -h "+dir)
	case s.Files > 0 && s.Ffree < 100:
		return only(Wrong, fmt.Sprintf("The file system of %s has only %d inodes left.", dir, s.Ffree), "Remove files that are not needed: df -i "+dir)
	case free < little:
		return only(Warning, what, "Make space soon: df -h "+dir)
	}
	return fine("%s", what)
}

// policyDir looks whether the daemon can write what is pushed to it.
func (v *visit) policyDir(context.Context) []Finding {
	if v.Config.Policy.Dir == "" {
		return only(Warning, "There is no policy directory: the shipped policy is in force, and its phones are not yours.",
			"dialwarden init DIR writes one; set policy.dir to it.")
	}
	owner, known := v.owner()
	if !known {
		return nil
	}
	for _, path := range []string{filepath.Dir(v.Config.Policy.Dir), v.Config.Policy.Dir} {
		info, err := os.Stat(path)
		if err == nil && !may(toWrite, info, owner) {
			return only(Warning, fmt.Sprintf("The daemon (user %s) cannot write %s: dialwarden policy push and rollback will fail. Editing the files by hand works.",
				userName(owner), path), fmt.Sprintf("chown -R %s: %s", userName(owner), v.Config.Policy.Dir))
		}
	}
	return fine("%s can be written by the daemon.", v.Config.Policy.Dir)
}

// asAllowed turns a finding whose cause is that this account may not look into one that is unknown.
func asAllowed(f Finding, err error) Finding {
	if errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "may not read") {
		return found(Unknown, f.Finding, "Look again as root: sudo dialwarden doctor")
	}
	return f
}

// sentence makes an error a sentence.
func sentence(s string) string {
	if first, _, _ := strings.Cut(s, " "); s == "" || strings.Contains(first, ".") { // a field or a file has its own spelling
		return s + "."
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
