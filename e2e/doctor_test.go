package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// finding is what dialwarden doctor --json prints.
type finding struct {
	Check, State, Finding string
	Remedy                []string
}

// doctor has the doctor look at the site, and returns what is not well, by check.
func (s *site) doctor() (found map[string]finding, status int) {
	s.t.Helper()
	out, errs, status := s.run("", "doctor", "--json")
	found = map[string]finding{}
	total := 0
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); total++ {
		var f finding
		must(s.t, json.Unmarshal(lines.Bytes(), &f))
		if f.State != "ok" && f.State != "note" {
			if _, twice := found[f.Check]; twice {
				s.t.Errorf("%s has more than one finding: %+v", f.Check, f)
			}
			found[f.Check] = f
		}
		if f.State != "ok" && len(f.Remedy) == 0 && f.Check != "asterisk" {
			s.t.Errorf("%s is not well, and there is nothing to do: %s", f.Check, f.Finding)
		}
	}
	if total == 0 {
		s.t.Fatalf("the doctor says nothing: %s", errs)
	}
	if strings.Contains(out+errs, s.lab.ARIPassword()) {
		s.t.Errorf("the doctor tells the password:\n%s%s", out, errs)
	}
	return found, status
}

// ill checks that the doctor finds what it should, and nothing else. A want is the check, and words of its finding and
// its remedy.
func (s *site) ill(t *testing.T, want map[string]string) {
	t.Helper()
	found, status := s.doctor()
	expected := 0
	for _, f := range found {
		if f.State == "wrong" {
			expected = 1
		}
	}
	if status != expected {
		t.Errorf("the exit status is %d, want %d", status, expected)
	}
	for name, words := range want {
		f, ok := found[name]
		said := f.Finding + "\n" + strings.Join(f.Remedy, "\n")
		for word := range strings.SplitSeq(words, "…") {
			if !ok || !strings.Contains(said, word) {
				t.Errorf("%s: %q is not said: %s %s", name, word, f.State, said)
			}
		}
	}
	for name, f := range found {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is well, and the doctor says: %s: %s", name, f.State, f.Finding)
		}
	}
}

// edit changes a file below Asterisk's configuration, reloads what reads it, and undoes both.
func edit(l *lab.Lab, file, from, to, reload string) (do, undo func(t *testing.T)) {
	path := filepath.Join(l.Dir(), "etc", file)
	var before []byte
	do = func(t *testing.T) {
		var err error
		before, err = os.ReadFile(path)
		must(t, err)
		after := strings.Replace(string(before), from, to, 1)
		if after == string(before) {
			t.Fatalf("%s does not hold %q", file, from)
		}
		must(t, os.WriteFile(path, []byte(after), 0o600))
		cli(t, l, reload)
	}
	return do, func(t *testing.T) {
		must(t, os.WriteFile(path, before, 0o600))
		cli(t, l, reload)
	}
}

func cli(t *testing.T, l *lab.Lab, commands ...string) {
	t.Helper()
	for _, c := range commands {
		_, err := l.CLI(t.Context(), c)
		must(t, err)
	}
}

// clinic is a site that is well: the directory holds just the phones that there are, and the daemon runs.
func clinic(t *testing.T) (*lab.Lab, *site, *daemon) {
	t.Helper()
	phones := []string{"101", "102", "103"}
	l := newLab(t, lab.Options{Extensions: phones, Globals: map[string]string{"DIALWARDEN_INTERNAL": "PJSIP/NUMBER"}})
	s := newSite(t, l, "")
	must(t, os.RemoveAll(filepath.Join(s.dir, "policy"))) // a small one is read faster
	must(t, os.CopyFS(filepath.Join(s.dir, "policy"), os.DirFS("../examples/minimal/policy")))
	directory := "extensions:\n"
	for _, ext := range phones {
		directory += fmt.Sprintf("  %q: {holder: Phone %s, department: sales, grade: staff, class_of_service: office}\n", ext, ext)
	}
	s.write("policy/data/directory.yaml", directory)
	s.withHealth()
	d := s.serve()
	return l, s, d
}

