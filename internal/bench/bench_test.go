package bench

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// buildDaemon builds the program as people get it, without the race detector.
func buildDaemon(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "dialwarden")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/dialwarden")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the daemon does not build: %v\n%s", err, out)
	}
	return program
}

// TestRun is a small run of the whole benchmark on a real Asterisk with the real daemon.
func TestRun(t *testing.T) {
	o := Default()
	o.Program, o.Dir, o.Calls, o.Rate, o.Highest, o.Prompts, o.Log = buildDaemon(t), t.TempDir(), 5, 20, 1, 2, t.Output()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Ways) != 4 || r.Ways[0].Way != Plain || r.Ways[3].Way != Gate {
		t.Fatalf("the ways are %+v", r.Ways)
	}
	for _, w := range r.Ways {
		if w.Setup.P50 <= 0 || w.Setup.P99 < w.Setup.P50 || w.Held > 1 {
			t.Errorf("%s: %+v", w.Way, w)
		}
	}
	if p := r.Prompt; p.Gate.P50 <= 0 || p.Authenticate.P50 <= 0 {
		t.Errorf("times to the first prompt are %+v", p)
	}
	left, err := os.ReadDir(o.Dir)
	if err != nil || len(left) != 0 {
		t.Errorf("the run left %v (%v)", left, err)
	}
	var text, doc bytes.Buffer
	if err := r.Print(&text); err != nil || !strings.Contains(text.String(), "\ngate ") {
		t.Errorf("printed (%v):\n%s", err, text.String())
	}
	if err := json.NewEncoder(&doc).Encode(r); err != nil || !strings.Contains(doc.String(), `"to_floor"`) {
		t.Errorf("as JSON (%v): %s", err, doc.String())
	}
}

// TestRunWithoutDaemon says what to do.
func TestRunWithoutDaemon(t *testing.T) {
	o := Default()
	o.Program, o.Dir = filepath.Join(t.TempDir(), "none"), t.TempDir()
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("got %v", err)
	}
}

func TestSearch(t *testing.T) {
	for _, limit := range []int{0, 39, 40, 77, 500, 501, 5000} {
		tried := map[int]bool{}
		got, err := search(40, 2000, func(rate int) (bool, error) {
			if tried[rate] || rate > 2000 {
				t.Errorf("limit %d: tried %d", limit, rate)
			}
			tried[rate] = true
			return rate <= limit, nil
		})
		want := min(limit, 2000)
		if limit < 40 {
			want = 0
		}
		if err != nil || got > want || float64(got) < float64(want)/(1+precision)-1 {
			t.Errorf("limit %d: found %d (%v) after %d tries", limit, got, err, len(tried))
		}
	}
}

func TestQuantile(t *testing.T) {
	var d []time.Duration
	for i := range 200 {
		d = append(d, time.Duration(200-i))
	}
	s := sorted(d)
	if quantile(s, 50) != 100 || quantile(s, 99) != 198 || quantile(s[:1], 99) != 1 || quantile(nil, 50) != 0 {
		t.Error(quantile(s, 50), quantile(s, 99), quantile(s[:1], 99), quantile(nil, 50))
	}
}

func TestParseSamples(t *testing.T) {
	log := "[2026-11-23 12:00:00.000] NOTICE[7] Ext. s: bench gate-3-17 1795436589000100 1795436589000450.\n" +
		"[2026-11-23 12:00:00.000] WARNING[7] pbx.c: bench is a word here\n" +
		"[2026-11-23 12:00:00.000] NOTICE[7] Ext. s: bench plain-3-18 17954365"
	got := parseSamples(log)
	if len(got) != 1 || got[0].tag != "gate-3-17" || got[0].setup() != 350*time.Microsecond {
		t.Errorf("%+v", got)
	}
}
