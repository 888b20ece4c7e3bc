package app

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/control"
	"github.com/dialwarden/dialwarden/internal/ledger"
	"github.com/dialwarden/dialwarden/policy"
)

// site makes a directory with everything that a daemon needs but Asterisk, and returns the configuration.
func site(t *testing.T) config.Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "policy"), policy.FS); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "ari.secret"), "secret\n")
	write(t, filepath.Join(dir, "dialwarden.yaml"), "asterisk: {url: \"http://127.0.0.1:1/ari\"}\npolicy: {deadline: 1s}\n")
	cfg, err := config.Load(filepath.Join(dir, "dialwarden.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// open opens the daemon for the length of the test.
func open(t *testing.T, cfg config.Config) *App {
	t.Helper()
	return openLogging(t, cfg, zerolog.Nop())
}

func openLogging(t *testing.T, cfg config.Config, log zerolog.Logger) *App {
	t.Helper()
	a, err := Open(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// TestOpenNamesTheFault breaks one thing.
func TestOpenNamesTheFault(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, cfg *config.Config)
		want  []string // in the message
	}{
		"no password file": {func(_ *testing.T, cfg *config.Config) {
			cfg.Asterisk.PasswordFile += "x"
		}, []string{"asterisk.password_file", "ari.secretx"}},
		"no password": {func(t *testing.T, cfg *config.Config) {
			write(t, cfg.Asterisk.PasswordFile, "\nsecret\n")
		}, []string{"asterisk.password_file", "ari.secret", "no password in its first line"}},
		"a rule with a fault": {func(t *testing.T, cfg *config.Config) {
			write(t, filepath.Join(cfg.Policy.Dir, "rules", "extra.rego"), "package dialwarden.outbound\n\nallow contains input.caler\n")
		}, []string{"the policy in", "rules/extra.rego:3", "caler"}},
		"service code": {func(t *testing.T, cfg *config.Config) {
			cfg.Numbering.OutsideLine = "*1"
			write(t, filepath.Join(cfg.Policy.Dir, "data/handset.yaml"), "service_codes:\n  change_pin: \"*57\"\n  close_phone: \"*1110\"\n")
		}, []string{"data/handset.yaml:3:16", "*1110 would hide the emergency number 110"}},
		"no policy directory": {func(_ *testing.T, cfg *config.Config) {
			cfg.Policy.Dir += "x"
		}, []string{"policyx"}},
		"no such plan": {func(_ *testing.T, cfg *config.Config) {
			cfg.Numbering.Plan = "xx"
		}, []string{"number plan", `"xx"`, "plans/xx.yaml"}},
		"an area that the plan does not have": {func(_ *testing.T, cfg *config.Config) {
			cfg.Numbering.Area = "0123"
		}, []string{"dialwarden.yaml", "numbering.area", "0123"}},
		"a key that others can read": {func(t *testing.T, cfg *config.Config) {
			write(t, cfg.Ledger.KeyFile, strings.Repeat("k", ledger.KeySize))
			if err := os.Chmod(cfg.Ledger.KeyFile, 0o644); err != nil {
				t.Fatal(err)
			}
		}, []string{"ledger.key_file", "chmod 600"}},
		"no directory for the ledger": {func(_ *testing.T, cfg *config.Config) {
			cfg.Ledger.Path = filepath.Join(filepath.Dir(cfg.Ledger.Path), "none", "dialwarden.db")
		}, []string{"ledger.path: there is no directory", "none"}},
		"another daemon": {func(t *testing.T, cfg *config.Config) {
			open(t, *cfg)
		}, []string{"dialwarden.db", "another process writes this ledger"}},
		"no address of Asterisk": {func(_ *testing.T, cfg *config.Config) {
			cfg.Asterisk.URL = "pbx:8088"
		}, []string{"asterisk.url", "pbx:8088"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := site(t)
			test.spoil(t, &cfg)
			_, err := Open(t.Context(), cfg, zerolog.Nop())
			if err == nil {
				t.Fatal("it opened")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

// TestOpenLeavesNothingBehind: what fails last gives back what was opened before.
func TestOpenLeavesNothingBehind(t *testing.T) {
	cfg := site(t)
	write(t, cfg.Control.Socket, "precious")
	if _, err := Open(t.Context(), cfg, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "control.socket: "+cfg.Control.Socket) {
		t.Fatalf("got %v", err)
	}
	if err := os.Remove(cfg.Control.Socket); err != nil {
		t.Fatal(err)
	}
	open(t, cfg) // the ledger is not locked
}

// TestReload puts a good policy in force, and keeps the old one where the new one has a fault.
func TestReload(t *testing.T) {
	cfg := site(t)
	a := open(t, cfg)
	first := a.policy.Edition()
	rule := filepath.Join(cfg.Policy.Dir, "rules", "extra.rego")
	for name, test := range map[string]struct{ file, content, want string }{
		"a rule":        {rule, "package dialwarden.outbound\n\nallow contains }\n", "rules/extra.rego:3"},
		"data":          {filepath.Join(cfg.Policy.Dir, "data", "directory.yaml"), "extensions: {101: {holdr: x}}\n", "data/directory.yaml:1"},
		"a number plan": {filepath.Join(cfg.Policy.Dir, "plans", "cn.yaml"), "name: China\nnmbers: []\n", "plans/cn.yaml:2"},
	} {
		good, err := os.ReadFile(test.file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		write(t, test.file, test.content)
		if err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
		if a.policy.Edition() != first {
			t.Errorf("%s: a policy with a fault came into force", name)
		}
		if good == nil {
			err = os.Remove(test.file)
		} else {
			err = os.WriteFile(test.file, good, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	local := filepath.Join(cfg.Policy.Dir, "rules", "local.rego")
	data, err := os.ReadFile(local)
	if err != nil {
		t.Fatal(err)
	}
	write(t, local, string(data)+"\n# changed\n")
	if err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := a.policy.Edition()
	if now == first || now.Policy.Revision() == first.Policy.Revision() {
		t.Error("the new policy is not in force")
	}
	r, err := ledger.OpenReader(cfg.Ledger.Path)
	if err != nil {
		t.Fatal(err)
	}
	files, err := r.Revision(t.Context(), now.Policy.Revision())
	if err := errors.Join(err, r.Close()); err != nil || len(files) == 0 {
		t.Errorf("the ledger does not have the revision in force: %v", err)
	}
}

// TestReloadNeedsTheLedger: a policy whose content is not kept could not be explained later, so it is not used.
func TestReloadNeedsTheLedger(t *testing.T) {
	cfg := site(t)
	a := open(t, cfg)
	first := a.policy.Edition()
	if err := a.ledger.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(cfg.Policy.Dir, "data", "local.yaml"), "classes: [local]\nunlisted_phones: []\n")
	if err := a.Reload(t.Context()); err == nil || a.policy.Edition() != first {
		t.Errorf("got %v; another policy in force: %v", err, a.policy.Edition() != first)
	}
}

// TestRun starts without Asterisk, and leaves nothing behind when it stops: another daemon can start.
func TestRun(t *testing.T) {
	cfg := site(t)
	for range 2 {
		a, err := Open(t.Context(), cfg, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		if _, running := control.Dial(t.Context(), cfg.Control.Socket); !running {
			t.Error("nobody answers on the control socket")
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := net.Dial("unix", cfg.Control.Socket); err == nil {
			t.Error("somebody still answers on the control socket")
		}
	}
}