// TestDoctor breaks one thing at a time of a site that is well; the doctor must name that thing, and no other.
func TestDoctor(t *testing.T) {
	t.Parallel()
	l, s, d := clinic(t)
	if found, status := s.doctor(); status != 0 || len(found) > 0 {
		t.Fatalf("all is well, and the doctor says %d: %+v", status, found)
	}
	records, err := l.CDRs()
	must(t, err)
	if len(records) > 0 {
		t.Errorf("the doctor leaves call records: %+v", records)
	}
	for name, b := range breakages(l, s) {
		t.Run(name, func(t *testing.T) {
			b.do(t)
			defer b.undo(t)
			s.ill(t, b.want)
		})
	}
	d.kill()
	t.Run("daemon dead", func(t *testing.T) {
		eventually(t, "Asterisk has noticed", func() bool {
			found, _ := s.doctor()
			_, registered := found["application"]
			return !registered
		})
		s.ill(t, map[string]string{"daemon": "does not run…Emergency calls go out…systemctl start dialwarden"})
	})
	t.Run("another daemon", func(t *testing.T) {
		other := newSite(t, l, "")
		defer other.serve().stop()
		s.ill(t, map[string]string{
			"daemon": "does not run", "other daemons": other.config() + "…kill ", "application": "Another program has registered",
		})
	})
	t.Run("REST interface off", func(t *testing.T) {
		do, undo := edit(l, "ari.conf", "enabled = yes", "enabled = no", "module reload res_ari.so")
		do(t)
		defer undo(t)
		s.ill(t, map[string]string{"daemon": "", "asterisk": "no REST interface…enabled = yes"})
	})
	t.Run("HTTP server off", func(t *testing.T) {
		do, _ := edit(l, "http.conf", "#include http_dialwarden.conf", "[general]\nenabled = no\n", "module reload http")
		do(t)
		s.ill(t, map[string]string{"daemon": "", "asterisk": "Nobody listens…bindaddr…module reload http"})
	})
}

// breakage is one thing that is wrong, and what the doctor must say.
type breakage struct {
	do, undo func(t *testing.T)
	want     map[string]string
}

func breakages(l *lab.Lab, s *site) map[string]breakage {
	all := map[string]breakage{
		"wrong password": rewritten(s, "ari.secret", l.ARIPassword(), "mistyped", map[string]string{
			"asterisk": `refuses user "dialwarden"…ari.secret…ari_dialwarden.conf…module reload res_ari.so`,
		}),
		"no password": rewritten(s, "ari.secret", l.ARIPassword()+"\n", "", map[string]string{
			"secrets": "holds no password in its first line…[dialwarden]", "asterisk": "is not asked",
		}),
		"wrong prefix": rewritten(s, "dialwarden.yaml", "/ari", "/pbx/ari", map[string]string{
			"asterisk": "no REST interface at…enabled = yes…Prefix",
		}),
		"wrong application": rewritten(s, "dialwarden.yaml", "asterisk: {", "asterisk: {application: guard, ", map[string]string{
			"application": `is "guard"…Stasis(dialwarden`,
		}),
		"chinese site": rewritten(s, "dialwarden.yaml", "asterisk:", "site: {language: zh}\nasterisk:", map[string]string{
			"sounds": "in language zh…hear nothing",
		}),
		"key for all":      chmod(s, "dialwarden.key", map[string]string{"secrets": "dialwarden.key: mode 0644…chmod 600"}),
		"ledger for all":   chmod(s, "dialwarden.db", map[string]string{"ledger": "others than its owner…chmod 600"}),
		"keys in the log":  logging(l, "notice,dtmf", "every key…log/odd…PINs…\"odd\"…take out dtmf…logger reload"),
		"all in the log":   logging(l, "*", "every key…log/odd…PINs"),
		"debug in the log": logging(l, "debug", "debug messages…take out debug"),
		"module missing": {
			do:   func(t *testing.T) { cli(t, l, "module unload bridge_builtin_interval_features.so") },
			undo: func(t *testing.T) { cli(t, l, "module load bridge_builtin_interval_features.so") },
			want: map[string]string{"modules": "bridge_builtin_interval_features…nobody is warned…module load bridge_builtin_interval_features.so"},
		},
	}
	maps.Copy(all, dialplanBreakages(l))
	return all
}

