package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// TestScale is a small load on a real Asterisk, alone and through the real daemon.
func TestScale(t *testing.T) {
	t.Parallel()
	o := ScaleOptions{
		Subject: Subject{Program: buildDaemon(t), Dir: t.TempDir(), Log: t.Output()},
		Calls:   10, Rate: 10, For: 2 * time.Second, Slow: time.Minute,
	}
	r, err := RunScale(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for name, side := range map[string]Side{"plain": r.Plain, "gate": r.Gate} {
		if side.Placed != 20 || side.Failed != 0 || side.Peak < 1 || side.Peak > 20 || side.Ring.P50 <= 0 || side.Answer.P50 < 50_000 {
			t.Errorf("%s: %+v", name, side)
		}
	}
	if r.Plain.Costs.Daemon != 0 || r.Gate.Costs.Daemon <= 0 || r.Share <= 0 || r.Gate.Costs.Asterisk <= 0 {
		t.Errorf("processor times are %+v and %+v, the share is %v", r.Plain.Costs, r.Gate.Costs, r.Share)
	}
	if r.Memory.Resident.Peak < r.Memory.Anonymous.Peak || r.Memory.Anonymous.Peak <= 0 {
		t.Errorf("memory: %+v", r.Memory)
	}
	if c := r.Ledger; c.Missed() || c.Decisions != 20 {
		t.Errorf("the ledger: %+v", c)
	}
	if left, err := os.ReadDir(o.Dir); err != nil || len(left) != 0 {
		t.Errorf("the run left %v (%v)", left, err)
	}
	var text, doc bytes.Buffer
	if err := r.Print(&text); err != nil || !strings.Contains(text.String(), "20 decisions on 20 calls; 0 calls without one") {
		t.Errorf("printed (%v):\n%s", err, text.String())
	}
	if err := json.NewEncoder(&doc).Encode(r); err != nil || !strings.Contains(doc.String(), `"slope_mib_min"`) {
		t.Errorf("as JSON (%v): %s", err, doc.String())
	}
}

// TestScaleStops ends a run in the middle, as Ctrl-C does.
func TestScaleStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	o := DefaultScale()
	o.Program, o.Dir, o.Calls, o.Rate = os.Args[0], t.TempDir(), 10, 10 // it is not started
	o.Log = whenSaid{"Asterisk alone", cancel}
	if _, err := RunScale(ctx, o); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(o.Dir); err != nil || len(left) != 0 {
		t.Errorf("the run left %v (%v)", left, err)
	}
}

// whenSaid does something when a text is written.
type whenSaid struct {
	text string
	do   func()
}

func (w whenSaid) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.text)) {
		w.do()
	}
	return len(p), nil
}

