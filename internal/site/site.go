// Package site writes the directory of a new site: a configuration, the shipped policy, the Asterisk fragments, a
// password for Asterisk's REST interface, and a key for Dialwarden's own. `dialwarden init` and the demo begin with it.
package site

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dialwarden/dialwarden/dialplan"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/policy"
)

// ConfigName is the configuration's file name in a site's directory.
const ConfigName = "dialwarden.yaml"

const startingConfig = `# Dialwarden. Every part may be left out; relative paths are relative to this file.
asterisk:  {url: %q, username: dialwarden, password_file: ari.secret, application: dialwarden}
numbering: {plan: cn, area: "010", outside_line: "9"}
policy:    {dir: policy, deadline: 50ms}
ledger:    {path: dialwarden.db}
control:   {socket: dialwarden.sock}
site:      {name: "Head office", timezone: Asia/Shanghai, currency: CNY, language: en}
`

// Asterisk is how the site's daemon will reach Asterisk. The zero value stands for the default address and a password
// that is made up for this site.
type Asterisk struct {
	URL      string // of the REST interface: http://127.0.0.1:8088/ari
	Password string // of the user dialwarden of ari_dialwarden.conf
}

// Write writes the files of a new site into dir, which is made if it is not there. It is an error if one of them exists
// already; then nothing is written.
func Write(dir string, a Asterisk) error {
	if a.URL == "" {
		a.URL = config.Default().Asterisk.URL
	}
	if a.Password == "" {
		a.Password = rand.Text()
	}
	files := map[string][]byte{
		ConfigName:   fmt.Appendf(nil, startingConfig, a.URL),
		"ari.secret": []byte(a.Password + "\n"),
		"api.secret": []byte(rand.Text() + "\n"),
	}
	if err := collect(files, policy.FS, "policy"); err != nil {
		return err
	}
	if err := collect(files, dialplan.FS, "dialplan"); err != nil {
		return err
	}
	const ari = "dialplan/ari_dialwarden.conf"
	files[ari] = bytes.ReplaceAll(files[ari], []byte("PASSWORD"), []byte(a.Password))
	for name := range files {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s exists already; a new site is written into a directory of its own", filepath.Join(dir, name))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for name, content := range files {
		if err := writeNew(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	_, err := config.Load(filepath.Join(dir, ConfigName))
	return err
}

// collect adds the files of fsys under the directory name.
func collect(files map[string][]byte, fsys fs.FS, name string) error {
	return fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name+"/"+path], err = fs.ReadFile(fsys, path)
		return err
	})
}

// writeNew writes a file that must not exist; what holds a secret is readable by its owner only.
func writeNew(path string, content []byte) error {
	mode := fs.FileMode(0o644)
	if strings.HasSuffix(path, ".secret") || strings.HasSuffix(path, "ari_dialwarden.conf") {
		mode = 0o600
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
