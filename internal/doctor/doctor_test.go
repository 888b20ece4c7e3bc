package doctor

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/ari"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/web"
)

// holds checks that there is one finding for each want: its state, and words that it and its remedy hold.
func holds(t *testing.T, got []Finding, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d findings, want %d: %+v", len(got), len(want), got)
	}
	for i, f := range got {
		state, words, _ := strings.Cut(want[i], " ")
		if said := f.Finding + "\n" + strings.Join(f.Remedy, "\n"); string(f.State) != state || !strings.Contains(said, words) {
			t.Errorf("got %s: %s, want %s", f.State, said, want[i])
		}
	}
}

func TestPhones(t *testing.T) {
	listed := func(names ...string) call.Directory {
		d := call.Directory{}
		for _, n := range names {
			d[n] = call.Extension{}
		}
		return d
	}
	for name, c := range map[string]struct {
		directory call.Directory
		endpoints []string
		want      []string
	}{
		"all there":          {listed("101", "102"), []string{"101", "102", "trunk"}, []string{"ok All 2 phones"}},
		"one is gone":        {listed("101", "102"), []string{"101", "trunk"}, []string{"warning 1 of 2 phones in the directory have no endpoint of that name: 102."}},
		"one is not listed":  {listed("101"), []string{"101", "103"}, []string{"warning 1 endpoints are not in the directory, and may call nobody but emergency numbers: 103."}},
		"names of other use": {listed("101", "102"), []string{"desk-a", "desk-b"}, []string{"warning set_var = DIALWARDEN_CALLER="}},
		"none":               {listed("101"), []string{}, []string{"warning None of the 1 phones"}},
		"other numbers":      {listed("101"), []string{"201"}, []string{"warning 1 of 1", "warning 201"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := visit{up: true, Site: Site{Policy: Policy{Directory: c.directory}}, endpoints: []ari.Endpoint{}}
			for _, e := range c.endpoints {
				v.endpoints = append(v.endpoints, ari.Endpoint{Technology: "PJSIP", Resource: e})
			}
			holds(t, v.phones(t.Context()), c.want...)
		})
	}
}

func TestVersion(t *testing.T) {
	for version, want := range map[string]string{
		"22.10.1+dfsg+~cs6.17.60671434-1": "ok ", "18.0.0": "ok ", "20.16.0": "ok ", "certified/20.7-cert5": "ok ",
		"16.28.0~dfsg-0": "wrong too old", "certified/13.21-cert6": "wrong too old", "GIT-master-5f1b8d7": "warning cannot be seen", "": "warning ",
	} {
		v := visit{up: true, about: ari.About{Version: version}}
		holds(t, v.version(t.Context()), want)
	}
}

func TestClock(t *testing.T) {
	holds(t, apart(2*time.Second), "ok ")
	holds(t, apart(-2*time.Second), "ok ")
	holds(t, apart(90*time.Second), "warning 1m30s behind ours")
	holds(t, apart(-time.Hour), "warning 1h0m0s ahead of ours")
}

func TestSpeaks(t *testing.T) {
	for _, c := range []struct {
		installed []string
		lang      string
		want      bool
	}{
		{[]string{"en", "en_US"}, "en", true},
		{[]string{"en"}, "en_GB", true},
		{[]string{"en"}, "zh", false},
		{[]string{""}, "zh", true},
		{[]string{"zh_CN"}, "zh", false},
		{nil, "en", false},
	} {
		if got := speaks(c.installed, c.lang); got != c.want {
			t.Errorf("a sound in %q speaks to %s: %v", c.installed, c.lang, got)
		}
	}
}

// TestLockedUp has an Asterisk that answers everything but the question for its applications, as asterisk#2170 leaves it.
func TestLockedUp(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/ari/applications") {
			<-over
		}
	}))
	defer server.Close()
	defer close(over)
	cfg := config.Default()
	i, err := ari.NewInspector(ari.Config{URL: server.URL + "/ari", Application: "dialwarden"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	v := visit{up: true, Site: Site{Config: cfg}, asterisk: i}
	holds(t, v.application(ctx), "wrong locked itself up")
}

// TestHealth has a daemon that runs and is not well.
func TestHealth(t *testing.T) {
	answer := `{"status":"failing","policy_revision":"a","policy_error":"x.rego:1:1: broken","ledger_error":"disk full","checkpoint_error":"denied"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	v := visit{daemon: &process{pid: 1}}
	v.Config.Web.Listen = server.Listener.Addr().String()
	holds(t, v.healthz(t.Context()), "wrong disk full", "warning x.rego:1:1", "warning denied")
	v.Policy.Revision, answer = "b", `{"status":"ok","policy_revision":"a","ledger_writable":true}`
	holds(t, v.healthz(t.Context()), "warning systemctl reload dialwarden")
	if v.health == nil || v.health.Status != web.OK {
		t.Errorf("the health is not kept: %+v", v.health)
	}
	answer = `<html>`
	holds(t, v.healthz(t.Context()), "warning something else than Dialwarden")
}

// TestOwner has files that the daemon's account cannot write.
func TestOwner(t *testing.T) {
	dir := t.TempDir()
	v := visit{daemon: &process{uid: 12345}, Site: Site{Config: config.Default()}}
	v.Config.Ledger.Path, v.Config.Policy.Dir = filepath.Join(dir, "new.db"), dir
	holds(t, v.ledger(t.Context()), "warning when it first starts")
	if err := os.WriteFile(v.Config.Ledger.Path, []byte("no ledger"), 0o644); err != nil {
		t.Fatal(err)
	}
	v.Config.Ledger.KeyFile, v.Config.Ledger.CheckpointFile = "", ""
	secret := filepath.Join(dir, "key")
	if err := os.WriteFile(secret, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	v.Config.Ledger.KeyFile = secret
	holds(t, v.ledger(t.Context()), "wrong not", "wrong others than its owner", "wrong chown 12345: "+dir,
		"wrong chown 12345: "+v.Config.Ledger.Path, "wrong cannot read "+secret)
	holds(t, v.policyDir(t.Context()), "warning policy push")
	info := func(path string) fs.FileInfo {
		i, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	mine := uint32(syscall.Getuid())
	if !may(toWrite, info(dir), mine) || !may(toWrite, info(dir), 0) || may(toWrite, info(dir), 12345) || !may(toRead, info(secret), mine) {
		t.Error("who may write the directory is told wrong")
	}
}
