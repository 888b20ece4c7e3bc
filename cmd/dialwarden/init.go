package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/dialplan"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/policy"
)

const startingConfig = `# Dialwarden. Every part may be left out; relative paths are relative to this file.
asterisk:  {url: "http://127.0.0.1:8088/ari", username: dialwarden, password_file: ari.secret, application: dialwarden}
numbering: {plan: cn, area: "010", outside_line: "9"}
policy:    {dir: policy, deadline: 50ms}
ledger:    {path: dialwarden.db}
control:   {socket: dialwarden.sock}
site:      {name: "Head office", timezone: Asia/Shanghai, currency: CNY, language: en}
`

func newInit() *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Write a configuration, a policy and the Asterisk files to start from",
		Long: `Write into DIR what is needed to start: dialwarden.yaml, the shipped policy (rules, data,
number plans), the Asterisk fragments, and a password for Asterisk's REST interface that is
made up for this site. A file that exists already is never touched.`,
		Args:              exactly("DIR"),
		ValidArgsFunction: completeDir,
		RunE: func(cmd *cobra.Command, args []string) error {
			w := cmd.OutOrStdout()
			dir := args[0]
			if err := writeSite(dir); err != nil {
				return err
			}
			_, err := fmt.Fprintf(w, `Written to %[1]s:
  dialwarden.yaml   the configuration
  policy/           the rules, and the data that they look at (begin with data/directory.yaml)
  dialplan/         the fragments for Asterisk; each says in its first lines what to do with it
  ari.secret        the password for Asterisk's REST interface

Next:
  1. #include the three files of dialplan/ in Asterisk's extensions.conf, ari.conf and http.conf
  2. dialwarden check --config %[1]s/dialwarden.yaml --from 101 --to 962345678
  3. dialwarden serve --config %[1]s/dialwarden.yaml
`, dir)
			return err
		},
	}
}

// writeSite writes the files of a new site into dir.
func writeSite(dir string) error {
	password := rand.Text()
	files := map[string][]byte{
		"dialwarden.yaml": []byte(startingConfig),
		"ari.secret":      []byte(password + "\n"),
	}
	if err := collect(files, policy.FS, "policy"); err != nil {
		return err
	}
	if err := collect(files, dialplan.FS, "dialplan"); err != nil {
		return err
	}
	const ari = "dialplan/ari_dialwarden.conf"
	files[ari] = bytes.ReplaceAll(files[ari], []byte("PASSWORD"), []byte(password))
	for name := range files {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s exists already; init writes into a directory of its own", filepath.Join(dir, name))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for name, content := range files {
		if err := writeNew(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	_, err := config.Load(filepath.Join(dir, "dialwarden.yaml"))
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