func dialplanBreakages(l *lab.Lab) map[string]breakage {
	all := map[string]breakage{}
	for name, b := range map[string]struct{ file, from, to, check, words string }{
		"dialplan not included": {"extensions.conf", "#include extensions_dialwarden.conf", "", "dialplan", "not loaded…#include extensions_dialwarden.conf…dialplan reload"},
		"another dialplan":      {"extensions_dialwarden.conf", "${FILTER(0-9,${EXTEN})} ", "${FILTER(0-9,${EXTEN})} 9", "dialplan", "version 9…extensions_dialwarden.conf"},
		"no trunk":              {"extensions.conf", "DIALWARDEN_TRUNK=PJSIP/NUMBER@carrier", "DIALWARDEN_TRUNK=", "trunk", "is not set…[globals]: DIALWARDEN_TRUNK="},
		"trunk misspelt":        {"extensions.conf", "NUMBER@carrier", "NUMBER@carier", "trunk", `no PJSIP endpoint "carier"`},
		"trunk without number":  {"extensions.conf", "PJSIP/NUMBER@carrier", "PJSIP/110@carrier", "trunk", "no NUMBER"},
		"emergency lacking":     {"extensions.conf", "110|112|119", "110|112", "emergency", "lacks 119…DIALWARDEN_EMERGENCY=110|"},
		"emergency for all":     {"extensions.conf", "110|112", ".*|110|112", "emergency", "nobody has decided"},
		"emergency broken":      {"extensions.conf", "110|112", "(110|112", "emergency", "no regular expression"},
		"emergency of another":  {"extensions.conf", "110|112", "110|999|112", "emergency", "has 999"},
		"outside line":          {"extensions.conf", "OUTSIDE_LINE=9", "OUTSIDE_LINE=0", "outside line", `numbering.outside_line is "9"`},
		"internal":              {"extensions.conf", "INTERNAL=PJSIP/NUMBER", "INTERNAL=PJSIP/101", "internal", "no NUMBER"},
	} {
		do, undo := edit(l, b.file, b.from, b.to, "dialplan reload")
		all[name] = breakage{do, undo, map[string]string{b.check: b.words}}
	}
	do, undo := edit(l, "ari_dialwarden.conf", "read_only = no", "read_only = yes", "module reload res_ari.so")
	all["may only look"] = breakage{do, undo, map[string]string{"dialplan": "may only look…read_only = no"}}
	do, undo = edit(l, "ari_dialwarden.conf", "DIALWARDEN_DECISION,", "", "module reload res_ari.so")
	all["nothing noted"] = breakage{do, undo, map[string]string{"dialplan": "what it notes on channels…channelvars = DIALWARDEN_DECISION"}}
	return all
}

// logging has Asterisk write to one more file.
func logging(l *lab.Lab, levels, words string) breakage {
	return breakage{
		do:   func(t *testing.T) { cli(t, l, "logger add channel odd "+levels) },
		undo: func(t *testing.T) { cli(t, l, "logger remove channel odd") },
		want: map[string]string{"logging": words},
	}
}

// rewritten changes a file of the site.
func rewritten(s *site, file, from, to string, want map[string]string) breakage {
	var before string
	return breakage{
		do: func(*testing.T) {
			before = s.read(file)
			s.write(file, strings.Replace(before, from, to, 1))
		},
		undo: func(*testing.T) { s.write(file, before) },
		want: want,
	}
}

// chmod lets all read a file of the site.
func chmod(s *site, file string, want map[string]string) breakage {
	path := filepath.Join(s.dir, file)
	return breakage{
		do:   func(t *testing.T) { must(t, os.Chmod(path, 0o644)) },
		undo: func(t *testing.T) { must(t, os.Chmod(path, 0o600)) },
		want: want,
	}
}