func TestScaleOptions(t *testing.T) {
	for want, change := range map[string]func(*ScaleOptions){
		"make build":           func(o *ScaleOptions) { o.Program = filepath.Join(t.TempDir(), "none") },
		"must be at least 1":   func(o *ScaleOptions) { o.Rate = 0 },
		"2m0s is the longest":  func(o *ScaleOptions) { o.Rate = 5 },
		"it must be longer":    func(o *ScaleOptions) { o.For = 20 * time.Second },
		"more than nothing":    func(o *ScaleOptions) { o.Slow = 0 },
		"are more than 100000": func(o *ScaleOptions) { o.For = 1000 * time.Hour },
	} {
		o := DefaultScale()
		o.Program = os.Args[0]
		change(&o)
		if _, err := RunScale(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// callOf is a call of so many ms as its phone saw it; 0 if nobody answered.
func callOf(number string, ms int) placed {
	begun := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	p := placed{number: number, Result: lab.Result{Sent: begun, End: lab.End{At: begun.Add(time.Second)}}}
	if ms > 0 {
		p.Answered = begun.Add(100 * time.Millisecond)
		p.End.At = p.Answered.Add(time.Duration(ms) * time.Millisecond)
	}
	return p
}

func TestCompareCalls(t *testing.T) {
	line := func(number, rest string) string {
		return `{"dialled":"` + number + `","action":"allow","answered_at":"2026-11-23T09:00:00.100Z","ended_at":"2026-11-23T09:00:02.100Z",` + rest + "}\n"
	}
	good := `"seconds":2,"end_source":"ari"`
	for name, c := range map[string]struct {
		export string
		want   Compared
	}{
		"as it should be":    {line("961", good), Compared{Decisions: 1}},
		"a second begun":     {line("961", `"seconds":3,"end_source":"ari"`), Compared{Decisions: 1}},
		"undecided":          {"", Compared{Undecided: 1}},
		"decided twice":      {line("961", good) + line("961", good), Compared{Decisions: 2, Repeated: 1}},
		"nobody's":           {line("961", good) + line("962", good), Compared{Decisions: 2, Repeated: 1}},
		"refused":            {`{"dialled":"961","action":"deny"}`, Compared{Decisions: 1, Refused: 1}},
		"no end":             {`{"dialled":"961","action":"allow","answered_at":null,"ended_at":null,"seconds":null,"end_source":null}`, Compared{Decisions: 1, NoEnd: 1}},
		"no answer":          {`{"dialled":"961","action":"allow","ended_at":"2026-11-23T09:00:02.100Z","seconds":0,"end_source":"ari"}`, Compared{Decisions: 1, NoAnswer: 1}},
		"found by the sweep": {line("961", `"seconds":2,"end_source":"sweep"`), Compared{Decisions: 1, NotHeard: 1}},
		"too long":           {line("961", `"seconds":4,"end_source":"ari"`), Compared{Decisions: 1, Wrong: 1}},
		"too short":          {line("961", `"seconds":1,"end_source":"ari"`), Compared{Decisions: 1, Wrong: 1}},
	} {
		c.want.Placed = 1
		got, err := compareCalls([]placed{callOf("961", 2000)}, strings.NewReader(c.export))
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v (%v), want %+v", name, got, err, c.want)
		}
		got.Verified = true
		if good := name == "as it should be" || name == "a second begun"; got.Missed() == good {
			t.Errorf("%s: missed is %v", name, got.Missed())
		}
	}
	if _, err := compareCalls(nil, strings.NewReader("{]")); err == nil {
		t.Error("nonsense is read")
	}
}

func TestInProgress(t *testing.T) {
	calls := []placed{callOf("961", 1000), callOf("962", 3000), callOf("963", 0)}
	from := calls[0].Answered.Add(500 * time.Millisecond)
	if peak, average := inProgress(calls, from, from.Add(time.Second)); peak != 2 || math.Abs(average-1.5) > 1e-9 {
		t.Errorf("%d at the peak, %v on the average", peak, average)
	}
}

func TestMemoryOf(t *testing.T) {
	begun := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var samples []sampleOfMemory
	for s := range 420 { // a ramp of 20 s, then 60 MiB and 2 MiB a minute
		at := float64(s)
		samples = append(samples, sampleOfMemory{begun.Add(time.Duration(s) * time.Second), 60 + at/30, min(at, 20)})
	}
	m := memoryOf(samples, begun, 20*time.Second, 5*time.Minute)
	r, a := m.Resident, m.Anonymous
	if math.Abs(r.Slope-2) > 1e-6 || math.Abs(r.First-61.65) > 0.1 || math.Abs(r.Last-69) > 0.1 || math.Abs(r.Peak-70) > 0.1 {
		t.Errorf("resident: %+v", r)
	}
	if math.Abs(a.Slope) > 1e-6 || math.Abs(a.First-20) > 1e-6 || math.Abs(a.Last-20) > 1e-6 {
		t.Errorf("anonymous: %+v", a)
	}
}

func TestParseStat(t *testing.T) {
	stat := "42 (a ) b) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 9 0 100 200"
	if s, ok := parseStat(stat); !ok || s != 2 {
		t.Errorf("got %v, %v", s, ok)
	}
	if _, ok := parseStat("42 (a) S 1"); ok {
		t.Error("what is cut off is read")
	}
	if m := mebibytes("Name:\tx\nVmRSS:\t    2048 kB\n", "VmRSS:"); m != 2 {
		t.Errorf("got %v MiB", m)
	}
}
