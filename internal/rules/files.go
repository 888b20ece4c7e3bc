package rules

import (
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// ReadFiles reads the files that make up a policy, by names like rules/local.rego, without looking at what they say.
// The error joins what cannot be read and what has a name that cannot be meant.
func ReadFiles(fsys fs.FS) (map[string][]byte, error) {
	bad := &faults{}
	content := readContent(fsys, bad)
	if bad.any() {
		return nil, bad.err()
	}
	return content, nil
}

// RevisionOf returns the revision that a policy of these files has: 16 hexadecimal digits.
func RevisionOf(files map[string][]byte) string { return revisionOf(files) }

// FS returns files by names like rules/local.rego as a directory, which Load and Test can read. Nothing that happens to
// the policy directory meanwhile can come between the two.
func FS(files map[string][]byte) fs.FS { return memory(files) }

// memory is a directory that never changes.
type memory map[string][]byte

// Open implements fs.FS.
func (m memory) Open(name string) (fs.File, error) {
	if data, ok := m[name]; ok {
		return &memoryFile{memoryInfo: memoryInfo{name, int64(len(data)), 0o444}, Reader: strings.NewReader(string(data))}, nil
	}
	inside := map[string]fs.DirEntry{}
	for file, data := range m {
		rest, ok := strings.CutPrefix(file, name+"/")
		if name == "." {
			rest, ok = file, true
		}
		if !ok {
			continue
		}
		if folder, _, deep := strings.Cut(rest, "/"); deep {
			inside[folder] = fs.FileInfoToDirEntry(memoryInfo{folder, 0, fs.ModeDir | 0o555})
		} else {
			inside[rest] = fs.FileInfoToDirEntry(memoryInfo{file, int64(len(data)), 0o444})
		}
	}
	if len(inside) == 0 && name != "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	d := &memoryFile{memoryInfo: memoryInfo{name, 0, fs.ModeDir | 0o555}, Reader: strings.NewReader("")}
	for _, entry := range slices.Sorted(maps.Keys(inside)) {
		d.entries = append(d.entries, inside[entry])
	}
	return d, nil
}

// memoryFile is an open file or directory.
type memoryFile struct {
	memoryInfo
	*strings.Reader
	entries []fs.DirEntry
}

// Size implements fs.FileInfo; the reader has one, too.
func (f *memoryFile) Size() int64 { return f.memoryInfo.Size() }

// Stat implements fs.File.
func (f *memoryFile) Stat() (fs.FileInfo, error) { return f.memoryInfo, nil }

// Close implements fs.File.
func (f *memoryFile) Close() error { return nil }

// ReadDir implements fs.ReadDirFile.
func (f *memoryFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(f.entries)
	} else if len(f.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.entries))
	read := f.entries[:n]
	f.entries = f.entries[n:]
	return read, nil
}

// memoryInfo describes a file.
type memoryInfo struct {
	name string
	size int64
	mode fs.FileMode
}

func (i memoryInfo) Name() string       { return path.Base(i.name) }
func (i memoryInfo) Size() int64        { return i.size }
func (i memoryInfo) Mode() fs.FileMode  { return i.mode }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return i.mode.IsDir() }
func (i memoryInfo) Sys() any           { return nil }
