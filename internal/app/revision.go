package app

import (
	"archive/zip"
	"bytes"
	"fmt"

	"github.com/dialwarden/dialwarden/internal/config"
)

// LoadRevision is LoadEdition for a revision that a ledger keeps: its files by path.
func LoadRevision(cfg config.Config, revision string, files map[string][]byte) (*Edition, error) {
	packed, err := packFiles(files)
	if err != nil {
		return nil, fmt.Errorf("revision %s: %w", revision, err)
	}
	return loadEdition(cfg, packed, "revision "+revision)
}

// packFiles makes a file system of files by path: an archive in memory, for which the standard library has all that a
// file system needs.
func packFiles(files map[string][]byte) (*zip.Reader, error) {
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for name, content := range files {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
}
