package policydir

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		place := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(place), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
	}
}

// tree reads all that is in a directory.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(place string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(place)
		name, _ := filepath.Rel(dir, place)
		found[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func files(of map[string]string) map[string][]byte {
	m := map[string][]byte{}
	for name, content := range of {
		m[name] = []byte(content)
	}
	return m
}

var (
	older = map[string]string{"rules/a.rego": "a1", "rules/b.rego": "b1", "data/c.yaml": "c1", "data/same.yaml": "s", "scenarios.yaml": "t1"}
	newer = map[string]string{"rules/a.rego": "a2", "data/c.yaml": "c2", "data/same.yaml": "s", "plans/x.yaml": "x2", "scenarios/t.yaml": "t2"}
	alien = map[string]string{"README.md": "read", "rules/notes.txt": "notes", ".git/HEAD": "ref"}
)

func with(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// What is no part of the policy stays, and so does the mode of what is changed.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, with(older, alien))
	if err := Replace(dir, files(older), files(newer)); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, dir); !maps.Equal(got, with(newer, alien)) {
		t.Errorf("got %v", got)
	}
	for name, want := range map[string]fs.FileMode{"rules/a.rego": 0o640, "plans/x.yaml": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
}

// What cannot be done whole is not done at all.
func TestReplaceIsAllOrNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(dir string) error
		after map[string]string
		want  string
	}{
		"a folder in the place of a file": {func(dir string) error { return os.MkdirAll(filepath.Join(dir, "plans/x.yaml/sub"), 0o750) }, newer, "no plain file"},
		"a file in the place of a folder": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "plans"), nil, 0o600) }, newer, "plans"},
		"a link": {func(dir string) error {
			return os.Rename(filepath.Join(dir, "data/c.yaml"), filepath.Join(dir, "elsewhere"))
		}, newer, "symbolic link"},
		"a way out":       {nil, with(newer, map[string]string{"rules/../../../x": "x"}), "no file of a policy"},
		"an absolute one": {nil, with(newer, map[string]string{"/rules/x.rego": "x"}), "no file of a policy"},
		"no folder":       {nil, with(newer, map[string]string{"x.rego": "x"}), "no file of a policy"},
		"a deeper folder": {nil, with(newer, map[string]string{"rules/a/x.rego": "x"}), "no file of a policy"},
		"a hidden one":    {nil, with(newer, map[string]string{"rules/.x.rego": "x"}), "no file of a policy"},
		"another folder":  {nil, with(newer, map[string]string{".git/config": "x"}), "no file of a policy"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, with(older, alien))
			if test.spoil != nil {
				if err := test.spoil(dir); err != nil {
					t.Fatal(err)
				}
			}
			if name == "a link" {
				if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "data/c.yaml")); err != nil {
					t.Fatal(err)
				}
			}
			before := tree(t, dir)
			err := Replace(dir, files(older), files(test.after))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "is not changed") {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if got := tree(t, dir); !maps.Equal(got, before) {
				t.Errorf("the directory is\n%v\nwant\n%v", got, before)
			}
		})
	}
}

// What fails on the way is taken back.
func TestTakeBack(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, with(older, alien))
	p, err := changes(files(older), files(newer))
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(dir, p, files(newer)); err != nil {
		t.Fatal(err)
	}
	half := plan{Write: p.Write[1:], Remove: p.Remove}
	if err := carryOut(dir, half); err != nil {
		t.Fatal(err)
	}
	if err := takeBack(dir, p, files(older)); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, dir); !maps.Equal(got, with(older, alien)) {
		t.Errorf("got %v", got)
	}
}

// A crash leaves the old policy or the new one, whenever it comes: before the journal is written nothing is done, after
// it everything.
func TestRecover(t *testing.T) {
	p, err := changes(files(older), files(newer))
	if err != nil {
		t.Fatal(err)
	}
	for done := -1; done <= len(p.Write)+len(p.Remove); done++ {
		dir := t.TempDir()
		write(t, dir, with(older, alien))
		if err := prepare(dir, p, files(newer)); err != nil {
			t.Fatal(err)
		}
		want := newer
		if done < 0 {
			want = older
			if err := os.Remove(filepath.Join(dir, staging, journal)); err != nil {
				t.Fatal(err)
			}
		} else {
			writes := min(done, len(p.Write))
			if err := carryOut(dir, plan{p.Write[:writes], p.Remove[:done-writes]}); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := Recover(dir); err != nil {
				t.Fatal(err)
			}
			if got := tree(t, dir); !maps.Equal(got, with(want, alien)) {
				t.Errorf("a crash after %d steps: got %v", done, got)
			}
		}
	}
	if err := Recover(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Errorf("no directory: %v", err)
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{staging + "/" + journal: `{"write":["../x"],"remove":[]}`})
	if err := Recover(dir); err == nil || !strings.Contains(err.Error(), "no file of a policy") {
		t.Errorf("a journal that leads out: %v", err)
	}
}
