package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/policy"
)

type fmtFlags struct{ list, diff, write bool }

func newPolicyFmt() *cobra.Command {
	var f fmtFlags
	cmd := &cobra.Command{
		Use:   "fmt [DIR|FILE]...",
		Short: "Hold Rego files to the usual form (that of opa fmt)",
		Long: `Hold Rego files to the usual form, which is that of opa fmt. The names of the files that are not
in it are printed; --diff prints what would change, --write changes it. Of a DIR, all .rego
files beneath it are meant.

The exit status is 0 if all files are in the usual form now, 1 if some are not, 2 if a file could
not be read, understood or written.`,
		Example:           "  dialwarden policy fmt --diff\n  dialwarden policy fmt --write /etc/dialwarden/policy",
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := regoFiles(cmd, args, f.write)
			if err != nil {
				return err
			}
			return formatAll(cmd.OutOrStdout(), files, f)
		},
	}
	cmd.Flags().BoolVarP(&f.list, "list", "l", false, "print the names of files that are not in the usual form (as without flags)")
	cmd.Flags().BoolVarP(&f.diff, "diff", "d", false, "print what would change")
	cmd.Flags().BoolVarP(&f.write, "write", "w", false, "change the files")
	return cmd
}

// regoFile is a Rego file that is to be in the usual form.
type regoFile struct {
	fsys fs.FS
	name string // in fsys
	path string // for people, and on disk
}

// regoFiles finds the files that the arguments mean.
func regoFiles(cmd *cobra.Command, args []string, write bool) ([]regoFile, error) {
	if len(args) == 0 {
		cfg, err := loadFor(cmd, nil)
		if err != nil {
			return nil, err
		}
		if cfg.Policy.Dir == "" && write {
			return nil, errors.New("--write: the shipped policy is built in; name the files, or a policy.dir in the configuration")
		}
		if cfg.Policy.Dir == "" {
			return regoUnder(policy.FS, "")
		}
		args = []string{cfg.Policy.Dir}
	}
	var all []regoFile
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case err != nil:
			return nil, err
		case !info.IsDir():
			all = append(all, regoFile{os.DirFS(filepath.Dir(arg)), filepath.Base(arg), arg})
			continue
		}
		found, err := regoUnder(os.DirFS(arg), arg)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// regoUnder lists the Rego files of fsys, which is the directory dir. There must be one.
func regoUnder(fsys fs.FS, dir string) ([]regoFile, error) {
	var found []regoFile
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.IsDir() && filepath.Ext(name) == ".rego" && !strings.HasPrefix(d.Name(), "."):
			found = append(found, regoFile{fsys, name, filepath.Join(dir, name)})
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: there is no .rego file", dir)
	}
	return found, err
}

// formatAll looks at all files, whatever is wrong with one of them.
func formatAll(w io.Writer, files []regoFile, f fmtFlags) error {
	var errs []error
	differ := false
	for _, file := range files {
		changed, err := formatOne(w, file, f)
		errs = append(errs, err)
		differ = differ || changed
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if differ && !f.write {
		return errNo
	}
	return nil
}

// formatOne reports whether the file was not in the usual form.
func formatOne(w io.Writer, file regoFile, f fmtFlags) (changed bool, err error) {
	src, err := fs.ReadFile(file.fsys, file.name)
	if err != nil {
		return false, err
	}
	out, err := rules.FormatFile(file.path, src)
	if err != nil || bytes.Equal(src, out) {
		return false, err
	}
	if f.write {
		if err := replace(file.path, out); err != nil {
			return true, err
		}
	}
	if f.diff {
		_, err = w.Write(diff.Diff(file.path+" (as it is)", src, file.path+" (as it should be)", out))
	}
	if f.list || !f.diff {
		_, err = fmt.Fprintln(w, file.path)
	}
	return true, err
}

// replace writes the file anew beside the old one and takes its place, so that a daemon that reloads never sees half.
func replace(path string, content []byte) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Chmod(info.Mode().Perm()), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(tmp.Name()))
	}
	return err
}
